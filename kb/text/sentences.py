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
    r"[。！？｡]+[」』）)\]]*|(?<![.!?])[.!?]++[\"'”’)\]]*+(?=\s|$)|\n\s*\n|\n(?=\s*(?:[-*+]|\d+\.)\s)"
)
_TOGETHER = re.compile(r"`[^`\n]+`|「[^「」\n]*」|『[^『』\n]*』|（[^（）\n]*）")
_GOES_ON = re.compile(r"[\u3041-\u309f、，]")
_NUMBER_ALONE = re.compile(r"\d+\.")
_LETTER = re.compile(r"\S")
_LONGEST_ABBREVIATION = 8
_CLOSING = "\"'”’)]"


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, trimmed; together they cover all but white space.

    Full stops inside numbers, names, inline code, quotations and common abbreviations do not end a
    sentence, nor does the number of a list item; paragraphs and list items always begin a new one.
    """
    together = [found.span() for found in _TOGETHER.finditer(text)]
    begins = [begin for begin, _ in together]
    spans: list[tuple[int, int]] = []
    start = first = 0  # of the sentence that is open, with and without the blanks before it
    for found in _BOUNDARY.finditer(text):
        end = found.end()
        if not found[0].isspace():
            first = _first_letter(text, max(start, first))
            if found[0].startswith(".") and (
                _is_abbreviation(text, start, end) or _NUMBER_ALONE.fullmatch(text, first, end)
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


def _first_letter(text: str, at: int) -> int:
    found = _LETTER.search(text, at)
    return found.start() if found else at


def _is_abbreviation(text: str, start: int, end: int) -> bool:
    """Looked for at the end only: a text of abbreviations is read once, not once for each."""
    while end > start and text[end - 1] in _CLOSING:
        end -= 1
    return _ABBREVIATION.search(text, max(start, end - _LONGEST_ABBREVIATION), end) is not None


def _append_trimmed(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    if left < right:
        spans.append((left, right))
