"""Alignment: the words of one text beside those of another.

Takes the words of two texts, gives for each word its counterpart and how far their surroundings
agree. Knows nothing about what is meant, nor about weights.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.proof.words import Word, alike, rarity

Features = dict[str, float]
"""What speaks for or against a sentence, by name."""
MATCHES = 0.3
"""Likeness from which a word is taken to stand for another."""
SURE = 0.6
REACH = 3.0
"""Words after which what stands around a word counts a third (1/e)."""
FAR = 12.0
"""Words beyond which two are no neighbours."""
_TURNED = 0.4
"""What a neighbour on the other side counts, within one language."""


@dataclass(frozen=True, slots=True)
class Arrays:
    """An alignment in numbers, for what is computed often."""

    likeness: NDArray[Any]
    """Shape (own, given); 0 for what is no match."""
    weights: NDArray[Any]
    """What each word counts among the surroundings of another one; shape (own, own)."""
    own: NDArray[Any]
    """Places."""
    given: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Alignment:
    """The words of one text beside those of another."""

    own: tuple[Word, ...]
    given: tuple[Word, ...]
    likeness: tuple[tuple[float, ...], ...]
    """A row a word of `own`."""
    best: tuple[int | None, ...]
    """Of each word of `own`, the place of its counterpart among `given`."""
    directed: bool
    """Whether both are in one language, so that left and right count."""
    free: frozenset[int] = frozenset()
    """Words of `given` that stand for no word of `own` of their own."""

    matches: tuple[tuple[int, ...], ...] = field(init=False, repr=False)
    """Of each word of `own`, all places of `given` that are like it."""
    arrays: Arrays = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = tuple(
            tuple(at for at, like in enumerate(row) if like >= MATCHES) for row in self.likeness
        )
        object.__setattr__(self, "matches", rows)
        object.__setattr__(self, "arrays", _arrays(self))

    def matched(self, number: int) -> float:
        at = self.best[number]
        return 0.0 if at is None else self.likeness[number][at]


def align(own: tuple[Word, ...], given: tuple[Word, ...], *, directed: bool) -> Alignment:
    """Each word to the likest one; of equals to the one with the likest surroundings."""
    likeness = tuple(tuple(likeness_of(one, other) for other in given) for one in own)
    rough = Alignment(own, given, likeness, tuple(map(_argmax, likeness)), directed)
    scores = [
        (row[at] + 0.5 * surroundings(rough, number, at), number, at)
        for number, row in enumerate(likeness)
        for at in range(len(given))
        if row[at] >= MATCHES
    ]
    best: dict[int, int] = {}
    for _, number, at in sorted(scores, key=lambda score: -score[0]):
        best.setdefault(number, at)
    taken: dict[int, int] = {}
    for _, number, at in sorted(scores, key=lambda score: -score[0]):
        if at not in taken and number not in taken.values():
            taken[at] = number
    free = frozenset(range(len(given))) - taken.keys()
    return Alignment(
        own, given, likeness, tuple(best.get(n) for n in range(len(own))), directed, free
    )


def turned(aligned: Alignment) -> Alignment:
    """The same the other way round."""
    rows = tuple(zip(*aligned.likeness, strict=True)) if aligned.own else ()
    rows = rows or tuple(() for _ in aligned.given)
    return Alignment(aligned.given, aligned.own, rows, tuple(map(_argmax, rows)), aligned.directed)


def likeness_of(one: Word, other: Word) -> float:
    if "name" in (one.kind, other.kind) and one.kind != other.kind:
        return 0.6 if one.text.replace("_", "") == other.text else 0.0
    if one.kind == "name" and one.text != other.text:
        return 0.9 if letters(one.text) == letters(other.text) else 0.0
    if (one.kind == "number") != (other.kind == "number"):
        return 0.0
    return alike(one.text, other.text)


def letters(name: str) -> str:
    return re.sub(r"[_-]|s$", "", name)


def _argmax(row: Sequence[float]) -> int | None:
    best = max(range(len(row)), key=row.__getitem__, default=None)
    return best if best is not None and row[best] >= MATCHES else None


def _arrays(aligned: Alignment) -> Arrays:
    shape = (len(aligned.own), len(aligned.given))
    likeness = np.array(aligned.likeness, np.float64).reshape(shape)
    own = np.array([word.at for word in aligned.own])
    apart = np.abs(own[:, None] - own[None, :])
    weights = np.exp(-apart / REACH) * np.array([rarity(word) for word in aligned.own])
    weights[apart > FAR] = 0.0
    np.fill_diagonal(weights, 0.0)
    given = np.array([word.at for word in aligned.given])
    return Arrays(np.where(likeness >= MATCHES, likeness, 0.0), weights, own, given)


def surroundings(aligned: Alignment, number: int, at: int, without: int = -1) -> float:
    """How far the words around `own[number]` stand around `given[at]`, 0 to 1."""
    found = aligned.arrays
    weights = found.weights[number]
    if without >= 0:
        weights = weights.copy()
        weights[without] = 0.0
    total = weights.sum()
    if not total:
        return 1.0
    apart, away = found.own - found.own[number], found.given - found.given[at]
    worth = np.maximum(0.0, np.abs(away)[None, :] - np.abs(apart)[:, None])
    worth = found.likeness * np.exp(-worth / REACH)
    if aligned.directed:
        worth[np.multiply.outer(apart, away) < 0] *= _TURNED
    worth[:, at] = 0.0
    return float((weights * worth.max(axis=1)).sum() / total)
