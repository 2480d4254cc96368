"""Conditions of an answer, for surfaces: shown one by one, taken away, opened in the form.

Takes an `Answer`, gives what was understood of the case, what a person would write to take a
condition back, and the case as a word of an address. Knows nothing about surfaces.
"""

from __future__ import annotations

from kb.messages import message
from kb.pattern.around import drop
from kb.pattern.case_link import case_word
from kb.pattern.patterns import load_model
from kb.records import SIDES, Answer, Condition, Language


def conditions(answer: Answer) -> tuple[Condition, ...]:
    """What was understood of the case; of answers that do not say, what raised the decision."""
    known = load_model().signal
    understood = answer.understood
    if not understood and answer.decision is not None:
        understood = tuple(Condition(r.signal, r.words) for r in answer.decision.raised)
    return tuple(condition for condition in understood if condition.signal in known)


def name_of(condition: Condition, language: Language) -> str:
    """The condition in words, with the side that it was told for."""
    known = load_model().signal
    name = known[condition.signal].label.of(language)
    if condition.side is None or condition.signal in SIDES:
        return name
    side = known[condition.side].label.of(language)
    return message("ui_understood_on", language, condition=name, side=side)


def dropping(condition: Condition, language: Language) -> str:
    """What a person would write to take the condition back."""
    return drop(condition.signal, language)


def case_of(answer: Answer) -> str:
    """The case as a word of an address, which the form opens."""
    signals = {c.signal for c in conditions(answer) if c.state == "holds"}
    patterns = answer.patterns or ((answer.pattern,) if answer.pattern else ())
    return case_word(signals | {pattern.partition("-")[0] for pattern in patterns})
