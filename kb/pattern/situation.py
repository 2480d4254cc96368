"""Situation: what was read of a case, to the verdicts on it.

Takes a `CaseReading`, gives one verdict for each side that is asked for, or one question back; and
two conditions that exclude each other. Knows nothing about messages, indexes or wording.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kb.pattern.decide import Verdict, decide_signals
from kb.pattern.patterns import load_model
from kb.reading.reading import CaseReading
from kb.records import SIDES, Condition, Raised

FLOOR = 0.5
"""Likelihood of the deciding condition below which nothing is decided, but asked."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """A verdict, and the conditions that words of the person name for it."""

    verdict: Verdict
    words: tuple[Raised, ...]


def holding(case: CaseReading) -> list[Condition]:
    """The conditions that hold, in the model's order."""
    order = {signal.id: place for place, signal in enumerate(load_model().signals)}
    held = [c for c in case.conditions if c.state == "holds" and c.signal in order]
    return sorted(held, key=lambda c: order[c.signal])


def weigh(case: CaseReading) -> tuple[Weighed, ...]:
    """One verdict a side where both are asked and differ, else one."""
    conditions = holding(case)
    sides = [side for side in SIDES if side in case.sides]
    if case.sure < FLOOR:
        conditions = [c for c in conditions if c.signal in SIDES]
    if len(sides) < 2:
        return (_weigh(conditions, sides),)
    each = tuple(
        _weigh([c for c in conditions if c.side in (None, side)], [side]) for side in sides
    )
    outcomes = {w.verdict.outcome.id if w.verdict.outcome else None for w in each}
    if outcomes <= {"none"}:
        return (_weigh(conditions, sides),)
    # One question back at a time; what it leaves open is asked for again after its answer.
    return each if None not in outcomes else tuple(w for w in each if w.verdict.question)[:1]


def find_conflict(case: CaseReading) -> tuple[str, str] | None:
    """Two signals that hold for the same side and exclude each other."""
    held = {c.signal: c.side for c in holding(case)}
    for one, other in load_model().exclude:
        if one in held and other in held:
            if None in (held[one], held[other]) or held[one] == held[other]:
                return one, other
    return None


def _weigh(conditions: Sequence[Condition], sides: Collection[str]) -> Weighed:
    others = set(SIDES) - set(sides) if sides else set[str]()
    told = [c for c in conditions if c.signal not in others]
    signals = {*sides, *(c.signal for c in told)}
    raised = [Raised(c.signal, c.words) for c in told if c.words]
    return Weighed(decide_signals(signals), tuple(raised))
