"""Kept: what a case told anew still has from the case before it in the conversation.

Takes the case of a message and the one before it, gives the case with what holds on: the side, and
what the surroundings impose. Whoever says the need again says the rest only once. Knows nothing
about rules or words.
"""

from __future__ import annotations

from dataclasses import replace

from kb.reading.reading import CaseReading
from kb.reading.signals import load_signals
from kb.records import SIDES, Condition


def kept(now: CaseReading | None, before: CaseReading | None) -> CaseReading | None:
    """The case now, with what it does not say anew."""
    if now is None or before is None or not before.sides:
        return now
    if now.sides and set(now.sides) != set(before.sides):
        return now
    told = {c.signal for c in now.conditions}
    holds = [c for c in before.conditions if c.state == "holds" and c.signal not in told]
    sides = [c for c in holds if c.signal in SIDES] if not now.sides else []
    needs = any(c.state == "holds" and c.signal not in SIDES for c in now.conditions)
    around = [c for c in holds if c.signal in load_signals().lasting] if needs else []
    if not sides and not around:
        return now
    only = before.sides[0] if len(before.sides) == 1 else None
    own = tuple(
        c if c.side or c.state != "holds" or c.signal in SIDES else replace(c, side=only)
        for c in now.conditions
    )
    return replace(
        now, conditions=(*_sided(sides, before), *own, *around), sides=now.sides or before.sides
    )


def _sided(sides: list[Condition], before: CaseReading) -> tuple[Condition, ...]:
    """The sides as conditions, also those that were only implied."""
    named = {c.signal for c in sides}
    implied = [Condition(side, "", "holds", side) for side in before.sides if side not in named]
    return (*sides, *(implied if sides else ()))
