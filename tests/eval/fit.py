"""Fit the two small models of the assistant on the tuning slice: `python -m tests.eval.fit`.

Rank: linear weights over the signals of a group, softmax over the candidates of a question, so that
groups that hold the evidence come first. Scope: logistic weights over the signals of a question,
answer against decline. Both with an L2 penalty; five-fold cross-validation stands beside the fit,
because the tuning slice is small; the figures go into fit.json, for the evaluation's report. The
set-aside slice is never read.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb import rank, scope
from kb.assistant import Assistant
from kb.evaluate import Item, evidence_by_group, read_golden
from kb.index import Index
from kb.retrieve import CANDIDATES, WEIGHTS, _search, fuse, retrieve, signals
from kb.settings import read_settings
from kb.wiring import open_assistant, open_store

Matrix = NDArray[np.float64]
Figures = dict[str, Any]
_KB = Path(rank.__file__).parent
_GOLDEN = Path(__file__).with_name("golden.yaml")
_RANK_PENALTY = 0.005
_SCOPE_PENALTY = 0.002
_FOLDS = 5
_NOISE = 0.02
"""About one question of those to decline."""


def main() -> int:
    settings = read_settings()
    store = open_store(settings)
    assistant, index = open_assistant(settings, store), store.current()
    items = [item for item in read_golden(_GOLDEN) if item.split == "tune"]
    figures = [fit_rank(items, assistant, index)]
    rank._weights.cache_clear()
    figures += fit_scope(items, assistant, index)
    _write(Path(__file__).with_name("fit.json"), figures)
    return 0


def fit_rank(items: list[Item], assistant: Assistant, index: Index) -> Figures:
    """Weights that put groups with the evidence of a question first; gives its figures."""
    held = evidence_by_group(index)
    features, gains = [], []
    for item in items:
        if not item.evidence:
            continue
        query = assistant.query(item.question, item.history)
        found = _search(index, assistant.embedder, query)
        fused = fuse({name: list(scores) for name, scores in found.lists.items()}, WEIGHTS)
        rows = [signals(index, query, found, group, share) for group, share in fused[:CANDIDATES]]
        gain = np.array(
            [len(held[group] & set(item.evidence)) for group, _ in fused[:CANDIDATES]], float
        )
        if gain.any():
            features.append(np.array([[row[name] for name in rank.FEATURES] for row in rows]))
            gains.append(gain / gain.sum())
    start = np.zeros(len(rank.FEATURES))

    def loss(weights: Matrix, part: list[int]) -> tuple[float, Matrix]:
        total, gradient = 0.0, np.zeros_like(weights)
        for i in part:
            logits = features[i] @ weights
            share = np.exp(logits - logits.max())
            share /= share.sum()
            # The probability mass on groups with evidence, however it is spread among them.
            right = gains[i] > 0
            mass = float(share[right].sum())
            total -= np.log(mass + 1e-12)
            posterior = np.where(right, share / (mass + 1e-12), 0.0)
            gradient -= features[i].T @ (posterior - share)
        n = max(1, len(part))
        penalty = _RANK_PENALTY * float(weights @ weights)
        return total / n + penalty, gradient / n + 2 * _RANK_PENALTY * weights

    def right_first(weights: Matrix, part: list[int]) -> float:
        return float(np.mean([gains[i][int(np.argmax(features[i] @ weights))] > 0 for i in part]))

    weights, crossed = _fit(loss, right_first, start, len(features))
    fitted = right_first(weights, list(range(len(features))))
    figures = _figures("rank", "evidence comes first", len(features), fitted, crossed)
    _write(
        _KB / "rank_weights.json",
        {n: round(float(w), 3) for n, w in zip(rank.FEATURES, weights, strict=True)},
    )
    return figures


def fit_scope(items: list[Item], assistant: Assistant, index: Index) -> list[Figures]:
    """Weights that tell questions to answer from those to decline, and why to decline."""
    rows, answer, inside, figures = [], [], [], []
    for item in items:
        asked, _ = scope.without_attack(item.question)
        if item.declined == "unsafe" or not asked or (item.kind == "injection" and item.declined):
            continue
        query = assistant.query(item.question, item.history)
        retrieval = retrieve(index, assistant.embedder, query, "ja")
        values = scope.features(query, retrieval, index)
        rows.append([1.0, *(values[name] for name in scope.FEATURES)])
        answer.append(float(item.declined is None))
        inside.append(float(item.declined != "out_of_scope"))
    x = np.array(rows)
    wanted = {"answerable": np.array(answer), "inside": np.array(inside)}
    fitted: dict[str, dict[str, float]] = {}
    limits: dict[str, float] = {}
    for name, y in wanted.items():
        # Both classes weigh the same, though more questions are answered than declined.
        balance = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))

        def loss(
            w: Matrix, part: list[int], y: Matrix = y, balance: Matrix = balance
        ) -> tuple[float, Matrix]:
            p = 1 / (1 + np.exp(-(x[part] @ w)))
            b = balance[part]
            value = -np.mean(
                b * (y[part] * np.log(p + 1e-9) + (1 - y[part]) * np.log(1 - p + 1e-9))
            )
            penalty = np.r_[0.0, w[1:]]
            gradient = x[part].T @ (b * (p - y[part])) / len(part) + 2 * _SCOPE_PENALTY * penalty
            return float(value + _SCOPE_PENALTY * penalty @ penalty), gradient

        def accuracy(w: Matrix, part: list[int], y: Matrix = y) -> float:
            return float(np.mean(((x[part] @ w) > 0) == (y[part] > 0)))

        weights, crossed = _fit(loss, accuracy, np.zeros(x.shape[1]), len(y))
        right = accuracy(weights, list(range(len(y))))
        figures.append(_figures(f"scope: {name}", "share decided rightly", len(y), right, crossed))
        limits[name], worst = _limit(loss, x, y)
        measure = "lower one of precision and recall of declining, at the limit"
        figures.append(_figures(f"scope: {name}", measure, len(y), math.nan, worst))
        names = ("bias", *scope.FEATURES)
        fitted[name] = {n: round(float(w), 3) for n, w in zip(names, weights, strict=True)}
    fitted["limits"] = limits
    _write(_KB / "scope_weights.json", fitted)
    return figures


def _figures(model: str, measure: str, questions: int, fitted: float, crossed: float) -> Figures:
    """A row for the evaluation's report; `crossed` is measured on held-out fifths."""
    print(f"{model}: {measure} {fitted:.3f}, cross-validated {crossed:.3f}, {questions} questions")
    return {
        "model": model,
        "measure": measure,
        "questions": questions,
        "fitted": None if math.isnan(fitted) else round(fitted, 3),
        "crossed": round(crossed, 3),
    }


