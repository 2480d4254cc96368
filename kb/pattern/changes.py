"""Changes: one sentence on what a message changed of the case before it.

Takes the case before and the case now, gives the opening of an answer, or None where nothing that
counts has changed. Knows nothing about messages or decisions.
"""

from __future__ import annotations

from collections.abc import Iterable

from kb.messages import message
from kb.pattern.patterns import load_model
from kb.pattern.situation import holding
from kb.reading.reading import CaseReading
from kb.records import SIDES, Language, Sentence

_NAMED = 3
"""Conditions that one sentence names."""


def changed(
    before: CaseReading | None,
    now: CaseReading,
    language: Language,
    *,
    misread: bool = False,
    leads: bool = True,
) -> Sentence | None:
    """What was dropped, added, narrowed or widened.

    `misread`: what was dropped was never said. `leads`: the decision goes on with the sentence.
    """
    earlier = {c.signal for c in holding(before)} if before else set[str]()
    dropped = [c.signal for c in now.conditions if c.state == "dropped" and c.signal not in SIDES]
    added = [c.signal for c in holding(now) if c.signal not in earlier | set(SIDES)]
    parts = []
    if dropped:
        name = "changed_misread" if misread else "changed_dropped"
        parts.append(message(name, language, labels=_labels(dropped, language)))
    if added and before is not None:
        parts.append(message("changed_added", language, labels=_labels(added, language)))
    if before is not None and before.sides and now.sides and set(before.sides) != set(now.sides):
        parts.append(_sides(now, language))
    if not parts:
        return None
    if leads:
        return Sentence("".join((*parts, message("changed_so", language))), (), " ", supported=None)
    return Sentence("".join(parts).strip(), (), supported=None)


def _labels(signals: Iterable[str], language: Language) -> str:
    labels = [
        message("changed_label", language, label=load_model().signal[s].label.of(language))
        for s in dict.fromkeys(signals)
        if s in load_model().signal
    ]
    return message("decide_and", language).join(labels[:_NAMED])


def _sides(case: CaseReading, language: Language) -> str:
    if len(set(case.sides)) > 1:
        return message("changed_both", language)
    side = load_model().signal[case.sides[0]].label.of(language)
    return message("changed_side", language, side=side)
