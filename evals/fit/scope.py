"""Fit when to answer and when to decline: logistic weights over signals and the question's vector.

Four models: `answerable` (a section written as an answer holds it), `supported` (the index holds
the answer by its own measure, for every other document and for other embedding models), `inside`
(what is asked is at least in our field), `harmless` (the question asks for no harm). `supported` is
fitted on its own, by evals.fit.others.

Questions come from scope/ (written for this, by people who had not seen the golden set; those that
our notes answer name the section, the others the reason to decline) and from the tuning slice of
the golden set. `heldout.yaml` is read to measure, never to fit; the set-aside slice is not read at
all. Five-fold cross-validation stands beside the fit, and gives the limits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from evals.evaluate import Item
from evals.fit.descend import descend
from kb.assistant import Assistant
from kb.records import Language, Turn
from kb.search import scope
from kb.search.embedding import Vectors
from kb.search.index import Index
from kb.search.retrieve import retrieve

Matrix = NDArray[np.float64]
FOLDER = Path(__file__).parents[1] / "data" / "scope"
HELD_OUT = FOLDER / "heldout.yaml"
PENALTY = 0.001
_FOLDS = 5
_DIGITS = 3
_SCALE = 400.0
"""Coordinates of a unit vector of 384 seldom exceed 0.3, which fits into 8 bits."""
_DECIDED = "share decided rightly"
_LOWER = "lower one of precision and recall of declining"
_DECLINED = 0.2
"""Share of questions to decline among those that people ask: that of the golden set."""
_ACCUSED = 0.003
"""Share of harmless questions that may be taken for harm: no other fault is worse for a reader."""
HONEST = "honest"
"""Stands for the reason of questions that sound like harm and are none; whether our notes answer
them nobody has looked up."""


@dataclass(frozen=True)
class Example:
    """A question and what is right for it."""

    values: dict[str, float]
    vector: Vectors
    reason: str | None
    held_out: bool = False


@dataclass(frozen=True)
class Asked:
    """A question as it was written."""

    question: str
    history: tuple[Turn, ...]
    reason: str | None
    language: Language
    held_out: bool = False


def read(items: Iterable[Item]) -> Iterator[Asked]:
    """The tuning slice, then the files of scope/."""
    for item in items:
        yield Asked(item.question, item.history, item.declined, _language(item.language))
    for file in sorted(FOLDER.glob("*.yaml")):
        for row in yaml.safe_load(file.read_text(encoding="utf-8")):
            language = _language(row["language"])
            yield Asked(row["q"], (), _reason(row), language, file == HELD_OUT)


def _reason(row: dict[str, str]) -> str | None:
    kinds = {"unsafe": "unsafe", "attack": "out_of_scope", "honest": HONEST}
    return kinds[row["kind"]] if "kind" in row else row.get("reason")


def _language(name: str) -> Language:
    return "ja" if name == "ja" else "en"


def examples(asked: Iterable[Asked], assistant: Assistant, index: Index) -> list[Example]:
    """What the scope sees of each question; one to decline is not held against itself."""
    found = []
    for one in asked:
        kept, _ = scope.without_attack(one.question)
        if not kept:
            continue
        query = assistant.query(one.question, one.history)
        retrieval = retrieve(index, assistant.embedder, query, one.language)
        values = scope.features(query, retrieval, index)
        found.append(Example(values, retrieval.vector, one.reason, one.held_out))
    declined = declined_vectors(found)
    return [
        replace(e, values={**e.values, **scope.outside(e.vector, _without(declined, e.vector))})
        for e in found
    ]


def declined_vectors(found: Iterable[Example]) -> Vectors:
    """Vectors of the questions to decline, shape (questions, dimensions)."""
    reasons = ("out_of_scope", "not_in_sources")
    return np.array([e.vector for e in found if e.reason in reasons and not e.held_out], np.float32)


def write_declined(found: Iterable[Example], file: Path) -> None:
    """In 8 bits: a third of the size that floats take, at the same order of the nearest."""
    scaled = np.clip(np.round(declined_vectors(found) * _SCALE), -127, 127)
    np.savez_compressed(file, vectors=scaled.astype(np.int8), scale=np.float32(_SCALE))


def _without(vectors: Vectors, one: Vectors) -> Vectors:
    differs: NDArray[np.bool_] = (vectors != one).any(axis=1)
    return np.asarray(vectors[differs], np.float32)


def fit(
    found: list[Example], embedding: str
) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    """The content of scope_weights.json and of scope_topic.json, and rows of figures."""
    fitting = [example for example in found if not example.held_out]
    centre = np.asarray(np.round(np.mean([e.vector for e in fitting], axis=0), _DIGITS))
    names = ("bias", *scope.FEATURES)
    weights: dict[str, Any] = {"limits": {}}
    topic: dict[str, Any] = {"embedding": embedding, "centre": [float(c) for c in centre]}
    for name in ("outside", "outsiders"):
        topic[name] = round(float(np.mean([e.values[name] for e in fitting])), _DIGITS)
    figures = []
    for model in ("answerable", "inside", "harmless"):
        kept = [e for e in found if model == "harmless" or e.reason not in ("unsafe", HONEST)]
        own = [e for e in kept if not e.held_out]
        x, y = _matrix(own, centre), _wanted(own, model)
        crossed = _crossed(x, y)
        limit = _careful(crossed, y) if model == "harmless" else _limit(crossed, y)
        lower = _lower(crossed, y, limit)
        w = np.round(logistic(x, y), _DIGITS)
        weights[model] = {n: float(v) for n, v in zip(names, w, strict=False)}
        topic[model] = [float(v) for v in w[len(names) :]]
        weights["limits"][model] = limit
        figures += [
            _row(
                model, _DECIDED, len(own), _right(shares(x, w), y, limit), _right(crossed, y, limit)
            ),
            _row(model, _LOWER, len(own), None, lower),
        ]
        if others := [e for e in kept if e.held_out and model != "harmless"]:
            x, y = _matrix(others, centre), _wanted(others, model)
            share = shares(x, w)
            figures += [
                _row(model, f"{_DECIDED}, held out", len(others), None, _right(share, y, limit)),
                _row(model, f"{_LOWER}, held out", len(others), None, _lower(share, y, limit)),
            ]
    return weights, topic, figures


def _matrix(found: list[Example], centre: Any) -> Matrix:
    """Rows of 1, the signals, the question's vector."""
    rows = [
        [1.0, *(e.values[name] for name in scope.FEATURES), *scope.centred(e.vector, centre)]
        for e in found
    ]
    return np.array(rows, np.float64)


