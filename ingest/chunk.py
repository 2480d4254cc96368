"""Chunk: a parsed document to the slices that are embedded and indexed.

Takes `Parsed`, gives `Chunk` values with `document.text[start:end] == text` and at most `LIMIT`
model tokens each. Prose is cut between sentences only, code and tables between lines, unless a
single one is above LIMIT. Knows nothing about vectors or the store.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace

from ingest.blocks import Block
from ingest.leads import names, parts
from ingest.notes import Note, NoteSection, Span, Statement, read_note
from ingest.parse import Parsed
from kb.records import Chunk, ChunkKind, Document
from kb.text.markup import plain
from kb.text.normal import normalize
from kb.text.sentences import sentences

LIMIT = 480
"""Model tokens of `search_text`, headings included. The bundled model reads 512."""
GROUP = "note:"
"""How the groups of sections of notes begin; no other group does."""
CHUNKER = "6"
"""Raise when this file or parse.py changes what is stored, so that old copies are made anew."""
_MARKS = frozenset(" 、，,；;\n")
_LONGEST = 20 * LIMIT
"""Characters of a chunk: unknown characters in a row may be one token, however many they are."""
_SPECIAL = 8
"""Tokens that the model adds for itself, at most."""
_HEADING_LIMIT = 120
"""Model tokens that the headings may take of them."""

Count = Callable[[str], int]


def chunk(parsed: Parsed, count: Count) -> list[Chunk]:
    """The chunks of a document, in reading order. `count` gives the model tokens of a text."""
    if parsed.document.kind == "note":
        chunks = _note_chunks(parsed.document, count)
    else:
        chunks = _plain_chunks(parsed, count)
    return list({chunk.id: chunk for chunk in chunks}.values())


def _plain_chunks(parsed: Parsed, count: Count) -> list[Chunk]:
    document, chunks = parsed.document, []
    lines = _Lines(document.text)
    search = _SearchText(document, count)
    for block in _packed(parsed, search):
        kind: ChunkKind = "passage" if block.kind == "prose" else block.kind
        text = document.text[block.start : block.end]
        group = hashlib.sha256(f"{document.id}|{normalize(text)}".encode()).hexdigest()[:16]
        span = Span(block.start, block.end, text)
        chunks.append(_chunk(document, kind, span, search.of(block), block.heading, lines, group))
        for order, (start, end, search_text) in enumerate(parts(document, block), 1):
            inner = Span(block.start + start, block.start + end, text[start:end])
            words = search.under(block.heading, search_text)
            chunks.append(
                _chunk(document, "question", inner, words, block.heading, lines, group, order)
            )
        for words in names(document, block):
            words = _shortened(words, count, LIMIT)
            chunks.append(_chunk(document, "question", span, words, block.heading, lines, group))
    return chunks


class _SearchText:
    """What is embedded of a block: its headings, and its text without mark-up."""

    def __init__(self, document: Document, count: Count) -> None:
        self._document = document
        self._count = count
        self._headings: dict[tuple[str, ...], str] = {}
        self._sparsest = 0.0  # tokens a character, the least met in this document so far

    def of(self, block: Block) -> str:
        text = self._document.text[block.start : block.end]
        return f"{self._heading(block.heading)}\n{plain(text) if block.kind == 'prose' else text}"

    def under(self, heading: tuple[str, ...], text: str) -> str:
        """A part of a block below the block's headings."""
        return _shortened(f"{self._heading(heading)}\n{text}", self._count, LIMIT)

    def fits(self, block: Block) -> bool:
        """Within LIMIT. Counting costs seconds a MB, so what is plain to see is not counted."""
        text = self.of(block)
        if len(text) > _LONGEST or len(text) * self._sparsest / 2 > LIMIT:
            return False
        if len(text.encode()) <= LIMIT - _SPECIAL:  # no token is less than a byte
            return True
        tokens = self._count(text)
        if len(text) > LIMIT:
            self._sparsest = min(self._sparsest or 1.0, tokens / len(text))
        return tokens <= LIMIT

    def _heading(self, heading: tuple[str, ...]) -> str:
        if heading not in self._headings:
            title = self._document.title
            path = " > ".join([title, *(part for part in heading if part != title)])
            self._headings[heading] = _shortened(path, self._count, _HEADING_LIMIT)
        return self._headings[heading]


