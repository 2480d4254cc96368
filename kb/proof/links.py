"""Links: whether words that stand together in a sentence stand together in a quote.

Takes an alignment, gives features: a value in the row of another name, facts of two things joined
into one. Knows nothing about signs such as “not” or “must”.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kb.proof.align import SURE, Alignment, Features
from kb.proof.words import COMMA, STOP, Word, rarity

_RARE = 0.25
"""A word that is less rare links nothing."""
_FIRM = 2.0
"""What a name or number counts more in a link than a word."""


def links(aligned: Alignment, known: frozenset[str] = frozenset()) -> Features:
    """How many pairs of one clause, and of one sentence, are nowhere in one of the quotes.

    `known`: words that stand in the question or around the quotes.
    """
    numbers = [
        number
        for number, word in enumerate(aligned.own)
        if aligned.matched(number) >= SURE and rarity(word) > _RARE
    ]
    features: Features = {}
    for name, gap in (("clause", COMMA), ("sentence", STOP)):
        own, given = _parts(aligned.own, gap), _parts(aligned.given, gap)
        held = [{given[at] for at in _sure(aligned, number)} for number in numbers]
        pairs = [
            (numbers[one], numbers[two], bool(held[one] & held[two]))
            for one in range(len(numbers))
            for two in range(one)
            if own[numbers[one]] == own[numbers[two]]
        ]
        features |= _shares(aligned, pairs, name)
        features[f"{name} lost"] = _lost(aligned, own, given, known)
    return features


def _shares(aligned: Alignment, pairs: Sequence[tuple[int, int, bool]], name: str) -> Features:
    def weight(number: int) -> float:
        word = aligned.own[number]
        return rarity(word) * (_FIRM if word.kind in ("name", "number") else 1.0)

    total = apart = firm = apart_firm = 0.0
    for one, two, together in pairs:
        worth = weight(one) * weight(two)
        total += worth
        apart += worth * (not together)
        if {aligned.own[one].kind, aligned.own[two].kind} <= {"name", "number"}:
            firm += 1
            apart_firm += not together
    return {
        f"apart in {name}": apart / total if total else 0.0,
        f"firm apart in {name}": apart_firm / firm if firm else 0.0,
        f"any firm apart in {name}": float(apart_firm > 0),
    }


def _sure(aligned: Alignment, number: int) -> list[int]:
    row = aligned.likeness[number]
    return [at for at in aligned.matches[number] if row[at] >= SURE]


def _parts(words: Sequence[Word], gap: float) -> list[int]:
    """The number of the part that each word stands in; parts end where `gap` is left."""
    found, number = [], 0
    for before, word in zip((None, *words), words, strict=False):
        if before is not None and word.at - before.at >= 1 + gap:
            number += 1
        found.append(number)
    return found


def _lost(
    aligned: Alignment, own: Sequence[int], given: Sequence[int], known: frozenset[str]
) -> float:
    """Of the part of the sentence that fits worst: what no one part of the quotes has of it."""
    if not own or not given:
        return 1.0
    weights = np.array([rarity(w) * (w.text not in known) for w in aligned.own])
    likeness = aligned.arrays.likeness
    best = np.zeros((max(own) + 1, max(given) + 1))
    for part in range(best.shape[1]):
        rows = likeness[:, np.array(given) == part].max(axis=1) * weights
        best[:, part] = np.bincount(own, rows, len(best))
    totals = np.bincount(own, weights, len(best))
    shares = 1 - best.max(axis=1) / np.maximum(totals, 1e-9)
    return float((shares * (totals >= 1.0)).max())
