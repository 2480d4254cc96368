"""Fit what only documents of others tell: `python -m evals.fit.others`.

Two things that our notes cannot teach, since each of their sections stands in both languages and
is written as an answer: what speaks for a passage in the other language (three weights of
kb.search.rank, the others as they are), and whether such documents answer at all (`supported` of
kb.search.scope, with its limit). From the questions on the world and on the repositories (split
`tune`), and those that were written for this fit (world-more.jsonl); what is set aside is never
read. A question that is asked of two indexes stays in one fold.
"""

from __future__ import annotations

import json
import math
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evals.fit import scope as fit_scope
from evals.fit.descend import Matrix, descend
from evals.fit.scope import Asked, Example
from evals.metrics import fact_share
from evals.sources import GIT, MORE, WORLD, Question, build_world, read_questions
from kb.assistant import Assistant
from kb.records import Language, Turn
from kb.search import rank, scope
from kb.search.index import Index, IndexStore
from kb.search.retrieve import candidates, retrieve, search_lists, signals
from kb.search.several import corrected
from kb.settings import read_settings
from kb.wiring import open_assistant, open_store

_KB = Path(rank.__file__).parent
FOREIGN = ("foreign", "foreign lexical", "foreign coverage")
"""The weights that are fitted here."""
_PENALTY = 0.002
_ACROSS = 0.3
"""What a question on a page in the other language counts: half of the questions here are such, and
few of those that people ask. Counted as a whole, 0.40 instead of 0.36 of them find their page
first, and 0.89 instead of 0.91 of those on prose in the question's language."""
_SUPPORTED_PENALTY = 0.03
_FOLDS = 5
_REFUSED = {"supported": 0.05, "supported across": 0.15}
"""Share of the questions that documents answer which may be declined, in the question's language
and in the other one, where less speaks for an answer. Of near misses 0.66 are declined then,
cross-validated, and of questions on our subject in a world without our notes 0.91."""
_FOREIGNERS = 110
"""Questions on our subject, asked of a world that holds nothing on it."""


@dataclass(frozen=True)
class Case:
    """A question in an index, as the search sees it."""

    question: Question
    rows: Matrix
    right: Matrix

    @property
    def count(self) -> float:
        return _ACROSS if self.question.kind == "cross" else 1.0


def main() -> int:
    """Write the weights of `FOREIGN` and of `supported`."""
    settings = read_settings()
    store = open_store(settings)
    assistant = open_assistant(settings, store)
    folder = Path("data/eval")
    alone = build_world(folder / "world", assistant.embedder, with_notes=False).current()
    beside = build_world(folder / "world-and-notes", assistant.embedder, with_notes=True).current()
    places = [(WORLD, alone), (WORLD, beside), (MORE, alone), (MORE, beside)]
    places += _repositories(store)
    cases = [case for file, index in places for case in _cases(file, index, assistant)]
    _fit_foreign(cases)
    found = [
        (question.id, question.kind, example)
        for file, index in places
        if index is not alone  # beside our notes they are judged as they are alone
        for question, example in _examples(file, index, assistant)
    ]
    found += [
        (f"outside {number}", "outside", _outside(asked, assistant, alone))
        for number, asked in enumerate(fit_scope.read_outside()[:_FOREIGNERS])
    ]
    _fit_supported(found)
    return 0


def _repositories(store: IndexStore) -> list[tuple[Path, Index]]:
    index = store.current()
    held = any(q.names(d) for q in read_questions(GIT) for d in index.documents)
    return [(GIT, index)] if held else []


def _outside(asked: Asked, assistant: Assistant, index: Index) -> Example:
    query = _query(asked.question, asked.history, assistant, index)
    return fit_scope.in_index(asked, query, assistant, index)


def _query(question: str, history: Sequence[Turn], assistant: Assistant, index: Index) -> str:
    """What is searched for: a question that stands alone needs no reading."""
    return assistant.query(question, history) if history else corrected(question, index)


def _tuning(file: Path) -> Iterator[Question]:
    return (question for question in read_questions(file) if question.split == "tune")


def _cases(file: Path, index: Index, assistant: Assistant) -> Iterator[Case]:
    for question in _tuning(file):
        wanted = groups_with_answer(question, index) if question.documents else ()
        query = _query(question.question, question.history, assistant, index)
        found = search_lists(index, assistant.embedder, query)
        fused = candidates(index, found)
        right = np.array([group in wanted for group, _ in fused], np.float64)
        if not right.any():
            continue
        rows = [signals(index, query, found, group, share) for group, share in fused]
        values = np.array([[row[name] for name in rank.FEATURES] for row in rows])
        yield Case(question, values, right)


