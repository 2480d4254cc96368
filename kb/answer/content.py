"""Content: what a step of the assistant has to say, before it is an answer.

Takes nothing, gives the value that decisions, images, reviews, composed sentences and forms have in
common; the assistant makes an `Answer` of it in one place. Knows nothing about questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb.messages import message
from kb.records import Citation, Condition, Decision, Language, Reason, Sentence, Trace


@dataclass(frozen=True, slots=True)
class Content:
    """The parts of an answer that differ from one kind of answer to the next."""

    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    text: str = ""
    """Markdown that stands in place of the sentences, where there are none."""
    reason: Reason | None = None
    """Why the question is declined; None where it is answered."""
    decisions: tuple[Decision, ...] = ()
    clarify: str | None = None
    choices: tuple[str, ...] = ()
    understood: tuple[Condition, ...] = ()
    suggestions: tuple[str, ...] = ()
    notice: str = ""
    model: str = "extractive"
    trace: Trace | None = None
    language: Language | None = None
    """Of the content, where it is not that of the message."""


def joined(first: Content, then: Content) -> Content:
    """Both, one after the other; what `then` quotes is numbered on. The rest is that of `then`."""
    numbers = {(c.document, c.start, c.end): c.number for c in first.citations}
    citations = list(first.citations)
    for citation in then.citations:
        place = (citation.document, citation.start, citation.end)
        if place not in numbers:
            numbers[place] = len(citations) + 1
            citations.append(replace(citation, number=len(citations) + 1))
    new = {c.number: numbers[(c.document, c.start, c.end)] for c in then.citations}
    sentences = (
        replace(sentence, citations=tuple(new[number] for number in sentence.citations))
        for sentence in then.sentences
    )
    return replace(then, sentences=(*first.sentences, *sentences), citations=tuple(citations))


def without(content: Content, known: Sequence[Citation]) -> Content:
    """The sentences that cite nothing of `known`; what they cite is numbered anew."""
    places = {(c.document, c.start, c.end) for c in known}
    left = {c.number: c for c in content.citations if (c.document, c.start, c.end) not in places}
    kept = [s for s in content.sentences if all(number in left for number in s.citations)]
    used = dict.fromkeys(number for s in kept for number in s.citations)
    new = {number: place for place, number in enumerate(used, 1)}
    sentences = [replace(s, citations=tuple(new[n] for n in s.citations)) for s in kept]
    citations = [replace(left[number], number=new[number]) for number in used]
    return replace(content, sentences=tuple(sentences), citations=tuple(citations))


def fixed(name: str, language: Language, *, marker: str = "", **values: object) -> Sentence:
    """A sentence of messages.yaml: it claims nothing of a source."""
    return Sentence(message(name, language, **values), (), marker, supported=None)


def said(*sentences: Sentence, choices: Sequence[str] = ()) -> Content:
    """Sentences that cite nothing."""
    return Content(sentences, choices=tuple(choices))
