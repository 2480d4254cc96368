"""Tables: a table of a Markdown document as one that a browser draws, no character of it lost.

Takes the lines of a table and a way to set a piece of a line, gives HTML. The signs between the
cells stay in the text, unseen. Knows nothing about quotes or passages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
"""The line between the head of a table and its body."""
_PIPE = re.compile(r"`[^`\n]*`|\\.|(?P<pipe>\|)")
Setter = Callable[[int, int], str]
"""HTML of `text[start:end]`."""


def is_table(lines: Sequence[str]) -> bool:
    """Whether these lines are a table: a head, its rule, and a body or none."""
    return len(lines) > 1 and bool(RULE.fullmatch(lines[1])) and "|" in lines[0]


def table_html(text: str, start: int, end: int, prose: Setter, sign: Setter) -> str:
    """`text[start:end]`, which is a table, as HTML.

    `prose` sets what stands in a cell, `sign` what is there and not seen.
    """
    rows: list[list[str]] = []
    at = start
    for number, line in enumerate(text[start:end].split("\n")):
        last = min(at + len(line) + 1, end)  # with its line end
        if number == 1:
            rows[-1][-1] += sign(at, last)
        else:
            rows.append(list(_cells(line, at, last, prose, sign)))
        at = last
    head, *body = ("".join(_tagged(row, "td" if n else "th")) for n, row in enumerate(rows))
    below = "".join(f"<tr>{row}</tr>" for row in body)
    return f'<table class="kb-grid"><thead><tr>{head}</tr></thead><tbody>{below}</tbody></table>'


def _tagged(row: Sequence[str], tag: str) -> Iterator[str]:
    yield from (f"<{tag}>{cell}</{tag}>" for cell in row)


def _cells(line: str, start: int, end: int, prose: Setter, sign: Setter) -> Iterator[str]:
    """Each cell with the signs before it; the last one with those behind it, too."""
    pipes = [found.start() for found in _PIPE.finditer(line) if found["pipe"]]
    borders = pipes if line.lstrip().startswith("|") else [-1, *pipes]
    if not pipes or line[pipes[-1] + 1 :].strip():
        borders = [*borders, len(line)]
    at = start
    for number, (left, right) in enumerate(pairwise(borders), 2):
        words = line[left + 1 : right].strip()
        first = start + (line.index(words, left + 1) if words else right)
        cell = sign(at, first) + prose(first, first + len(words))
        at = first + len(words)
        yield cell + (sign(at, end) if number == len(borders) else "")
