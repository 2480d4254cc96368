"""Passages: quotes marked in their place in a document, as HTML, safely.

Takes documents and places, gives HTML text in which nothing of the document is live. Knows nothing
about answers or pages.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from kb.records import Document
from screens.html.tables import RULE, is_table, table_html

_AROUND = 600
"""Characters of a passage shown on each side of a quote."""
_LINE = 400
"""Characters by which a passage grows so that it ends with its line."""
_BETWEEN = 120
"""Characters between two quotes of a section that are shown; of more, only that they are there."""
_FENCE = re.compile(r"[ \t]*(?P<fence>`{3,}(?=[^`]*$)|~{3,})")
_META = re.compile(r"^<!--\n.*?^-->", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"[ \t]*[-*+] (?=\S)")
_MARKED_UP = ("note", "markdown", "notebook", "html")
Span = tuple[int, int, int]
"""Number of a citation, start, end."""


def passage_html(document: Document, start: int, end: int, around: int | None = _AROUND) -> str:
    """The quote highlighted inside its passage, as HTML text; `around` None: the whole document.

    Inside <mark>, and everywhere in a whole document, every character of the text is there; signs
    of mark-up are only made small. In a passage of a note, footnote marks are left out, and so are
    the questions above and the section below.
    """
    text, whole = document.text, around is None
    floor, ceiling = (0, len(text)) if whole else _section(document, start, end)
    first, last = (floor, ceiling) if around is None else _around(text, start, end, around)
    first, last = max(floor, first), min(ceiling, last)
    pieces = list(_pieces(document, first, last))
    notes = document.kind == "note" and not whole
    before = _shown(document, pieces, first, start, drop=notes)
    after = _shown(document, pieces, end, last, drop=notes)
    if not whole:
        before = f"{'… ' if text[floor:first].strip() else ''}{before.lstrip(_LINE_ENDS)}"
        after = f"{after.rstrip()}{' …' if text[last:ceiling].strip() else ''}"
    quoted = f"<mark>{_shown(document, pieces, start, end)}</mark>" if start < end else ""
    look = "kb-passage kb-program" if document.kind in _PROGRAMS else "kb-passage"
    return f'<div class="{look}" lang="{document.language}">{before}{quoted}{after}</div>'


def quotes_html(document: Document, spans: Sequence[Span]) -> str:
    """The quotes of one section in reading order, each marked with its number."""
    text, pieces = document.text, None
    notes = document.kind == "note"
    shown, at = [], -1
    for number, start, end in sorted(spans, key=lambda span: (span[1], -span[2])):
        start = max(start, at)
        if start >= end:  # inside of the one before
            shown.append(_number(number))
            continue
        pieces = list(_pieces(document, max(0, at if at >= 0 else start), end))
        if at >= 0:
            gap = text[at:start]
            short = len(gap) <= _BETWEEN
            between = _shown(document, pieces, at, start, drop=notes) if short else "\n… "
            shown.append(between if between.strip() or "\n" not in gap else "\n")
        quoted = _shown(document, pieces, start, end)
        shown.append(f'{_number(number)}<mark data-n="{number}">{quoted}</mark>')
        at = end
    look = "kb-passage kb-program" if document.kind in _PROGRAMS else "kb-passage"
    return f'<div class="{look}" lang="{document.language}">{"".join(shown)}</div>'


def _number(number: int) -> str:
    return f'<b class="kb-n" aria-hidden="true">{number}</b>'


_LINE_ENDS = "\r\n"
_PROGRAMS = ("python", "shell", "dockerfile")


def _section(document: Document, start: int, end: int) -> tuple[int, int]:
    """In a note: from below the section's questions to the next heading; else the whole text."""
    text = document.text
    if document.kind != "note":
        return 0, len(text)
    comment = text.rfind("\n-->", 0, start)
    ends = [at for at in (text.find("\n## ", end), text.find("\n[^", end)) if at >= 0]
    return comment + 4 if comment >= 0 else 0, min(ends, default=len(text))


def _around(text: str, start: int, end: int, most: int) -> tuple[int, int]:
    """About `most` characters on each side, in whole lines; no half of a code block or a table."""
    first, last = max(0, start - most), min(len(text), end + most)
    line = text.rfind("\n", 0, first) + 1
    first = line if first - line <= _LINE else first
    line = text.find("\n", last)
    line = len(text) if line < 0 else line
    last = line if line - last <= _LINE else last
    for begin, stop in _blocks(text):
        if begin < first < stop <= start:
            first = stop
        if end <= begin < last < stop:
            last = begin
    return min(first, start), max(last, end)


# How a piece of a passage is set: `sign` hides mark-up, `faint` shows it quietly, `note` is a
# footnote mark, `lines` a line of a code block; the others are elements of HTML.
_INLINE = re.compile(
    r"(?P<code>(?P<ticks>`+)(?!`)(?P<inner>[^\n]*?)(?<!`)(?P=ticks)(?!`))"
    r"|(?P<bold>\*\*(?P<strong>[^*`\n]+)\*\*)"
    r"|(?P<link>(?<!!)\[(?P<words>[^\[\]`\n]+)\]\([^()\s]*\))"
    r"|(?P<note>\[\^[\w-]+\])"
    r"|(?P<anchor><a name=\"[^\"<>\n]*\"></a>)"
    r"|(?P<tag></?[A-Za-z][^<>\n]*>)"
    r"|(?P<pair>\\)(?=[!-/:-@\[-`{-~])"
    r"|(?P<pipe>\|)"
)
_TITLE = re.compile(r"(#{1,6}[ \t]+)(.*)")
_Piece = tuple[int, int, str]


