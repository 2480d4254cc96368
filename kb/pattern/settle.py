"""Settle: which conditions hold, where words leave it open, by the pattern that a message means.

Takes conditions, each with how likely it holds, and how likely each pattern is by the message as a
whole; gives the conditions that agree best with both. Knows nothing about messages or how either
was found.

Of all ways to turn around a few unsure conditions it takes the one with the largest
log P(conditions) + WEIGHT · log P(what the rules make of them).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, combinations

from kb.pattern.decide import Verdict, decide_signals
from kb.pattern.patterns import load_model
from kb.reading.named import Told
from kb.records import SIDES

WEIGHT = 2.0
"""What the pattern meant counts against the conditions."""
_UNSURE = 5.0
"""Log odds up to which a condition may be turned around;"""
_MOST = 5
"""and so many of them, the least sure."""
_LEAST = 0.004
"""Likelihood of a pattern below which it is not told apart."""
_DOUBT = 0.001
"""Of no condition it is surer than this that it holds, or does not."""
_DECIDES = 0.6
"""Likelihood that a condition has which the message means though its words hardly say so."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A condition that may be turned around, and what that costs in log odds."""

    told: Told
    cost: float


def settle(
    holding: Sequence[Told], near: Sequence[Told], meant: Mapping[str, float]
) -> tuple[Told, ...]:
    """`near`: conditions that do not hold, but may."""
    known = load_model().signal
    held = {one.signal: one for one in holding if one.signal in known}
    may = {one.signal: one for one in near if one.signal in known and one.signal not in held}
    turns = [_Turn(one, _odds(one.holds)) for one in held.values()]
    turns += [_Turn(one, -_odds(one.holds)) for one in may.values()]
    unsure = sorted((one for one in turns if one.cost < _UNSURE), key=lambda one: one.cost)[:_MOST]

    def score(turned: Sequence[_Turn]) -> float:
        spent = sum(one.cost for one in turned)
        return WEIGHT * _meant(_turned(held, turned), meant) - spent

    return tuple(_turned(held, max(_some(unsure), key=score)).values())


def _some(turns: Sequence[_Turn]) -> Iterator[tuple[_Turn, ...]]:
    return chain.from_iterable(combinations(turns, n) for n in range(len(turns) + 1))


def _turned(held: Mapping[str, Told], turned: Sequence[_Turn]) -> dict[str, Told]:
    found = dict(held)
    for one in turned:
        if found.pop(one.told.signal, None) is None:
            found[one.told.signal] = replace(one.told, likely=max(_DECIDES, one.told.likely))
    return found


def _meant(held: Mapping[str, Told], meant: Mapping[str, float]) -> float:
    """Log likelihood of what the rules make of conditions; a mean over two sides."""
    sides = [side for side in SIDES if side in held]
    others = [one for one in held.values() if one.signal not in SIDES]
    if len(sides) < 2:
        outcomes = {_outcome(frozenset(held))}
    else:
        outcomes = {
            _outcome(frozenset((side, *(o.signal for o in others if o.side in (None, side)))))
            for side in sides
        }
    if "ask" in outcomes:
        outcomes = {"ask"}
    each = [math.log(max(_LEAST, meant.get(o, 0.0) * len(outcomes))) for o in outcomes]
    return sum(each) / len(each)


@cache
def _outcome(signals: frozenset[str]) -> str:
    verdict: Verdict = decide_signals(signals)
    return verdict.outcome.id if verdict.outcome else "ask"


def _odds(likely: float) -> float:
    kept = min(1 - _DOUBT, max(_DOUBT, likely))
    return math.log(kept / (1 - kept))