def _limit(
    loss: Callable[[Matrix, list[int]], tuple[float, Matrix]], x: Matrix, y: Matrix
) -> tuple[float, float]:
    """The limit at which the lower one of precision and recall of declining is highest, and that.

    Among limits that are as good within the noise, the lowest: a question declined for nothing
    costs more than a near miss that is answered with its sources beside it. Judged on predictions
    for held-out fifths, so that the limit does not lean on the fit itself.
    """
    share = np.zeros(len(y))
    for fold in range(_FOLDS):
        kept = [i for i in range(len(y)) if i % _FOLDS != fold]
        held = [i for i in range(len(y)) if i % _FOLDS == fold]
        share[held] = 1 / (1 + np.exp(-(x[held] @ _descend(loss, np.zeros(x.shape[1]), kept))))
    found: list[tuple[float, float]] = []
    for limit in np.arange(0.25, 0.75, 0.01):
        declined = share < limit
        right = float(np.sum(declined & (y == 0)))
        worst = min(
            right / max(1.0, float(declined.sum())), right / max(1.0, float((y == 0).sum()))
        )
        found.append((float(limit), worst))
    best = max(worst for _, worst in found)
    return next((round(limit, 2), worst) for limit, worst in found if worst >= best - _NOISE)


def _fit(
    loss: Callable[[Matrix, list[int]], tuple[float, Matrix]],
    metric: Callable[[Matrix, list[int]], float],
    start: Matrix,
    size: int,
) -> tuple[Matrix, float]:
    """Weights on all questions, and the metric on held-out fifths."""
    crossed = []
    for fold in range(_FOLDS):
        kept = [i for i in range(size) if i % _FOLDS != fold]
        crossed.append(
            metric(_descend(loss, start, kept), [i for i in range(size) if i % _FOLDS == fold])
        )
    return _descend(loss, start, list(range(size))), float(np.mean(crossed))


def _descend(
    loss: Callable[[Matrix, list[int]], tuple[float, Matrix]], start: Matrix, part: list[int]
) -> Matrix:
    """Gradient descent with Adam's steps (Kingma & Ba, 2015, https://arxiv.org/abs/1412.6980)."""
    weights, first, second = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for step in range(1, 1501):
        _, gradient = loss(weights, part)
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weights -= 0.03 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return weights


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
