"""Again: the standing answer in the other language, its evidence, and what else was found.

Takes a `Standing` answer, gives `Content`; nothing is searched. Knows nothing about decisions,
which are explained anew (kb.pattern).
"""

from __future__ import annotations

from dataclasses import replace

from kb.answer.content import Content
from kb.answer.standing import Page, Standing, counterpart
from kb.messages import message
from kb.records import Citation, Language

_EVIDENCE = 4
"""Quotes that are shown as evidence."""
_REASONS = 3
"""Statements of the section that the answer left out, and that may say why."""
_LINKS = 3
_OTHERS = 3
"""Other sections that are offered."""


def in_language(standing: Standing, language: Language) -> Content:
    """The same sections, the other language's statements; what has none is quoted as it stands."""
    page = Page(replace(standing, answer=replace(standing.answer, language=language)))
    for sentence in standing.answer.sentences:
        chunks = [standing.quoted[number - 1] for number in sentence.citations]
        for chunk in chunks:
            if chunk is None:
                page.keep(sentence)
                continue
            other = counterpart(standing.index, chunk, language) or chunk
            page.quote(other, marker=sentence.marker)
    return page.content()


def evidence(standing: Standing) -> Content:
    """Why: the quotes that the answer rests on, where they stand, and what stands beside them."""
    page = Page(standing)
    page.say("why_evidence")
    place = ""
    for sentence in [s for s in standing.cited if not s.text.startswith(("```", "|"))][:_EVIDENCE]:
        citation = standing.answer.citations[sentence.citations[0] - 1]
        known, place = place, _place(citation)
        lead = message("why_place", standing.answer.language, place=place)
        page.keep(replace(sentence, lead="" if place == known else lead), marker="- ")
    shown = {c.id for c in standing.quoted if c is not None}
    left = [c for s in standing.sections[:1] for c in s if c.kind == "statement"]
    for chunk in [c for c in left if c.id not in shown][:_REASONS]:
        page.quote(chunk, marker="- ")
    links = dict.fromkeys(link for c in page.citations.all for link in c.based_on)
    if links:
        page.say("why_based_on", links=" ".join(list(links)[:_LINKS]))
    return page.content()


def others(standing: Standing) -> Content:
    """Alternatives: what the nearest other sections say, each under its heading."""
    page = Page(standing)
    for section in standing.others:
        first = next((c for c in section if c.kind in ("statement", "passage")), None)
        if first is None or first.kind == "passage" or len(page.sentences) > _OTHERS:
            continue
        if not page.sentences:
            page.say("others_found")
        heading = message("why_place", standing.answer.language, place=first.heading[-1])
        page.quote(first, marker="- ", lead=heading)
    if not page.sentences:
        page.say("others_none")
    return page.content()


def nearest(standing: Standing, language: Language) -> list[str]:
    """Headings of what else was found, each a question that can be asked."""
    headings = [
        chunk.heading[-1]
        for section in standing.others
        for chunk in (counterpart(standing.index, section[0], language) or section[0],)
        if chunk.heading and chunk.language == language
    ]
    return list(dict.fromkeys(headings))


def places(standing: Standing) -> list[str]:
    """Headings of the sections that it quotes."""
    return list(dict.fromkeys(_place(c).rpartition(" > ")[2] for c in standing.answer.citations))


def _place(citation: Citation) -> str:
    return citation.heading or citation.title
