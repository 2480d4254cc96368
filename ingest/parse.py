"""Parse: raw bytes to a document and its blocks.

Takes a `RawDocument`, gives `Parsed`: the text that is stored, and the blocks (prose, code, tables)
with their heading path. Knows nothing about tokens, chunks or the index. A document that cannot be
read raises ParseError with its reason; it never stops the others.
"""

from __future__ import annotations

import ast
import codecs
import io
import re
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Literal
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.fetch import RawDocument
from ingest.sources import NOTES
from kb.errors import ParseError
from kb.records import Document
from kb.text.language import prose_language
from kb.text.markup import plain

MAX_TEXT = 1_000_000
"""Characters of a document: a book of 500 pages."""
BlockKind = Literal["prose", "code", "table"]
_MARKDOWN = MarkdownIt("commonmark").enable("table").disable("inline")  # blocks are enough
_NOTE = re.compile(r"^## .+\n\s*<!--\s*\nid:", re.MULTILINE)
_TAG = re.compile(r"<[^<>]+>")
_HTML_HEADING = re.compile(r"\s*<h([1-6])\b[^>]*>(.*?)</h\1>", re.DOTALL | re.IGNORECASE)
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?=[\w-]+:)(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_SHELL_FUNCTION = re.compile(
    r"^(?:function[ \t]+([\w:-]++)[ \t]*+(?:\(\))?|([A-Za-z_][\w:-]*+)[ \t]*+\(\))\s*+\{",
    re.MULTILINE,
)
_STAGE = re.compile(
    r"^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_SETTING = re.compile(r"^[^\s#{}\[\]\"'-][^\n]*?(?=\s*(?:[:=]|$))", re.MULTILINE)
"""What begins at the margin of a configuration: a key, a target of make."""
_LONGEST_CONFIG = 60_000
"""Characters from which a file of settings is data that nobody asks about."""
_SHORT_CONFIG = 40
"""Lines up to which a file of settings stays whole."""
_METHODS = 40
"""Lines from which a class is cut at its methods."""
_PATH = 3
"""Parts of its path that name a file without a title; three tell samples' Dockerfiles apart."""
_BY_PATH = ("python", "shell", "dockerfile", "config", "text")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\x80\uf8f0-\uf8f3]")
"""Control characters, and what the Shift_JIS decoder gives for bytes that are no character."""
_ALIASES = {"shift_jis": "cp932", "x-sjis": "cp932", "sjis": "cp932"}
"""What pages call the encoding that has all of Windows' Japanese characters."""
_NAME_LIMIT = 300
"""Characters of a title or heading: every chunk below it carries it."""
_HALF_WIDTH = re.compile(r"[\uff61-\uff9f]")


@dataclass(frozen=True, slots=True)
class Block:
    """A slice of the document's text that belongs together."""

    start: int
    end: int
    kind: BlockKind
    heading: tuple[str, ...]


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


def decode(data: bytes) -> str:
    """Text of a file: UTF-8, UTF-32 or UTF-16 with its mark, else Shift_JIS or EUC-JP; LF ends its
    lines.
    """
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):  # begins as UTF-16 does
        texts = _decoded(data, "utf-32")
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        texts = _decoded(data, "utf-16")
    else:
        texts = [text for text in _decoded(data, "utf-8-sig") if "\x00" not in text]
    if not texts:
        # Each of the two reads many texts of the other, but as rows of half-width kana.
        texts = [text for text in _decoded(data, "cp932", "euc_jp") if not _NOT_TEXT.search(text)]
        texts.sort(key=lambda text: len(_HALF_WIDTH.findall(text)))
    if not texts:
        raise ParseError("it is no text in UTF-8, Shift_JIS or EUC-JP")
    return texts[0].replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, *encodings: str) -> list[str]:
    texts = []
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            texts.append(data.decode(encoding))
    return texts


_Result = tuple[str, str, list[Block]]


def _markdown(raw: RawDocument) -> _Result:
    text = decode(raw.data)
    matter = _FRONT_MATTER.match(text)
    start = matter.end() if matter else 0
    return text, _first_heading(text[start:]), list(_markdown_blocks(text[start:], start, []))


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


def _markdown_blocks(text: str, offset: int, path: list[tuple[int, str]]) -> Iterator[Block]:
    """Top-level blocks; comments are left out, nested blocks stay with theirs.

    `path` holds depth and name of the headings above, and afterwards of those at the end.
    """
    starts = _line_starts(text)
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


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    starts[-1] = len(text)
    return starts


def _plain_text(raw: RawDocument) -> _Result:
    text = decode(raw.data)
    return text, "", [Block(start, end, "prose", ()) for start, end in _paragraphs(text)]


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
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


def _notebook(raw: RawDocument) -> _Result:
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
            inner = list(_markdown_blocks(content, len(text), path))
        else:
            headings = tuple(name for _, name in path if name)
            inner = [Block(len(text), len(text) + len(content), "code", headings)]
        blocks += [replace(block, heading=(*block.heading, f"cell {number}")) for block in inner]
        text += content
    return text, title, blocks


