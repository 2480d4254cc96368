"""Linear models: fitted, and stored in bytes as kb.reading.models takes them.

Takes sparse rows and labels, gives weights of shape (features + 1, classes), the last row the bias;
softmax where classes exclude each other, else a logistic regression each, with an L2 penalty.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

Matrix = NDArray[np.float32]
Loss = Callable[[Matrix], tuple[float, Matrix]]
_LEAST, _TIMES = 3_000, 6
"""Rows without a class that are taken: so many at least, and so many for each with it."""
_FEW = 2
"""Rows that have a feature at least; a rarer one teaches nothing."""


def fit_classes(
    rows: sparse.csr_matrix,
    labels: NDArray[np.int64],
    classes: int,
    counts: Matrix,
    *,
    penalty: float,
    rounds: int,
) -> Matrix:
    """Softmax regression; `counts`: what each row counts."""
    truth = np.eye(classes, dtype=np.float32)[labels]

    def loss(scores: Matrix) -> tuple[float, Matrix]:
        scores = scores - scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        lost = -(counts * np.log((shares * truth).sum(axis=1) + 1e-9)).sum()
        return float(lost), np.asarray(counts[:, None] * (shares - truth), np.float32)

    return _fit(rows, classes, loss, penalty, rounds)


def fit_each(
    rows: sparse.csr_matrix, truth: Matrix, counts: Matrix, *, penalty: float, rounds: int
) -> Matrix:
    """A logistic regression a column of `truth`; `counts`: what each cell counts."""

    def loss(scores: Matrix) -> tuple[float, Matrix]:
        lost = counts * (np.logaddexp(0, scores) - truth * scores)
        slope = counts * (1 / (1 + np.exp(-scores)) - truth)
        return float(lost.sum()), np.asarray(slope, np.float32)

    return _fit(rows, truth.shape[1], loss, penalty, rounds)


def fit_sampled(
    rows: sparse.csr_matrix, truth: Matrix, counts: Matrix, *, penalty: float, rounds: int
) -> Matrix:
    """As `fit_each`, but of the rows that a class does not hold a sample; the bias makes up for it.

    A hundredth of the work: most words of most messages name nothing.
    """
    chance = np.random.default_rng(12)
    columns = []
    for column in range(truth.shape[1]):
        known = counts[:, column] > 0
        yes = np.flatnonzero(known & (truth[:, column] > 0))
        no = np.flatnonzero(known & (truth[:, column] == 0))
        some = chance.choice(no, min(len(no), max(_LEAST, _TIMES * len(yes))), replace=False)
        own = np.concatenate([yes, some])
        weights = _fit_one(rows[own], truth[own, column], penalty, rounds)
        weights[-1] -= math.log(max(1, len(no)) / max(1, len(some)))
        columns.append(weights)
    return np.array(columns, np.float32).T


def _fit_one(rows: sparse.csr_matrix, labels: Matrix, penalty: float, rounds: int) -> Matrix:
    """One logistic regression by Newton steps (liblinear): a tenth of the time of L-BFGS."""
    size = rows.shape[1]
    weights = np.zeros(size + 1, np.float32)
    if len(set(labels)) < 2:
        weights[-1] = -8.0
        return weights
    used = np.flatnonzero(np.bincount(rows.indices, minlength=size) >= _FEW)
    model = LogisticRegression(
        C=1 / penalty, solver="liblinear", intercept_scaling=10.0, max_iter=rounds, tol=1e-2,
    )  # fmt: skip
    model.fit(rows[:, used], labels)
    weights[used], weights[-1] = model.coef_[0], model.intercept_[0]
    return weights


def _fit(rows: sparse.csr_matrix, classes: int, loss: Loss, penalty: float, rounds: int) -> Matrix:
    size = rows.shape[1]
    used = np.flatnonzero(np.bincount(rows.indices, minlength=size) >= _FEW)
    narrow = sparse.csr_matrix(rows[:, used], dtype=np.float32)
    turned = sparse.csr_matrix(narrow.T)

    def penalised(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(len(used) + 1, classes).astype(np.float32)
        lost, slope = loss(np.asarray(narrow @ weights[:-1] + weights[-1]))
        slope = slope.astype(np.float32)
        lost += 0.5 * penalty * float((weights[:-1] ** 2).sum())
        steep = np.vstack([turned @ slope + penalty * weights[:-1], slope.sum(axis=0)])
        return lost, steep.ravel().astype(np.float64)

    start = np.zeros((len(used) + 1) * classes)
    found = minimize(penalised, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds})
    weights = np.zeros((size + 1, classes), np.float32)
    narrowed = found.x.reshape(len(used) + 1, classes)
    weights[used], weights[-1] = narrowed[:-1], narrowed[-1]
    return weights


def packed(
    name: str, names: list[str], weights: Matrix, dimensions: int, buckets: int
) -> dict[str, NDArray[Any]]:
    """One model as kb.reading.models.Head; rows are meaning, letters, place, bias."""
    letters = weights[dimensions : dimensions + buckets]
    scale = np.maximum(np.abs(letters).max(axis=0), 1e-9) / 127
    return {
        f"{name}_names": np.array("\n".join(names)),
        f"{name}_bias": weights[-1],
        f"{name}_meaning": weights[:dimensions].astype(np.float16),
        f"{name}_letters": np.round(letters / scale).astype(np.int8),
        f"{name}_scale": scale.astype(np.float32),
        f"{name}_place": weights[dimensions + buckets : -1],
    }
