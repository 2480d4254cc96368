"""Places: whether words stand among the same others, and in the same order.

Takes an alignment, gives features. Knows nothing about signs such as “not” or “must”.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kb.proof.align import FAR, MATCHES, SURE, Alignment, Features, surroundings
from kb.proof.words import excludes, rarity


def places(aligned: Alignment) -> Features:
    """Whether words stand among the same others, or another one would fit better there."""
    firm = [
        number
        for number, word in enumerate(aligned.own)
        if aligned.matched(number) >= SURE and word.kind in ("name", "number")
    ]
    words = [
        number
        for number, word in enumerate(aligned.own)
        if aligned.matched(number) >= SURE
        and word.kind in ("latin", "japanese")
        and rarity(word) > 0.25
    ]
    fits = [surroundings(aligned, n, _at(aligned, n)) for n in firm]
    pairs = [
        (one, two)
        for position, one in enumerate(words)
        for two in words[position + 1 :]
        if abs(aligned.own[one].at - aligned.own[two].at) <= FAR
    ]
    opposites = [(a, b) for a, b in pairs if excludes(aligned.own[a].text, aligned.own[b].text)]
    alike_kind = [
        (one, two)
        for position, one in enumerate(firm)
        for two in firm[position + 1 :]
        if aligned.own[one].kind == aligned.own[two].kind
    ]
    return {
        "misfit": 1 - min(fits, default=1.0),
        "misfit mean": 1 - sum(fits) / len(fits) if fits else 0.0,
        "names swapped": _most(_swap_gain(aligned, *pair) for pair in alike_kind),
        "contrasts swapped": _most(_swap_gain(aligned, *pair) for pair in opposites),
        "words swapped": _most(_swap_gain(aligned, *pair) for pair in pairs),
        **_replaced(aligned),
    }


def _most(values: Iterable[float]) -> float:
    return max(values, default=0.0)


def _at(aligned: Alignment, number: int) -> int:
    at = aligned.best[number]
    assert at is not None
    return at


def _swap_gain(aligned: Alignment, one: int, two: int) -> float:
    """How much better two words would fit if each stood where the other does."""
    first, second = _likest(aligned, one), _likest(aligned, two)
    if not first or not second or set(first) & set(second):
        return 0.0
    stays = _best_fit(aligned, one, first, two) + _best_fit(aligned, two, second, one)
    trades = _best_fit(aligned, one, second, two) + _best_fit(aligned, two, first, one)
    return max(0.0, trades - stays)


def _best_fit(aligned: Alignment, number: int, places: Sequence[int], without: int) -> float:
    return max(surroundings(aligned, number, at, without) for at in places)


def _likest(aligned: Alignment, number: int) -> list[int]:
    row = aligned.likeness[number]
    return [at for at, like in enumerate(row) if like >= max(MATCHES, max(row) - 0.05)]


def _replaced(aligned: Alignment) -> Features:
    """Words that stand where the quote has another one, which the sentence leaves out."""
    free = sorted(aligned.free)
    features = {"word replaced": 0.0, "name replaced": 0.0, "contrast": 0.0, "displaced": 0.0}
    for number, word in enumerate(aligned.own):
        strict = word.kind in ("name", "number")
        matched = aligned.matched(number)
        for at in free:
            other = aligned.given[at]
            if strict != (other.kind in ("name", "number")):
                continue
            if matched >= SURE and not (strict and word.kind == other.kind):
                continue
            if aligned.likeness[number][at] >= SURE:
                continue
            fit = surroundings(aligned, number, at)
            if matched >= SURE:
                own_fit = _best_fit(aligned, number, _likest(aligned, number), -1)
                features["displaced"] = max(features["displaced"], fit - own_fit)
                continue
            kind = "name replaced" if strict else "word replaced"
            weight = rarity(word) * rarity(other) * (1 - matched)
            features[kind] = max(features[kind], fit * weight)
            if excludes(word.text, other.text):
                features["contrast"] = max(features["contrast"], fit)
    return features


def order(aligned: Alignment, *, crossed: bool) -> Features:
    """Words that follow one another the other way round in the quote."""
    places = [
        (number, at)
        for number, at in enumerate(aligned.best)
        if at is not None and aligned.likeness[number][at] >= SURE
    ]
    turns = [second < first for (_, first), (_, second) in zip(places, places[1:], strict=False)]
    firm = [(number, at) for number, at in places if aligned.own[number].kind in ("name", "number")]
    pairs = [
        first > second
        for position, (one, first) in enumerate(firm)
        for two, second in firm[position + 1 :]
        if aligned.own[one].kind == aligned.own[two].kind and first != second
    ]
    copied = (len(places) / max(1, len(aligned.own))) ** 3 * (not crossed)
    share = sum(turns) / max(1, len(turns))
    return {
        "turns": share * (not crossed),
        "turns copied": share * copied * (1 - share),
        "names turned": sum(pairs) / len(pairs) * (not crossed) if pairs else 0.0,
        "names turned copied": sum(pairs) / len(pairs) * copied if pairs else 0.0,
    }
