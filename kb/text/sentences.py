"""Sentences: where they begin and end, in Japanese and English.

Takes a string, gives spans of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right

_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|ver|no|fig)|\b[A-Z])\.$", re.IGNORECASE
)
_BOUNDARY = re.compile(
    r"[。！？｡]+[」』）)\]]*|[.!?]+[\"'”’)\]]*(?=\s|$)|\n\s*\n|\n(?=\s*(?:[-*+]|\d+\.)\s)"
)
_TOGETHER = re.compile(r"`[^`\n]+`|「[^「」\n]*」|『[^『』\n]*』|（[^（）\n]*）")
_GOES_ON = re.compile(r"[\u3041-\u309f、，]")
_ENDING = 16
"""Characters of a sentence in which an abbreviation at its end stands."""
_NUMBER_ALONE = re.compile(r"\s*\d+\.")


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, trimmed; together they cover all but white space.

    Full stops inside numbers, names, inline code, quotations and common abbreviations do not end a
    sentence, nor does the number of a list item; paragraphs and list items always begin a new one.
    """
    together = [found.span() for found in _TOGETHER.finditer(text)]
    begins = [begin for begin, _ in together]
    spans: list[tuple[int, int]] = []
    start = 0
    for found in _BOUNDARY.finditer(text):
        end = found.end()
        if not found[0].isspace():
            piece = text[start:end]
            if found[0].startswith(".") and (
                _ABBREVIATION.search(piece[-_ENDING:].rstrip("\"'”’)]"))
                or _NUMBER_ALONE.fullmatch(piece)
            ):
                continue
            around = bisect_right(begins, found.start()) - 1
            closing = together[around][1] if around >= 0 else 0
            if closing > end or (closing == end and _GOES_ON.match(text, end)):
                continue
        _append_trimmed(spans, text, start, end)
        start = end
    _append_trimmed(spans, text, start, len(text))
    return spans


def _append_trimmed(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    if left < right:
        spans.append((left, right))
