"""Parse: raw bytes to a document and its blocks.

Takes a `RawDocument`, gives `Parsed`: the text that is stored, and the blocks (prose, code, tables)
with their heading path. Knows nothing about tokens, chunks or the index. A document that cannot be
read raises ParseError with its reason; it never stops the others.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from markdown_it import MarkdownIt

from ingest.fetch import RawDocument
from kb.errors import ParseError
from kb.records import Document
from kb.text import language, plain

BlockKind = Literal["prose", "code", "table"]
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_NOTE = re.compile(r"^## .+\n\s*<!--\s*\nid:", re.MULTILINE)
_TAG = re.compile(r"<[^>]+>")
_SHELL_FUNCTION = re.compile(r"^(?:function\s+)?([A-Za-z_][\w-]*)\s*\(\)\s*\{?", re.MULTILINE)
_STAGE = re.compile(r"^FROM\s+(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A slice of the document's text that belongs together."""

    start: int
    end: int
    kind: BlockKind
    heading: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parsed:
    document: Document
    blocks: tuple[Block, ...]


def parse(raw: RawDocument, source: str, *, title: str = "", commit: str = "", fetched: str = "") -> Parsed:
    """Parse one document; raises ParseError."""
    try:
        text, heading, blocks = _PARSERS[raw.kind](raw)
    except ParseError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError, LookupError) as error:
        raise ParseError(f"this {raw.kind} document is damaged ({_first_line(error)})") from error
    if not text.strip():
        raise ParseError("it holds no text")
    document = Document(
        id=raw.id,
        source=source,
        title=(title if raw.kind == "html" else "") or heading or raw.name,
        text=text,
        kind="note" if raw.kind == "markdown" and _NOTE.search(text) else raw.kind,
        language=language(text),
        commit=commit or None,
        fetched=fetched,
    )
    return Parsed(document, tuple(block for block in blocks if text[block.start : block.end].strip()))


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:100]


def decode(data: bytes) -> str:
    """Text of a file: UTF-8, else the usual Japanese encodings; line ends become `\\n`."""
    for encoding in ("utf-8-sig", "cp932", "euc_jp"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return text.replace("\r\n", "\n").replace("\r", "\n")
    raise ParseError("it is no text in UTF-8, Shift_JIS or EUC-JP")


_Result = tuple[str, str, list[Block]]


def _markdown(raw: RawDocument) -> _Result:
    text = decode(raw.data)
    blocks = list(_markdown_blocks(text))
    return text, _first_heading(text), blocks


def _first_heading(text: str) -> str:
    for token, following in _pairs(text):
        if token.type == "heading_open":
            return _heading_text(following.content)
    return ""


def _pairs(text: str):  # type: ignore[no-untyped-def]
    tokens = _MARKDOWN.parse(text)
    return zip(tokens, tokens[1:], strict=False)


def _heading_text(content: str) -> str:
    return plain(_TAG.sub("", content)).strip()


def _markdown_blocks(text: str, offset: int = 0, above: tuple[str, ...] = ()) -> Iterator[Block]:
    """Top-level blocks; front matter and comments are left out, nested blocks stay with theirs."""
    starts = _line_starts(text)
    path: list[tuple[int, str]] = []
    for token, following in _pairs(text + "\n\n\n"):
        if token.level != 0 or token.map is None:
            continue
        if token.type == "heading_open":
            depth = int(token.tag[1])
            path = [item for item in path if item[0] < depth]
            path.append((depth, _heading_text(following.content)))
            continue
        kind: BlockKind
        if token.type in ("fence", "code_block"):
            kind = "code"
        elif token.type == "table_open":
            kind = "table"
        elif token.type == "html_block" and token.content.lstrip().startswith("<!--"):
            continue
        elif token.type in ("hr", "heading_close"):
            continue
        else:
            kind = "prose"
        start, end = starts[token.map[0]], starts[min(token.map[1], len(starts) - 1)]
        piece = text[start:end]
        end = start + len(piece.rstrip())
        heading = (*above, *(name for _, name in path if name))
        yield Block(offset + start, offset + end, kind, heading)


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    starts[-1] = len(text)
    return starts


def _plain_text(raw: RawDocument) -> _Result:
    text = decode(raw.data)
    blocks = [
        Block(found.start(), found.end(), "prose", ()) for found in re.finditer(r"\S(?:.|\n(?!\s*\n))*", text)
    ]
    return text, "", blocks


def _notebook(raw: RawDocument) -> _Result:
    """Cells one after another; the heading path ends with the number of the cell (from 1)."""
    import nbformat  # heavy, and only notebooks need it

    notebook = nbformat.reads(decode(raw.data), as_version=4)
    text, blocks, title = "", [], ""
    path: tuple[str, ...] = ()
    for number, cell in enumerate(notebook.cells, 1):
        content = str(cell.source).strip("\n")
        if not content.strip() or cell.cell_type == "raw":
            continue
        text += "\n\n" if text else ""
        place = f"cell {number}"
        if cell.cell_type == "markdown":
            title = title or _first_heading(content)
            inner = list(_markdown_blocks(content, len(text)))
            blocks += [Block(b.start, b.end, b.kind, (*(b.heading or path), place)) for b in inner]
            path = next((b.heading for b in reversed(inner) if b.heading), path)
        else:
            blocks.append(Block(len(text), len(text) + len(content), "code", (*path, place)))
        text += content
    return text, title, blocks


def _python(raw: RawDocument) -> _Result:
    """Top-level definitions with their decorators and the comments above; the rest between them."""
    text = decode(raw.data)
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return text, "", _whole(text)
    lines, starts = text.split("\n"), _line_starts(text)
    cuts: list[tuple[int, int, str]] = []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
            while first > 0 and lines[first - 1].startswith("#"):
                first -= 1
            cuts.append((first, node.end_lineno or node.lineno, node.name))
    return text, "", _between(text, starts, cuts)


def _between(text: str, starts: list[int], cuts: list[tuple[int, int, str]]) -> list[Block]:
    """Blocks for the cuts (first line, line after, name) and for what lies between them."""
    blocks, at = [], 0
    for first, last, name in cuts:
        if first > at:
            blocks.append(_trimmed(text, starts[at], starts[first], ()))
        blocks.append(_trimmed(text, starts[max(first, at)], starts[last], (name,)))
        at = last
    if at < len(starts) - 1:
        blocks.append(_trimmed(text, starts[at], len(text), ()))
    return blocks


def _trimmed(text: str, start: int, end: int, heading: tuple[str, ...]) -> Block:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip("\n"))
    return Block(start + left, max(start + left, start + len(piece.rstrip())), "code", heading)


