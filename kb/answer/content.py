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


def fixed(name: str, language: Language, *, marker: str = "", **values: object) -> Sentence:
    """A sentence of messages.yaml: it claims nothing of a source."""
    return Sentence(message(name, language, **values), (), marker, supported=None)


def said(*sentences: Sentence, choices: Sequence[str] = ()) -> Content:
    """Sentences that cite nothing."""
    return Content(sentences, choices=tuple(choices))
