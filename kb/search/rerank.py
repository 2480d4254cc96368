"""Rerank: the fused hits once more, by a cross-encoder that reads question and answer together.

Off unless KB_RERANKER names a model. Takes hits, gives the same hits in another order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kb.errors import EmbeddingError
from kb.records import Hit
from kb.text.markup import plain


class Reranker:
    """A cross-encoder of sentence-transformers. English-only ones make Japanese worse."""

    def __init__(self, model: str) -> None:
        try:
            from sentence_transformers import CrossEncoder  # takes seconds and torch

            self._model: Any = CrossEncoder(model, device="cpu")
        except (ImportError, OSError, ValueError) as error:
            raise EmbeddingError(
                f"The reranker “{model}” could not be loaded; check KB_RERANKER or leave it empty."
            ) from error

    def rerank(self, query: str, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """`hits` by the model's score, best first; the fused scores are handed on in order."""
        if not hits:
            return ()
        scores = self._model.predict([(query, _passage(hit)) for hit in hits])
        order = sorted(range(len(hits)), key=lambda i: -float(scores[i]))
        return tuple(replace(hits[i], score=hit.score) for i, hit in zip(order, hits, strict=True))


def _passage(hit: Hit) -> str:
    shown = [chunk for chunk in hit.chunks if chunk.kind != "question"]
    return plain("\n".join(chunk.text for chunk in shown))[:2_000]
