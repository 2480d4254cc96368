"""Case: the messages of a conversation, folded left to right into what stands.

Takes what each message names (kb.reading.named) and does, gives the standing case and a
`CaseReading`. Knows nothing about rules or outcomes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kb.reading.named import Told
from kb.reading.reading import CaseReading
from kb.reading.signals import load_signals
from kb.records import SIDES, Condition, Side


@dataclass(frozen=True, slots=True)
class Standing:
    """A case as it stands after some messages."""

    told: tuple[Told, ...] = ()
    """Conditions that hold, sides among them, in the order in which they were told."""

    def __bool__(self) -> bool:
        return bool(self.told)

    @property
    def sides(self) -> tuple[Side, ...]:
        named = {one.signal for one in self.told}
        return tuple(side for side in SIDES if side in named)


def folded(standing: Standing, told: Sequence[Told]) -> tuple[Standing, tuple[Told, ...]]:
    """The case after a message that goes on with it, and what the message dropped of it."""
    new = [one for one in told if one.state == "holds"]
    kept = {one.signal: one for one in standing.told}
    gone: dict[str, Told] = {}
    for one in told:
        if one.state in ("dropped", "negated") and one.signal in kept:
            gone[one.signal] = replace(kept.pop(one.signal), state="dropped")
    _narrow(kept, gone, new)
    for one in new:
        for group in load_signals().instead:
            if one.signal in group:
                _let_go(kept, gone, group - {other.signal for other in new})
        kept[one.signal] = one
        gone.pop(one.signal, None)
    if enough := _enough(kept, told):
        kept[enough.signal] = enough
    return Standing(tuple(kept.values())), tuple(gone.values())


def supposed(standing: Standing, told: Sequence[Told]) -> tuple[Standing, tuple[Told, ...]]:
    """The case under what a message supposes: what stands is lifted, what does not is added."""
    stands = {one.signal for one in standing.told}
    turned = [
        replace(one, state="dropped" if one.signal in stands else "holds")
        if one.state == "hypothetical"
        else one
        for one in told
    ]
    return folded(standing, turned)


def case_reading(
    standing: Standing,
    dropped: Iterable[Told],
    before: Standing,
    *,
    wanted: float,
    order: Sequence[str],
) -> CaseReading:
    """What travels; `order`: signals in the order in which rules look at them."""
    sides = standing.sides
    conditions = [_condition(one, "holds", sides) for one in standing.told]
    conditions += [_condition(one, "dropped", ()) for one in dropped]
    ranked = {signal: place for place, signal in enumerate(order)}
    deciding = min(
        (one for one in standing.told if one.signal in ranked),
        key=lambda one: ranked[one.signal],
        default=None,
    )
    return CaseReading(
        tuple(conditions),
        sides,
        wanted,
        deciding.likely if deciding else 0.0,
        changed=bool(before) and _signals(standing) != _signals(before),
    )


def _enough(kept: Mapping[str, Told], told: Sequence[Told]) -> Told | None:
    """Whoever takes the last need back, or rules needs out, says that the AWS image is enough."""
    signals = load_signals()
    off = [o for o in told if o.signal in signals.needs and o.state in ("dropped", "negated")]
    if off and set(kept) <= set(SIDES):
        return replace(off[0], signal=signals.enough, state="holds", side=None)
    return None


def _narrow(kept: dict[str, Told], gone: dict[str, Told], new: Sequence[Told]) -> None:
    """One side named where the other stood takes its place; conditions of that side come along.

    Where both stood, what was told for the other one alone is dropped with it.
    """
    named = [one.signal for one in new if one.signal in SIDES]
    left = [side for side in SIDES if side in kept]
    lost = [side for side in SIDES if side in gone]
    if len(named) == 1 and left and named[0] not in left:
        lost += left
        _let_go(kept, gone, left)
        left = []
    elif len(named) == 1 and len(left) == 2:
        lost += [side for side in left if side != named[0]]
        _let_go(kept, gone, lost)
        left = named
    remaining = {*left, *named}
    for signal, one in list(kept.items()):
        if one.side in lost and signal not in SIDES:
            if remaining and left:
                gone[signal] = replace(kept.pop(signal), state="dropped")
            else:
                kept[signal] = replace(one, side=None)


def _let_go(kept: dict[str, Told], gone: dict[str, Told], signals: Iterable[str]) -> None:
    for signal in signals:
        if signal in kept:
            gone[signal] = replace(kept.pop(signal), state="dropped")


def _condition(one: Told, state: str, sides: Sequence[Side]) -> Condition:
    side = one.side or (sides[0] if len(sides) == 1 else None)
    if state == "dropped":
        return Condition(one.signal, one.words, "dropped", one.side)
    return Condition(one.signal, one.words, "holds", side)


def _signals(standing: Standing) -> Mapping[str, Side | None]:
    return {one.signal: one.side for one in standing.told}
