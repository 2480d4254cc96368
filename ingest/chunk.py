"""Chunk: a parsed document to the slices that are embedded and indexed.

Takes `Parsed`, gives `Chunk` values with `document.text[start:end] == text` and at most `LIMIT`
model tokens each. Japanese is cut between sentences only; code and tables between lines. Knows
nothing about vectors or the store.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator

from ingest.notes import NoteSection, Span, Statement, read_note
from ingest.parse import Block, Parsed
from kb.records import Chunk, ChunkKind, Document
from kb.text import normalize, plain, sentences

LIMIT = 480
"""Model tokens of `search_text`, headings included. The bundled model reads 512."""
CHUNKER = "1"
"""Raise when this file or parse.py changes what is stored, so that old copies are made anew."""

Count = Callable[[str], int]


def chunk(parsed: Parsed, count: Count) -> list[Chunk]:
    """The chunks of a document, in reading order. `count` gives the model tokens of a text."""
    if parsed.document.kind == "note":
        return _note_chunks(parsed.document, count)
    chunks: list[Chunk] = []
    lines = _Lines(parsed.document.text)
    for block in _packed(parsed, count):
        kind: ChunkKind = "passage" if block.kind == "prose" else block.kind
        text = parsed.document.text[block.start : block.end]
        search = _with_heading(parsed.document, block.heading, plain(text) if kind == "passage" else text)
        group = hashlib.sha256(normalize(text).encode()).hexdigest()[:16]
        span = Span(block.start, block.end, text)
        chunks.append(_chunk(parsed.document, kind, span, search, block.heading, lines, group))
    return chunks


def _with_heading(document: Document, heading: tuple[str, ...], text: str) -> str:
    path = [document.title, *(part for part in heading if part != document.title)]
    return " > ".join(path)[:300] + "\n" + text


def _packed(parsed: Parsed, count: Count) -> Iterator[Block]:
    """Blocks joined under one heading up to LIMIT, and those above LIMIT cut."""
    document, open_block = parsed.document, None

    def tokens(block: Block) -> int:
        return count(_with_heading(document, block.heading, document.text[block.start : block.end]))

    for block in parsed.blocks:
        if open_block is not None:
            joined = Block(open_block.start, block.end, block.kind, block.heading)
            same = (open_block.kind, open_block.heading) == (block.kind, block.heading) == (
                "prose",
                block.heading,
            )
            if same and tokens(joined) <= LIMIT:
                open_block = joined
                continue
            yield open_block
            open_block = None
        if tokens(block) <= LIMIT:
            open_block = block
        else:
            yield from _cut(document, block, tokens)
    if open_block is not None:
        yield open_block


def _cut(document: Document, block: Block, tokens: Callable[[Block], int]) -> Iterator[Block]:
    """Greedy packing of the sentences (prose) or lines (code, tables) of a block above LIMIT."""
    text = document.text[block.start : block.end]
    pieces = sentences(text) if block.kind == "prose" else _line_spans(text)
    start = end = -1
    for left, right in pieces:
        if start >= 0 and tokens(_part(block, start, right)) > LIMIT:
            yield _part(block, start, end)
            start = -1
        if start < 0:
            start = left
            if tokens(_part(block, left, right)) > LIMIT:
                yield from _halved(block, text, left, right, tokens)
                start = -1
                continue
        end = right
    if start >= 0:
        yield _part(block, start, end)


def _halved(
    block: Block, text: str, start: int, end: int, tokens: Callable[[Block], int]
) -> Iterator[Block]:
    """A single sentence or line above LIMIT: cut at the blank, comma or 、 nearest its middle."""
    part = _part(block, start, end)
    if tokens(part) <= LIMIT or end - start < 2:
        yield part
        return
    middle = (start + end) // 2
    marks = [i + 1 for i in range(start, end - 1) if text[i] in " 、,，;；\n"]
    at = min(marks, key=lambda i: abs(i - middle), default=middle)
    yield from _halved(block, text, start, at, tokens)
    yield from _halved(block, text, at, end, tokens)


def _part(block: Block, start: int, end: int) -> Block:
    return Block(block.start + start, block.start + end, block.kind, block.heading)


def _line_spans(text: str) -> list[tuple[int, int]]:
    spans, at = [], 0
    for line in text.split("\n"):
        if line.strip():
            spans.append((at, at + len(line)))
        at += len(line) + 1
    return spans


class _Lines:
    """Line numbers (from 1) of offsets."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        for line in text.split("\n"):
            self._starts.append(self._starts[-1] + len(line) + 1)

    def of(self, start: int, end: int) -> tuple[int, int]:
        last = max(start, end - 1)
        return bisect_right(self._starts, start), bisect_right(self._starts, last)


def _chunk(
    document: Document,
    kind: ChunkKind,
    span: Span,
    search: str,
    heading: tuple[str, ...],
    lines: _Lines,
    group: str,
    order: int = 0,
    marker: str = "",
    based_on: tuple[str, ...] = (),
) -> Chunk:
    identity = f"{document.id}|{kind}|{span.start}|{span.end}|{span.text}"
    return Chunk(
        id=hashlib.sha256(identity.encode()).hexdigest()[:20],
        document=document.id,
        kind=kind,
        start=span.start,
        end=span.end,
        text=span.text,
        search_text=search,
        heading=heading,
        lines=lines.of(span.start, span.end),
        language=document.language,
        group=group,
        order=order,
        marker=marker,
        based_on=based_on,
    )


def _note_chunks(document: Document, count: Count) -> list[Chunk]:
    note, lines, chunks = read_note(document.text), _Lines(document.text), []
    for section in note.sections:
        group = f"note:{section.id}"
        heading = (note.title, section.heading)

        def add(
            kind: ChunkKind, span: Span, search: str, order: int = 0, statement: Statement | None = None
        ) -> None:
            marker = statement.marker if statement else ""
            urls = tuple(
                dict.fromkeys(url for key in statement.evidence for url in note.urls.get(key, ()))
                if statement
                else ()
            )
            chunks.append(
                _chunk(document, kind, span, search, heading, lines, group, order, marker, urls)
            )

        for question, span in section.questions:
            add("question", span, question)
        for first, last in _answer_spans(document, section, count):
            text = document.text[first:last]
            add("answer", Span(first, last, text), f"{section.heading}\n{plain(text)}")
        for order, statement in enumerate(section.statements, 1):
            add("statement", statement.span, plain(statement.span.text), order, statement)
            if statement.block is not None:
                search = f"{section.heading}\n{statement.block.text}"
                add(statement.block_kind, statement.block, search, order, statement)
    return chunks


def _answer_spans(document: Document, section: NoteSection, count: Count) -> Iterator[tuple[int, int]]:
    """The statements of a section in one span, or in several where they exceed LIMIT."""
    start = end = -1
    for statement in section.statements:
        span = statement.span
        if start >= 0 and count(f"{section.heading}\n{plain(document.text[start : span.end])}") > LIMIT:
            yield start, end
            start = -1
        start = span.start if start < 0 else start
        end = span.end
    if start >= 0:
        yield start, end