def groups_with_answer(question: Question, index: Index) -> set[str]:
    """Groups of the right documents that hold a fact, or else all of theirs."""
    chunks = [
        chunk
        for chunk in index.chunks.values()
        if chunk.kind != "question" and question.names(chunk.document)
    ]
    holding = {
        chunk.group
        for chunk in chunks
        if any(fact_share(chunk.text, [fact]) for fact in question.facts)
        or (question.shows and question.shows in chunk.text)
    }
    return holding or {chunk.group for chunk in chunks}


def _fit_foreign(cases: list[Case]) -> None:
    file = _KB / "rank_weights.json"
    known = json.loads(file.read_text(encoding="utf-8"))
    fixed = np.array([0.0 if n in FOREIGN else known[n] for n in rank.FEATURES])
    free = [rank.FEATURES.index(name) for name in FOREIGN]

    def whole(some: Matrix) -> Matrix:
        weights = fixed.copy()
        weights[free] = some
        return weights

    def fit(part: list[Case]) -> Matrix:
        def loss(some: Matrix) -> tuple[float, Matrix]:
            weights, value = whole(some), _PENALTY * float(some @ some)
            slope = 2 * _PENALTY * some
            total = sum(case.count for case in part)
            for case in part:
                logits = case.rows @ weights
                share = np.exp(logits - logits.max())
                share /= share.sum()
                mass = float(share @ case.right) + 1e-12
                value -= math.log(mass) * case.count / total
                gain = case.rows.T @ (share - share * case.right / mass)
                slope = slope + gain[free] * case.count / total
            return value, slope

        return descend(loss, len(free))

    crossed: dict[str, list[bool]] = {}
    for fold in range(_FOLDS):
        weights = whole(fit([c for c in cases if _fold(c.question.id) != fold]))
        for case in cases:
            if _fold(case.question.id) == fold:
                first = bool(case.right[int(np.argmax(case.rows @ weights))])
                crossed.setdefault(case.question.kind, []).append(first)
    for kind, right in sorted(crossed.items()):
        print(f"others: {kind}: evidence first {np.mean(right):.3f} of {len(right)}, crossed")
    fitted = fit(cases)
    known |= {name: round(float(v), 3) for name, v in zip(FOREIGN, fitted, strict=True)}
    file.write_text(
        json.dumps({name: known[name] for name in rank.FEATURES}, indent=1) + "\n", encoding="utf-8"
    )
    rank._weights.cache_clear()


def _examples(file: Path, index: Index, assistant: Assistant) -> Iterator[tuple[Question, Example]]:
    for question in _tuning(file):
        reason = None if question.documents else "not_in_sources"
        spoken: Language = "ja" if question.language == "ja" else "en"
        asked = Asked(question.question, question.history, reason, spoken)
        query = _query(question.question, question.history, assistant, index)
        first = retrieve(index, assistant.embedder, query, spoken, written=False).hits[:1]
        # Where it finds another document than the one that answers, it does not answer.
        if reason is None and not any(question.names(c.document) for h in first for c in h.chunks):
            continue
        yield question, fit_scope.in_index(asked, query, assistant, index)


def _fit_supported(found: list[tuple[str, str, Example]]) -> None:
    x = np.array([[1.0, *(e.values[n] for n in scope.COVERED)] for _, _, e in found], np.float64)
    y = np.array([float(e.reason is None) for _, _, e in found])
    folds = np.array([_fold(identity) for identity, _, _ in found])
    kinds = np.array([kind for _, kind, _ in found])
    share = np.zeros(len(y))
    for fold in range(_FOLDS):
        out = folds == fold
        fitted = fit_scope.logistic(x[~out], y[~out], _SUPPORTED_PENALTY)
        share[out] = fit_scope.shares(x[out], fitted)
    across = x[:, 1 + scope.COVERED.index("cross")] > 0
    limits = {
        name: round(float(np.quantile(share[(y > 0) & (across == foreign)], _REFUSED[name])), 2)
        for name, foreign in (("supported", False), ("supported across", True))
    }
    low = share < np.where(across, limits["supported across"], limits["supported"])
    for kind in sorted(set(kinds)):
        part = low[kinds == kind]
        print(f"supported: {kind}: {part.mean():.3f} of {len(part)} declined, crossed")
    weights = np.round(fit_scope.logistic(x, y, _SUPPORTED_PENALTY), 3)
    file = _KB / "scope_weights.json"
    known = json.loads(file.read_text(encoding="utf-8"))
    known["supported"] = dict(zip(("bias", *scope.COVERED), map(float, weights), strict=True))
    known["limits"] |= limits
    file.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


def _fold(identity: str) -> int:
    return zlib.crc32(identity.encode()) % _FOLDS


if __name__ == "__main__":
    sys.exit(main())
