"""Render: an `Answer` and its proofs for a browser, safely.

Takes answers, citations and documents, gives Markdown and HTML text. Nothing of a source, a model
or a question can become a formula, an image from elsewhere, a heading, a colour or a tag. Knows
nothing about Streamlit but the Markdown that it reads.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from urllib.parse import quote, unquote, urlencode

from kb.answer.markdown import to_markdown
from kb.messages import message
from kb.records import Answer, Citation, Document, Language, Sentence

MOST_EVIDENCE = 3
"""Links to the evidence behind a statement that are shown beside its quote."""
_AROUND = 600
"""Characters of a passage shown on each side of a quote."""
_LINE = 400
"""Characters by which a passage grows so that it ends with its line."""
_LABEL = 120
"""Characters of a button's label."""
_TOOLTIP = 140
"""Characters of a quote shown over its number."""


# Prose as Markdown.

_FENCE = re.compile(r"[ \t]*(?P<fence>`{3,}(?=[^`]*$)|~{3,})")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*")
_TICKS = re.compile(r"`+")
_PAIR = re.compile(r"\\[!-/:-@\[-`{-~]")
_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?")
_LINK = re.compile(r"\[([^\[\]]+)\]\((?!\s*https?://)[^()]*\)")
_HEADING = re.compile(r"((?:\s*(?:[-*+]|\d+[.)])\s+)*\s*)(#{1,6}(?:\s|$))")
_UNDERLINE = re.compile(r"(\s*)([-=]+\s*)")
_CALM_PAIRS = {"\\<": "&lt;", "\\>": "&gt;"}
_LIVE = re.compile(
    r"(?P<url>https?://(?:(?![<>()\[\]{}`$|*\\])[!-~])+(?<![.,;:!?'\"]))"
    r"|!(?=\[)"  # an image, whatever its form
    r"|\](?=\((?!\s*https?://))"  # a link to anything but the web
    r"|(?<=\]):"  # a definition that gives other brackets a target
    r"|:(?=:*[^\W\d_])"  # :red[…], :help[…], ::name
    r"|[$~<>]"  # a formula, a deletion (“1~2”), a tag
)


def safe_markdown(text: str) -> str:
    """Prose as Markdown that a browser may show; code stays as it is.

    Every fence is moved to the first column and closed, and a code span ends on its line, so that
    what is taken for code here is code for every reader of Markdown.
    """
    lines, fence, indent = [], "", 0
    rows = text.split("\n")
    table = any("|" in row and _TABLE_RULE.fullmatch(row) for row in rows)
    for row in rows:
        opened = _FENCE.match(row)
        if not fence and opened:
            fence, indent = opened["fence"], opened.start("fence")
            lines.append(row[indent:])
        elif fence:
            closed = (
                opened and row.strip().strip(fence[0]) == "" and len(opened["fence"]) >= len(fence)
            )
            lines.append(fence if closed else row[min(indent, len(row) - len(row.lstrip(" "))) :])
            fence = "" if closed else fence
        else:
            lines.append(_safe_line(row, table=table))
    return "\n".join([*lines, fence] if fence else lines)


def label_markdown(text: str) -> str:
    """Prose as the label of a button: one line, not too long."""
    line = " ".join(text.split())
    return safe_markdown(line if len(line) <= _LABEL else line[: _LABEL - 1] + "…")


def _safe_line(line: str, *, table: bool) -> str:
    """A line of prose; in a table a pipe ends a cell, and with it a code span."""
    underline = _UNDERLINE.fullmatch(line)
    if underline:
        return f"{underline[1]}\\{underline[2]}"
    heading = _HEADING.match(line)
    if heading:
        line = f"{heading[1]}\\{line[heading.end(1) :]}"
    parts, at, plain = [], 0, 0
    while at < len(line):
        if _PAIR.match(line, at):
            pair = line[at : at + 2]
            parts += [_escaped(line[plain:at]), _CALM_PAIRS.get(pair, pair)]
            plain = at = at + 2
        elif line[at] == "`":
            ticks = _TICKS.match(line, at)
            end = _span_end(line, ticks[0], ticks.end(), table=table) if ticks else 0
            code = line[at:end] if end else "\\`" * (ticks.end() - at if ticks else 1)
            parts += [_escaped(line[plain:at]), code]
            plain = at = end or (ticks.end() if ticks else at + 1)
        else:
            at += 1
    return "".join([*parts, _escaped(line[plain:])])


