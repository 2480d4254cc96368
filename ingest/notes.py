"""Our own notes: sections in the form of answers, with the questions people ask beside them.

Takes the text of a note, gives its sections with exact spans. A note is Markdown; below each `##`
heading stands a comment with an id, the questions and, for a section about an error, the error's
wordings; then statements, one a line, each ending with its evidence as footnotes. Fenced blocks and
tables belong to the statement before them. Knows nothing about chunks, embedding or the store.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import yaml

from kb.errors import ParseError
from kb.records import ChunkKind
from kb.yaml_file import LOADER

_SECTION = re.compile(
    r"^## (?P<heading>[^\n]+)\n\s*<!--\s*\n(?P<block>(?:(?!\n(?:-->|## )).)*+)\n-->[ \t]*(?:\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
_HEADING = re.compile(r"#{1,6}[ \t]")
_FENCE = re.compile(r"`{3,}|~{3,}")
_DEFINITION = re.compile(r"^\[\^([\w-]+)\]:[ \t]*(.*)$", re.MULTILINE)
_REFERENCES = re.compile(r"(?:\[\^[\w-]+\])+[ \t]*$")
_REFERENCE = re.compile(r"\[\^([\w-]+)\]")
_MARKER = re.compile(r"(?:[-*]|\d+\.)[ \t]+")
_URL = re.compile(r"https?://[^\s<>)]+")
_LETTER = re.compile(r"[^\W_]")
_TELLING = 5
"""Letters and digits of an error wording at least."""


@dataclass(frozen=True, slots=True)
class Span:
    """A slice of the note's text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One claim with its evidence ids, and the code and tables that belong to it."""

    span: Span
    marker: str
    evidence: tuple[str, ...]
    blocks: tuple[tuple[ChunkKind, Span], ...] = ()


@dataclass(frozen=True, slots=True)
class NoteSection:
    """What stands below one heading."""

    id: str
    heading: str
    heading_span: Span
    line: int
    questions: tuple[tuple[str, Span], ...]
    statements: tuple[Statement, ...] = field(default=())
    errors: tuple[tuple[str, Span], ...] = field(default=())
    """Wordings of the error that the section is about, as people paste them; `*` stands for what
    differs from case to case."""


@dataclass(frozen=True, slots=True)
class Note:
    """A whole file."""

    title: str
    sections: tuple[NoteSection, ...]
    urls: dict[str, tuple[str, ...]]
    """Evidence id to its URLs, from the footnotes at the end of the file."""


def read_note(text: str) -> Note:
    """The sections of a note; raises ParseError that names the line."""
    definitions = {m[1]: tuple(_URL.findall(m[2])) for m in _DEFINITION.finditer(text)}
    found = list(_SECTION.finditer(text))
    edges = [*(m.start() for m in found[1:]), len(text)] if found else []
    title = text.split("\n", 1)[0].removeprefix("# ").strip()
    sections = tuple(_section(text, match, end) for match, end in zip(found, edges, strict=True))
    lines: dict[str, int] = {}
    for section in sections:
        if section.id in lines:
            raise ParseError(
                f"line {section.line}: id “{section.id}” is used twice (first in line "
                f"{lines[section.id]}); give each section its own id"
            )
        lines[section.id] = section.line
    return Note(title, sections, definitions)