def _pieces(document: Document, first: int, last: int) -> Iterator[_Piece]:
    """The spans of `text[first:last]` that are set in another way than plain text, in order."""
    if document.kind not in _MARKED_UP:
        return
    for begin, end, in_code in _lines(document.text):
        if begin > last or end < first:
            continue
        line = document.text[begin:end]
        fence, title = _FENCE.match(line), _TITLE.fullmatch(line)
        if in_code and fence:
            yield begin, begin + fence.end(), "sign"
            yield begin + fence.end(), end, "faint"
        elif in_code:
            yield begin, end, "lines"
        elif title:
            yield begin, begin + len(title[1]), "sign"
            yield from _bold(title[2], begin + len(title[1]))
        elif line.startswith("|") and RULE.fullmatch(line):
            yield begin, end, "faint"
        else:
            item = _ITEM.match(line)
            if item:
                yield begin, begin + item.end(), "item"
            at = item.end() if item else 0
            yield from _inline(line[at:], begin + at)


def _inline(line: str, at: int) -> Iterator[_Piece]:
    """The pieces of a line of Markdown that begins at `at`."""
    for found in _INLINE.finditer(line):
        begin, end = at + found.start(), at + found.end()
        name = next((name for name in ("inner", "strong", "words") if found[name]), "")
        if name:
            first, last = at + found.start(name), at + found.end(name)
            yield begin, first, "sign"
            if name == "inner":
                yield first, last, "code"
            else:
                inside = _bold if name == "strong" else _inline
                yield from inside(found[name], first)
            yield last, end, "sign"
        elif not found["pipe"] or line.startswith("|"):  # of a table that is not drawn as one
            hidden = found["pair"] or found["anchor"]
            yield begin, end, "note" if found["note"] else "sign" if hidden else "faint"


def _bold(text: str, at: int) -> Iterator[_Piece]:
    """The pieces of `text`, and what lies between them set in bold."""
    end = at + len(text)
    for piece in _inline(text, at):
        yield at, piece[0], "b"
        yield piece
        at = piece[1]
    yield at, end, "b"


@lru_cache(maxsize=64)
def _blocks(text: str) -> tuple[tuple[int, int], ...]:
    """The code blocks and tables of a document: start, end."""
    blocks: list[tuple[int, int]] = []
    inside = False
    for begin, end, in_code in _lines(text):
        held = in_code or text.startswith("|", begin)
        if held and inside:
            blocks[-1] = (blocks[-1][0], end)
        elif held:
            blocks.append((begin, end))
        inside = held
    return tuple(blocks)


@lru_cache(maxsize=64)
def _lines(text: str) -> tuple[tuple[int, int, bool], ...]:
    """The lines of a document: start, end, whether in a fenced block."""
    lines, at, fence = [], 0, ""
    for line in text.split("\n"):
        opened = _FENCE.match(line)
        lines.append((at, at + len(line), bool(fence or opened)))
        if opened and not fence:
            fence = opened["fence"]
        elif (
            opened and fence and line.strip().startswith(fence) and not line.strip().strip(fence[0])
        ):
            fence = ""
        at += len(line) + 1
    return tuple(lines)


def _shown(
    document: Document, pieces: list[_Piece], first: int, last: int, *, drop: bool = False
) -> str:
    """`text[first:last]` as HTML, whole tables and the data of a note as such; `drop` leaves
    footnote marks out.
    """
    text, shown, at = document.text, [], first

    def prose(begin: int, end: int) -> str:
        return _line_html(text, pieces, begin, end, drop=drop)

    def sign(begin: int, end: int) -> str:
        return _set(html.escape(text[begin:end]), "sign", drop=drop) if begin < end else ""

    for begin, end, kind in _drawn(document):
        if begin < at or end > last:
            continue
        shown.append(prose(at, begin))
        if kind == "table":
            shown.append(table_html(text, begin, end, prose, sign))
        else:
            shown.append(
                f'<details class="kb-meta"><summary></summary>{prose(begin, end)}</details>'
            )
        at = end
    return "".join([*shown, prose(at, last)])


@lru_cache(maxsize=64)
def _drawn(document: Document) -> tuple[_Piece, ...]:
    """What is drawn as a whole: tables, and in a note the data above a section, to unfold."""
    if document.kind not in _MARKED_UP:
        return ()
    text = document.text
    drawn = [
        (begin, end, "table")
        for begin, end in _blocks(text)
        if text.startswith("|", begin) and is_table(text[begin:end].split("\n"))
    ]
    if document.kind == "note":
        drawn += [(found.start(), found.end(), "data") for found in _META.finditer(text)]
    return tuple(sorted(drawn))


def _line_html(text: str, pieces: list[_Piece], first: int, last: int, *, drop: bool) -> str:
    """`text[first:last]` as HTML without blocks."""
    shown, at = [], first
    for begin, end, kind in pieces:
        begin, end = max(begin, first), min(end, last)
        if begin >= end:
            continue
        shown.append(html.escape(text[at:begin]))
        shown.append(_set(html.escape(text[begin:end]), kind, drop=drop))
        at = end
    return "".join([*shown, html.escape(text[at:last])])


def _set(piece: str, kind: str, *, drop: bool) -> str:
    if kind in ("code", "b"):
        return f"<{kind}>{piece}</{kind}>"
    if kind == "lines":
        return f'<code class="kb-lines">{piece}</code>'
    if kind == "note" and drop:
        return ""
    return f'<span class="kb-{"faint" if kind == "note" else kind}">{piece}</span>'
