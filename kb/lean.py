"""Lean: what the meaning of a question leans to, where its words do not tell.

Takes the question's vector, gives how likely it asks which way to take, and the conditions that it
speaks of by their likelihood. Both are small linear models over the embedding, fitted on our own
cases (`python -m tests.eval.fit_lean`), and know only the embedding model that they were fitted
with. Knows nothing about words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """The fitted models: a row of `signal_weights` for each of `signals`."""

    embedding: str
    mean: Vector
    asks: Vector
    asks_bias: float
    signals: tuple[str, ...]
    signal_weights: Vector
    signal_biases: Vector


@dataclass(frozen=True, slots=True)
class Lean:
    """What a question leans to."""

    asks: float | None = None
    """How likely it asks which way to take; None for an embedding model that is not known."""
    conditions: Mapping[str, float] = field(default_factory=dict)
    """Signals that decide, each with how likely it is the one that decides."""


def lean(vector: Vector, embedding: str) -> Lean:
    """What the text behind `vector` leans to; nothing for another embedding model."""
    weights = _weights()
    if embedding != weights.embedding:
        return Lean()
    centred = vector - weights.mean
    score = float(centred @ weights.asks) + weights.asks_bias
    scores = weights.signal_weights @ centred + weights.signal_biases
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    asks = float(1 / (1 + np.exp(-score)))
    return Lean(asks, dict(zip(weights.signals, map(float, shares), strict=True)))


@cache
def _weights() -> Weights:
    file = Path(__file__).with_name("lean_weights.json")
    stored = json.loads(file.read_text(encoding="utf-8"))
    return Weights(
        stored["embedding"],
        np.array(stored["mean"], np.float32),
        np.array(stored["asks"]["weights"], np.float32),
        float(stored["asks"]["bias"]),
        tuple(stored["signals"]),
        np.array([row["weights"] for row in stored["signals"].values()], np.float32),
        np.array([row["bias"] for row in stored["signals"].values()], np.float32),
    )
