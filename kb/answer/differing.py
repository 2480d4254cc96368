"""Differing: another document that gives another amount for the same thing.

Takes the statement that answers a question and the hits, gives the statement of another document
that says as much of what was asked and gives another number of the same unit; and both as drafts,
the newer first, each with its date. Knows nothing about ranking and how an answer is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kb.answer.quotes import Draft
from kb.messages import message
from kb.records import Chunk, Document, Hit, Language
from kb.search.index import Index
from kb.search.retrieve import Retrieval
from kb.text.kinds import wanted
from kb.text.tokens import search_tokens
from kb.text.values import amounts, first_date

_NEAR = 0.03
"""By so much in similarity a statement may be behind the one that answers, to be on the same."""
_SHARE = 0.5
"""Share of the question's words, by weight, that both have to hold."""
_LESS = 0.2
"""By so much of that share the other may hold less."""
_HEAD = 400
"""Characters at the beginning of a document that may hold its date."""


def differing(
    question: str, drafts: Sequence[Draft], retrieval: Retrieval, index: Index
) -> Draft | None:
    """What another document says against the first draft, in the unit that is asked for."""
    if not drafts or drafts[0].is_block or drafts[0].chunk.kind == "statement":
        return None
    direct = drafts[0]
    want = wanted(question)
    asked = amounts(f"1 {want.unit}").keys()
    given = {u: numbers for u, numbers in amounts(direct.text).items() if not asked or u in asked}
    own = [
        (similarity, _share(chunk, retrieval, index) or 0.0)
        for hit in retrieval.hits
        for chunk, similarity in _units(hit)
        if chunk.document == direct.chunk.document
        and direct.start <= chunk.start
        and chunk.end <= direct.end
    ]
    if not given or not own:
        return None
    near, share = max(own)
    found: list[tuple[float, Chunk]] = []
    for hit in retrieval.hits:
        for chunk, similarity in _units(hit):
            other = amounts(chunk.text)
            against = any(other[u] and not other[u] & given[u] for u in given.keys() & other.keys())
            if chunk.document == direct.chunk.document or not against:
                continue
            held = _share(chunk, retrieval, index)
            if held is None:  # no word of the question can stand in its language
                fits = bool(want.kinds) and similarity >= near - _NEAR / 2
            else:
                fits = similarity >= near - _NEAR and held >= max(_SHARE, share - _LESS)
            if fits:
                found.append((similarity, chunk))
    if not found:
        return None
    _, chunk = max(found, key=lambda pair: pair[0])
    whole = next(c for c in index.groups[chunk.group] if c.kind != "question" and _holds(c, chunk))
    return Draft(whole, chunk.start, chunk.end)


def set_against(
    drafts: Sequence[Draft], other: Draft, index: Index, language: Language
) -> list[Draft]:
    """Both, the newer first, then the rest."""
    pair = sorted((drafts[0], other), key=lambda draft: date_of(draft, index), reverse=True)
    dated = [replace(d, lead=_dated(date_of(d, index), language)) for d in pair]
    rest = [
        d for d in drafts[1:] if (d.chunk.document, d.start) != (other.chunk.document, other.start)
    ]
    return [*dated, *rest]


def date_of(draft: Draft, index: Index) -> str:
    """The date that the statement or its document gives; empty where there is none."""
    document: Document = index.documents[draft.chunk.document]
    return first_date(draft.text) or first_date(document.text[:_HEAD])


def _dated(date: str, language: Language) -> str:
    return message("source_dated", language, date=date) if date else ""


def _units(hit: Hit) -> list[tuple[Chunk, float]]:
    """Its single statements that dense search found, with their similarity."""
    return [
        (chunk, hit.similarities[chunk.id])
        for chunk in hit.chunks
        if chunk.kind == "question" and chunk.order and chunk.id in hit.similarities
    ]


def _holds(whole: Chunk, part: Chunk) -> bool:
    return whole.start <= part.start and part.end <= whole.end


def _share(chunk: Chunk, retrieval: Retrieval, index: Index) -> float | None:
    """Share of what the question says that the statement and what leads to it hold, by weight.

    None where its language can hold no word of it.
    """
    before = [
        c.text
        for c in index.groups[chunk.group]
        if c.kind == "question" and c.order and c.end <= chunk.start and chunk.start - c.end <= 4
    ]
    held = frozenset(search_tokens(" ".join((*chunk.heading, *before, chunk.text))))
    foreign = chunk.language != retrieval.spoken
    weigh: Callable[[str], float] = index.lexical.weight
    met = total = 0.0
    for token in dict.fromkeys(retrieval.tokens):
        others = retrieval.counterparts.get(token, frozenset())
        if foreign and not others and token.isascii() == (retrieval.spoken == "en"):
            continue  # a word that its language cannot hold
        if len(token) < 2:
            continue
        total += weigh(token)
        met += weigh(token) * bool(token in held or held & others)
    return met / total if total else None
