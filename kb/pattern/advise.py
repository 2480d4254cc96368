"""Advise: a case to the opening of an answer, a decision on each side or one question back.

Takes a case as it was read and an index; gives `Advice`, or None where the index cannot prove it.
The choice comes from the rules (kb.pattern.decide), the sentences from the notes
(kb.pattern.explain). This is where they meet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.answer.quotes import Citations, Draft
from kb.answer.wanted import other_framework
from kb.messages import message
from kb.pattern.explain import Explained, explain_each
from kb.pattern.patterns import load_model
from kb.pattern.situation import Weighed, find_conflict, weigh
from kb.reading.reading import CaseReading
from kb.records import SIDES, Decision, Language, PatternId, Sentence
from kb.search.index import Index
from kb.search.rank import facet
from kb.text.words import mentions

_FURTHER = 3
"""Statements that follow a decision at most: they answer what else was asked."""


@dataclass(frozen=True, slots=True)
class Advice:
    """How the answer opens: either decisions, or `clarify`."""

    opening: Explained
    decisions: tuple[Decision, ...]
    clarify: str | None
    choices: tuple[str, ...]


def advise(
    case: CaseReading,
    index: Index,
    language: Language,
    *,
    brief: bool = False,
) -> Advice | None:
    """The decision on the case. `brief`: room is left for what else was asked."""
    conflict = find_conflict(case)
    if conflict is not None:
        return _conflicting(conflict, index, language)
    found = weigh(case)
    each = [(w.verdict, w.words) for w in found]
    short = brief or len(each) > 1
    opening = explain_each(each, index, language, brief=short, listed=case.listed)
    if opening is None:
        return None
    question = found[0].verdict.question
    return Advice(
        opening,
        tuple(_decisions(found)),
        question.asks.of(language) if question else None,
        question.choices.of(language) if question else (),
    )


def further(
    drafts: Sequence[Draft], citations: Citations, query: str, pattern: PatternId | None
) -> list[Draft]:
    """The first statements that are not quoted yet, and not on a side or framework not meant.

    Code and tables come along only when asked for.
    """
    wanted, side = mentions(query, "sample"), (pattern or "").partition("-")[0]
    if side in SIDES:
        drafts = [
            draft
            for draft in drafts
            if facet(draft.text) in ("", side)
            and facet(" ".join(draft.chunk.heading)) in ("", side)
        ]
    drafts = [draft for draft in drafts if not other_framework(query, draft.text)]
    kept: list[Draft] = []
    count = 0
    for place, draft in enumerate(drafts):
        leads_in = any(following.is_block for following in drafts[place + 1 : place + 2])
        if draft.is_block:
            if wanted and kept and kept[-1].chunk.order == draft.chunk.order:
                kept.append(draft)
        elif count < _FURTHER and (wanted or not leads_in) and not citations.holds(draft.chunk):
            kept.append(draft)
            count += 1
    return kept


def _decisions(found: Sequence[Weighed]) -> list[Decision]:
    decisions = [weighed.verdict.decision(weighed.words) for weighed in found]
    return [decision for decision in decisions if decision is not None]


def _conflicting(conflict: tuple[str, str], index: Index, language: Language) -> Advice:
    """Both were named: the person says which one holds."""
    one, other = (load_model().signal[s].label.of(language) for s in conflict)
    question = message("conflict", language, one=one, other=other)
    sentence = Sentence(question, (), supported=None)
    choices = tuple(_as_message(signal, language) for signal in conflict)
    return Advice(Explained((sentence,), Citations(index)), (), question, choices)


def _as_message(signal: str, language: Language) -> str:
    """A sentence that says the condition: the choice of a question back, or else its label."""
    for question in load_model().questions:
        if signal in question.raises:
            return question.choices.of(language)[question.raises.index(signal)]
    return load_model().signal[signal].label.of(language)
