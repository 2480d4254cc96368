"""Mrkdwn: Markdown to the mark-up that Slack reads, safely.

Takes strings, gives strings. Nothing of an answer, a source or a question can mention a channel or
a person: `& < >` are escaped everywhere, and the only `<…>` that is written is a link to the web.
Tables become code blocks, as mrkdwn has none. Knows nothing about blocks or messages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

_FENCE = "```"
_GAP = "\u200b"
"""Slack sees *bold* and `code` only between word boundaries, which Japanese does not write."""
_URL = re.compile(r"https?://(?:(?![<>()\[\]{}`|\\\"])[!-~])+(?<![.,;:!?'*_~])")
_LONGEST_LINK = 1_000
"""Characters of address and words: a link is never cut, so it must fit into a part."""
_MARKS = {"strong": "*", "em": "_", "s": "~"}
_SIGNS = "*_~`"
_INDENT = "    "


def escape(text: str) -> str:
    """Plain text, so that Slack shows it and obeys none of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def link(url: str, text: str) -> str:
    """A link to the web; what leads elsewhere or is too long is only its text."""
    shown = escape(" ".join(text.split()))
    address = escape(re.sub(r"\s", "%20", url)).replace("|", "%7C")
    if not url.startswith(("https://", "http://")) or len(address + shown) > _LONGEST_LINK:
        return shown or escape(url)
    return f"<{address}|{shown}>" if shown else f"<{address}>"


def to_mrkdwn(markdown: str) -> str:
    """Markdown as mrkdwn: bold, code, lists, links; tables as code blocks; images as their text."""
    tokens = _parser().parse(markdown)
    return "\n\n".join(block for block in _blocks(tokens) if block)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return parser.disable("reference")  # “[1]: …” must not give the numbers of sources a target


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    """The top blocks of `tokens`, each as mrkdwn."""
    at = 0
    while at < len(tokens):
        end = _closing(tokens, at)
        yield _block(tokens[at], tokens[at + 1 : end])
        at = end + 1


def _closing(tokens: Sequence[Token], at: int) -> int:
    """Where the block that begins at `at` ends."""
    depth = 0
    for end in range(at, len(tokens)):
        depth += tokens[end].nesting
        if depth == 0:
            return end
    return len(tokens) - 1


def _block(token: Token, inside: Sequence[Token]) -> str:
    if token.type in ("fence", "code_block"):
        return _code_block(token.content)
    if token.type == "table_open":
        return _code_block(_table(inside))
    if token.type == "hr":
        return "———"
    if token.type == "heading_open":
        text = _inline(inside[0].children or [], bold=True)
        return f"*{text}*" if text else ""
    if token.type in ("bullet_list_open", "ordered_list_open"):
        return _list(token, inside)
    if token.type == "blockquote_open":
        quoted = "\n".join(block for block in _blocks(inside) if block)
        return "\n".join(f"> {line}" for line in quoted.split("\n"))
    return "\n".join(_inline(child.children or []) for child in inside if child.type == "inline")


def _code_block(code: str) -> str:
    """Code as it is; three ticks inside would end the block."""
    shown = escape(code.rstrip()).replace(_FENCE, _GAP.join(_FENCE))
    return f"{_FENCE}\n{shown}\n{_FENCE}"


def _list(opening: Token, inside: Sequence[Token]) -> str:
    number = int(opening.attrGet("start") or 1)
    lines, at = [], 0
    while at < len(inside):
        end = _closing(inside, at)
        marker = f"{number}. " if opening.type == "ordered_list_open" else "• "
        item = "\n".join(block for block in _blocks(inside[at + 1 : end]) if block)
        lines.append(marker + _indented(item))
        at, number = end + 1, number + 1
    return "\n".join(lines)


def _indented(item: str) -> str:
    """What follows the first line of an item, set below it; code stays at the margin."""
    shown, in_code = [], False
    for number, line in enumerate(item.split("\n")):
        fence = line == _FENCE
        shown.append(line if not number or in_code or fence else _INDENT + line)
        in_code ^= fence
    text = "\n".join(shown)
    return f"\n{text}" if item.startswith(_FENCE) else text


def _inline(tokens: Sequence[Token], *, bold: bool = False) -> str:
    """A line of text. `bold`: it is bold as a whole, so that bold inside of it is none."""
    parts: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        kind = token.type.removesuffix("_open")
        if token.nesting == 1:
            end = _closing(tokens, at)
            if kind == "link":
                words = "".join(_plain(tokens[at + 1 : end]))
                parts.append(link(str(token.attrGet("href") or ""), words))
            else:
                text = _inline(tokens[at + 1 : end], bold=bold)
                mark = "" if bold and kind == "strong" else _MARKS.get(kind, "")
                parts.append(_marked(mark, text))
            at = end
        elif token.type == "code_inline":
            parts.append(_marked("`", escape(token.content.replace("`", "'"))))
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        else:
            parts.append(_text(token))
        at += 1
    return _spaced(parts)


