"""Fit the honest middle: whether what was found answers a message, by which of its names it holds.

Two files come out: `coverage_words.json`, in how many messages of people in this field a word
stands, and `coverage_weights.json`, logistic weights over the signals of kb.search.coverage with
the limit below which an answer says what no source holds.

Messages come from evals/data/middle (restated from public threads, each with the section that
answers it, or none; `fold` keeps a thread together), from scope/ and from the tuning slice of the
golden set. `python -m evals.fit.middle` prints, fold by fold left out, how many are told rightly.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from evals.evaluate import Item, read_golden
from evals.fit.descend import Matrix, descend
from kb.assistant import Assistant
from kb.records import Language, Turn
from kb.search import coverage
from kb.search.embedding import load_embedder
from kb.search.index import Index, IndexStore
from kb.search.named import with_named
from kb.search.retrieve import retrieve
from kb.search.scope import decide_scope, without_attack
from kb.search.wordings import errors_in
from kb.settings import read_settings

DATA = Path(__file__).parents[1] / "data"
FOLDER = DATA / "middle"
_KB = Path(coverage.__file__).parent
_PENALTY = 0.01
_THREADS = 6.0
"""Weight of a message restated from a thread against a question that was written for us: it is the
kind that the middle is for."""
_REFUSED = 0.06
"""Share of the messages that the notes answer which may get the middle instead."""
_FOLDS = 5
_EVERY = 6
"""Of the questions of scope/ one in so many is asked: they are many, and short."""
_SEEN = 2
"""Messages that a word stands in at least to be kept: fewer tell nothing of how usual it is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A message, and whether a section of the index answers it."""

    message: str
    language: Language
    answered: bool
    fold: int
    history: tuple[Turn, ...] = ()
    from_thread: bool = False


def read(index: Index) -> Iterator[Asked]:
    """All messages with a label that holds for `index`."""
    golden = read_golden(DATA / "golden.yaml")
    yield from _from_threads(index, golden)
    for place, item in enumerate(golden):
        if item.kind == "thread":
            continue  # those of the tuning slice stand in middle/ already
        if item.split == "tune" and item.declined in (None, "not_in_sources"):
            language = _language(item.language)
            yield Asked(
                item.question, language, item.declined is None, place % _FOLDS, item.history
            )
    yield from _from_scope()


def _from_threads(index: Index, golden: Iterable[Item]) -> Iterator[Asked]:
    """Restated messages; the threads of golden items that are set aside are left to these."""
    held_out = {item.thread for item in golden if item.thread and item.split == "test"}
    for file in sorted(FOLDER.glob("*.jsonl")):
        for row in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
            sections = {f"note:{section}" for section in row["sections"]}
            if sections and not sections & index.groups.keys():
                continue  # the index lacks the section: nobody has looked at what else answers
            if row["thread"] not in held_out:
                language = _language(row["language"])
                yield Asked(row["message"], language, bool(sections), row["fold"], (), True)


def _from_scope() -> Iterator[Asked]:
    """Some of the questions that were written for the decision to answer."""
    for file in sorted((DATA / "scope").glob("*.yaml")):
        if file.stem in ("heldout", "attack", "unsafe", "honest"):
            continue
        rows = yaml.safe_load(file.read_text(encoding="utf-8"))
        for place, row in enumerate(rows[::_EVERY]):
            if row.get("reason") in (None, "not_in_sources"):
                language = _language(row["language"])
                yield Asked(row["q"], language, "reason" not in row, place % _FOLDS)


def _language(name: str) -> Language:
    return "ja" if name == "ja" else "en"


def messages() -> Iterator[str]:
    """What people in this field write: cases, and questions that our notes answer."""
    for file in sorted((DATA / "cases").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            yield str(json.loads(line)["question"])
    for file in sorted((DATA / "scope").glob("inside*.yaml")):
        for row in yaml.safe_load(file.read_text(encoding="utf-8")):
            yield str(row["q"])


def count_words(texts: Iterable[str]) -> dict[str, object]:
    """The content of coverage_words.json."""
    words: Counter[str] = Counter()
    number = 0
    for text in texts:
        number += 1
        words.update({token for _, tokens, _ in coverage.words_in(text) for token in tokens})
    kept = {word: n for word, n in sorted(words.items()) if n >= _SEEN}
    return {"messages": number, "with": kept}


def examples(asked: Iterable[Asked], assistant: Assistant, index: Index) -> list[list[float]]:
    """A row of signals for each message."""
    rows = []
    for one in asked:
        kept, _ = without_attack(one.message)
        query = assistant.query(kept or one.message, one.history)
        retrieval = retrieve(index, assistant.embedder, query, one.language)
        scope = decide_scope(query, retrieval, index)
        shown = errors_in(one.message, index)
        retrieval = with_named(retrieval, shown, index, one.language)
        names = coverage.names_in(query)
        values = coverage.features(names, retrieval, index, scope.signals, shown)
        rows.append([1.0, *(values[name] for name in coverage.FEATURES)])
    return rows


def fit(x: Matrix, y: Matrix, weight: Matrix) -> Matrix:
    """Logistic weights; both classes weigh the same; L2 penalty, not on the bias."""
    balance = weight * np.where(y > 0, 1 / weight[y > 0].sum(), 1 / weight[y == 0].sum()) / 2

    def loss(w: Matrix) -> tuple[float, Matrix]:
        held, scores = np.r_[0.0, w[1:]], x @ w
        value = np.sum(balance * (np.logaddexp(0, scores) - y * scores))
        slope = x.T @ (balance * (_share(x, w) - y))
        return float(value + _PENALTY * held @ held), slope + 2 * _PENALTY * held

    return descend(loss, x.shape[1])


def _share(x: Matrix, w: Matrix) -> Matrix:
    share: Matrix = 1 / (1 + np.exp(-(x @ w)))
    return share


def crossed(x: Matrix, y: Matrix, weight: Matrix, folds: Matrix) -> Matrix:
    """Shares of each fold by a fit that has not seen it."""
    share = np.zeros(len(y))
    for fold in range(_FOLDS):
        out = folds == fold
        share[out] = _share(x[out], fit(x[~out], y[~out], weight[~out]))
    return share


def main() -> None:
    settings = read_settings()
    store = IndexStore(settings.index_dir)
    index = store.current()
    words = count_words(messages())
    (_KB / "coverage_words.json").write_text(
        json.dumps(words, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    asked = list(read(index))
    assistant = Assistant(store, load_embedder(settings.embedding_model))
    x = np.array(examples(asked, assistant, index), np.float64)
    y = np.array([float(one.answered) for one in asked])
    weight = np.array([_THREADS if one.from_thread else 1.0 for one in asked])
    folds = np.array([float(one.fold) for one in asked])
    threads = np.array([one.from_thread for one in asked])
    share = crossed(x, y, weight, folds)
    limit = float(np.quantile(share[threads & (y > 0)], _REFUSED))
    for name, own in (("threads", threads), ("others", ~threads)):
        for label, wanted in (("answered", 1.0), ("not answered", 0.0)):
            part = share[own & (y == wanted)]
            print(
                f"middle: {name}, {label}: {np.mean(part < limit):.3f} of {len(part)} "
                f"below {limit:.2f}"
            )
    fitted = np.round(fit(x, y, weight), 3)
    content = {"limit": round(limit, 2)}
    content |= dict(zip(("bias", *coverage.FEATURES), map(float, fitted), strict=True))
    (_KB / "coverage_weights.json").write_text(
        json.dumps(content, indent=1) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