def _span_end(line: str, ticks: str, at: int, *, table: bool) -> int:
    """Where the code span opened by `ticks` ends; 0 when it does not."""
    for run in _TICKS.finditer(line, at):
        if run[0] == ticks:
            broken = table and re.search(r"(?<!\\)\|", line[at : run.start()])
            return 0 if broken else run.end()
    return 0


def _escaped(text: str) -> str:
    return _LIVE.sub(_calm, _LINK.sub(r"\1", _IMAGE.sub(r"\1", text)))


def _calm(found: re.Match[str]) -> str:
    sign = found[0]
    if found["url"]:
        return f"<{sign}>"  # so that the text behind it does not become part of the address
    return {"<": "&lt;", ">": "&gt;", "!": "!\\"}.get(sign, f"\\{sign}")


# Answers.


def answer_markdown(answer: Answer, language: Language) -> str:
    """The answer with each [1] as a link to the place that it stands for, its quote as tooltip."""
    if not answer.sentences:
        return safe_markdown(answer.answer)
    return sentences_markdown(answer.sentences, answer.citations, language, answer.language)


def sentences_markdown(
    sentences: Iterable[Sentence],
    citations: Iterable[Citation],
    language: Language,
    said_in: Language | None = None,
) -> str:
    """Sentences with their markers. `language`: of the page; `said_in`: of the sentences."""
    links = {citation.number: _marker(citation, language) for citation in citations}
    marked = (_marked(sentence, links, said_in or language) for sentence in sentences)
    return to_markdown(marked, mark=lambda number: "")


def _marked(sentence: Sentence, links: Mapping[int, str], language: Language) -> Sentence:
    """The sentence made safe, its markers behind it; they never begin a line of their own."""
    text = safe_markdown(sentence.text)
    is_block = text.startswith(("```", "~~~", "|"))
    if sentence.is_doubtful:
        text += ("\n\n" if is_block else " ") + message("unproven", language)
    marks = "".join(links.get(number, "") for number in sentence.citations)
    gap = "\n\n" if is_block else "\u00a0"
    lead = safe_markdown(sentence.lead)
    return replace(sentence, text=f"{text}{gap}{marks}" if marks else text, lead=lead)


def _marker(citation: Citation, language: Language) -> str:
    said = " ".join(citation.quote.split())
    said = said if len(said) <= _TOOLTIP else said[: _TOOLTIP - 1] + "…"
    title = re.sub(r'(["\\&<>$:`\[\]])', lambda sign: f"&#{ord(sign[0])};", said)
    return f'[[{citation.number}]]({place(citation, language)} "{title}")'


def place(citation: Citation, language: Language) -> str:
    """Where a marker leads: the place itself when it is on the web, else our page of the source."""
    on_web = citation.url.startswith("https://")
    return _web(citation.url) if on_web else source_page(citation, language)


def source_page(citation: Citation, language: Language) -> str:
    """Our own page that shows the quote inside the stored document, in the reader's language."""
    return source_address(citation.document, citation.start, citation.end, language)


def source_address(document: str, start: int, end: int, language: Language) -> str:
    """Our own page of a document; with `start` equal to `end` nothing in it is highlighted."""
    query = {"document": document, "start": start, "end": end, "language": language}
    return f"source?{urlencode(query)}"


def _web(url: str) -> str:
    """A web address without signs that end a link or an attribute."""
    return quote(url, safe="%/:?#[]@!&'*+,;=~-._")


# Proofs.


def title_html(title: str) -> str:
    """The heading of a page."""
    return f'<h1 class="kb-title">{html.escape(title)}</h1>'


