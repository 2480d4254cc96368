"""Named: the conditions that one message names, from the scores of its tokens.

Takes a message, the spans of its tokens and what the encoder's heads say, gives `Told` values:
exact slices of whole words, whether the condition holds, and for which side. Knows nothing about
other messages or about rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kb.reading.encoder import Looked, logistic
from kb.reading.signals import load_signals
from kb.records import SIDES, Side
from kb.search.layers import Array

Span = tuple[int, int]
State = Literal["holds", "dropped", "negated", "hypothetical"]
_WORD, _WHOLE, _BIAS = 0.5, 0.5, 0.0
"""What the strongest token and the message as a whole count for a condition."""
FLOOR = 0.5
"""Likelihood from which a condition is taken for named."""
_NEAR = 0.03
"""Likelihood from which it may be named."""
_LESS = 2.0
"""Log odds below the strongest token at which a token beside it still belongs to it."""
_LEAST = -2.0
"""Log odds below which no token beside it does."""
_LONGEST = 60
"""Characters of the words that are shown for a condition."""
_GAP = 1
"""Tokens within the words that need not speak for the condition."""
_ADDRESS = re.compile(r"[a-z]{2,8}://[!-~]+")
_NOTHING = -30.0
"""Log odds of a token that cannot name a condition."""
_SCRIPTS = re.compile(r"[ァ-ヺー]{2}|[A-Za-z0-9_+#-]{2}|[一-鿿々]{2}")
"""Two characters that a cut between them would part a word at."""
_ENDING = re.compile(r"[ぁ-ゖ]{1,8}")
"""What a verb ends in after its one character (入|れられない)."""
_STEM = re.compile(r"(?<![一-鿿々])[一-鿿々]$")
_MIDDLE = re.compile(r"(?<=[ぁ-ゖァ-ヺー一-鿿々])[ぁ-ゖ]+\s*(?=[^ぁ-ゖ\s])")
"""Hiragana that goes on from what stands before it: the rest of a word, or a particle."""
_LOOSE = " \t\n\u3000、。,.・:：;；!！?？)）」』\"'`(（「『"
_CLAUSE = re.compile(r"[。！？!?\n;；、,]|\.(?=\s|$)")


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
    holds: float = 0.0
    """Of being named and holding, 0 to 1."""


def read_told(
    message: str,
    spans: Sequence[Span],
    looked: Looked,
    signals: Sequence[str],
    numbers: Mapping[str, float],
) -> tuple[Told, ...]:
    """What the person's own words may name, in the order of the message."""
    told: list[Told] = []
    if not len(spans):
        return ()
    weights = [numbers.get(n, d) for n, d in (("word", _WORD), ("whole", _WHOLE), ("bias", _BIAS))]
    apart = _in_addresses(message, spans)
    for column, signal in enumerate(signals):
        scores = np.where(apart, _NOTHING, looked.words[:, column])
        best = int(scores.argmax())
        levels = looked.levels[:, column]
        score = weights[0] * float(scores[best]) + weights[1] * float(levels.max()) + weights[2]
        likely = float(logistic(score))
        if likely < _NEAR:
            continue
        first, last = _stretch(spans, scores, best)
        shares = _states(looked.states[first : last + 1].mean(0), levels)
        start, end = _trimmed(message, *_whole_words(message, spans[first][0], spans[last][1]))
        side = _side(looked.sides[first : last + 1].mean(0))
        if signal in SIDES:
            side = signal
        words = message[start:end]
        state = max(shares, key=shares.__getitem__)
        told.append(Told(signal, words, start, state, side, likely, likely * shares["holds"]))
    told.sort(key=lambda one: one.start)
    return tuple(one for one in told if not _is_told_closer(one, told))


def _in_addresses(message: str, spans: Sequence[Span]) -> NDArray[np.bool_]:
    """For each token whether it stands in an address: that names no condition."""
    places = [found.span() for found in _ADDRESS.finditer(message)]
    return np.array([any(a < end and start < b for a, b in places) for start, end in spans])


