"""Models: small linear models over the meaning and the letters of a text.

Takes texts, gives features; takes features, gives the scores of a model's classes. A text is seen
as its embedding (meaning), as hashed sequences of characters (letters; they read inflected
Japanese, English, names of tools and typos alike) and as a few numbers on where it stands (place).
Knows nothing about what the classes mean.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.search.embedding import Embedder
from kb.text.ngrams import ngrams, uniform

Vector = NDArray[np.float32]
FILE = Path(__file__).with_name("danger.npz")
BUCKETS = 1 << 16
"""Places that sequences of characters are hashed into."""
_REMEMBERED = 2_000
"""Texts whose features are kept: of the conversations that are going on, each is seen once."""


@dataclass(frozen=True, slots=True)
class Features:
    """One text as the models see it."""

    meaning: Vector
    columns: NDArray[np.int64]
    """Of the hashed sequences of characters in it,"""
    letters: Vector
    """and their weights."""


@dataclass(frozen=True, slots=True)
class Head:
    """One model: what features weigh, a column a class."""

    names: tuple[str, ...]
    bias: Vector
    meaning: Vector
    letters: NDArray[np.int8]
    """In bytes, with one scale a class."""
    scale: Vector
    place: Vector

    def score(self, features: Features, place: Sequence[float] = ()) -> Vector:
        """A score a class: log odds, up to a constant where classes exclude each other."""
        score = self.bias + self.spelled(features.columns, features.letters)
        if self.meaning.size:
            score = score + features.meaning @ self.meaning
        if self.place.size:
            score = score + np.asarray(place, np.float32) @ self.place
        return np.asarray(score, np.float32)

    def spelled(self, columns: NDArray[np.int64], weights: Vector) -> Vector:
        """What the letters alone say."""
        return np.asarray((weights @ self.letters[columns].astype(np.float32)) * self.scale)


class Models:
    """The fitted models, by name. Of another embedding than theirs, only the letters count."""

    def __init__(self, stored: Mapping[str, NDArray[Any]], embedder: Embedder) -> None:
        self._embedder = embedder
        self._known = embedder.name == str(stored["embedding"])
        self._rarity = np.asarray(stored["rarity"], np.float32)
        self._mean = np.asarray(stored["mean"], np.float32)
        self.heads = {name: read_head(stored, name) for name in str(stored["heads"]).split("\n")}
        self.features = lru_cache(_REMEMBERED)(self._features)

    def _features(self, text: str) -> Features:
        meaning = np.zeros_like(self._mean)
        if self._known and text.strip():
            meaning = self._embedder.queries([text])[0] - self._mean
        columns, letters = weigh(text, self._rarity)
        return Features(meaning, columns, letters)


def weigh(text: str, rarity: Vector) -> tuple[NDArray[np.int64], Vector]:
    """The sequences of characters of a text by bucket, with weights of Euclidean length 1.

    A sequence that occurs n times weighs (1 + ln n)·rarity (sublinear tf-idf: Manning, Raghavan
    and Schütze, 2008, section 6.4.1).
    """
    counts = Counter(bucket(gram) for gram, _, _ in ngrams(uniform(text)))
    columns = np.fromiter(counts, np.int64, len(counts))
    weights = np.fromiter((1 + math.log(n) for n in counts.values()), np.float32, len(counts))
    weights = weights * rarity[columns]
    length = float(np.sqrt((weights * weights).sum())) or 1.0
    return columns, np.asarray(weights / length, np.float32)


@lru_cache(200_000)
def bucket(gram: str) -> int:
    """Where a sequence of characters is counted; the same on every machine."""
    return zlib.crc32(gram.encode()) % BUCKETS


def shares(scores: Vector) -> list[float]:
    """Scores of classes that exclude each other as likelihoods."""
    raised = np.exp(scores - scores.max())
    return [float(share) for share in raised / raised.sum()]


def read_head(stored: Mapping[str, NDArray[Any]], name: str) -> Head:
    """One model of a file of weights."""
    return Head(
        tuple(str(stored[f"{name}_names"]).split("\n")),
        np.asarray(stored[f"{name}_bias"], np.float32),
        np.asarray(stored[f"{name}_meaning"], np.float32),
        np.asarray(stored[f"{name}_letters"], np.int8),
        np.asarray(stored[f"{name}_scale"], np.float32),
        np.asarray(stored[f"{name}_place"], np.float32),
    )


@cache
def stored(file: Path = FILE) -> Mapping[str, NDArray[Any]]:
    """The weights beside this module."""
    with np.load(file, allow_pickle=False) as arrays:
        return dict(arrays)
