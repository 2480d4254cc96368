"""Conditions: what one message names of a case, each with the words that name it.

Takes a message and its features, gives `Told` values: exact slices of whole words, whether the
condition holds, and for which side. Knows nothing about other messages or about rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np

from kb.reading.models import Features, Head, Models, Vector, logistic, shares
from kb.reading.reading import Part
from kb.reading.state import STATES, state_columns
from kb.reading.typed import own_spans
from kb.reading.units import Span, unit_rows, units
from kb.records import Side

State = Literal["holds", "dropped", "negated", "hypothetical"]
SIDES: tuple[Side, Side] = ("training", "inference")
_WORD, _MESSAGE, _BIAS = 0.4, 0.6, 1.8
"""What the strongest word and the message as a whole count for a condition: of six ways the best on
groups left out (20 of 44 clear cases right; by the word mostly, 15 to 19)."""
_FAINT = -3.5
"""Log odds of the strongest word below which nothing is named."""
_LONGEST = 60
"""Characters of the words that are shown for a condition."""
_LESS = 1.5
"""Log odds below the strongest word at which a word beside it still belongs to it."""
_EDGE = re.compile(r"[^\w\s]|[ぁ-ん]{1,2}")
"""Units that begin or end no words of a condition: marks, particles."""
_SENTENCE = re.compile(r"[。！？!?\n;；、,]|\.(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Told:
    """A condition that a message names."""

    signal: str
    words: str
    start: int
    state: State
    side: Side | None
    likely: float
    """Of being named, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Named:
    """What the words of a message say of one condition, whatever the message means."""

    signal: str
    score: float
    """Log odds that the strongest word names it."""
    span: Span
    state: State


def find_words(message: str, parts: Sequence[Part], head: Head) -> list[tuple[str, float, Span]]:
    """For each condition that a word may name: the score of the strongest, and the words."""
    places = units(message, own_spans(message, parts))
    return strongest(message, places, _words(head, message, places), head.names) if places else []


def strongest(
    message: str, places: Sequence[Span], scores: Vector, names: Sequence[str]
) -> list[tuple[str, float, Span]]:
    """The same, from the scores of the units; shape (units, conditions)."""
    return [
        (signal, float(own.max()), _span(message, places, own))
        for signal, own in zip(names, scores.T, strict=True)
        if own.max() > _FAINT
    ]


def read_named(message: str, parts: Sequence[Part], models: Models) -> tuple[Named, ...]:
    """Each condition that a word may name, and whether it holds."""
    head = models.heads["state"]
    return tuple(
        Named(signal, score, span, _state(head, message, span))
        for signal, score, span in find_words(message, parts, models.heads["word"])
    )


def named_row(named: Sequence[Named]) -> list[float]:
    """The strongest condition, side, and condition that does not hold, for other models: 0 to 1."""
    likely = [(one, float(logistic(one.score))) for one in named]
    return [
        max((x for one, x in likely if one.signal not in SIDES), default=0.0),
        max((x for one, x in likely if one.signal in SIDES), default=0.0),
        max((x for one, x in likely if one.state in ("dropped", "negated")), default=0.0),
        max((x for one, x in likely if one.state == "hypothetical"), default=0.0),
    ]


def read_conditions(
    message: str, named: Sequence[Named], features: Features, models: Models
) -> tuple[Told, ...]:
    """What the person's own words name, in the order of the message."""
    whole, numbers = models.heads["signal"], models.numbers
    holds = dict(zip(whole.names, whole.score(features), strict=True))
    told = []
    for one in named:
        score = (
            numbers.get("named_word", _WORD) * one.score
            + numbers.get("named_message", _MESSAGE) * float(holds.get(one.signal, -5.0))
            + numbers.get("named_bias", _BIAS)
        )
        likely = float(logistic(score))
        if likely < numbers.get("named_floor", 0.4) if one.state == "holds" else one.score < -0.8:
            continue
        words = message[one.span[0] : one.span[1]]
        side = next((side for side in SIDES if side == one.signal), None)
        told.append(Told(one.signal, words, one.span[0], one.state, side, likely))
    told.sort(key=lambda one: one.start)
    return tuple(_sided(message, told))


def _words(head: Head, message: str, places: Sequence[Span]) -> Vector:
    """The score of each unit for each condition; shape (units, conditions)."""
    rows = []
    for columns in unit_rows(message, places):
        own = np.asarray(columns, np.int64)
        rows.append(head.bias + head.spelled(own, np.full(len(own), len(own) ** -0.5, np.float32)))
    return np.array(rows)


def _span(message: str, places: Sequence[Span], scores: Vector) -> Span:
    """The strongest unit and those beside it that speak for the same, without loose edges."""
    best = int(scores.argmax())
    least = max(float(scores[best]) - _LESS, -3.0)
    first = last = best
    while first > 0 and _belongs(scores, first - 1, -1, least):
        first -= 1
    while last + 1 < len(places) and _belongs(scores, last + 1, 1, least):
        last += 1
    while places[last][1] - places[first][0] > _LONGEST and first != last:
        if scores[first] < scores[last]:
            first += 1
        else:
            last -= 1
    while first < best and _EDGE.fullmatch(message, *places[first]):
        first += 1
    while last > best and _EDGE.fullmatch(message, *places[last]):
        last -= 1
    return places[first][0], places[last][1]


def _belongs(scores: Vector, at: int, step: int, least: float) -> bool:
    """The unit speaks for the condition, or the one behind it does and it is but a gap."""
    beyond = at + step
    return scores[at] >= least or (0 <= beyond < len(scores) and bool(scores[beyond] >= least))


def _state(head: Head, message: str, span: Span) -> State:
    return state_of(head, state_columns(message, span))


def state_of(head: Head, around: Sequence[int]) -> State:
    """The likeliest state of words, by the columns of what stands around them."""
    columns = np.asarray(around, np.int64)
    spelled = head.spelled(columns, np.full(len(columns), len(columns) ** -0.5, np.float32))
    found = shares(head.bias + spelled)
    return cast(State, STATES[int(np.argmax(found))])


def _sided(message: str, told: Sequence[Told]) -> list[Told]:
    """Each condition with the side it is told for: the only one named, or named in its clause."""
    sides = [one for one in told if one.signal in SIDES and one.state != "negated"]
    only = {one.side for one in sides if one.state != "dropped"}
    found = []
    for one in told:
        if one.signal not in SIDES:
            near = {s.side for s in sides if not _SENTENCE.search(message, *_between(one, s))}
            side = next(iter(only)) if len(only) == 1 else None
            if len(only) == 2 and len(near) == 1:
                side = next(iter(near))
            one = replace(one, side=side)
        found.append(one)
    return found


def _between(one: Told, other: Told) -> Span:
    first, last = sorted((one, other), key=lambda told: told.start)
    return first.start + len(first.words), max(first.start + len(first.words), last.start)