def _is_told_closer(one: Told, told: Sequence[Told]) -> bool:
    """The same words name the kind of what they would else leave open."""
    end = one.start + len(one.words)
    closer = load_signals().closer.get(one.signal, ())
    return any(
        other.signal in closer
        and other.likely >= one.likely
        and other.start < end
        and one.start < other.start + len(other.words)
        for other in told
    )


def words_of(message: str, spans: Sequence[Span], scores: Array) -> tuple[str, int]:
    """The words that speak most for a condition, and where they begin."""
    first, last = _stretch(spans, scores, int(scores.argmax()))
    start, end = _trimmed(message, *_whole_words(message, spans[first][0], spans[last][1]))
    return message[start:end], start


def _states(shares: Array, levels: Array) -> dict[State, float]:
    """How likely each state is, by the tokens that name it and by the message as a whole."""
    off = float(shares[1] + shares[2])
    each = np.array([float(shares[0]), off, float(shares[3])]) * logistic(levels) + 1e-9
    holds, gone, supposed = (each / each.sum()).tolist()
    dropped = float(shares[1]) / max(off, 1e-9)
    return {
        "holds": holds,
        "dropped": gone * dropped,
        "negated": gone * (1 - dropped),
        "hypothetical": supposed,
    }


def _stretch(spans: Sequence[Span], scores: Array, best: int) -> Span:
    """The strongest token and those beside it that speak for the same."""
    least = max(float(scores[best]) - _LESS, _LEAST)

    def grown(at: int, step: int) -> int:
        while True:
            ahead = [at + step * k for k in range(1, _GAP + 2)]
            after = [k for k in ahead if 0 <= k < len(scores) and scores[k] >= least]
            if not after:
                return at
            width = max(spans[after[0]][1], spans[best][1]) - min(
                spans[after[0]][0], spans[best][0]
            )
            if width > _LONGEST:
                return at
            at = after[0]

    first, last = grown(best, -1), grown(best, 1)
    while last > best and spans[last][1] - spans[first][0] > _LONGEST:
        last -= 1
    return first, last


def _whole_words(message: str, start: int, end: int) -> Span:
    """Grown so that no word is cut; underscores belong to it. Begins with no rest of a word."""
    while start > 0 and _SCRIPTS.fullmatch(message[start - 1 : start + 1]):
        start -= 1
    while 0 < end < len(message) and _SCRIPTS.fullmatch(message[end - 1 : end + 1]):
        end += 1
    ending = _ENDING.match(message, end)
    if ending and _STEM.search(message, start, end):
        end = ending.end()
    rest = _MIDDLE.match(message, start, end)
    return rest.end() if rest else start, end


def _trimmed(message: str, start: int, end: int) -> Span:
    while end > start and message[end - 1] in _LOOSE:
        end -= 1
    while start < end and message[start] in _LOOSE:
        start += 1
    return start, end


def _side(shares: Array) -> Side | None:
    """The side that the tokens are told for, where they say so."""
    best = int(shares.argmax())
    return SIDES[best - 1] if best else None


def sided(message: str, told: Sequence[Told]) -> tuple[Told, ...]:
    """Each condition with the side it is told for: the only one named, or as its words say."""
    sides = [one for one in told if one.signal in SIDES and one.state != "negated"]
    only = {one.side for one in sides if one.state != "dropped"}
    found = []
    for one in told:
        if one.signal not in SIDES:
            near = {s.side for s in sides if not _CLAUSE.search(message, *_between(one, s))}
            side = next(iter(only)) if len(only) == 1 else None
            if len(only) == 2:
                side = next(iter(near)) if len(near) == 1 else one.side
            one = replace(one, side=side)
        found.append(one)
    return tuple(found)


def _between(one: Told, other: Told) -> Span:
    first, last = sorted((one, other), key=lambda told: told.start)
    return first.start + len(first.words), max(first.start + len(first.words), last.start)
