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

from kb.text.tokens import search_tokens

_MIN_TYPO = 5
_NOTHING = "\u0000"
"""Stands for a text without tokens; nobody asks for it."""


class LexicalIndex:
    """BM25 over one token list a group."""

    def __init__(
        self, groups: Mapping[str, str], frequency: Mapping[str, int], model: bm25s.BM25
    ) -> None:
        self._tokens = groups
        self._groups = list(groups)
        self._frequency = frequency
        self._model = model

    @classmethod
    def build(cls, tokens: Mapping[str, list[str]]) -> LexicalIndex:
        """Index `tokens`: group id to its tokens (with repetitions)."""
        groups = {group: "\n".join(sorted(set(tokens[group]))) for group in sorted(tokens)}
        frequency = Counter(token for group in groups for token in set(tokens[group]))
        model = bm25s.BM25(method="lucene")
        texts = [tokens[group] or [_NOTHING] for group in groups] or [[_NOTHING]]
        model.index(texts, show_progress=False)
        return cls(groups, frequency, model)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._model.save(str(folder / "bm25"), show_progress=False)
        content = {"groups": self._tokens, "frequency": dict(sorted(self._frequency.items()))}
        (folder / "tokens.json").write_text(
            json.dumps(content, ensure_ascii=False), encoding="utf-8"
        )

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

    def tokens(self, group: str) -> frozenset[str]:
        """The different tokens of a group."""
        return frozenset(self._tokens.get(group, "").split())

    @property
    def vocabulary(self) -> Iterable[str]:
        """All tokens."""
        return self._frequency

    def knows(self, token: str) -> bool:
        return token in self._frequency

    def correct(self, word: str) -> str:
        """The word of the index that `word` is a typo of, or `word` itself.

        Only for Latin words of five letters and more that the index does not know: one edit, or
        two from eight letters on (optimal string alignment distance, so a swap is one edit). Words
        are known by their stems; one that the search leaves out anyway (“about”) is none to mend.
        """
        if len(word) < _MIN_TYPO or not (word.isascii() and word.isalpha()):
            return word
        if all(self.knows(token) for token in search_tokens(word)):
            return word
        edits = 1 if len(word) < 8 else 2
        near = self._words.get(word[0], [])  # people get the first letter right
        best = process.extractOne(word, near, scorer=OSA.distance, score_cutoff=edits)
        return str(best[0]) if best else word

    @cached_property
    def _words(self) -> dict[str, list[str]]:
        """Words that may be meant, by first letter."""
        words: dict[str, list[str]] = {}
        for token, number in sorted(self._frequency.items()):
            if token.isascii() and token.isalpha() and len(token) >= 4 and number > 1:
                words.setdefault(token[0], []).append(token)
        return words
