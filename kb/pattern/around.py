"""Around a decision: why it came out so, the ways next to it, what was understood of the case.

Takes a case as it was read, an index and a language, gives `Content`; decides nothing new. None
where the index lacks the statements, or the case is open. Knows nothing about messages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb.answer.content import Content, fixed, said
from kb.messages import message
from kb.pattern.decide import Verdict, decide_signals
from kb.pattern.explain import StatementMissing, Writer, shown
from kb.pattern.patterns import Outcome, load_model
from kb.pattern.situation import holding, weigh
from kb.reading.reading import CaseReading
from kb.records import SIDES, Condition, Language, Raised, Sentence, Side
from kb.search.index import Index

_CONDITIONS = 3
"""Conditions that are named as leading to another way."""
_CHOICES = 4


def why(case: CaseReading, index: Index, language: Language) -> Content | None:
    """The rule that decided, its reason, what each condition means, what would change it."""
    writer = Writer(index, language)
    try:
        found = decided(case)
        for weighed in found:
            verdict, outcome = weighed.verdict, weighed.outcome
            side = verdict.side if len(found) > 1 else None
            writer.decided(verdict, outcome, weighed.words, side=side)
            writer.sentences.append(_rule(verdict, language))
            writer.proofs([r for r in weighed.words if _counts(r.signal, verdict.side)])
            writer.changes(verdict, outcome)
    except StatementMissing:
        return None
    return _content(writer.sentences, writer, case)


def alternatives(case: CaseReading, index: Index, language: Language) -> Content | None:
    """The other ways on the same side, the nearest first, and what would lead to each."""
    writer = Writer(index, language)
    opening = fixed("others_decided", language)
    try:
        for weighed in decided(case):
            for outcome in _beside(weighed.outcome, weighed.verdict):
                writer.way(outcome, _lead(outcome, weighed.verdict, language))
            writer.changes(weighed.verdict, weighed.outcome)
    except StatementMissing:
        return None
    return _content([opening, *writer.sentences], writer, case) if writer.sentences else None


def correct(case: CaseReading, language: Language) -> Content:
    """What was understood, and each condition as a choice to be dropped."""
    conditions = holding(case)
    told = [c for c in conditions if c.signal not in SIDES]
    if not told:
        question = load_model().question["need"]
        content = said(fixed("complaint_case_empty", language))
        choices = question.choices.of(language)
    else:
        named = message("decide_and", language).join(_named(c, language) for c in conditions)
        content = said(fixed("complaint_case", language, conditions=named))
        choices = tuple(drop(c.signal, language) for c in told[:_CHOICES])
    (asked,) = content.sentences
    return Content((asked,), clarify=asked.text, choices=choices, understood=tuple(conditions))


def drop(signal: str, language: Language) -> str:
    """The message that takes a condition away; `kb.pattern.knowing` understands it."""
    return message("drop_condition", language, label=load_model().signal[signal].label.of(language))


def moved(case: CaseReading, side: Side) -> CaseReading:
    """The case as one on another side: what can only be told of the old one is left out."""
    kept = [replace(c, side=side) for c in holding(case) if _counts(c.signal, side)]
    return replace(case, conditions=(*kept, Condition(side, "", "holds", side)), sides=(side,))


def _counts(signal: str, side: Side | None) -> bool:
    """It says something on that side: none of the sides themselves, no web server of training."""
    implied = load_model().signal[signal].implies
    return signal not in SIDES and (side is None or implied in (None, side))


def pattern_name(outcome: Outcome, language: Language) -> str:
    """How a question names the outcome: without what its title says in brackets; empty for none."""
    return re.split(r"\s*[(（]", outcome.title.of(language))[0] if outcome.id != "none" else ""


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict with its outcome, and the words that led to it."""

    verdict: Verdict
    outcome: Outcome
    words: tuple[Raised, ...]


def decided(case: CaseReading) -> list[Decided]:
    """The decisions on a case; none where it is open."""
    return [
        Decided(one.verdict, one.verdict.outcome, one.words)
        for one in weigh(case)
        if one.verdict.outcome is not None
    ]


def _content(sentences: Sequence[Sentence], writer: Writer, case: CaseReading) -> Content | None:
    if not sentences:
        return None
    held = tuple(holding(case))
    return Content(tuple(sentences), tuple(writer.citations.all), understood=held)


def _rule(verdict: Verdict, language: Language) -> Sentence:
    """Which of the rules was the first to fit."""
    labels = [load_model().signal[s].label.of(language) for s in verdict.rule.named]
    condition = message("decide_and", language).join(labels[:_CONDITIONS])
    number = len(verdict.path)
    return fixed("why_rule", language, marker="- ", number=number, condition=condition)


def _beside(outcome: Outcome, verdict: Verdict) -> list[Outcome]:
    """The image of AWS as it is and the patterns of the same side, the nearest first."""
    ways = [o for o in load_model().outcomes if o.id == "none" or o.id.startswith(verdict.side)]
    place = ways.index(outcome)
    others = [(abs(at - place), at, way) for at, way in enumerate(ways) if way is not outcome]
    return [way for _, _, way in sorted(others, key=lambda o: o[:2])]


def _lead(outcome: Outcome, verdict: Verdict, language: Language) -> str:
    """Its title, and the conditions that would lead there: each alone, added to the case."""
    title = outcome.title.of(language)
    leading = []
    for signal in load_model().signals:
        if signal.id in verdict.signals or signal.id in SIDES:
            continue
        if signal.implies not in (None, verdict.side):
            continue
        found = decide_signals({*verdict.signals, signal.id, verdict.side}).outcome
        if found is not None and found.id == outcome.id and outcome.id != "none":
            label = signal.label.of(language)
            leading.append(message("changed_label", language, label=label))
    if not leading:
        return message("others_way", language, title=title)
    conditions = message("decide_or", language).join(leading[:_CONDITIONS])
    return message("others_way_when", language, title=title, conditions=conditions)


def _named(condition: Condition, language: Language) -> str:
    """The condition, with the person's words where they are known."""
    label = load_model().signal[condition.signal].label.of(language)
    words = shown(Raised(condition.signal, condition.words).words)
    return message("decide_word", language, words=words, label=label) if words else label