def _section(text: str, match: re.Match[str], end: int) -> NoteSection:
    line = _line(text, match.start())
    offset = match.start("block")
    try:
        root: Any = yaml.compose(match["block"], LOADER)
        fields = {key.value: value for key, value in root.value}
        identity = str(fields["id"].value)
        questions = tuple(_question(text, offset, node) for node in fields["questions"].value)
        errors = tuple(_question(text, offset, node) for node in _items(fields.get("errors")))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ParseError(
            f"line {line}: the comment below “{match['heading']}” must hold id and questions, "
            "as YAML, and may hold errors"
        ) from error
    for wording, _ in errors:
        if len(_LETTER.findall(wording)) < _TELLING:
            raise ParseError(
                f"line {line}: the error wording “{wording}” is too short to tell one error from "
                f"another; give at least {_TELLING} letters or digits of it"
            )
    statements = tuple(_statements(text, match.end(), end))
    left = match.start("heading") + len(match["heading"]) - len(match["heading"].lstrip())
    heading = match["heading"].strip()
    span = Span(left, left + len(heading), heading)
    return NoteSection(identity, heading, span, line, questions, statements, errors)


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return [] if node is None else list(node.value)


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _question(text: str, offset: int, node: yaml.Node) -> tuple[str, Span]:
    start, end = offset + node.start_mark.index, offset + node.end_mark.index
    if not isinstance(node, yaml.ScalarNode):
        raise ParseError(
            f"line {_line(text, start)}: a question must be a single text; put it in quotes when "
            "it holds a colon or begins with a bracket"
        )
    raw = text[start:end].rstrip()
    return " ".join(str(node.value).split()), Span(start, start + len(raw), raw)


def _statements(text: str, start: int, end: int) -> Iterator[Statement]:
    """Statements in order; fences and tables are attached to the one before."""
    pending: Statement | None = None
    for kind, span in _pieces(text, start, end):
        if kind != "statement":
            if pending is None:
                raise ParseError(
                    f"line {_line(text, span.start)}: code or a table must follow the statement "
                    "that it belongs to"
                )
            pending = replace(pending, blocks=(*pending.blocks, (kind, span)))
            continue
        if pending is not None:
            yield pending
        pending = _statement(text, span)
    if pending is not None:
        yield pending


def _statement(text: str, span: Span) -> Statement:
    marker = _MARKER.match(span.text)
    left = span.start + (marker.end() if marker else 0)
    references = _REFERENCES.search(span.text)
    right = span.start + references.start() if references else span.end
    evidence = tuple(_REFERENCE.findall(references[0])) if references else ()
    body = text[left:right].rstrip()
    if not body:
        line = _line(text, span.start)
        raise ParseError(f"line {line}: expected a sentence, found “{span.text}”")
    return Statement(Span(left, left + len(body), body), marker[0] if marker else "", evidence)


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[ChunkKind, Span]]:
    """Lines of statements, whole fences and whole tables; comments and footnotes are left out."""
    lines, first = text[start:end].split("\n"), _line(text, start)
    at, done = start, 0
    while done < len(lines):
        line = lines[done]
        stripped = line.strip()
        number, kind = _extent(lines, done, first + done)
        last = at + sum(map(len, lines[done : done + number])) + number - 1
        if kind == "statement":
            left = at + len(line) - len(line.lstrip())
            yield kind, Span(left, left + len(stripped), stripped)
        elif kind is not None:
            yield kind, Span(at, last, text[at:last])
        at = last + 1
        done += number


def _extent(lines: list[str], begin: int, number: int) -> tuple[int, ChunkKind | None]:
    """How many lines belong to the one at `begin`, and what they are; raises ParseError."""
    first = lines[begin].strip()
    following = islice(lines, begin + 1, None)
    opening = _FENCE.match(first)
    if opening:
        mark = opening[0]
        for count, line in enumerate(following, 2):
            if line.strip().startswith(mark) and not line.strip().strip(mark[0]):
                return count, "code"
        raise ParseError(f"line {number}: the code block that begins here has no end")
    if first.startswith("<!--"):
        if "-->" in first:
            return 1, None
        ends = (count for count, line in enumerate(following, 2) if "-->" in line)
        return next(ends, len(lines) - begin), None
    if first.startswith("|"):
        rest = (n for n, line in enumerate(following, 1) if not line.strip().startswith("|"))
        return next(rest, len(lines) - begin), "table"
    if _HEADING.match(first):
        raise ParseError(
            f"line {number}: below “{first}” a comment with id and questions must follow, and only "
            "## headings can have one"
        )
    return 1, None if not first or _DEFINITION.match(first) else "statement"
