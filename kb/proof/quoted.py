"""Quoted: the text of a quote without mark-up, in which what stands together is a sentence.

Takes Markdown, gives plain text: a row of a table becomes a sentence with the names of its columns,
an item of a list a line of its own. Knows nothing about what is held against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from kb.text.markup import plain

_RULE = re.compile(r"\s*\|?[\s:|-]*-[\s:|-]*\|?\s*")
_ITEM = re.compile(r"\s*(?:[-*+] |\d+[.)] |\||```)")
_CELL = re.compile(r"(?<!\\)\|")


@lru_cache(maxsize=2_000)
def quoted(markdown: str) -> str:
    """`markdown` as plain text, a line for each row of a table and each item of a list."""
    return "\n".join(text for part in _parts(markdown) if (text := plain(part)))


def _parts(markdown: str) -> Iterator[str]:
    """Paragraphs, items and rows."""
    part: list[str] = []
    columns: list[str] = []
    lines = markdown.splitlines()
    for number, line in enumerate(lines):
        row = line.lstrip().startswith("|")
        if not row:
            columns = []
        if part and (row or not line.strip() or _ITEM.match(line)):
            yield "\n".join(part)
            part = []
        if row and _RULE.fullmatch(line):
            continue
        if row and number + 1 < len(lines) and _RULE.fullmatch(lines[number + 1]):
            columns = _cells(line)
        elif row:
            yield _sentence(columns, _cells(line))
        elif line.strip():
            part.append(line)
    if part:
        yield "\n".join(part)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in _CELL.split(line.strip().strip("|"))]


def _sentence(columns: Sequence[str], cells: Sequence[str]) -> str:
    """A row with the name of each column before its cell; the first cell says what it is about."""
    named = [f"{column} {cell}" for column, cell in zip(columns[1:], cells[1:], strict=False)]
    return ", ".join([cells[0], *named, *cells[1 + len(named) :]])
