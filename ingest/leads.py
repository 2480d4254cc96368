"""Leads: what leads to a passage of other documents than our notes, beside its own text.

Takes a document and one of its blocks, gives search texts: its parts (sentences, rows of a table,
comments of code), each of which says one thing, and its names as a person would ask for them, in
both languages. Notes have ways to ask beside them already. Knows nothing about chunks or vectors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.blocks import Block
from kb.records import Document
from kb.text.language import prose_language
from kb.text.markup import plain
from kb.text.sentences import sentences
from kb.text.tokens import search_tokens

_LEAST = 3
"""Search tokens below which a piece says nothing by itself."""
_MARKER = re.compile(r"(?:(?:[-*+]|\d+\.)\s+)+")
_COMMENT = re.compile(r"^[ \t]*(?:#+|//+|--|;+)[ \t]*(\S.*)$", re.MULTILINE)
_DOCSTRING = re.compile(r'"""\s*([^"\n]{8,})')
_RULE = re.compile(r"[|:\s-]+")
_CELL = re.compile(r"^(?:cell|page) \d+$")
_KINDS = {
    "dockerfile": ("Dockerfile", "Dockerfile"),
    "shell": ("script", "スクリプト"),
    "python": ("code", "コード"),
    "config": ("settings", "設定"),
    "notebook": ("notebook cell", "ノートブックのセル"),
}


def parts(document: Document, block: Block) -> Iterator[tuple[int, int, str]]:
    """Spans within the block, each with the text that it is searched by."""
    text = document.text[block.start : block.end]
    if block.kind == "prose":
        yield from _sentences(text)
    elif block.kind == "table":
        yield from _rows(text)
    else:
        yield from _comments(text)


def _sentences(text: str) -> Iterator[tuple[int, int, str]]:
    for start, end in sentences(text):
        marker = _MARKER.match(text, start, end)
        start = marker.end() if marker else start
        searched = plain(text[start:end])
        if len(search_tokens(searched)) >= _LEAST:
            yield start, end, searched


def _rows(text: str) -> Iterator[tuple[int, int, str]]:
    """Each row with the names of its columns."""
    header: list[str] = []
    at = 0
    for line in text.split("\n"):
        start, at = at, at + len(line) + 1
        cells = [plain(cell).strip() for cell in line.strip().strip("|").split("|")]
        if not header:
            header = cells
        elif line.strip() and not _RULE.fullmatch(line):
            named = zip(header, cells, strict=False)
            yield start, start + len(line), ", ".join(f"{n}: {c}" for n, c in named if c)


def _comments(text: str) -> Iterator[tuple[int, int, str]]:
    for found in (*_COMMENT.finditer(text), *_DOCSTRING.finditer(text)):
        if len(search_tokens(found[1])) >= _LEAST:
            yield found.start(1), found.end(1), found[1].strip()


def names(document: Document, block: Block) -> Iterator[str]:
    """The block's heading as one more way to ask, and what it is, in both languages."""
    path = [part for part in block.heading if part != document.title and not _CELL.match(part)]
    if path and block.kind != "code":
        yield path[-1]
    whole = " ".join((document.title, *path[-1:]))
    english, japanese = _KINDS.get(document.kind, ("", ""))
    if block.kind == "table":
        english, japanese = "table", "表"
    if english:
        yield f"show me {whole} {english}"
        yield f"{whole} の{japanese}を見せて"
    elif path or prose_language(whole) == "ja":
        yield whole