def _python(raw: RawDocument) -> _Result:
    """Top-level definitions with their decorators and the comments above; the rest between them."""
    text = decode(raw.data)
    try:
        with warnings.catch_warnings(action="ignore"):  # on escapes in other people's strings
            body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # Python 2, or no Python
        return text, "", _whole(text)
    cuts: list[_Cut] = []
    for node in body:
        if isinstance(node, _DEFINITIONS):
            cuts += _definition(node)
    return text, "", _between(text, cuts)


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _definition(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[_Cut]:
    """The lines of a definition; of a long class its head, then method by method."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    last = node.end_lineno or node.lineno
    if not isinstance(node, ast.ClassDef) or last - first <= _METHODS:
        return [(first, last, (node.name,))]
    methods = [
        (start, end, (node.name, *name))
        for part in node.body
        if isinstance(part, _DEFINITIONS)
        for start, end, name in _definition(part)
    ]
    return [(first, methods[0][0] if methods else last, (node.name,)), *methods]


_Cut = tuple[int, int, tuple[str, ...]]
"""First line and line after the last, from 0, and the heading."""


def _between(text: str, cuts: list[_Cut]) -> list[Block]:
    """Blocks for the cuts, with the comments right above them, and for what lies between them."""
    lines, starts = text.split("\n"), _line_starts(text)
    blocks, at = [], 0
    for first, last, name in cuts:
        if last <= at:  # inside the one before
            continue
        first = max(first, at)
        while first > at and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        if first > at:
            blocks.append(_trimmed(text, starts[at], starts[first], ()))
        blocks.append(_trimmed(text, starts[first], starts[last], name))
        at = last
    if at < len(lines):
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
    lines, starts = text.split("\n"), _line_starts(text)
    closed = _next_ends(lines)
    cuts: list[_Cut] = []
    for found in _SHELL_FUNCTION.finditer(text):
        first = bisect_right(starts, found.start()) - 1
        one_line = "{" in lines[first] and lines[first].count("{") == lines[first].count("}")
        last = first if one_line else closed[first]
        if last < len(lines):
            cuts.append((first, last + 1, (f"{found[1] or found[2]}()",)))
    return text, "", _between(text, cuts) if cuts else _whole(text)


def _next_ends(lines: list[str]) -> list[int]:
    """By line: the next line that begins with }, or the number of lines."""
    own = (i if lines[i][:1] == "}" else len(lines) for i in reversed(range(len(lines))))
    return list(accumulate(own, min))[::-1]


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


def _config(raw: RawDocument) -> _Result:
    """Settings, top-level key by key, and the targets of a Makefile."""
    text = decode(raw.data)
    if len(text) > _LONGEST_CONFIG:
        raise ParseError(f"it is data of more than {_LONGEST_CONFIG:,} characters")
    if text.count("\n") <= _SHORT_CONFIG:
        return text, "", _whole(text)
    cuts: list[_Cut] = []
    places = [(text.count("\n", 0, found.start()), found[0]) for found in _SETTING.finditer(text)]
    ends = [line for line, _ in places[1:]] + [text.count("\n") + 1]
    for (line, name), end in zip(places, ends, strict=False):
        if end - line > 1:  # one line alone is no section
            cuts.append((line, end, (name.strip(),)))
    return text, "", _between(text, cuts) if cuts else _whole(text)


def _html(raw: RawDocument) -> _Result:
    """The article of a page as Markdown; menus, banners and comments are left out."""
    from ingest.page import read_page  # heavy, and only pages need it

    text, title = read_page(_page_text(raw.data))
    return text, title, list(_markdown_blocks(text, 0, []))


def _page_text(data: bytes) -> str:
    """By the encoding that the page declares, else as any other file."""
    found = re.search(rb"charset=[\"']?([\w-]+)", data[:4096])
    name = found[1].decode().lower() if found else ""
    with suppress(LookupError):
        return data.decode(_ALIASES.get(name, name), "replace") if name else decode(data)
    return decode(data)


_NUMBERED = re.compile(r"^(\d+)(?:\.\d+)*\.?[ \t]+(\S.{1,60})$", re.MULTILINE)
"""A line that may head a section of a paper: a number and a few words."""


def _pdf(raw: RawDocument) -> _Result:
    """Page by page, and where its headings are numbered section by section; the heading path ends
    with the number of the page.
    """
    import pypdf  # heavy, and only PDFs need it

    reader = pypdf.PdfReader(io.BytesIO(raw.data))
    pages = [(page.extract_text() or "").strip() for page in reader.pages]
    title = str((reader.metadata and reader.metadata.title) or "") or _running_title(pages)
    text, heading = "", ""
    blocks: list[Block] = []
    for number, content in enumerate(pages, 1):
        if not content:
            continue
        text += "\n\n" if text else ""
        at = 0
        heads = [found for found in _NUMBERED.finditer(content) if _heads(found)]
        for end, name in [*((f.start(), f[0].strip()) for f in heads), (len(content), "")]:
            if content[at:end].strip():
                path = tuple(filter(None, (heading, f"page {number}")))
                blocks.append(Block(len(text) + at, len(text) + end, "prose", path))
            at, heading = end, name or heading
        text += content
    return text, title, [_stripped(text, block) for block in blocks]


def _running_title(pages: list[str]) -> str:
    """The line that heads every page, where there is one."""
    first = [page.split("\n", 1)[0].strip() for page in pages if page]
    return first[0] if len(first) > 1 and len(set(first)) == 1 else ""


def _heads(found: re.Match[str]) -> bool:
    """Not a step of a list, which is a sentence and goes on."""
    return not found[2].rstrip().endswith((".", "。", ",", ";", ":")) and found[2][0].isupper()


def _stripped(text: str, block: Block) -> Block:
    piece = text[block.start : block.end]
    start = block.start + len(piece) - len(piece.lstrip())
    return replace(block, start=start, end=start + len(piece.strip()))


_PARSERS: dict[str, Callable[[RawDocument], _Result]] = {
    "markdown": _markdown,
    "text": _plain_text,
    "notebook": _notebook,
    "python": _python,
    "shell": _shell,
    "dockerfile": _dockerfile,
    "config": _config,
    "html": _html,
    "pdf": _pdf,
}
