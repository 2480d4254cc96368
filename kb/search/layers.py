"""Layers: those of the bundled model in plain numpy, as its package has them or as we taught them.

Takes states of shape (tokens, hidden), gives the states behind a layer. Taught layers are kept in
bytes with a scale a row. Knows nothing about heads or what a text is read for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.search.e5 import E5File

Array = NDArray[np.float32]
_EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class Layer:
    """Weights of one layer, shape (in, out)."""

    qkv: Array
    qkv_bias: Array
    ao: Array
    ao_bias: Array
    aln: tuple[Array, Array]
    fi: Array
    fi_bias: Array
    fo: Array
    fo_bias: Array
    oln: tuple[Array, Array]


class Below:
    """The embeddings and the first layers of the bundled model, which stay as they are."""

    def __init__(self, file: E5File, layers: int) -> None:
        sizes = file.sizes
        self._file = file
        self._layers = [bundled_layer(file, number) for number in range(layers)]
        self._places = file.tensor("emb.pos", sizes.positions, sizes.hidden)
        self._places = self._places + file.rows("emb.type", [0], sizes.hidden)
        self._norm = (file.tensor("emb.ln.w", sizes.hidden), file.tensor("emb.ln.b", sizes.hidden))

    def states(self, ids: tuple[int, ...]) -> Array:
        """Of a text's tokens between the two that begin and end it; shape (tokens + 2, hidden)."""
        ids = (self._file.bos, *ids, self._file.eos)
        x = self._file.rows("emb.word", ids, self._file.sizes.hidden) + self._places[: len(ids)]
        x = layer_norm(x, self._norm)
        for layer in self._layers:
            x = through(layer, x, self._file.sizes.heads)
        return x


def packed(name: str, weights: Array) -> dict[str, NDArray[Any]]:
    """A matrix in bytes, shape (out, in), with a scale a row."""
    scale = np.maximum(np.abs(weights).max(axis=1, keepdims=True), 1e-9) / 127
    return {
        f"{name}/bytes": np.round(weights / scale).astype(np.int8),
        f"{name}/scale": scale.astype(np.float32),
    }


def _unpacked(stored: Mapping[str, NDArray[Any]], name: str) -> Array:
    weights = stored[f"{name}/bytes"].astype(np.float32) * stored[f"{name}/scale"]
    return np.ascontiguousarray(weights.T, np.float32)


def stored_layer(stored: Mapping[str, NDArray[Any]], number: int) -> Layer:
    def matrix(part: str) -> Array:
        return _unpacked(stored, f"{number}.{part}")

    def vector(part: str) -> Array:
        return np.asarray(stored[f"{number}/{part}"], np.float32)

    return Layer(
        matrix("qkv"),
        vector("qkv.bias"),
        matrix("ao"),
        vector("ao.bias"),
        (vector("aln.weight"), vector("aln.bias")),
        matrix("fi"),
        vector("fi.bias"),
        matrix("fo"),
        vector("fo.bias"),
        (vector("oln.weight"), vector("oln.bias")),
    )


def bundled_layer(file: E5File, number: int) -> Layer:
    size, feed = file.sizes.hidden, file.sizes.feed

    def matrix(part: str, rows: int, columns: int) -> Array:
        return np.ascontiguousarray(file.tensor(f"l{number}.{part}.w", rows, columns).T)

    def vector(part: str, rows: int) -> Array:
        return file.tensor(f"l{number}.{part}", rows)

    return Layer(
        np.concatenate([matrix(part, size, size) for part in "qkv"], axis=1),
        np.concatenate([vector(f"{part}.b", size) for part in "qkv"]),
        matrix("ao", size, size),
        vector("ao.b", size),
        (vector("aln.w", size), vector("aln.b", size)),
        matrix("fi", feed, size),
        vector("fi.b", feed),
        matrix("fo", size, feed),
        vector("fo.b", size),
        (vector("oln.w", size), vector("oln.b", size)),
    )


def through(layer: Layer, x: Array, heads: int) -> Array:
    """One layer of BERT (Devlin et al., 2019, arxiv.org/abs/1810.04805); shape (tokens, hidden)."""
    tokens, size = x.shape
    width = size // heads
    qkv = (x @ layer.qkv + layer.qkv_bias).reshape(tokens, 3, heads, width).transpose(1, 2, 0, 3)
    q, k, v = np.ascontiguousarray(qkv)
    seen = softmax(q @ k.transpose(0, 2, 1) * np.float32(width**-0.5)) @ v
    seen = seen.transpose(1, 0, 2).reshape(tokens, size)
    x = layer_norm(x + (seen @ layer.ao + layer.ao_bias), layer.aln)
    return layer_norm(
        x + (_gelu(x @ layer.fi + layer.fi_bias) @ layer.fo + layer.fo_bias), layer.oln
    )


def _gelu(x: Array) -> Array:
    """Hendrycks and Gimpel, 2016, arxiv.org/abs/1606.08415, by the hyperbolic tangent."""
    inner = x * x
    inner *= np.float32(0.044715)
    inner += 1
    inner *= x
    inner *= np.float32(0.7978845608)
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    return inner


def layer_norm(x: Array, weights: tuple[Array, Array]) -> Array:
    x = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((x * x).mean(-1, keepdims=True) + _EPSILON)
    return np.asarray(x / spread * weights[0] + weights[1], np.float32)


def softmax(scores: Array, axis: int = -1) -> Array:
    raised = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return np.asarray(raised / raised.sum(axis=axis, keepdims=True), np.float32)
