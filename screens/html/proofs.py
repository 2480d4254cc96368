"""Proofs: what stands behind an answer, as HTML, safely: the evidence first, then our words for it.

Takes citations and documents, gives one section for each section quoted, all its quotes marked in
one passage, and a card for each citation. Knows nothing about Streamlit; screens/page.js shows the
cards, and the sections beside the answer.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence

from kb.answer.places import origin
from kb.messages import message
from kb.records import Citation, Document, Language
from kb.text.markup import plain
from screens.html.answer import link, source_page, web_address
from screens.html.evidence import Evidence, evidence, kind_of, lines_text
from screens.html.passage import quotes_html

_PAGES = 1
"""Pages of evidence that a section names; the others are one click away."""
Documents = Mapping[str, Document]


def proofs_html(citations: Iterable[Citation], documents: Documents, language: Language) -> str:
    """The proofs of an answer. A document that is gone, or no longer holds a quote in its place,
    leaves the quote to stand alone.
    """
    sections: dict[tuple[str, str], list[Citation]] = {}
    for citation in citations:
        sections.setdefault((citation.document, citation.heading), []).append(citation)
    shown = (_section(cited, documents, language) for cited in sections.values())
    return f'<div class="kb-proofs">{"".join(shown)}</div>'


def _section(cited: Sequence[Citation], documents: Documents, language: Language) -> str:
    first = cited[0]
    document = documents.get(first.document)
    pages = evidence((url for c in cited for url in c.based_on), documents)
    numbers = "".join(f"<b>{c.number}</b>" for c in cited)
    links = [_evidence_link(page, language) for page in pages[:_PAGES]]
    if len(pages) > _PAGES:
        links.append(link(source_page(first, language), f"+{len(pages) - _PAGES}"))
    place = _place(first, document, language, named=bool(pages))
    top = " · ".join(links) or place
    about = [link(source_page(first, language), message("ui_open_source", language))]
    if links:
        about.append(place)
    if first.url.startswith("https://"):
        about.append(link(web_address(first.url), message("ui_open_original", language)))
    about.append(html.escape(origin(document, language)) if document else "")
    cards = "".join(_card(c, documents, language) for c in cited)
    return (
        f'<section class="kb-citation"><p class="kb-from">{numbers} {top}</p>'
        f"{_passage(cited, document)}"
        f'<p class="kb-links">{" · ".join(filter(None, about))}</p>{cards}</section>'
    )


def _passage(cited: Sequence[Citation], document: Document | None) -> str:
    if document is not None and all(document.text[c.start : c.end] == c.quote for c in cited):
        return quotes_html(document, [(c.number, c.start, c.end) for c in cited])
    rows = "\n".join(
        f'<b class="kb-n">{c.number}</b><mark data-n="{c.number}">{html.escape(c.quote)}</mark>'
        for c in cited
    )
    return f'<div class="kb-passage">{rows}</div>'


def _place(
    citation: Citation, document: Document | None, language: Language, *, named: bool
) -> str:
    """Kind, title and headings of what is quoted."""
    note = document is not None and document.kind == "note"
    kind = kind_of(citation.document, note=note, proven=named)
    parts = (citation.title, *citation.heading.split(" > "))
    return f"{_badge(kind, language)} {html.escape(' › '.join(filter(None, parts)))}"


def _badge(kind: str, language: Language) -> str:
    return f'<span class="kb-kind">{message(f"ui_kind_{kind}", language)}</span>'


def _evidence_link(page: Evidence, language: Language) -> str:
    lines = lines_text(page.lines, language)
    name = f"{page.name}{message('ui_comma', language)}{lines}" if lines else page.name
    return f"{_badge(page.kind, language)} {link(web_address(page.url), name)}"


def _card(citation: Citation, documents: Documents, language: Language) -> str:
    """What is seen over a number: the evidence, in its own words where the index holds them."""
    document = documents.get(citation.document)
    pages = evidence(citation.based_on, documents)
    place = _place(citation, document, language, named=bool(pages))
    state = html.escape(origin(document, language)) if document else ""
    words, spoken = plain(citation.quote), document.language if document else language
    top, about = place, [state]
    if pages:
        page = pages[0]
        lines = lines_text(page.lines, language)
        comma = message("ui_comma", language)
        name = comma.join(filter(None, (page.name, lines)))
        top = f"{_badge(page.kind, language)} {html.escape(name)}"
        commit = message("ui_commit", language, commit=page.commit) if page.commit else ""
        about = [commit, place]
        held = documents.get(page.url.partition("#")[0].partition("?")[0])
        if page.words and held:
            words, spoken = page.words, held.language
    shown = words if len(words) <= 280 else words[:279] + "…"
    return (
        f'<div class="kb-card-data" data-n="{citation.number}" hidden>'
        f'<p class="kb-from">{top}</p><blockquote lang="{spoken}">{html.escape(shown)}</blockquote>'
        f'<p class="kb-links">{" · ".join(filter(None, about))}</p></div>'
    )
