"""Parse: raw bytes to a document and its blocks.

Takes a `RawDocument`, gives `Parsed`: the text that is stored, and the blocks (prose, code, tables)
with their heading path. Knows nothing about tokens, chunks or the index. A document that cannot be
read raises ParseError with its reason; it never stops the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from ingest.blocks import Block, Result
from ingest.code import read_config, read_dockerfile, read_python, read_shell
from ingest.fetch import RawDocument
from ingest.markdown import read_markdown, read_notebook
from ingest.pages import read_html, read_pdf, read_text
from ingest.sources import NOTES
from kb.errors import ParseError
from kb.records import Document
from kb.text.language import prose_language

MAX_TEXT = 1_000_000
"""Characters of a document: a book of 500 pages."""
_NOTE = re.compile(r"^## .+\n\s*<!--\s*\nid:", re.MULTILINE)
_PATH = 3
"""Parts of its path that name a file without a title; three tell samples' Dockerfiles apart."""
_BY_PATH = ("python", "shell", "dockerfile", "config", "text")
_NAME_LIMIT = 300
"""Characters of a title or heading: every chunk below it carries it."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document and its blocks, in reading order."""

    document: Document
    blocks: tuple[Block, ...]


def parse(
    raw: RawDocument, source: str, *, title: str = "", commit: str = "", fetched: str = ""
) -> Parsed:
    """Parse one document; raises ParseError. `title` goes before the one the document gives."""
    try:
        text, heading, blocks = _PARSERS[raw.kind](raw)
        text = text.replace("\0", "\ufffd")  # no database and no terminal takes it
        text.encode()  # half a surrogate pair, as broken files give it, cannot be stored
    except ParseError:
        raise
    except Exception as error:  # the libraries raise anything on damaged files
        raise ParseError(f"this {raw.kind} document is damaged ({_first_line(error)})") from error
    if len(text) > MAX_TEXT:
        raise ParseError(f"it holds more than {MAX_TEXT:,} characters of text, left out")
    if not text.strip():
        raise ParseError("it holds no text")
    document = Document(
        id=raw.id,
        source=source,
        title=title or heading[:_NAME_LIMIT] or _path_title(raw),
        text=text,
        kind="note" if _is_note(raw, source, text) else raw.kind,
        language=prose_language(text),
        commit=commit or None,
        fetched=fetched,
    )
    return Parsed(document, tuple(_named(b) for b in blocks if text[b.start : b.end].strip()))


def _is_note(raw: RawDocument, source: str, text: str) -> bool:
    """A file elsewhere that looks like a note is a document like any other."""
    return source == NOTES and raw.kind == "markdown" and _NOTE.search(text) is not None


def _named(block: Block) -> Block:
    if all(len(name) <= _NAME_LIMIT for name in block.heading):
        return block
    return replace(block, heading=tuple(name[:_NAME_LIMIT] for name in block.heading))


def _path_title(raw: RawDocument) -> str:
    """The end of a file's path: many files share their names."""
    path = unquote(re.sub(r"^.*/blob/[0-9a-f]{40}/", "", raw.id))
    if raw.kind not in _BY_PATH or "://" in path or path.rpartition("/")[2] != raw.name:
        return raw.name
    return "/".join(path.split("/")[-_PATH:])


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:100]


_PARSERS: dict[str, Callable[[RawDocument], Result]] = {
    "markdown": read_markdown,
    "text": read_text,
    "notebook": read_notebook,
    "python": read_python,
    "shell": read_shell,
    "dockerfile": read_dockerfile,
    "config": read_config,
    "html": read_html,
    "pdf": read_pdf,
}
