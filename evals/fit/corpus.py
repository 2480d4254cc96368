"""Corpus: samples as rows of features, looked at once for every fit over them.

Takes samples and the vectors of their words, gives sparse rows of meaning and letters, of each
word in its place, and of what stands around words. Knows nothing about labels or models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from evals.fit.samples import Sample
from kb.reading.models import BUCKETS, Vector, bucket, weigh
from kb.reading.parts import find_parts
from kb.reading.reading import Part
from kb.reading.state import state_columns
from kb.reading.typed import own_spans, pasted, typed
from kb.reading.units import Span, unit_rows, units
from kb.text.ngrams import ngrams, uniform

Sparse: TypeAlias = sparse.csr_matrix
Places: TypeAlias = NDArray[np.int64]
MEANING, LETTERS = 8.0, 3.0
"""What meaning and letters are multiplied by while fitting, so that one penalty fits both. Of five
ways the best for personas, threads and briefs left out; without, 0.80 of the turns, with, 0.83."""


@cache
def parts_of(text: str) -> tuple[Part, ...]:
    return find_parts(text)


@cache
def own_words(text: str) -> str:
    """What the models read of a message."""
    return typed(text, parts_of(text))


@cache
def around(text: str, span: Span) -> list[int]:
    """The columns of what stands around words."""
    return state_columns(text, span)


class Corpus:
    """Features of samples, by their place in the list."""

    def __init__(
        self,
        samples: Sequence[Sample],
        vectors: Mapping[str, Vector],
        before: Mapping[str, Any] | None = None,
    ) -> None:
        """`before`: weights whose rarity and mean are kept, with the heads that need them."""
        self.samples = samples
        texts = [own_words(s.text) for s in samples]
        meaning = np.array([vectors[text] for text in texts], np.float32)
        if before is None:
            self.rarity = _rarity(texts)
            self.mean = meaning.mean(axis=0).astype(np.float32)
        else:
            self.rarity = np.asarray(before["rarity"], np.float32)
            self.mean = np.asarray(before["mean"], np.float32)
        self.meaning = MEANING * (meaning - self.mean)
        letters = [weigh(text, self.rarity) for text in texts]
        self.letters = hashed([c for c, _ in letters], [LETTERS * w for _, w in letters])
        self.pasted = [pasted(s.text, parts_of(s.text)) for s in samples]
        self.units: list[list[Span]] = []
        rows: list[list[int]] = []
        for sample in samples:
            own = units(sample.text, own_spans(sample.text, parts_of(sample.text)))
            self.units.append(own)
            rows += unit_rows(sample.text, own)
        self.words = hashed(rows)
        self.ends = np.cumsum([0, *map(len, self.units)])

    def rows(self, places: Places, numbers: Vector | None = None) -> Sparse:
        """Meaning, letters and numbers of these samples."""
        parts = [Sparse(self.meaning[places]), self.letters[places]]
        if numbers is not None:
            parts.append(Sparse(numbers.astype(np.float32)))
        return Sparse(sparse.hstack(parts))

    def word_places(self, places: Places) -> Places:
        """The rows of `words` that belong to these samples."""
        if not len(places):
            return np.zeros(0, np.int64)
        return np.concatenate([np.arange(self.ends[n], self.ends[n + 1]) for n in places])


def _rarity(texts: Sequence[str]) -> Vector:
    counts = np.zeros(BUCKETS)
    for text in texts:
        for column in {bucket(gram) for gram, _, _ in ngrams(uniform(text))}:
            counts[column] += 1
    rarity = (1 + np.log((1 + len(texts)) / (1 + counts))).astype(np.float32)
    rarity[counts < 2] = 0
    return rarity


def hashed(columns: Sequence[Any], weights: Sequence[Any] | None = None) -> Sparse:
    """Hashed rows; without weights each column of a row counts 1 / √n."""
    ends = np.cumsum([0, *(len(row) for row in columns)])
    if weights is None:
        weights = [np.full(len(row), 1 / max(1, len(row)) ** 0.5, np.float32) for row in columns]
    flat = np.concatenate([np.asarray(row, np.int64) for row in columns])
    shape = (len(columns), BUCKETS)
    return Sparse((np.concatenate(weights).astype(np.float32), flat, ends), shape)
