"""Lexical search: BM25 over the tokens of each group, by bm25s.

Takes token lists, gives group ids with scores. Knows nothing about embeddings or documents.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import bm25s
import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

_MIN_TYPO = 5


class LexicalIndex:
    """BM25 over one token list a group."""

    def __init__(self, groups: list[str], frequency: Mapping[str, int], model: bm25s.BM25) -> None:
        self._groups = groups
        self._frequency = frequency
        self._model = model

    @classmethod
    def build(cls, tokens: Mapping[str, list[str]]) -> LexicalIndex:
        """Index `tokens`: group id to its tokens (with repetitions)."""
        groups = sorted(tokens)
        frequency = Counter(token for group in groups for token in set(tokens[group]))
        model = bm25s.BM25(method="lucene")
        model.index([tokens[group] or ["\u0000"] for group in groups], show_progress=False)
        return cls(groups, dict(frequency), model)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._model.save(str(folder / "bm25"), show_progress=False)
        content = {"groups": self._groups, "frequency": dict(sorted(self._frequency.items()))}
        (folder / "tokens.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        content = json.loads((folder / "tokens.json").read_text(encoding="utf-8"))
        return cls(content["groups"], content["frequency"], bm25s.BM25.load(str(folder / "bm25")))

    def search(self, tokens: Iterable[str], k: int) -> list[tuple[str, float]]:
        """The best `k` groups with a score above zero, best first; ties in order of the ids."""
        known = [token for token in tokens if token in self._frequency]
        if not known or not self._groups:
            return []
        scores = np.asarray(self._model.get_scores(known))
        order = np.argsort(-scores, kind="stable")[:k]
        return [(self._groups[i], float(scores[i])) for i in order if scores[i] > 0]

    def weight(self, token: str) -> float:
        """Inverse document frequency, in nats; the weight of an unknown token is the largest."""
        return math.log(1 + len(self._groups) / (1 + self._frequency.get(token, 0)))

    def knows(self, token: str) -> bool:
        return token in self._frequency

    def correct(self, word: str) -> str:
        """The word of the index that `word` is a typo of, or `word` itself.

        Only for Latin words of five letters and more that the index does not know: one edit, or
        two from eight letters on (optimal string alignment distance, so a swap is one edit).
        """
        if len(word) < _MIN_TYPO or not word.isascii() or not word.isalpha() or word in self._frequency:
            return word
        edits = 1 if len(word) < 8 else 2
        best = process.extractOne(word, self._words, scorer=OSA.distance, score_cutoff=edits)
        return str(best[0]) if best and best[0][0] == word[0] else word

    @cached_property
    def _words(self) -> list[str]:
        return [t for t, n in self._frequency.items() if t.isascii() and t.isalpha() and len(t) >= 4 and n > 1]
