"""Reader: what the messages of a conversation say of a case, by small linear models.

Takes a question, the person's earlier messages and a way to embed them; gives a `Reading`: how
likely a decision is wanted, which condition decides, for which side, which signals a message names,
and the words that name them. The models look at the meaning (the embedding) and at the letters
(kb.text.ngrams). They are fitted on cases most of which were written without knowledge of this
product (`python -m evals.fit.reader`). Knows nothing about rules or outcomes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb.search.embedding import Embedder
from kb.text.ngrams import ngrams, uniform, weigh

Vector = NDArray[np.float32]
FILE = Path(__file__).with_name("reader_weights.npz")
EARLIER = 0.2
"""What the earlier messages count against the question's 1."""
_LONGEST_WORDS = 40
"""Characters of the words that are shown for a signal."""
_SENTENCE = re.compile(r"[^。！？!?\n;；]+?(?:[。！？!?\n;；]|[.](?=\s|$)|$)")
_JOINED = re.compile(r"[A-Za-z0-9_.+#/-]")
_OPENING = " \t\n\u3000、。,:：;；!！?？)）」』\"'`"
_ENDING = re.compile(r"[ぁ-ん]{2,4}")
_EDGE = " \t\n\u3000、。,.・:：;；!！?？()（）「」『』\"'`はがをにでとのもや"
OF_ALL = ("asks", "side", "condition")
"""Models that look at the whole conversation."""
HEADS = (*OF_ALL, "signal")
DENIES = "denies"
"""Stands among the signals for a message that takes one back."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a conversation says; all are likelihoods."""

    asks: float
    """A decision is wanted."""
    sides: Mapping[str, float]
    """training, inference, or "" where none is told; they add up to 1."""
    conditions: Mapping[str, float]
    """The condition that decides; they add up to 1."""


@dataclass(frozen=True, slots=True)
class Features:
    """One text as the models see it."""

    meaning: Vector
    rows: list[int]
    """Of the known sequences of characters in it,"""
    letters: Vector
    """and their weights."""


Embed = Callable[[str], Features]
"""The features of a text, looked at once."""


@dataclass(frozen=True, slots=True)
class _Weights:
    """What the features of one text weigh, a column a class."""

    meaning: Vector
    letters: NDArray[np.int8]
    """In bytes, with one scale a class: a quarter of the memory, and the same decisions."""
    scale: Vector