def _shortened(text: str, count: Count, limit: int) -> str:
    """The longest beginning of `text` within `limit` tokens, to an eighth or so."""
    while len(text.encode()) > limit - _SPECIAL and count(text) > limit:
        text = text[: len(text) * 7 // 8]
    return text


def _packed(parsed: Parsed, search: _SearchText) -> Iterator[Block]:
    """Prose joined under one heading up to LIMIT, and blocks above LIMIT cut."""
    document, open_block = parsed.document, None
    for block in parsed.blocks:
        if open_block is not None:
            joined = replace(open_block, end=block.end)
            same = open_block.kind == block.kind == "prose" and open_block.heading == block.heading
            if same and search.fits(joined):
                open_block = joined
                continue
            yield open_block
            open_block = None
        if search.fits(block):
            open_block = block
        else:
            yield from _cut(document, block, search)
    if open_block is not None:
        yield open_block


def _cut(document: Document, block: Block, search: _SearchText) -> Iterator[Block]:
    """Greedy packing of the sentences (prose) or lines (code, tables) of a block above LIMIT."""
    text = document.text[block.start : block.end]
    pieces = sentences(text) if block.kind == "prose" else _line_spans(text)
    at = 0
    while at < len(pieces):
        end = _last_fitting(block, pieces, at, search)
        if end == at:
            yield from _halved(block, text, *pieces[at], search)
            end += 1
        else:
            yield _part(block, pieces[at][0], pieces[end - 1][1])
        at = end


def _last_fitting(block: Block, pieces: list[tuple[int, int]], at: int, search: _SearchText) -> int:
    """Up to where the pieces from `at` on fit together: by steps that double, then by halves, for
    each count reads the text from its beginning.
    """
    fits, step = at, 1
    while fits + step <= len(pieces) and _fits(block, pieces, at, fits + step, search):
        fits, step = fits + step, step * 2
    too_many = min(fits + step, len(pieces) + 1)
    while fits + 1 < too_many:
        middle = (fits + too_many) // 2
        if _fits(block, pieces, at, middle, search):
            fits = middle
        else:
            too_many = middle
    return fits


def _fits(
    block: Block, pieces: list[tuple[int, int]], at: int, end: int, search: _SearchText
) -> bool:
    return search.fits(_part(block, pieces[at][0], pieces[end - 1][1]))


def _halved(block: Block, text: str, start: int, end: int, search: _SearchText) -> Iterator[Block]:
    """A single sentence or line above LIMIT: cut at the blank, comma or 、 nearest its middle."""
    piece = text[start:end]
    start, end = start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
    if end - start < 2 or search.fits(_part(block, start, end)):
        yield _part(block, start, end)
        return
    middle = (start + end) // 2
    quarter = (end - start) // 4  # nearer to an end the rest would hardly get shorter
    marks = [i + 1 for i in range(start + quarter, end - 1 - quarter) if text[i] in _MARKS]
    at = min(marks, key=lambda i: abs(i - middle), default=middle)
    yield from _halved(block, text, start, at, search)
    yield from _halved(block, text, at, end, search)


def _part(block: Block, start: int, end: int) -> Block:
    return replace(block, start=block.start + start, end=block.start + end)


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
    if kind == "question":  # several may lead to one place
        identity += f"|{search}"
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
    note, lines = read_note(document.text), _Lines(document.text)
    return [
        chunk
        for section in note.sections
        for chunk in _section_chunks(document, note, section, lines, count)
    ]


def _section_chunks(
    document: Document, note: Note, section: NoteSection, lines: _Lines, count: Count
) -> Iterator[Chunk]:
    def made(
        kind: ChunkKind, span: Span, search: str, order: int = 0, statement: Statement | None = None
    ) -> Chunk:
        keys = statement.evidence if statement else ()
        return _chunk(
            document,
            kind,
            span,
            # A block too long for the model stays whole: half a Dockerfile is no answer.
            _shortened(search, count, LIMIT),
            (note.title, section.heading),
            lines,
            f"{GROUP}{section.id}",
            order,
            statement.marker if statement else "",
            tuple(dict.fromkeys(url for key in keys for url in note.urls.get(key, ()))),
        )

    path = f"{note.title} > {section.heading}"
    yield made("question", section.heading_span, section.heading)  # one more way to ask
    for question, span in section.questions:
        yield made("question", span, question)
    for wording, span in section.errors:
        yield replace(made("question", span, wording.replace("*", " ")), marker=wording)
    for order, statement in enumerate(section.statements, 1):
        yield made(
            "statement", statement.span, f"{path}\n{plain(statement.span.text)}", order, statement
        )
        for kind, span in statement.blocks:
            yield made(kind, span, f"{path}\n{span.text}", order, statement)
