"""Fit proof: the weights by which kb/proof judges whether quotes support a sentence.

    python -m evals.fit.proof           # fit and write kb/proof/weights.json
    python -m evals.fit.proof --score   # what the weights do on each file of cases

Takes evals/data/written/*-tuning.jsonl (sentences and quotes that people wrote, with what was done
to them), sentences changed by rule (evals.fit.planted) and translations out of the notes. Logistic
regression in which evidence can only speak against a sentence. Cases in *-set-aside.jsonl, split
off by statement, are never fitted on.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from evals.fit.planted import planted
from evals.fit.translations import NOTES, pairs
from ingest.notes import read_note
from kb.messages import message
from kb.pattern.patterns import load_model
from kb.proof import is_supported
from kb.proof.evidence import evidence
from kb.proof.judge import FILE
from kb.records import Language, Side

CASES = Path("evals/data/written")
REJECTED = 0.08
"""Share of the supported tuning cases, each judged by weights that have not seen it, that may be
rejected; the threshold follows from it."""
_L2 = 0.01
_TRANSLATIONS = 200
_COPIES = 120
_EITHER_WAY = ("crossed", "length")
"""Features that may speak for a sentence."""
_LEAST_SPREAD = 0.12
"""A feature seen in few cases is not scaled up beyond this."""
_FOLDS = 5
LANGUAGES: tuple[Language, ...] = ("ja", "en")
SIDES: tuple[Side, ...] = ("training", "inference")
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence with quotes."""

    statement: str
    sentence: str
    quotes: tuple[str, ...]
    supported: bool
    kind: str
    weight: float = 1.0


def read_cases(file: Path) -> list[Case]:
    """Cases of a file of any origin: `sentence`, `quotes`, `supported`; perhaps `kind`."""
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return [
        Case(
            r.get("statement", ""),
            r["sentence"],
            tuple(r["quotes"]),
            r["supported"],
            r.get("kind", ""),
        )
        for r in rows
    ]


def tuning() -> list[Case]:
    """All cases that people wrote and that may be fitted on."""
    return [case for file in sorted(CASES.glob("*-tuning.jsonl")) for case in read_cases(file)]


def _verdicts() -> Iterator[Case]:
    """The verdicts of the decision model with the statements that they stand on."""
    model = load_model()
    for language in LANGUAGES:
        statements = {
            (section.id, place): statement.span.text
            for file in (NOTES / language).glob("*.md")
            for section in read_note(file.read_text(encoding="utf-8")).sections
            for place, statement in enumerate(section.statements, 1)
        }
        for rule in model.rules:
            for side in SIDES:
                pattern = rule.gives(side)
                if rule.ask is not None or not pattern:
                    continue
                outcome = model.outcome[pattern]
                title = outcome.title.of(language)
                text = (
                    rule.says.of(language)
                    if rule.says
                    else message("decide_fits", language, title=title)
                )
                references = (rule.reason_on(side), *outcome.named)
                quotes = tuple(statements[r.section, r.place] for r in references)
                yield Case(rule.id, text, quotes, True, "verdict", 0.7)


def _unrelated(cases: Sequence[Case], random: Random) -> Iterator[Case]:
    """What people wrote, beside quotes of another statement."""
    for case in cases:
        if case.supported:
            other = random.choice([c for c in cases if c.statement != case.statement])
            yield Case(case.statement, case.sentence, other.quotes, False, "unrelated", 0.3)


def _made(cases: Sequence[Case], random: Random) -> Iterator[Case]:
    """Cases made by rule: planted changes, translations, quotes beside the point."""
    aside = {
        quote
        for file in CASES.glob("*-set-aside.jsonl")
        for case in read_cases(file)
        for quote in case.quotes
    }
    yield from _verdicts()
    yield from _unrelated(cases, random)
    texts = [pair for pair in pairs() if not aside & set(pair) and len(pair[0]) > 40]
    texts = [pair for pair in texts if not pair[0].startswith(("|", "`" * 3))]
    random.shuffle(texts)
    for english, japanese in texts[:_TRANSLATIONS]:
        one, other = (english, japanese) if random.random() < 0.5 else (japanese, english)
        yield Case(english, one, (other,), True, "translation", 0.35)
        for changed, kind in planted(one, other, random, most=1):
            yield Case(english, changed, (other,), False, f"translation, {kind}", 0.35)
    for pair in texts[_TRANSLATIONS : _TRANSLATIONS + _COPIES]:
        copied = random.choice(pair)
        for changed, kind in planted(copied, copied, random, most=2):
            yield Case(pair[0], changed, (copied,), False, f"copy, {kind}", 0.25)
    for number, case in enumerate(cases):
        if case.supported:
            for changed, kind in planted(case.sentence, case.quotes[0], random, most=3):
                yield Case(case.statement, changed, case.quotes, False, f"planted {kind}", 0.4)
        if number % 2:
            english, japanese = random.choice(texts)
            more = english if case.quotes[0].isascii() else japanese
            yield Case(
                case.statement, case.sentence, (*case.quotes, more), case.supported, case.kind, 0.4
            )


