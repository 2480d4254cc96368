"""Composing: what was found to proven sentences, below a decision or by themselves.

Takes a `Request` and what was found, gives sentences whose quotes prove them. Knows nothing about
conversations, chat models or how an answer is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kb.answer.compose import compose
from kb.answer.content import Content, fixed
from kb.answer.covers import covers
from kb.answer.quotes import Citations, Draft, to_sentences, unfenced
from kb.answer.respond import respond, shown_now
from kb.answer.unheld import unheld
from kb.messages import message
from kb.pattern.advise import further
from kb.proof.verify import is_supported
from kb.reading.followup import leans_within
from kb.records import Answer, Hit, Language, PatternId, Sentence
from kb.request import Found, Request
from kb.search.scope import own_files
from kb.search.several import Search

_OF_A_PART = 4
"""Statements on each part of a question that has several."""
_QUOTED = 0.1
"""What the score of a section that was quoted already counts after a complaint."""
_PASTE = 0.15
"""Likeness that a question needs more in a message that hands in a paste: “Dockerfile
見てもらえますか” is at 0.84 and wants the review, “ECR への push はどうやりますか？” at 0.92."""
_NAMED = 80
"""Characters of a question that is named in a sentence."""


def composed(request: Request, found: Found) -> Content:
    """Sentences picked from the hits; each question of a message that asks several by itself."""
    if len(found.parts) == 1:
        return named_first(request, found, _responded(request, found))
    citations = Citations(request.index)
    if not request.is_plain:
        return _each_part(request, found)
    own = own_files(found.first.retrieval.naming, request.index)
    sentences: list[Sentence] = []
    answered = False
    is_joined = not request.asked[0][0].endswith(("?", "？", "。"))
    for (asked, *_), part in zip(request.asked, found.parts, strict=False):
        if sentences and not answered and (is_joined or leans_within(asked)):
            continue  # “… and can it be raised?”: of what nothing is known
        query = unnamed(part.query, own, request.language)
        response = respond(
            unnamed(part.focus or part.query, own, request.language),
            query,
            part.retrieval,
            request.index,
            request.language,
            part.scope.signals,
            declined=part.scope.reason is not None,
            rewritten=part.follows,
            focus=part.focus,
            beside=citations,
        )
        answered = answered or not response.is_middle
        if not response.is_middle:
            sentences += response.sentences
        elif response.missing or not sentences:
            sentences.append(_unknown(part, request.language))
    if not answered and any(part.scope.reason is None for part in found.parts):
        return _each_part(request, found)
    if not answered:
        return _responded(request, replace(found, parts=found.parts[:1]))
    return Content(tuple(proven(sentences, citations)), tuple(citations.all), trace=found.trace)


def _each_part(request: Request, found: Found) -> Content:
    """A few statements on each part, however little of it they hold."""
    citations = Citations(request.index)
    sentences = [s for part in found.parts for s in _on_part(request, part, citations)]
    return Content(tuple(proven(sentences, citations)), tuple(citations.all), trace=found.trace)


def named_first(request: Request, found: Found, content: Content) -> Content:
    """The answer, below a sentence that names what no source holds, where a file of it is asked."""
    first = found.first
    names = unheld(request.question, first.retrieval.naming, first.hits, content.sentences)
    if content.reason is not None or not names:
        return content
    opening = fixed("unheld", request.language, thing=names[0])
    return replace(content, sentences=(opening, *content.sentences))


def _responded(request: Request, found: Found) -> Content:
    """The answer to one question; or, where it does not reach, what is missing and what is near."""
    first = found.first
    own = own_files(first.retrieval.naming, request.index)
    response = respond(
        unnamed(request.question, own, request.language),
        unnamed(first.query, own, request.language),
        first.retrieval,
        request.index,
        request.language,
        first.scope.signals,
        declined=first.scope.reason is not None,
        rewritten=found.follows or request.is_pasted,
        now=request.now,
        focus=first.focus,
        own=request.question if found.follows and not request.redo else "",
    )
    content = Content(
        tuple(proven(response.sentences, response.citations)),
        tuple(response.citations.all),
        trace=replace(
            found.trace,
            hits=response.retrieval.hits,
            signals={**found.trace.signals, **response.signals},
        ),
    )
    if not response.is_middle:
        return content
    text = ""
    if not response.citations.all:
        text = "\n\n".join((response.sentences[0].text, covers(request.index, request.language)))
    near = suggestions(first, request.language)
    return replace(content, text=text, reason="not_in_sources", suggestions=near)


def unnamed(text: str, files: Sequence[str], language: Language) -> str:
    """The text with the person's own files as just files: no source can hold their names."""
    for name in files:
        text = text.replace(f"./{name}", name).replace(name, message("own_file", language))
    return text


