"""Alignment: the words of one text beside those of another.

Takes the words of two texts, gives for each word its counterpart and how far their surroundings
agree. Knows nothing about what is meant, nor about weights.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

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

    def __post_init__(self) -> None:
        rows = tuple(
            tuple(at for at, like in enumerate(row) if like >= MATCHES) for row in self.likeness
        )
        object.__setattr__(self, "matches", rows)

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


def surroundings(aligned: Alignment, number: int, at: int, without: int = -1) -> float:
    """How far the words around `own[number]` stand around `given[at]`, 0 to 1."""
    here, there = aligned.own[number].at, aligned.given[at].at
    total = found = 0.0
    for other, word in enumerate(aligned.own):
        apart = word.at - here
        if other in (number, without) or abs(apart) > FAR:
            continue
        weight = rarity(word) * math.exp(-abs(apart) / REACH)
        total += weight
        best = 0.0
        row = aligned.likeness[other]
        for place in aligned.matches[other]:
            if place == at:
                continue
            away = aligned.given[place].at - there
            worth = row[place] * math.exp(-max(0.0, abs(away) - abs(apart)) / REACH)
            if aligned.directed and away * apart < 0:
                worth *= _TURNED
            best = max(best, worth)
        found += weight * best
    return found / total if total else 1.0
