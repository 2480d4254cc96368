"""Meaning: signs of a statement's force (not, must, only, before …) that were added or dropped.

Takes two texts with their signs and alignment, gives features. Knows nothing about weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from kb.proof.align import Alignment, Features, likeness_of, turned
from kb.proof.claims import clauses
from kb.proof.polarity import denies, hints
from kb.proof.words import Sign, Word, lexicon, rarity, read_words

_SIGN_REACH = 1.8
"""Words after which what stands around a sign counts a third (1/e)."""
_NEAR_SIGN = {False: 3.5, True: 7.0}
"""Words within which a sign is looked for, within one language and across languages."""

STRONGER = ("must", "always", "never", "confirmed")
WEAKER = ("may", "can", "hedge", "unconfirmed")
PAIRS = (
    ("before", "after"),
    ("first", "last"),
    ("most", "least"),
    ("inside", "outside"),
    ("condition", "unless"),
    ("condition", "even"),
    ("condition", "without"),
    ("without", "only"),
    ("both", "only"),
)


def meant(
    aligned: Alignment, own: Sequence[Sign], given: Sequence[Sign], *, crossed: bool
) -> Features:
    """Signs that one text has where the other, saying the same there, has none."""
    added = dict(_lonely(aligned, own, given, crossed=crossed))
    dropped = dict(_lonely(turned(aligned), given, own, crossed=crossed))
    side = "x" if crossed else ""
    features = {
        f"not added{side}": added.get("not", 0.0),
        f"not added, hinted{side}": added.get("not hinted", 0.0),
        "not moved": min(added.get("not elsewhere", 0.0), dropped.get("not elsewhere", 0.0)),
        f"not dropped{side}": dropped.get("not", 0.0),
        f"not dropped, hinted{side}": dropped.get("not hinted", 0.0),
        f"hint added{side}": added.get("hint", 0.0),
        f"hint dropped{side}": dropped.get("hint", 0.0),
    }
    stronger = max(added.get(name, 0.0) for name in STRONGER)
    weaker = max(added.get(name, 0.0) for name in WEAKER)
    certain_lost = max(dropped.get(name, 0.0) for name in STRONGER)
    doubt_lost = max(dropped.get(name, 0.0) for name in WEAKER)
    features |= {
        "stronger": stronger,
        "weaker": weaker,
        "certainty lost": certain_lost,
        "doubt lost": doubt_lost,
        "doubt to certainty": min(stronger, doubt_lost),
        "certainty to doubt": min(weaker, certain_lost),
        "hedge lost": max(dropped.get("hedge", 0.0), dropped.get("unconfirmed", 0.0)),
    }
    for name in lexicon().markers:
        features[f"+{name}"] = added.get(name, 0.0)
        features[f"-{name}"] = dropped.get(name, 0.0)
    for one, two in PAIRS:
        features[f"{one} for {two}"] = max(
            min(added.get(one, 0.0), dropped.get(two, 0.0)),
            min(added.get(two, 0.0), dropped.get(one, 0.0)),
        )
    return features


_SAME_CLAUSE = 0.7
"""Share of a clause's words from which another polarity is taken for a denial dropped or added."""
_LIKELY = 0.4
"""Share below which another clause is no counterpart."""


def clause_polarity(sentence: str, proof: str, *, crossed: bool) -> Features:
    """Whether a clause denies what the clause of a quote with the same words affirms, or reverse.

    How much of its words the two have in common, 0 to 1; where a word such as “only” or 失敗 may
    say the same as the denial, it counts by itself.
    """
    side = "x" if crossed else ""
    features = {"clause denied": 0.0, f"clause turned{side}": 0.0, f"clause hinted{side}": 0.0}
    parts = [(part, given) for part in clauses(proof) if len(given := read_words(part)) > 1]
    for clause in clauses(sentence):
        own = read_words(clause)
        if len(own) < 2 or not parts:
            continue
        share, _, part = max((_shared(own, given), -len(given), part) for part, given in parts)
        less, more = sorted((clause, part), key=denies)
        if share < _LIKELY or denies(less) % 2 == denies(more) % 2:
            continue
        hinted = not set(hints(less)) <= set(hints(more)) and not crossed
        hinted = hinted or (crossed and bool(hints(less)))
        name = f"clause {'hinted' if hinted else 'turned'}{side}"
        features[name] = max(features[name], (share - _LIKELY) / (1 - _LIKELY))
        if share >= _SAME_CLAUSE and not hinted and not crossed:
            features["clause denied"] = 1.0
    return features


def _shared(own: Sequence[Word], given: Sequence[Word]) -> float:
    total = sum(map(rarity, own)) or 1.0
    likest = (max((likeness_of(one, other) for other in given), default=0.0) for one in own)
    return sum(rarity(one) * like for one, like in zip(own, likest, strict=True)) / total


def _lonely(
    aligned: Alignment, own: Sequence[Sign], given: Sequence[Sign], *, crossed: bool
) -> Iterator[tuple[str, float]]:
    """Signs of `own` without a like one at the same place; how sure the place is, 0 to 1."""
    found: dict[str, float] = {}
    near = _NEAR_SIGN[crossed]
    places = {sign: _counterpart(aligned, sign.at) for sign in own}
    taken: set[Sign] = set()
    beside = sorted(
        (abs(o.at - places[sign][0]), number, other, sign, o)
        for number, sign in enumerate(own)
        for other, o in enumerate(given)
        if o.marker == sign.marker and abs(o.at - places[sign][0]) <= near
    )
    paired: set[Sign] = set()
    for _, _, _, sign, other in beside:
        if sign not in paired and other not in taken:
            paired.add(sign)
            taken.add(other)
    for sign in own:
        place, sure = places[sign]
        if sign in paired:
            continue
        name = sign.marker
        if name == "not" and any(o.marker == "hint" and abs(o.at - place) <= near for o in given):
            name = "not hinted"
        elif name == "not" and any(o.marker == name and o not in taken for o in given):
            name = "not elsewhere"
        elif name == "hint" and any(
            o.marker in ("not", "hint") and abs(o.at - place) <= near for o in given
        ):
            continue
        found[name] = max(found.get(name, 0.0), sure)
    yield from found.items()


def _counterpart(aligned: Alignment, at: float) -> tuple[float, float]:
    """Where in `given` the place `at` of `own` lies by the words around it, and how surely."""
    total = likely = weighted = 0.0
    for number, word in enumerate(aligned.own):
        weight = rarity(word) * math.exp(-abs(word.at - at) / _SIGN_REACH)
        total += weight
        place = aligned.best[number]
        if place is not None:
            share = weight * aligned.likeness[number][place]
            likely += share
            weighted += share * aligned.given[place].at
    return (weighted / likely, likely / total) if likely else (0.0, 0.0)
