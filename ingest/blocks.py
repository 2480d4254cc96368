"""Blocks: the pieces of a document's text that belong together, and how lines are counted.

Takes text, gives spans. Knows nothing about file formats.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

BlockKind = Literal["prose", "code", "table"]


@dataclass(frozen=True, slots=True)
class Block:
    """A slice of the document's text that belongs together."""

    start: int
    end: int
    kind: BlockKind
    heading: tuple[str, ...]


Result = tuple[str, str, list[Block]]
"""What a parser gives: the text, the title that the document gives itself, the blocks."""
Cut = tuple[int, int, tuple[str, ...]]
"""First line and line after the last, from 0, and the heading."""


def line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    starts[-1] = len(text)
    return starts


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the lines between blank lines, without the blanks around them."""
    at, start, end = 0, -1, -1
    for line in [*text.split("\n"), ""]:
        if line.strip():
            if start < 0:
                start = at + len(line) - len(line.lstrip())
            end = at + len(line)
        elif start >= 0:
            yield start, end
            start = -1
        at += len(line) + 1


def between(text: str, cuts: list[Cut]) -> list[Block]:
    """Blocks for the cuts, with the comments right above them, and for what lies between them."""
    lines, starts = text.split("\n"), line_starts(text)
    blocks, at = [], 0
    for first, last, name in cuts:
        if last <= at:  # inside the one before
            continue
        first = max(first, at)
        while first > at and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        if first > at:
            blocks.append(trimmed(text, starts[at], starts[first], ()))
        blocks.append(trimmed(text, starts[first], starts[last], name))
        at = last
    if at < len(lines):
        blocks.append(trimmed(text, starts[at], len(text), ()))
    return blocks


def trimmed(text: str, start: int, end: int, heading: tuple[str, ...]) -> Block:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip("\n"))
    return Block(start + left, max(start + left, start + len(piece.rstrip())), "code", heading)


def whole(text: str) -> list[Block]:
    return [trimmed(text, 0, len(text), ())]
