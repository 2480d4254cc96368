"""Names: what a document and its parts are called, read off the document itself.

Takes documents and chunks, gives `Name` values: the source, the repository, folders, the file, the
title, and in code its classes, functions, stages and targets with their places. Knows nothing about
questions.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote, urlsplit

from kb.records import Chunk, Document
from kb.search.names import Name

_BLOB = re.compile(r"^https?://[^/]+/[^/]+/([^/]+)/blob/[0-9a-f]{40}/(.*)$")
_STAGE = re.compile(
    r"^[ \t]*FROM[ \t]+\S.*?[ \t]AS[ \t]+(\S+)[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_SHELL = re.compile(
    r"^(?:function[ \t]+([\w:-]+)[ \t]*(?:\(\))?|([A-Za-z_][\w:-]*)[ \t]*\(\))\s*\{", re.MULTILINE
)
_TARGET = re.compile(r"^([A-Za-z][\w.-]*):(?!=)", re.MULTILINE)
_INDENT = re.compile(r"[ \t]*")
_DEFINED = re.compile(r"^[ \t]*(?:async )?(class|def)[ \t]+(\w+)", re.MULTILINE)
_NUMBER = re.compile(r"^[\d.]+\s+")


def names_of(
    documents: Iterable[Document], chunks: Iterable[Chunk], titles: Mapping[str, str]
) -> Iterator[Name]:
    """Every name of every document that is no note. `titles`: of the sources, by their id."""
    blocks: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        if chunk.kind == "code":
            blocks.setdefault(chunk.document, []).append(chunk)
    for document in documents:
        if document.kind == "note":
            continue
        for text in (document.source, titles.get(document.source, "")):
            if text:
                yield Name(text, "source", document.id)
        yield from _path_names(document)
        yield Name(document.title, "title", document.id)
        yield from _parts(document, blocks.get(document.id, []))


def _path_names(document: Document) -> Iterator[Name]:
    blob = _BLOB.match(document.id)
    if blob:
        yield Name(blob[1], "source", document.id)
    path = unquote(blob[2] if blob else urlsplit(document.id).path)
    *folders, file = [part for part in path.split("/") if part] or [""]
    for folder in folders:
        yield Name(folder, "folder", document.id)
    if file:
        yield Name(file, "file", document.id)
        stem = file.rpartition(".")[0]
        if stem:
            yield Name(stem, "stem", document.id)


def _parts(document: Document, code: Iterable[Chunk]) -> Iterator[Name]:
    text = document.text
    if document.kind == "python":
        yield from _definitions(document, text, 0)
    elif document.kind == "dockerfile":
        found = list(_STAGE.finditer(text))
        ends = [stage.start() for stage in found[1:]] + [len(text)]
        for stage, end in zip(found, ends, strict=False):
            yield _part(document, stage[1], "stage", stage.start(), end)
    elif document.kind == "shell":
        for function in _SHELL.finditer(text):
            close = re.compile(r"^\}", re.MULTILINE).search(text, function.end())
            name = function[1] or function[2]
            one_line = text.find("\n", function.end())
            end = close.end() if close else one_line
            yield _part(document, name, "function", function.start(), end)
    elif document.kind == "config" and document.id.rpartition("/")[2].lower() == "makefile":
        found = list(_TARGET.finditer(text))
        ends = [target.start() for target in found[1:]] + [len(text)]
        for target, end in zip(found, ends, strict=False):
            yield _part(document, target[1], "target", target.start(), end)
    else:
        for chunk in code:
            yield from _indented(document, chunk)


def _part(document: Document, text: str, kind: str, start: int, end: int) -> Name:
    return Name(text, kind, document.id, start, start + len(document.text[start:end].rstrip()))


def _definitions(document: Document, text: str, offset: int) -> Iterator[Name]:
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)]) - 1
            start, end = offset + starts[first], offset + starts[node.end_lineno or node.lineno]
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            yield _part(document, node.name, kind, start, end)


def _indented(document: Document, chunk: Chunk) -> Iterator[Name]:
    """Definitions inside a block of code in prose, which seldom parses as a whole."""
    lines = chunk.text.split("\n")
    at = chunk.start
    for number, line in enumerate(lines):
        found = _DEFINED.match(line)
        if found:
            depth = len(_INDENT.match(line)[0])  # type: ignore[index]
            last = number + 1
            while last < len(lines) and (
                not lines[last].strip()
                or len(_INDENT.match(lines[last])[0]) > depth  # type: ignore[index]
                or lines[last].lstrip().startswith(")")
            ):
                last += 1
            end = at + len("\n".join(lines[number:last]))
            kind = "class" if found[1] == "class" else "function"
            yield _part(document, found[2], kind, at, end)
        at += len(line) + 1
