"""Render: an `Answer` for a browser, safely.

Takes answers and documents, gives Markdown and HTML text. Nothing of a source or a question can
become a formula, an image from elsewhere, a heading or a tag.
"""

from __future__ import annotations

import html
import re
from urllib.parse import urlencode

from kb.compose import to_markdown
from kb.records import Answer, Citation, Document

_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?")
_CODE_SPAN = re.compile(r"(`+)(?:(?!\1).)+\1", re.DOTALL)
_REFERENCE = re.compile(r"\[\^[\w-]+\]")
_AROUND = 600
"""Characters of a passage shown on each side of a quote."""


def safe_markdown(text: str) -> str:
    """Prose as Markdown that a browser may show: no images, formulas, headings or raw tags."""
    parts, at = [], 0
    for span in _CODE_SPAN.finditer(text):
        parts += [_escaped(text[at : span.start()]), span[0]]
        at = span.end()
    return "".join([*parts, _escaped(text[at:])])


def _escaped(text: str) -> str:
    text = _IMAGE.sub(r"\1", text)
    text = text.replace("$", "\\$").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r":(?=[a-z][\w-]*(?:\[|:))", r"\\:", text)  # Streamlit's :red[…] and :emoji:
    return re.sub(r"^(\s*)(#+\s)", r"\1\\\2", text, flags=re.MULTILINE)


def answer_markdown(answer: Answer) -> str:
    """The answer with each [1] as a link to the place that it stands for."""
    if not answer.sentences:
        return safe_markdown(answer.answer)
    links = {citation.number: place(citation) for citation in answer.citations}
    return to_markdown(
        answer.sentences, mark=lambda number: f"[[{number}]]({links[number]})", escape=safe_markdown
    )


def place(citation: Citation) -> str:
    """Where a marker leads: the place itself when it is on the web, else our page of the source."""
    return citation.url if citation.url.startswith("https://") else source_page(citation)


def source_page(citation: Citation) -> str:
    """Our own page that shows the quote inside the stored document."""
    query = {"document": citation.document, "start": citation.start, "end": citation.end}
    return f"source?{urlencode(query)}"


def passage_html(document: Document, start: int, end: int, around: int = _AROUND) -> str:
    """The quote highlighted inside its passage, whole lines, as HTML text."""
    first = _passage_start(document, start, around)
    last = _passage_end(document, end, around)
    before, quote, after = (
        _shown(document, document.text[a:b]) for a, b in ((first, start), (start, end), (end, last))
    )
    return (
        f'<div class="kb-passage">{"… " if first else ""}{before.lstrip()}'
        f"<mark>{quote}</mark>{after.rstrip()}{' …' if last < len(document.text) else ''}</div>"
    )


def _passage_start(document: Document, start: int, around: int) -> int:
    text = document.text
    first = max(0, start - around)
    if document.kind == "note":  # the questions above the answer are no part of the passage
        first = max(first, text.rfind("\n-->", 0, start) + 4 if "\n-->" in text[:start] else 0)
    line = text.rfind("\n", 0, first) + 1
    return first if first in (0, start) or first - line > around else max(line, _note_floor(document, start))


def _note_floor(document: Document, start: int) -> int:
    at = document.text.rfind("\n-->", 0, start)
    return at + 4 if document.kind == "note" and at >= 0 else 0


def _passage_end(document: Document, end: int, around: int) -> int:
    text = document.text
    last = min(len(text), end + around)
    if document.kind == "note":
        following = text.find("\n## ", end)
        last = min(last, following) if following >= 0 else last
    line = text.find("\n", last)
    return last if line < 0 or line - last > around else line


def _shown(document: Document, text: str) -> str:
    shown = _REFERENCE.sub("", text) if document.kind == "note" else text
    return html.escape(shown)
