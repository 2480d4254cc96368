"""Render: an `Answer` for a browser, safely.

Takes answers and citations, gives Markdown and HTML text. Nothing of a source, a model
or a question can become a formula, an image from elsewhere, a heading, a colour or a tag. Knows
nothing about Streamlit but the Markdown that it reads.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote, urlencode

from kb.answer.markdown import to_markdown
from kb.answer.places import evidence_name
from kb.messages import message
from kb.records import Answer, Citation, Language, Sentence

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
    """The answer with each [1] as a link to the place that it stands for, its quote as tooltip;
    without its question back, which stands by itself.
    """
    sentences = without_question(answer.sentences, answer.clarify, answer.language)
    if not sentences:
        return "" if answer.answer == answer.clarify else safe_markdown(answer.answer)
    return sentences_markdown(sentences, answer.citations, language, answer.language)


def without_question(
    sentences: Sequence[Sentence], question: str | None, language: Language
) -> Sequence[Sentence]:
    """The sentences of an answer whose question back stands above its buttons already."""
    if not question or not sentences:
        return sentences
    asked = message("decide_ask", language, question=question)
    # What the last message changed in the case may stand before it.
    first = next((n for n, s in enumerate(sentences) if asked in s.lead), None)
    if first is None:
        return sentences
    before, _, behind = sentences[first].lead.partition(asked)
    lead = before + behind.lstrip("\n")
    return (*sentences[:first], replace(sentences[first], lead=lead), *sentences[first + 1 :])


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
    return web_address(citation.url) if on_web else source_page(citation, language)


def source_page(citation: Citation, language: Language) -> str:
    """Our own page that shows the quote inside the stored document, in the reader's language."""
    return source_address(citation.document, citation.start, citation.end, language)


def source_address(document: str, start: int, end: int, language: Language) -> str:
    """Our own page of a document; with `start` equal to `end` nothing in it is highlighted."""
    query = {"document": document, "start": start, "end": end, "language": language}
    return f"source?{urlencode(query)}"


def web_address(url: str) -> str:
    """A web address without signs that end a link or an attribute."""
    return quote(url, safe="%/:?#[]@!&'*+,;=~-._")


# Links and headings.


def title_html(title: str) -> str:
    """The heading of a page."""
    return f'<h1 class="kb-title">{html.escape(title)}</h1>'


def words_html(words: Mapping[str, str], language: str) -> str:
    """What screens/page.js says, and the language that the address must name (or none)."""
    data = "".join(f' data-{name}="{html.escape(text)}"' for name, text in words.items())
    return f'<span id="kb-words" data-address="{language}"{data}></span>'


def say_html(text: str, *, working: bool = False) -> str:
    """What is read out to those who do not see it; of `…|words` only the words.

    `working`: seen by everybody, moving, as long as the page works.
    """
    words = html.escape(text.rpartition("|")[2])
    seen = f'<p class="kb-working" aria-hidden="true">{words}</p>' if working else ""
    return f'<span class="kb-say" data-say="{html.escape(text)}"></span>{seen}'


def link(address: str, text: str) -> str:
    """A link that opens beside the page."""
    address = html.escape(address)
    return f'<a href="{address}" target="_blank" rel="noopener">{html.escape(text)}</a>'


def evidence_links(urls: tuple[str, ...]) -> str:
    """A list of web addresses under names that say what they open."""
    rows = (f"<li>{link(web_address(url), evidence_name(url, whole=True))}</li>" for url in urls)
    return f'<ul class="kb-evidence">{"".join(rows)}</ul>'
