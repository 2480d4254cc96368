"""Markdown and notebooks to blocks with their heading path.

Takes a `RawDocument`, gives text, title and blocks. Knows nothing about tokens or chunks.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.blocks import Block, BlockKind, Result, line_starts
from ingest.decode import decode
from ingest.fetch import RawDocument
from kb.text.markup import plain

_MARKDOWN = MarkdownIt("commonmark").enable("table").disable("inline")  # blocks are enough
_TAG = re.compile(r"<[^<>]+>")
_HTML_HEADING = re.compile(r"\s*<h([1-6])\b[^>]*>(.*?)</h\1>", re.DOTALL | re.IGNORECASE)
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?=[\w-]+:)(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")


def read_markdown(raw: RawDocument) -> Result:
    text = decode(raw.data)
    matter = _FRONT_MATTER.match(text)
    start = matter.end() if matter else 0
    return text, _first_heading(text[start:]), list(markdown_blocks(text[start:], start, []))


def _first_heading(text: str) -> str:
    headings = (_heading(token, following) for token, following in _pairs(text))
    return next((heading[1] for heading in headings if heading), "")


def _pairs(text: str) -> Iterator[tuple[Token, Token]]:
    """Each token with the next one; the last, which may be a block of code, with itself."""
    tokens = _MARKDOWN.parse(text)
    return zip(tokens, [*tokens[1:], *tokens[-1:]], strict=True)


def _heading(token: Token, following: Token) -> tuple[int, str] | None:
    """Depth and name of a heading, which may be written in HTML."""
    if token.type == "heading_open":
        return int(token.tag[1]), _heading_text(following.content)
    found = _HTML_HEADING.match(token.content) if token.type == "html_block" else None
    return (int(found[1]), _heading_text(found[2])) if found else None


def _heading_text(content: str) -> str:
    return plain(_TAG.sub("", content)).strip()


def markdown_blocks(text: str, offset: int, path: list[tuple[int, str]]) -> Iterator[Block]:
    """Top-level blocks; comments are left out, nested blocks stay with theirs.

    `path` holds depth and name of the headings above, and afterwards of those at the end.
    """
    starts = line_starts(text)
    for token, following in _pairs(text + "\n\n\n"):
        if token.level != 0 or token.map is None:
            continue
        heading = _heading(token, following)
        if heading is not None and re.search(r"\w", heading[1]):
            path[:] = [item for item in path if item[0] < heading[0]]
            path.append(heading)
        kind = _block_kind(token)
        start, end = starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)]
        piece = text[start:end]
        if heading is not None:  # below one in HTML the block may go on
            written = _HTML_HEADING.match(piece)
            piece = piece[written.end() :].lstrip() if written else piece.lstrip()
            start = end - len(piece)
        end = start + len(piece.rstrip())
        if kind is not None and start < end:
            yield Block(offset + start, offset + end, kind, tuple(name for _, name in path if name))


def _block_kind(token: Token) -> BlockKind | None:
    if token.type in ("fence", "code_block"):
        return "code"
    if token.type == "table_open":
        return "table"
    comment = token.type == "html_block" and token.content.lstrip().startswith("<!--")
    return None if comment or token.type in ("hr", "heading_open") else "prose"


def read_notebook(raw: RawDocument) -> Result:
    """Cells one after another; the heading path ends with the number of the cell (from 1)."""
    import nbformat  # heavy, and only notebooks need it

    read: Any = nbformat.reads
    with warnings.catch_warnings(action="ignore"):  # on missing cell ids, which nobody needs here
        notebook = read(decode(raw.data), as_version=4)
    text, title = "", ""
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    for number, cell in enumerate(notebook.cells, 1):
        content = str(cell.source).strip("\n")
        if not content.strip() or cell.cell_type == "raw":
            continue
        text += "\n\n" if text else ""
        if cell.cell_type == "markdown":
            title = title or _first_heading(content)
            inner = list(markdown_blocks(content, len(text), path))
        else:
            headings = tuple(name for _, name in path if name)
            inner = [Block(len(text), len(text) + len(content), "code", headings)]
        blocks += [replace(block, heading=(*block.heading, f"cell {number}")) for block in inner]
        text += content
    return text, title, blocks