def _whole(text: str) -> list[Block]:
    return [_trimmed(text, 0, len(text), ())]


def _shell(raw: RawDocument) -> _Result:
    """Function by function where there are functions, else whole."""
    text = decode(raw.data)
    starts = _line_starts(text)
    lines = text.split("\n")
    cuts = []
    for found in _SHELL_FUNCTION.finditer(text):
        first = text.count("\n", 0, found.start())
        last = next((i + 1 for i in range(first, len(lines)) if lines[i].startswith("}")), None)
        if last and "(" in found[0]:
            cuts.append((first, last, f"{found[1]}()"))
    return text, "", _between(text, starts, cuts) if cuts else _whole(text)


def _dockerfile(raw: RawDocument) -> _Result:
    """Stage by stage; what stands before the first FROM belongs to the first stage."""
    text = decode(raw.data)
    stages = list(_STAGE.finditer(text))
    if not stages:
        return text, "", _whole(text)
    edges = [0, *(stage.start() for stage in stages[1:]), len(text)]
    return (
        text,
        "",
        [
            _trimmed(text, start, end, (stage[2] or f"FROM {stage[1]}",))
            for stage, start, end in zip(stages, edges[:-1], edges[1:], strict=True)
        ],
    )


def _html(raw: RawDocument) -> _Result:
    """The article of a page as Markdown, by trafilatura; menus, banners and comments are left out."""
    import trafilatura  # heavy, and only pages need it

    page = raw.data.decode(_declared_encoding(raw.data), "replace")
    text = trafilatura.extract(
        page, output_format="markdown", include_comments=False, include_tables=True, include_links=False
    )
    if not text:
        raise ParseError("no article was found in this page")
    metadata = trafilatura.extract_metadata(page)
    return text, (metadata.title if metadata else "") or "", list(_markdown_blocks(text))


def _declared_encoding(data: bytes) -> str:
    found = re.search(rb"charset=[\"']?([\w-]+)", data[:4096])
    name = found[1].decode() if found else "utf-8"
    try:
        "".encode(name)
    except LookupError:
        return "utf-8"
    return name


def _pdf(raw: RawDocument) -> _Result:
    """Page by page; the heading is the number of the page."""
    import pypdf  # heavy, and only PDFs need it

    try:
        reader = pypdf.PdfReader(io.BytesIO(raw.data))
        pages = [page.extract_text() or "" for page in reader.pages]
        title = str((reader.metadata or {}).get("/Title") or "")
    except (pypdf.errors.PyPdfError, OSError) as error:
        raise ParseError(f"this PDF cannot be read ({_first_line(error)})") from error
    text, blocks = "", []
    for number, page in enumerate(pages, 1):
        content = page.strip()
        if content:
            text += "\n\n" if text else ""
            blocks.append(Block(len(text), len(text) + len(content), "prose", (f"page {number}",)))
            text += content
    return text, title, blocks


_PARSERS: dict[str, Callable[[RawDocument], _Result]] = {
    "markdown": _markdown,
    "text": _plain_text,
    "notebook": _notebook,
    "python": _python,
    "shell": _shell,
    "dockerfile": _dockerfile,
    "html": _html,
    "pdf": _pdf,
}


def file_name(document: str) -> str:
    """Last part of a document id, for reports."""
    return PurePosixPath(document).name