class Reader:
    """The fitted models. Of another embedding than theirs, only the letters count."""

    def __init__(self, stored: Mapping[str, NDArray[np.generic]]) -> None:
        self.embedding = str(stored["embedding"])
        grams = str(stored["grams"]).split("\n")
        self._row = {gram: row for row, gram in enumerate(grams)}
        self._rarity = dict(zip(grams, map(float, stored["rarity"]), strict=True))
        self._mean = np.asarray(stored["mean"], np.float32)
        self._names = {head: str(stored[f"{head}_names"]).split("\n") for head in HEADS}
        self._bias = {head: np.asarray(stored[f"{head}_bias"], np.float32) for head in HEADS}
        self._said = {head: _weights(stored, head) for head in HEADS}
        self._newest = {head: _weights(stored, f"{head}_newest") for head in OF_ALL}
        """Added for the newest message, where there are earlier ones."""
        self._later = {h: np.asarray(stored[f"{h}_later"], np.float32) for h in OF_ALL}
        """Added where there are earlier messages."""

    def names(self, head: str) -> Sequence[str]:
        """The classes of one model: `asks`, `side`, `condition` or `signal`."""
        return self._names[head]

    def features_by(self, embedder: Embedder, vectors: Mapping[str, Vector]) -> Embed:
        """A text as the models take it; `vectors` are known from elsewhere."""
        known = embedder.name == self.embedding

        @cache
        def embed(text: str) -> Features:
            meaning = np.zeros_like(self._mean)
            if known:
                vector = vectors[text] if text in vectors else embedder.queries([text])[0]
                meaning = vector - self._mean
            weights = weigh(uniform(text), self._rarity)
            letters = np.fromiter(weights.values(), np.float32, len(weights))
            return Features(meaning, [self._row[gram] for gram in weights], letters)

        return embed

    def read(self, question: str, earlier: Sequence[str], embed: Embed) -> Reading:
        """The whole conversation."""
        parts = [(question, 1.0)]
        if earlier:
            parts.append(("\n".join(earlier), EARLIER))
        scores = {}
        for head in OF_ALL:
            score = self._bias[head]
            for text, share in parts:
                score = score + share * self._score(self._said[head], text, embed)
            if earlier:
                score = score + self._score(self._newest[head], question, embed)
                score = score + self._later[head]
            scores[head] = score
        return Reading(
            float(_logistic(scores["asks"])[0]),
            dict(zip(self._names["side"], _shares(scores["side"]), strict=True)),
            dict(zip(self._names["condition"], _shares(scores["condition"]), strict=True)),
        )

    def signals(self, message: str, embed: Embed) -> dict[str, float]:
        """How likely one message, by itself, names each signal."""
        score = self._score(self._said["signal"], message, embed)
        likely = _logistic(self._bias["signal"] + score)
        return dict(zip(self._names["signal"], map(float, likely), strict=True))

    def words(self, message: str, signal: str) -> str:
        """The words of `message` that speak most for `signal`; a slice of it."""
        if signal not in self._names["signal"]:
            return ""
        column = self._names["signal"].index(signal)
        text = uniform(message)
        weights = weigh(text, self._rarity)
        letters = self._said["signal"].letters
        says = np.zeros(len(message))
        for gram, start, end in ngrams(text):
            if gram in weights:
                weight = float(letters[self._row[gram], column])
                says[start:end] += weights[gram] * weight / max(1, end - start)
        return _best(message, says)

    def _score(self, weights: _Weights, text: str, embed: Embed) -> Vector:
        seen = embed(text)
        letters = seen.letters @ weights.letters[seen.rows].astype(np.float32)
        score: Vector = letters * weights.scale + seen.meaning @ weights.meaning
        return score


def _weights(stored: Mapping[str, NDArray[np.generic]], part: str) -> _Weights:
    return _Weights(
        np.asarray(stored[f"{part}_meaning"], np.float32),
        np.asarray(stored[f"{part}_letters"], np.int8),
        np.asarray(stored[f"{part}_scale"], np.float32),
    )


@cache
def load_reader(file: Path = FILE) -> Reader:
    """The models beside this module."""
    with np.load(file, allow_pickle=False) as stored:
        return Reader(dict(stored))


def _best(message: str, says: NDArray[np.float64]) -> str:
    """The stretch of one sentence with the largest sum, in whole words."""
    threshold = float(says[says > 0].mean()) * 0.5 if (says > 0).any() else 0.0
    best, span = 0.0, (0, 0)
    for sentence in _SENTENCE.finditer(message):
        total, start = 0.0, sentence.start()
        for at in range(*sentence.span()):
            total += float(says[at]) - threshold
            if total <= 0 or at - start >= _LONGEST_WORDS:
                total, start = 0.0, at + 1
            elif total > best:
                best, span = total, (start, at + 1)
    start, end = span
    while start > 0 and end > start and _both_joined(message, start):
        start -= 1
    while 0 < end < len(message) and _both_joined(message, end):
        end += 1
    if end > start and (ending := _ENDING.match(message, end - 1)):  # がな, of がなくて
        end = ending.end()
    return message[start:end].lstrip(_OPENING).rstrip(_EDGE)


def _both_joined(message: str, at: int) -> bool:
    return bool(_JOINED.match(message[at - 1]) and _JOINED.match(message[at]))


def _logistic(scores: Vector) -> Vector:
    return np.asarray(1 / (1 + np.exp(-scores)), np.float32)


def _shares(scores: Vector) -> list[float]:
    raised = np.exp(scores - scores.max())
    return [float(share) for share in raised / raised.sum()]
