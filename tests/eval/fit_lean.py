"""Fit what kb.lean leans on: `python -m tests.eval.fit_lean`.

Two linear models over the embedding of a question: whether it asks which way to take (logistic
regression), and which condition it speaks of (softmax), both with an L2 penalty. Taught by our own
cases and those of others, by the tuning slices of both golden sets, by the questions of the scope
model, and by the ways to ask beside those notes that are not on choosing. The set-aside slices are
never read. The figures printed are cross-validated.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from ingest.notes import read_note
from kb import lean
from kb.cases import read_case
from kb.decide import decide_signals
from kb.embedding import BundledEmbedder
from kb.evaluate import read_golden
from kb.evaluate_decisions import Case, read_cases

_HERE = Path(__file__).parent
_PROJECT = _HERE.parents[1]
_CASES = (
    _PROJECT / "tests/unit/decide_cases.yaml",
    _PROJECT / "tests/unit/decide_more.yaml",
    _HERE / "decisions.yaml",
)
_ON_CHOOSING = re.compile(
    r"(?:choose|decide)-|start-(?:need|pip-not-enough|alternatives)$|.*-when$"
)
_CHOICE_KINDS = ("choose_pattern", "need_custom")
_QUESTIONS = 2
"""Ways to ask that a section of the notes gives."""
_CHOICES = 10
"""So many questions of each person in inside3.yaml, the first ones, tell a case to decide."""
_LEAST = 5
"""Cases from which a condition is learned."""
_ASKS_PENALTY, _SIGNALS_PENALTY = 30.0, 100.0
"""Inverse strength of the L2 penalties."""
_FOLDS = 5


def main() -> int:
    embedder = BundledEmbedder()
    cases = [
        case
        for file in _CASES
        if file.exists()
        for case in read_cases(file)
        if case.split == "tune" and not case.history
    ]
    asked = list(_questions(cases))
    vectors = embedder.queries([question for question, _ in asked])
    mean = vectors.mean(axis=0)
    wanted = np.array([wants for _, wants in asked])
    asks = LogisticRegression(C=_ASKS_PENALTY, max_iter=5000, class_weight="balanced")
    print(f"asks: {_crossed(asks, vectors - mean, wanted):.3f} of {len(wanted)}")
    asks.fit(vectors - mean, wanted)

    labels = dict(_conditions(cases))
    counts = Counter(labels.values())
    labels = {question: label for question, label in labels.items() if counts[label] >= _LEAST}
    vectors = embedder.queries(list(labels))
    named = np.array(list(labels.values()))
    signals = LogisticRegression(C=_SIGNALS_PENALTY, max_iter=5000)
    print(f"conditions: {_crossed(signals, vectors - mean, named):.3f} of {len(named)}")
    signals.fit(vectors - mean, named)
    _write(embedder.name, mean, asks, signals)
    _check(embedder)
    return 0


def _check(embedder: BundledEmbedder) -> None:
    """Print how many cases are right that nothing was fitted to or worded for."""
    right, of = Counter[str](), Counter[str]()
    cases = read_cases(_HERE / "decide_check.yaml")
    for case, vector in zip(cases, embedder.queries([c.question for c in cases]), strict=True):
        read = read_case(case.question, leaning=lean.lean(vector, embedder.name))
        verdict = decide_signals(read.signals) if read else None
        outcome = verdict.outcome.id if verdict and verdict.outcome else None
        asks = bool(verdict and verdict.question)
        of[case.language] += 1
        right[case.language] += (outcome, asks) == (case.pattern, case.clarify)
    for language, number in of.items():
        print(f"check {language}: {right[language]} of {number}")


def _questions(cases: list[Case]) -> Iterator[tuple[str, bool]]:
    """Questions, and whether they ask which way to take."""
    for case in cases:
        yield case.question, case.pattern is not None or case.clarify
    for item in read_golden(_HERE / "golden.yaml"):
        if item.split == "tune" and not item.history:
            yield item.question, item.kind in _CHOICE_KINDS
    for file in sorted((_PROJECT / "notes").glob("*/*.md")):
        for section in read_note(file.read_text(encoding="utf-8")).sections:
            if not _ON_CHOOSING.match(section.id):
                yield from ((question, False) for question, _ in section.questions[:_QUESTIONS])
    yield from _scope_questions()


def _scope_questions() -> Iterator[tuple[str, bool]]:
    """What scope is taught by; where a note on choosing answers, only the cases among it count."""
    for file in sorted((_HERE / "scope").glob("outside*.yaml")):
        yield from ((row["q"], False) for row in yaml.safe_load(file.read_text(encoding="utf-8")))
    for file in sorted((_HERE / "scope").glob("inside*.yaml")):
        place = _CHOICES
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("# "):  # the next person of inside3.yaml
                place = 0 if file.stem == "inside3" else _CHOICES
            elif line.startswith("- "):
                (row,) = yaml.safe_load(line)
                on_choosing = bool(_ON_CHOOSING.match(row["section"]))
                if on_choosing == (place < _CHOICES):
                    yield row["q"], on_choosing
                place += 1


def _conditions(cases: list[Case]) -> Iterator[tuple[str, str]]:
    """Questions with the signal that decides them, where the words tell it rightly."""
    for case in cases:
        read = read_case(case.question, leaning=lean.Lean(asks=1.0))
        if read is None or (case.pattern is None and not case.clarify):
            continue
        verdict = decide_signals(read.signals)
        pattern = verdict.outcome.id if verdict.outcome else None
        if pattern == case.pattern and verdict.rule.named:
            named = [signal for signal in verdict.rule.named if signal in verdict.signals]
            yield case.question, named[0]


def _crossed(model: LogisticRegression, vectors: lean.Vector, labels: np.ndarray) -> float:
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    return float((cross_val_predict(model, vectors, labels, cv=folds) == labels).mean())


def _write(
    embedding: str, mean: lean.Vector, asks: LogisticRegression, signals: LogisticRegression
) -> None:
    rows = zip(signals.classes_, signals.coef_, signals.intercept_, strict=True)
    parts = {
        "embedding": embedding,
        "mean": _rounded(mean),
        "asks": {"bias": round(float(asks.intercept_[0]), 4), "weights": _rounded(asks.coef_[0])},
        "signals": {
            str(name): {"bias": round(float(bias), 4), "weights": _rounded(weights)}
            for name, weights, bias in rows
        },
    }
    file = Path(lean.__file__).with_name("lean_weights.json")
    file.write_text(json.dumps(parts) + "\n", encoding="utf-8")


def _rounded(row: np.ndarray) -> list[float]:
    return [round(float(value), 4) for value in row]


if __name__ == "__main__":
    sys.exit(main())