def quoted_last(search: Search, answer: Answer) -> Search:
    """The hits with the sections that an answer quotes behind the others."""
    known = {
        (citation.document, citation.heading.rpartition(" > ")[2]) for citation in answer.citations
    }

    def is_quoted(hit: Hit) -> bool:
        return any((c.document, c.heading[-1] if c.heading else "") in known for c in hit.chunks)

    hits = search.retrieval.hits
    first = [hit for hit in hits if not is_quoted(hit)]
    last = [hit for hit in hits if is_quoted(hit)]
    if not first or not last:
        return search
    # Below what makes a hit worth drawing on, beside the best of the others.
    top, low = first[0].score or 1.0, min(hit.score for hit in first)
    kept = [replace(hit, score=hit.score / top) for hit in first]
    kept += [replace(hit, score=min(hit.score, low) / top * _QUOTED) for hit in last]
    return replace(search, retrieval=replace(search.retrieval, hits=tuple(kept)))


def suggestions(search: Search, language: Language) -> tuple[str, ...]:
    """The three nearest headings of the sources."""
    near = [
        hit.chunks[0].heading[-1]
        for hit in search.hits
        if hit.chunks[0].heading and hit.chunks[0].language == language
    ]
    return tuple(dict.fromkeys(near))[:3]


def below_decision(
    request: Request, found: Found, citations: Citations, pattern: PatternId | None
) -> list[Sentence]:
    """What else was asked: of the first part what the decision does not say, the others whole."""
    first = found.first
    drafts = [] if first.scope.reason else _drafts(request, first)
    new = further(drafts, citations, first.query, pattern)
    sentences = [
        s if s.text.startswith(("```", "|")) else replace(s, marker="- ")
        for s in to_sentences(new, citations, request.language)
    ]
    for part in found.parts[1:]:
        sentences += _on_part(request, part, citations)
    if sentences:
        above = message("decide_rest", request.language) + "\n"
        sentences[0] = replace(sentences[0], lead=above + sentences[0].lead)
    return proven(sentences, citations)


def with_more(request: Request, found: Found, content: Content) -> Content:
    """What a review says, then what else was asked, where that is a question of its own."""
    parts = _beside(request, found)
    if not parts:
        return replace(content, trace=found.trace)
    found = replace(found, parts=parts)
    citations = Citations(request.index)
    for citation in content.citations:
        citations.adopt(citation)
    more = below_decision(request, found, citations, None)
    return replace(
        content,
        sentences=(*content.sentences, *more),
        citations=tuple(citations.all),
        trace=found.trace,
    )


def _beside(request: Request, found: Found) -> tuple[Search, ...]:
    """The parts that the review does not answer: near enough to questions that the notes answer."""
    asks = found.reviewed.asks if found.reviewed else {}
    more = _PASTE if request.reading.act == "paste" else 0.0

    def is_asked(queries: Sequence[str], part: Search) -> bool:
        needed = [asks[query] for query in queries if query in asks]
        likeness = float(part.scope.signals.get("question", 0.0))
        return bool(needed) and likeness >= min(needed) + more

    line = found.reviewed.query if found.reviewed else ""
    asked = zip(request.asked_about(line), found.parts, strict=True)
    return tuple(part for queries, part in asked if is_asked(queries, part))


def proven(sentences: Iterable[Sentence], citations: Citations) -> list[Sentence]:
    """Each sentence that cites with whether its quotes prove it; a text that is one is proven.

    What was looked up in tables is proven by these: it stays unjudged.
    """

    def is_proven(sentence: Sentence) -> bool:
        quotes = [citations.all[number - 1].quote for number in sentence.citations]
        return unfenced(sentence.text) in quotes or is_supported(sentence.text, quotes)

    def is_judged(sentence: Sentence) -> bool:
        return bool(sentence.citations) and not sentence.looked_up

    return [replace(s, supported=is_proven(s)) if is_judged(s) else s for s in sentences]


def _drafts(request: Request, part: Search) -> list[Draft]:
    shown = shown_now(request.question, request.now, request.index)
    weigh = request.index.lexical.weight
    return compose(part.query, part.hits, weigh, request.language, shown=shown, focus=part.focus)


def _on_part(request: Request, part: Search, citations: Citations) -> list[Sentence]:
    """The direct sentence and a few more, or that the sources hold nothing on it."""
    if part.scope.reason is not None:
        return [_unknown(part, request.language)]
    new = [draft for draft in _drafts(request, part) if not citations.holds(draft.chunk)]
    return to_sentences(_shortened(new), citations, request.language)


def _unknown(part: Search, language: Language) -> Sentence:
    """That the sources hold nothing on one question of several."""
    named = " ".join((part.focus or part.query).split())
    named = named if len(named) <= _NAMED else named[: _NAMED - 1] + "…"
    return fixed("part_unknown", language, question=named)


def _shortened(drafts: Sequence[Draft]) -> list[Draft]:
    """The first statements, with the code and tables among them."""
    kept: list[Draft] = []
    for draft in drafts:
        if not draft.is_block and sum(not d.is_block for d in kept) == _OF_A_PART:
            break
        kept.append(draft)
    return kept