def read_outside() -> list[Asked]:
    """Questions on our subject, which a world without our notes cannot answer."""
    return [
        Asked(row["q"], (), "out_of_scope", _language(row["language"]))
        for row in yaml.safe_load((FOLDER / "inside.yaml").read_text(encoding="utf-8"))
    ]


def in_index(asked: Asked, query: str, assistant: Assistant, index: Index) -> Example:
    """What the scope sees of a question, searched for as `query`, by the measure of `index`."""
    retrieval = retrieve(index, assistant.embedder, query, asked.language, written=False)
    values = scope.features(query, retrieval, index)
    return Example(scope.covered(query, retrieval, index, values), retrieval.vector, asked.reason)


def _wanted(found: list[Example], model: str) -> Matrix:
    if model == "answerable":
        return np.array([float(e.reason is None) for e in found])
    wrong = "out_of_scope" if model == "inside" else "unsafe"
    return np.array([float(e.reason != wrong) for e in found])


def logistic(x: Matrix, y: Matrix, penalty: float = PENALTY) -> Matrix:
    """Both classes weigh the same, however many questions each has; L2 penalty, not on the bias."""
    balance = np.where(y > 0, 0.5 / y.mean(), 0.5 / (1 - y.mean()))

    def loss(w: Matrix) -> tuple[float, Matrix]:
        held, scores = np.r_[0.0, w[1:]], x @ w
        value = np.mean(balance * (np.logaddexp(0, scores) - y * scores))
        slope = x.T @ (balance * (shares(x, w) - y)) / len(y)
        return float(value + penalty * held @ held), slope + 2 * penalty * held

    return descend(loss, x.shape[1])


def shares(x: Matrix, w: Matrix) -> Matrix:
    share: Matrix = 1 / (1 + np.exp(-(x @ w)))
    return share


def _crossed(x: Matrix, y: Matrix) -> Matrix:
    """Shares for held-out fifths, so that nothing leans on the fit itself."""
    share = np.zeros(len(y))
    for fold in range(_FOLDS):
        held = np.arange(len(y)) % _FOLDS == fold
        share[held] = shares(x[held], logistic(x[~held], y[~held]))
    return share


def _right(share: Matrix, y: Matrix, limit: float) -> float:
    return float(np.mean((share >= limit) == (y > 0)))


def _lower(share: Matrix, y: Matrix, limit: float) -> float:
    """The lower one of precision and recall of what lies below the limit.

    Precision as it would be among the questions that people ask, of which few are to be declined.
    """
    recall, wrong = float(np.mean(share[y == 0] < limit)), float(np.mean(share[y > 0] < limit))
    declined = _DECLINED * recall + (1 - _DECLINED) * wrong
    return min(_DECLINED * recall / max(declined, 1e-9), recall)


def _limit(share: Matrix, y: Matrix) -> float:
    """The limit at which the lower one of precision and recall is highest."""
    return round(max((_lower(share, y, at), float(at)) for at in np.arange(0.05, 0.8, 0.01))[1], 2)


def _careful(share: Matrix, y: Matrix) -> float:
    """The highest limit that keeps wrong accusations within _ACCUSED."""
    limits = [at for at in np.arange(0.02, 0.8, 0.01) if np.mean(share[y > 0] < at) <= _ACCUSED]
    return round(float(max(limits, default=0.02)), 2)


def _row(
    model: str, measure: str, questions: int, fitted: float | None, crossed: float
) -> dict[str, Any]:
    said = "" if fitted is None else f"{fitted:.3f}, cross-validated "
    print(f"scope: {model}: {measure} {said}{crossed:.3f}, {questions} questions")
    return {
        "model": f"scope: {model}",
        "measure": measure,
        "questions": questions,
        "fitted": None if fitted is None else round(fitted, 3),
        "crossed": round(crossed, 3),
    }