def _marked(mark: str, text: str) -> str:
    return f"{mark}{text}{mark}" if mark and text.strip() else text


def _spaced(parts: list[str]) -> str:
    """The parts joined, with an unseen gap where a mark would touch a word."""
    shown = ""
    for part in filter(None, parts):
        begins = shown and part[0] in _SIGNS and _is_word(shown[-1])
        ends = shown and shown[-1] in _SIGNS and _is_word(part[0])
        shown += (_GAP if begins or ends else "") + part
    return shown


def _is_word(sign: str) -> bool:
    """Whether Slack sees no boundary beside it: letters, and everything Japanese."""
    return sign.isalnum() or not (sign.isascii() or sign.isspace())


def _text(token: Token) -> str:
    """Text, with bare addresses as links, as Slack is told to make none itself."""
    if token.type == "image":
        return escape(token.content)
    parts, at = [], 0
    for found in _URL.finditer(token.content):
        parts += [escape(token.content[at : found.start()]), link(found[0], "")]
        at = found.end()
    return "".join([*parts, escape(token.content[at:])])


def _plain(tokens: Sequence[Token]) -> Iterator[str]:
    """Text without mark-up, not escaped yet."""
    for token in tokens:
        yield " " if token.type in ("softbreak", "hardbreak") else token.content


def _table(tokens: Sequence[Token]) -> str:
    """Columns under each other; a Japanese character is two columns wide."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append("".join(_plain(token.children or [])))
    columns = max(map(len, rows), default=0)
    widths = [
        max((_width(row[column]) for row in rows if column < len(row)), default=0)
        for column in range(columns)
    ]
    rows.insert(1, ["-" * width for width in widths])
    lines = (
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=False)
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


# Long texts.

_BREAK = re.compile(r"[。．！？!?.、,\s]")
_WHOLE = re.compile(r"<[^<>\s]*(?:\|[^<>]*)?>|&(?:amp|lt|gt);")
"""A link or an escaped sign, never cut in two."""


def split(text: str, limit: int) -> list[str]:
    """`text` (mrkdwn) in parts of at most `limit` characters, cut between lines where it can be.

    A code block that is cut goes on as a code block; no link and no escaped sign is cut.
    """
    room = limit - 2 * len(f"{_FENCE}\n")
    parts, part, in_code = [], "", False
    for line in text.split("\n"):
        for piece in _pieces(line, room):
            if part and len(part) + 1 + len(piece) > room:
                parts.append(_ended(part) if in_code else part)
                part = _FENCE if in_code else ""
                if in_code and piece == _FENCE:  # the block ends where the part before it does
                    part, in_code = "", False
                    continue
            part = f"{part}\n{piece}" if part else piece
            in_code ^= piece == _FENCE
    return [part for part in (*parts, part) if part.strip()]


def _ended(part: str) -> str:
    """A part that ends within a code block, with the block closed; without one that just began."""
    begun = part.removesuffix(_FENCE)
    return begun.rstrip("\n") if begun != part else f"{part}\n{_FENCE}"


def _pieces(line: str, room: int) -> Iterator[str]:
    """A line, cut where it is longer than `room`."""
    while len(line) > room:
        cut = room
        for found in _WHOLE.finditer(line):
            if found.start() < cut < found.end():
                cut = found.start()
        marks = [found.end() for found in _BREAK.finditer(line, max(0, cut - 200), cut)]
        inside = [found.span() for found in _WHOLE.finditer(line)]
        marks = [at for at in marks if not any(start < at < end for start, end in inside)]
        cut = (marks[-1] if marks else cut) or room
        yield line[:cut]
        line = line[cut:]
    yield line


def shorten(text: str, most: int) -> str:
    """Plain text on one line, at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


# Text while it comes.

_FINISHED = re.compile(r"^.*(?:\n|[。！？]|[.!?](?=\s))", re.DOTALL)
_LINKED = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*\)")


def finished(markdown: str) -> str:
    """The part of a text that is still coming which will not change: whole lines and sentences."""
    found = _FINISHED.match(markdown)
    return found[0] if found else ""


def preview(markdown: str) -> str:
    """Markdown for Slack's stream, which reads Markdown: links and images as their words."""
    return escape(_LINKED.sub(r"\1", markdown))
