"""Deciding: what of an answer is certain before anything is composed or written.

Takes a `Request` and what was found for it, gives `Content`: the decision on a case, the review of
what was pasted, the thing that is asked to be seen; None where there is none. Knows nothing about
chat models or earlier answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kb.answer.content import Content
from kb.answer.quotes import Citations
from kb.answer.show import asks_to_see, show
from kb.composing import below_decision, proven, suggestions
from kb.messages import message
from kb.pattern.advise import advise
from kb.pattern.changes import changed
from kb.pattern.patterns import deciding_sections
from kb.reading.reading import CaseReading
from kb.records import SIDES, Language, Sentence
from kb.request import Found, Request, Reviewed
from kb.review import review
from kb.search.rank import is_choice, is_symptom, numbers
from kb.search.scope import missing_names, names_own
from kb.text.normal import respell
from kb.text.sentences import sentences
from kb.text.words import mentions

_TOGETHER = 2
"""Sentences of a message up to which one may name what the other asks to see."""
_SURELY = 0.8
"""Likelihood of a decision being wanted from which it is given whatever the search says."""
_ANSWERED = 0.75
"""Likeness to a question of the notes from which that question is answered before a decision."""


def advised(
    request: Request, found: Found, before: Callable[[Request], Request | None]
) -> Content | None:
    """The decision, opened by what has changed, then what else was asked.

    `before`: the message before this one that asked or told something; called where it matters.
    """
    case = request.case
    if case is None or not _is_ours(request):
        return None
    if found.first.scope.reason is not None and case.wanted < _SURELY:
        return None
    if _asks_its_own(request, found, case):
        return None
    if case.wanted < _SURELY and names_own(found.first.query, found.first.retrieval, request.index):
        return None  # a thing of another source, which that source tells or nobody
    advice = advise(
        case,
        request.index,
        request.language,
        brief=len(found.parts) > 1,
    )
    if advice is None:
        return None
    citations = advice.opening.citations
    pattern = advice.decisions[0].pattern if len(advice.decisions) == 1 else None
    more = below_decision(request, found, citations, pattern)
    sentences = [
        *_changed(request, before, leads=bool(advice.decisions)),
        *proven(advice.opening.sentences, citations),
        *more,
    ]
    return Content(
        tuple(sentences),
        tuple(citations.all),
        decisions=advice.decisions,
        clarify=advice.clarify,
        choices=advice.choices,
        understood=case.conditions,
        trace=found.trace,
    )


def _changed(
    request: Request, before: Callable[[Request], Request | None], *, leads: bool
) -> list[Sentence]:
    """One sentence on what the message changed of the case before it."""
    case = request.case
    if case is None or not (case.changed or request.reading.act == "revision"):
        return []
    earlier = before(request)
    sentence = changed(
        earlier.reading.case if earlier else None,
        case,
        request.language,
        misread=request.is_misread,
        leads=leads,
    )
    return [sentence] if sentence else []


def _asks_its_own(request: Request, found: Found, case: CaseReading) -> bool:
    """The message asks for something else than the way to take, and the sources answer it.

    It does where what comes nearest is no section that decisions rest on, and nothing is told that
    a decision could rest on, something goes wrong, or it goes on from a case and adds nothing.
    """
    first = found.first
    needs = [c for c in case.conditions if c.state == "holds" and c.signal not in SIDES]
    if first.scope.reason is not None:
        return False
    if not needs and len(numbers(request.question)) > 1:
        return True  # patterns that it names are compared
    if float(first.scope.signals["question"]) < _ANSWERED:
        return False
    if is_choice(request.question) and not is_symptom(request.question):
        return False
    if not first.hits or first.hits[0].group.rpartition(":")[2] in deciding_sections():
        return False
    goes_on = bool(request.history) and request.reading.act == "question"
    return not needs or (not case.changed and (goes_on or is_symptom(request.question)))


def _is_ours(request: Request) -> bool:
    """The case is not one on another cloud alone."""
    query = request.asked[0][0]
    return not mentions(query, "elsewhere") or "sagemaker" in respell(query)


def review_of(request: Request) -> Reviewed | None:
    """What the pasted files and logs of the message say."""
    reading = request.reading
    if all(part.kind in ("question", "prose") for part in reading.parts):
        return None
    sides = reading.case.sides if reading.case else ()
    found = review(reading.parts, reading.message, request.language, request.index, sides)
    if found is None:
        return None
    content = Content(found.sentences, found.citations)
    return Reviewed(content, not found.query, found.query, found.asks, found.says_all)


def file_first(content: Content, language: Language) -> Content:
    """A review with the mended file, which was asked for, above its findings."""
    opening = message("review_mended", language)
    texts = [sentence.text for sentence in content.sentences]
    if opening not in texts:
        return content
    place = texts.index(opening)
    return replace(content, sentences=(*content.sentences[place:], *content.sentences[:place]))


def _asks_to_see_in(message: str) -> str:
    """The sentences that ask to see something; all of a message of two: one may name the thing."""
    spans = sentences(message)
    if len(spans) <= _TOGETHER:
        return message
    return "\n".join(message[a:b] for a, b in spans if asks_to_see(message[a:b]))


def shown(request: Request, found: Found) -> Content | None:
    """The file, function, stage or table that is asked to be seen, or that nothing is called so."""
    query, retrieval, index = found.first.query, found.first.retrieval, request.index
    if found.reviewed is not None or not asks_to_see(query):
        return None
    own = asks_to_see(request.question)
    asking = _asks_to_see_in(request.question)
    named = [name for name in missing_names(retrieval.naming, index) if name in asking]
    if not own and (named or not index.names.naming(request.question).named):
        return None  # what was asked to be seen stands in the turn before
    if missing := named:
        text = message("not_indexed", request.language, thing=missing[0])
        near = suggestions(found.first, request.language)
        return Content(text=text, reason="not_in_sources", suggestions=near, trace=found.trace)
    citations = Citations(index)
    sentences = show(query, retrieval.hits, retrieval.naming, index, request.language, citations)
    if not sentences:
        return None
    return Content(tuple(proven(sentences, citations)), tuple(citations.all), trace=found.trace)
