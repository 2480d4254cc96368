"""Calibration: what similarities mean in one index version, measured when it is built.

Takes the vectors of a version by shelf and those of questions from elsewhere (outside.npz), gives
how near strangers come to it on each shelf, and a direction that tells its own questions from
theirs. So what is in scope follows what the index holds, and no idea of one subject. Knows nothing
about texts.

The direction is Fisher's linear discriminant (Hastie, Tibshirani and Friedman, 2009, section 4.3)
with a covariance shrunk towards a multiple of the identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from kb.records import LANGUAGES, Language
from kb.search.embedding import Vectors
from kb.search.languages import NEAREST, lifts
from kb.search.vectors import SHELVES

_FILE = "calibration.npz"
_OUTSIDE = Path(__file__).with_name("outside.npz")
_MODEL = "multilingual-e5-small"
"""The model of the vectors in outside.npz."""
_USUAL = (0.85, 0.02)
"""Mean and spread of a stranger's best similarity, by a model whose strangers are not known."""
_SHRINKAGE = 1.0
_LEAST = 20
"""Own questions below which a direction would be chance."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a version's similarities mean."""

    strangers: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By shelf: mean and spread of the best similarity of questions from elsewhere."""
    direction: Vectors = field(default_factory=lambda: np.zeros(0, np.float32))
    """Shape (dimensions,); empty where there is none."""
    middle: float = 0.0

    def standing(self, shelf: str, similarity: float) -> float:
        """A similarity in spreads above what strangers reach, from -3 to 6."""
        mean, spread = self.strangers.get(shelf, _USUAL)
        return float(np.clip((similarity - mean) / spread, -3.0, 6.0))

    def topic(self, vector: Vectors) -> float:
        """How much a question is like the index's own: 1 on average for those, -1 for strangers."""
        if not self.direction.size or vector.shape != self.direction.shape:
            return 0.0
        return float(np.clip(vector @ self.direction - self.middle, -3.0, 3.0))

    def save(self, folder: Path) -> None:
        np.savez(
            folder / _FILE,
            names=np.array(list(self.strangers), dtype=str),
            strangers=np.array(list(self.strangers.values()), np.float64),
            direction=self.direction,
            middle=np.float64(self.middle),
        )

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        with np.load(folder / _FILE, allow_pickle=False) as kept:
            pairs = [(float(mean), float(spread)) for mean, spread in kept["strangers"]]
            names = map(str, kept["names"])
            return cls(
                dict(zip(names, pairs, strict=True)), kept["direction"], float(kept["middle"])
            )


def calibrate(
    shelves: Mapping[tuple[str, Language], Vectors],
    embedding: str,
    whole: Mapping[tuple[str, Language], Vectors] | None = None,
) -> Calibration:
    """`shelves`: vectors by shelf and language, shape (texts, dimensions); `embedding`: name of
    their model; `whole`: those of the whole version, whose questions tell its topic where
    `shelves` hold few.
    """
    if embedding != _MODEL:
        return Calibration()
    away = strangers()
    reached = {
        shelf: _reached(
            away, shelf, {name: part for (kind, name), part in shelves.items() if kind == shelf}
        )
        for shelf in SHELVES
        if any(kind == shelf and len(part) for (kind, _), part in shelves.items())
    }
    spreads = {
        shelf: (float(best.mean()), max(float(best.std()), 0.005))
        for shelf, best in reached.items()
    }
    own = _questions(shelves, away)
    if len(own) < _LEAST:
        own = _questions(whole or {}, away)
    if len(own) < _LEAST:
        return Calibration(spreads)
    direction, middle = _discriminant(own, away)
    return Calibration(spreads, direction, middle)


def _questions(shelves: Mapping[tuple[str, Language], Vectors], away: Vectors) -> Vectors:
    asked = [part for (kind, _), part in shelves.items() if kind == "questions"]
    return np.concatenate([np.zeros((0, away.shape[1]), np.float32), *asked])


def _reached(away: Vectors, shelf: str, parts: Mapping[Language, Vectors]) -> Vectors:
    """How near the nearest text comes to each stranger, both languages on one scale."""
    sizes = {name: len(parts.get(name, ())) for name in LANGUAGES}
    scores = {name: away @ part.T for name, part in parts.items() if len(part)}
    nearest = {name: -np.sort(-found, axis=1)[:, :NEAREST] for name, found in scores.items()}
    reached = []
    for row, stranger in enumerate(away):
        near = {name: list(found[row]) for name, found in nearest.items()}
        lift = lifts(stranger, shelf, near, sizes, _MODEL)
        reached.append(max(found[0] + lift[name] for name, found in near.items()))
    return np.array(reached, np.float32)


def _discriminant(own: Vectors, away: Vectors) -> tuple[Vectors, float]:
    first, second = own.mean(axis=0), away.mean(axis=0)
    inner = np.concatenate([own - first, away - second]).astype(np.float64)
    covariance = inner.T @ inner / len(inner)
    size = covariance.shape[0]
    covariance += _SHRINKAGE * float(np.trace(covariance)) / size * np.eye(size)
    direction = np.linalg.solve(covariance, first - second)
    scale = float((first - second) @ direction) / 2 or 1.0
    middle = float((first + second) @ direction) / 2 / scale
    return (direction / scale).astype(np.float32), middle


@cache
def strangers() -> Vectors:
    """Vectors of questions from elsewhere, shape (questions, dimensions)."""
    with np.load(_OUTSIDE, allow_pickle=False) as kept:
        return np.asarray(kept["vectors"] / kept["scale"], np.float32)