def citation_html(citation: Citation, document: Document | None, language: Language) -> str:
    """A citation: what it is from, its quote inside the passage, and where to read on.

    `document` None, or no longer holding the quote in its place: the quote stands alone.
    """
    heading = " › ".join(part for part in (citation.title, *citation.heading.split(" > ")) if part)
    holds = document is not None and document.text[citation.start : citation.end] == citation.quote
    if document is not None and holds:
        passage = passage_html(document, citation.start, citation.end, around=120)
    else:
        passage = f'<div class="kb-passage"><mark>{html.escape(citation.quote)}</mark></div>'
    parts = [link(source_page(citation, language), message("ui_open_source", language))]
    if citation.url.startswith("https://"):
        parts.append(link(_web(citation.url), message("ui_open_original", language)))
    parts += [link(_web(url), evidence_name(url)) for url in citation.based_on[:MOST_EVIDENCE]]
    if len(citation.based_on) > MOST_EVIDENCE:
        more = f"+{len(citation.based_on) - MOST_EVIDENCE}"
        parts.append(link(source_page(citation, language), more))
    parts.append(html.escape(origin(document, language) if document is not None else ""))
    return (
        f'<section class="kb-citation"><p class="kb-from"><b>{citation.number}</b> '
        f"{html.escape(heading)}</p>{passage}"
        f'<p class="kb-links">{" · ".join(part for part in parts if part)}</p></section>'
    )


def link(address: str, text: str) -> str:
    """A link that opens beside the page."""
    address = html.escape(address)
    return f'<a href="{address}" target="_blank" rel="noopener">{html.escape(text)}</a>'


def evidence_links(urls: tuple[str, ...]) -> str:
    """A list of web addresses under names that say what they open."""
    rows = (f"<li>{link(_web(url), evidence_name(url, whole=True))}</li>" for url in urls)
    return f'<ul class="kb-evidence">{"".join(rows)}</ul>'


_BLOB = re.compile(
    r"https://github\.com/(?P<repository>[^/]+/[^/]+)/blob/[^/]+/(?P<path>[^?#]+)"
    r"(?:\?[^#]*)?(?:#L(?P<first>\d+)(?:-L(?P<last>\d+))?)?"
)


def evidence_name(url: str, *, whole: bool = False) -> str:
    """A short name for a web address: the file and its lines, or the site and its page."""
    blob = _BLOB.match(url)
    if not blob:
        site, _, path = (
            url.split("#")[0].split("?")[0].partition("://")[2].strip("/").partition("/")
        )
        last = path if whole else path.rsplit("/", 1)[-1]
        return unquote(f"{site}/{last}" if whole or not last else f"{site} {last}").strip("/ ")
    file = unquote(blob["path"])
    name = f"{blob['repository']} {file}" if whole else file.rsplit("/", 1)[-1]
    lines = "–".join(line for line in (blob["first"], blob["last"]) if line)
    return f"{name} L{lines}" if lines else name


def origin(document: Document, language: Language) -> str:
    """Which state of the document we hold: its commit, or the day of its fetch."""
    if document.commit:
        return message("ui_commit", language, commit=document.commit[:7])
    date = document.fetched[:10]
    return message("ui_fetched", language, date=date) if date else ""


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
    before = _shown(text, pieces, first, start, drop=notes)
    after = _shown(text, pieces, end, last, drop=notes)
    if not whole:
        before = f"{'… ' if text[floor:first].strip() else ''}{before.lstrip(_LINE_ENDS)}"
        after = f"{after.rstrip()}{' …' if text[last:ceiling].strip() else ''}"
    quoted = f"<mark>{_shown(text, pieces, start, end)}</mark>" if start < end else ""
    look = "kb-passage kb-program" if document.kind in _PROGRAMS else "kb-passage"
    return f'<div class="{look}" lang="{document.language}">{before}{quoted}{after}</div>'


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
    if document.kind not in ("note", "markdown", "notebook", "html"):
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
        elif line.startswith("|") and _TABLE_RULE.fullmatch(line):
            yield begin, end, "faint"
        else:
            yield from _inline(line, begin)


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
        elif not found["pipe"] or line.startswith("|"):
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


def _shown(text: str, pieces: list[_Piece], first: int, last: int, *, drop: bool = False) -> str:
    """`text[first:last]` as HTML; `drop` leaves footnote marks out."""
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
