"""Fit what kb.reading.reader reads with: `python -m evals.fit.reader`.

Four linear models over the meaning (embedding) and the letters (character n-grams) of what a person
wrote: whether a decision is wanted (logistic), which side it is for and which condition decides
(softmax), and which signals a single message names (one logistic model each), all with an L2
penalty. Taught by cases/*.jsonl, by the examples in patterns.yaml, and, for what wants no decision,
by the questions of the scope model, the ways to ask beside those notes that are not on choosing,
and the tuning slice of the golden questions. Nothing that is set aside, and nothing of
decisions-heldout.yaml is read for it.

`--check` prints instead how many cases are right that the models have not seen: those of each
writer by models fitted without that writer (their sequences of characters are counted, though).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy import sparse

from evals.decisions import Case, read_cases
from evals.evaluate import read_golden
from evals.fit.descend import Matrix, descend
from ingest.notes import read_note
from kb.pattern.cases import read_case
from kb.pattern.decide import decide_signals
from kb.pattern.patterns import load_model
from kb.reading import reader
from kb.records import SIDES, Turn
from kb.search.embedding import BundledEmbedder
from kb.text.ngrams import ngrams, uniform, weigh

_HERE = Path(__file__).parents[1] / "data"
_PROJECT = Path(__file__).parents[2]
CASES = _HERE / "cases"
HELD_OUT = _HERE / "decisions-heldout.yaml"
_ON_CHOOSING = re.compile(
    r"(?:choose|decide)-|start-(?:need|pip-not-enough|alternatives)$|.*-when$"
)
_CHOICE_KINDS = ("choose_pattern", "need_custom")
_ASKED_LAST = re.compile(r"(?P<told>.+[。.!！\n])[^。.!！?？\n]+[?？]\s*", re.DOTALL)
_WISH = re.compile(r"(?:たい|必要|要る|必須)(?:です|ん(?:です|だ)?(?:けど|が)?)?[。.!]*$")
"""Ends as a case does that is told without a question; whether it is one, nobody has said."""
_QUESTIONS = 3
"""Ways to ask that a section of the notes gives."""
_PENALTY = 0.02
"""Of the squared weights; of 0.02, 0.05 and 0.1 the best for writers left out."""
_OTHERS = 0.6
"""What a question counts that is neither a case nor golden: there are many more of them."""
_RARE = 3
"""Texts in which a sequence of characters occurs at least."""
_TOLD = "patterns.yaml"
"""Writer of the examples that the decision model holds; they ask for nothing."""
_SIDES = (*SIDES, "")

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    """A message and the ones before it, with what they say."""

    case: Case
    writer: str = ""
    wants: bool = False
    condition: str = ""
    """The one that decides; empty where none is told, or none is asked for."""
    side: str = ""
    signals: frozenset[str] | None = None
    """Those that the message names; None where nobody has looked."""
    denies: bool = False
    """The message takes a condition back."""
    words: tuple[str, ...] = ()
    """Those that name the signals."""

    @property
    def question(self) -> str:
        return self.case.question

    @property
    def earlier(self) -> str:
        """The person's messages before."""
        return "\n".join(turn.content for turn in self.case.history if turn.role == "user")