def _fit(values: Matrix, supported: NDArray[np.bool_], weights: Matrix, free: Matrix) -> Matrix:
    """Weights of the lowest loss, the bias last; `free`: which may be above 0."""
    signs = np.where(supported, 1.0, -1.0)
    spread = np.maximum(values.std(axis=0), _LEAST_SPREAD)
    scaled = np.hstack([values / spread, np.ones((len(values), 1))])

    def loss(found: Matrix) -> tuple[float, Matrix]:
        margin = signs * (scaled @ found)
        slope = -signs * weights / (1 + np.exp(margin))
        penalty = _L2 * weights.sum() * found[:-1]
        value = (weights * np.logaddexp(0, -margin)).sum() + 0.5 * penalty @ found[:-1]
        return float(value), scaled.T @ slope + np.append(penalty, 0.0)

    bounds = [(None, None if may else 0.0) for may in free] + [(None, None)]
    found = minimize(
        loss,
        np.zeros(scaled.shape[1]),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 400},
    )
    return np.append(found.x[:-1] / spread, found.x[-1])


def _folds(cases: Sequence[Case]) -> NDArray[np.int64]:
    """Cases on one statement stay together."""
    numbers = [int(hashlib.sha256(c.statement.encode()).hexdigest(), 16) % 97 for c in cases]
    return np.array(numbers) % _FOLDS


def _balanced(cases: Sequence[Case]) -> tuple[NDArray[np.bool_], Matrix]:
    supported = np.array([case.supported for case in cases])
    weights = np.array([case.weight for case in cases])
    weights[supported] *= weights[~supported].sum() / weights[supported].sum()
    return supported, weights


def _weigh(names: Sequence[str], values: Matrix, cases: Sequence[Case], free: Matrix) -> Matrix:
    """Scores of the cases by weights that have not seen them; then the weights, bias last."""
    supported, weights = _balanced(cases)
    folds = _folds(cases)
    unseen = np.zeros(len(cases))
    for fold in range(_FOLDS):
        rest = folds != fold
        found = _fit(values[rest], supported[rest], weights[rest], free)
        unseen[~rest] = values[~rest] @ found[:-1] + found[-1]
    return np.concatenate([unseen, _fit(values, supported, weights, free)])


def _stored(
    names: Sequence[str], found: Matrix, scores: Matrix, cases: Sequence[Case]
) -> dict[str, object]:
    """Weights as they are kept; the bias puts the threshold at 0."""
    supported = np.array([case.supported for case in cases])
    threshold = float(np.quantile(scores[supported], REJECTED))
    passed = float((scores[~supported] >= threshold).mean())
    print(f"unseen tuning cases: rejected {REJECTED:.3f}, passed {passed:.3f}")
    features = {
        name: round(float(weight), 3)
        for name, weight in zip(names, found[:-1], strict=True)
        if abs(weight) >= 0.005
    }
    return {"bias": round(float(found[-1]) - threshold, 4), "features": features}


def fit() -> None:
    """Write the weights."""
    written = tuning()
    cases = [*written, *_made(written, Random(3))]
    rows = [evidence(case.sentence, case.quotes, "", "") for case in cases]
    names = sorted({name for row in rows for name in row})
    values = np.array([[row.get(name, 0.0) for name in names] for row in rows])
    free = np.array([name in _EITHER_WAY for name in names], float)
    both = _weigh(names, values, cases, free)
    unseen, found = both[: len(cases)], both[len(cases) :]
    weights = _stored(names, found, unseen[: len(written)], written)

    text = json.dumps([[c.sentence, *c.quotes, c.supported] for c in cases])
    digest = hashlib.sha256(text.encode()).hexdigest()
    stored = {
        "fitted_on": f"{len(cases)} cases, {len(written)} of them written, sha256 {digest[:16]}",
        **weights,
    }
    FILE.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


def score(files: Sequence[Path]) -> None:
    """Print, for each file, what is rejected and passed."""
    for file in files:
        cases = read_cases(file)
        right = [is_supported(case.sentence, case.quotes) for case in cases]
        good = [ok for ok, case in zip(right, cases, strict=True) if case.supported]
        bad = [ok for ok, case in zip(right, cases, strict=True) if not case.supported]
        passed = Counter(c.kind for ok, c in zip(right, cases, strict=True) if ok > c.supported)
        print(
            f"{file.stem:20} rejected {1 - np.mean(good):.3f} of {len(good)}, "
            f"passed {np.mean(bad):.3f} of {len(bad)}: {dict(passed.most_common())}"
        )


if __name__ == "__main__":
    if "--score" in sys.argv:
        given = [Path(name) for name in sys.argv[1:] if not name.startswith("--")]
        score(given or sorted(CASES.glob("*.jsonl")))
    else:
        fit()
