"""Our own notes: sections in the form of answers, with the questions people ask beside them.

Takes the text of a note, gives its sections with exact spans. A note is Markdown; below each `##` heading stands a comment with an id and the questions,
then statements, one a line, each ending with its evidence as footnotes. A fenced block or a table
belongs to the statement before it. Knows nothing about
chunks, embedding or the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from kb.errors import ParseError
from kb.records import ChunkKind

_SECTION = re.compile(r"^## (?P<heading>[^\n]+)\n\s*<!--\s*\n(?P<block>.*?)\n-->[ \t]*\n", re.MULTILINE | re.DOTALL)
_DEFINITION = re.compile(r"^\[\^([\w-]+)\]:[ \t]*(.*)$", re.MULTILINE)
_REFERENCES = re.compile(r"(?:\[\^[\w-]+\])+[ \t]*$")
_REFERENCE = re.compile(r"\[\^([\w-]+)\]")
_MARKER = re.compile(r"(?:[-*]|\d+\.)[ \t]+")
_URL = re.compile(r"https?://[^\s<>)]+")


@dataclass(frozen=True, slots=True)
class Span:
    """A slice of the note's text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One claim with its evidence ids, and the code or table that belongs to it."""

    span: Span
    marker: str
    evidence: tuple[str, ...]
    block: Span | None = None
    block_kind: ChunkKind = "code"


@dataclass(frozen=True, slots=True)
class NoteSection:
    id: str
    heading: str
    line: int
    questions: tuple[tuple[str, Span], ...]
    statements: tuple[Statement, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Note:
    title: str
    sections: tuple[NoteSection, ...]
    urls: dict[str, tuple[str, ...]]
    """Evidence id to its URLs, from the footnotes at the end of the file."""


def read_note(text: str) -> Note:
    """The sections of a note; raises ParseError that names the line."""
    definitions = {m[1]: tuple(_URL.findall(m[2])) for m in _DEFINITION.finditer(text)}
    first_definition = min((m.start() for m in _DEFINITION.finditer(text)), default=len(text))
    found = list(_SECTION.finditer(text))
    edges = [*(m.start() for m in found[1:]), first_definition]
    title = text.split("\n", 1)[0].removeprefix("# ").strip()
    sections = tuple(_section(text, match, end) for match, end in zip(found, edges, strict=True))
    return Note(title, sections, definitions)


def _section(text: str, match: re.Match[str], end: int) -> NoteSection:
    line = text.count("\n", 0, match.start()) + 1
    offset = match.start("block")
    try:
        root = yaml.compose(match["block"])
        fields = {key.value: value for key, value in root.value}
        identity = str(fields["id"].value)
        questions = tuple(_question(text, offset, node) for node in fields["questions"].value)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ParseError(
            f"line {line}: the comment below “{match['heading']}” must hold id and questions as YAML"
        ) from error
    statements = tuple(_statements(text, match.end(), end))
    return NoteSection(identity, match["heading"].strip(), line, questions, statements)


def _question(text: str, offset: int, node: yaml.Node) -> tuple[str, Span]:
    start, end = offset + node.start_mark.index, offset + node.end_mark.index
    raw = text[start:end].rstrip()
    return " ".join(str(node.value).split()), Span(start, start + len(raw), raw)


def _statements(text: str, start: int, end: int) -> Iterator[Statement]:
    """Statements in order; a fence or table is attached to the one before."""
    pending: Statement | None = None
    for kind, span in _pieces(text, start, end):
        if kind != "statement":
            if pending is not None and pending.block is None:
                pending = Statement(pending.span, pending.marker, pending.evidence, span, kind)
            continue
        if pending is not None:
            yield pending
        marker = _MARKER.match(span.text)
        left = span.start + (marker.end() if marker else 0)
        references = _REFERENCES.search(span.text)
        right = span.start + references.start() if references else span.end
        evidence = tuple(_REFERENCE.findall(references[0])) if references else ()
        body = text[left:right].rstrip()
        pending = Statement(Span(left, left + len(body), body), marker[0] if marker else "", evidence)
    if pending is not None:
        yield pending


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[ChunkKind, Span]]:
    """Lines of statements, whole fences and whole tables."""
    at, block_start, fence = start, -1, ""
    for line in text[start:end].splitlines(keepends=True):
        stripped, line_end = line.strip(), at + len(line.rstrip("\n"))
        if fence:
            if stripped.startswith(fence):
                yield "code", Span(block_start, line_end, text[block_start:line_end])
                fence = ""
        elif stripped.startswith("```"):
            fence, block_start = "```", at
        elif stripped.startswith("|"):
            following = text[line_end + 1 : end].lstrip(" ")
            block_start = at if block_start < 0 else block_start
            if not following.startswith("|"):
                yield "table", Span(block_start, line_end, text[block_start:line_end])
                block_start = -1
        elif stripped:
            left = at + len(line) - len(line.lstrip())
            yield "statement", Span(left, line_end, text[left:line_end])
        if not fence and not stripped.startswith("|"):
            block_start = -1
        at += len(line)