def read_examples(file: Path) -> list[Example]:
    """The cases of one file; see cases/README.md for the fields."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [_example(file.stem, number, json.loads(line)) for number, line in enumerate(lines, 1)]


def _example(writer: str, number: int, row: Any) -> Example:
    signals = None if row["raised"] is None else frozenset(row["raised"])
    by = row["by"]
    if by == "side":  # what decides once the side is known
        by = next((signal for signal in _ranked() if signal in (signals or ())), "")
    case = Case(
        f"{writer}-{number}",
        row["language"],
        "tune",
        row["question"],
        tuple(Turn(role, said) for role, said in row.get("history", ())),
        row["pattern"],
        row["clarify"],
    )
    wants = by != "other"
    denies = bool(set(row.get("denied", ())) - set(SIDES))
    condition = by if wants else ""
    words = tuple((row["raised"] or {}).values())
    return Example(case, writer, wants, condition, row["side"] or "", signals, denies, words)


def _ranked() -> list[str]:
    """Signals in the order in which rules look at them."""
    return [signal for rule in load_model().rules for signal in rule.named[:1]]


def written() -> list[Example]:
    """What people wrote for this."""
    return [example for file in sorted(CASES.glob("*.jsonl")) for example in read_examples(file)]


def bare(examples: Sequence[Example]) -> Iterator[Example]:
    """The cases without the question at their end: many people only tell theirs."""
    for example in examples:
        found = _ASKED_LAST.fullmatch(example.question)
        if found and example.wants and example.words and not example.case.history:
            told = found["told"].strip()
            if all(words in told for words in example.words):
                yield replace(example, case=replace(example.case, question=told))


def others() -> Iterator[Example]:
    """Questions that want no decision, and what the decision model says of itself."""
    for file in sorted((_PROJECT / "notes").glob("*/*.md")):
        for section in read_note(file.read_text(encoding="utf-8")).sections:
            if not _ON_CHOOSING.match(section.id):
                for question, _ in section.questions[:_QUESTIONS]:
                    if not _WISH.search(question):
                        yield Example(_question(question))
    for file in sorted((_HERE / "scope").glob("*side*.yaml")):
        for row in yaml.safe_load(file.read_text(encoding="utf-8")):
            if not (_ON_CHOOSING.match(row.get("section") or "") or _WISH.search(row["q"])):
                yield Example(_question(row["q"]))


def golden() -> Iterator[Example]:
    """The tuning slice of the golden questions that are not on choosing."""
    for item in read_golden(_HERE / "golden.yaml"):
        if item.split == "tune" and item.kind not in _CHOICE_KINDS:
            case = Case(item.id, item.language, "tune", item.question, item.history)
            yield Example(case, "golden.yaml")


def told() -> Iterator[Example]:
    """The examples of each signal, which the Choose page shows as well."""
    for signal in load_model().signals:
        for text in (*signal.examples.ja, *signal.examples.en):
            yield Example(_question(text), _TOLD, signals=frozenset((signal.id,)))


def _question(text: str) -> Case:
    return Case("", "", "tune", text)


# --- features -------------------------------------------------------------------------------------


class Features:
    """Rows of features: meaning and letters."""

    def __init__(self, texts: Sequence[str], embedder: BundledEmbedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, reader.Vector] = {}
        counts = Counter(gram for text in texts for gram in {g[0] for g in ngrams(uniform(text))})
        self.grams = sorted(gram for gram, count in counts.items() if count >= _RARE)
        self._column = {gram: column for column, gram in enumerate(self.grams)}
        self.rarity = {g: 1 + float(np.log((1 + len(texts)) / (1 + counts[g]))) for g in self.grams}
        self.mean = self._embed(texts).mean(axis=0)
        self._rows: dict[str, sparse.csr_matrix] = {}

    def rows(self, examples: Sequence[Example], *, alone: bool = False) -> sparse.csr_matrix:
        """What is said in all, the newest message where it follows others, and whether it does.

        Shape (examples, 2·(dimensions + n-grams) + 1); `alone`: the message without the others,
        shape (examples, dimensions + n-grams).
        """
        newest = self._parts([example.question for example in examples])
        if alone:
            return newest
        follows = np.array([float(bool(example.earlier)) for example in examples])
        earlier = self._parts([example.earlier for example in examples])
        said = newest + sparse.diags_array(reader.EARLIER * follows) @ earlier
        again = sparse.diags_array(follows) @ newest
        return sparse.csr_matrix(sparse.hstack([said, again, sparse.csr_matrix(follows[:, None])]))

    def _parts(self, texts: Sequence[str]) -> sparse.csr_matrix:
        self._embed(texts)
        for text in texts:
            if text not in self._rows:
                weights = weigh(uniform(text), self.rarity)
                columns = [self._column[gram] for gram in weights]
                letters = sparse.csr_matrix(
                    (list(weights.values()), ([0] * len(columns), columns)), (1, len(self.grams))
                )
                meaning = sparse.csr_matrix((self._vectors[text] - self.mean)[None])
                self._rows[text] = sparse.csr_matrix(sparse.hstack([meaning, letters]))
        return sparse.csr_matrix(sparse.vstack([self._rows[text] for text in texts]))

    def _embed(self, texts: Sequence[str]) -> reader.Vector:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self._embedder.queries(new), strict=True))
        return np.array([self._vectors[text] for text in texts])


# --- models ---------------------------------------------------------------------------------------


def fit_classes(rows: sparse.csr_matrix, labels: Labels, classes: int) -> Matrix:
    """Softmax regression: weights of shape (features + 1, classes), the last row the bias."""
    truth = np.eye(classes)[labels]

    def loss(scores: Matrix) -> tuple[float, Matrix]:
        scores = scores - scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        return -float(np.log(shares[truth > 0] + 1e-12).sum()), shares - truth

    return _fit(rows, classes, loss)


def fit_each(rows: sparse.csr_matrix, truth: Matrix, counts: Matrix) -> Matrix:
    """A logistic regression a column of `truth`; `counts`: what each row counts."""

    def loss(scores: Matrix) -> tuple[float, Matrix]:
        lost = np.logaddexp(0, scores) - truth * scores
        return float((counts * lost).sum()), counts * (1 / (1 + np.exp(-scores)) - truth)

    return _fit(rows, truth.shape[1], loss)


def _fit(
    rows: sparse.csr_matrix, classes: int, loss: Callable[[Matrix], tuple[float, Matrix]]
) -> Matrix:
    turned, features = sparse.csr_matrix(rows.T), rows.shape[1]

    def penalised(flat: Matrix) -> tuple[float, Matrix]:
        weights = flat.reshape(features + 1, classes)
        lost, slope = loss(rows @ weights[:-1] + weights[-1])
        lost += 0.5 * _PENALTY * float((weights[:-1] ** 2).sum())
        return lost, np.vstack(
            [turned @ slope + _PENALTY * weights[:-1], slope.sum(axis=0)]
        ).ravel()

    return descend(penalised, (features + 1) * classes).reshape(features + 1, classes)


def fit(examples: Sequence[Example], features: Features) -> dict[str, NDArray[np.generic]]:
    """What kb.reading.reader.Reader takes."""
    stored: dict[str, NDArray[np.generic]] = {
        "embedding": np.array(BundledEmbedder.name),
        "grams": np.array("\n".join(features.grams)),
        "rarity": np.array([features.rarity[g] for g in features.grams], np.float16),
        "mean": features.mean.astype(np.float32),
    }
    rows = features.rows(examples)
    wants = np.array([[float(example.wants)] for example in examples])
    counts = np.array([[1.0 if example.writer else _OTHERS] for example in examples])
    counts[[i for i, e in enumerate(examples) if e.writer == _TOLD]] = 0.0
    _put(stored, "asks", ["asks"], fit_each(rows, wants, counts))

    own = [place for place, example in enumerate(examples) if example.wants]
    sides = np.array([_SIDES.index(examples[place].side) for place in own])
    _put(stored, "side", _SIDES, fit_classes(rows[own], sides, len(_SIDES)))

    own = [place for place in own if examples[place].condition]
    names = sorted({examples[place].condition for place in own})
    conditions = np.array([names.index(examples[place].condition) for place in own])
    _put(stored, "condition", names, fit_classes(rows[own], conditions, len(names)))

    seen = [example for example in examples if example.signals is not None]
    names = sorted({signal for example in seen for signal in example.signals or ()})
    truth = np.array([[float(name in (e.signals or ())) for name in names] for e in seen])
    truth = np.hstack([truth, [[float(example.denies)] for example in seen]])
    rows = features.rows(seen, alone=True)
    _put(stored, "signal", [*names, reader.DENIES], fit_each(rows, truth, np.ones_like(truth)))
    return stored


def _put(
    stored: dict[str, NDArray[np.generic]], head: str, names: Sequence[str], weights: Matrix
) -> None:
    """The weights of one model by what they weigh."""
    dimensions, size = len(stored["mean"]), len(stored["mean"]) + len(stored["rarity"])
    stored[f"{head}_names"] = np.array("\n".join(names))
    stored[f"{head}_bias"] = weights[-1].astype(np.float32)
    parts = {head: weights[:size]}
    if head in reader.OF_ALL:
        parts[f"{head}_newest"] = weights[size : 2 * size]
        stored[f"{head}_later"] = weights[-2].astype(np.float32)
    for part, rows in parts.items():
        letters = rows[dimensions:]
        scale = np.maximum(np.abs(letters).max(axis=0), 1e-9) / 127
        stored |= {
            f"{part}_meaning": rows[:dimensions].astype(np.float16),
            f"{part}_letters": np.round(letters / scale).astype(np.int8),
            f"{part}_scale": scale.astype(np.float32),
        }


# --- figures --------------------------------------------------------------------------------------


def check(
    cases: Sequence[Case], models: reader.Reader, embedder: BundledEmbedder, name: str
) -> None:
    """Print how many of `cases` the models read rightly."""
    right: dict[str, list[bool]] = {}
    for case in cases:
        read = read_case(case.question, case.history, embedder, reader=models)
        verdict = decide_signals(read.signals) if read else None
        outcome = verdict.outcome.id if verdict and verdict.outcome else None
        found = (outcome, bool(verdict and verdict.question))
        kind = "decided" if case.pattern else "asked back" if case.clarify else "other"
        for part in ("all", case.language, kind, *(["follow-ups"] if case.history else [])):
            right.setdefault(part, []).append(found == (case.pattern, case.clarify))
    shares = ", ".join(f"{part} {np.mean(r):.3f} of {len(r)}" for part, r in sorted(right.items()))
    print(f"{name}: {shares}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="leave out each writer in turn")
    options = parser.parse_args()
    embedder = BundledEmbedder()
    cases = written()
    more = [*others(), *golden(), *told()]
    features = Features([example.question for example in (*cases, *more)], embedder)
    if options.check:
        for writer in sorted({case.writer for case in cases}):
            rest = [example for example in cases if example.writer != writer]
            models = reader.Reader(fit([*rest, *bare(rest), *more], features))
            own = [example.case for example in cases if example.writer == writer]
            check(own, models, embedder, writer)
        return 0
    stored = fit([*cases, *bare(cases), *more], features)
    np.savez_compressed(reader.FILE, **stored)  # type: ignore[arg-type]
    check(read_cases(HELD_OUT), reader.Reader(stored), embedder, "held out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
