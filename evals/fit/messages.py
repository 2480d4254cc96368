"""Fit what kb.reading reads messages with: `python -m evals.fit.messages`.

Linear models over the meaning, the letters and the place of a message (kb.reading.models): its act,
the form asked for, whether a decision is wanted, which conditions it names, whether it goes on with
a case, whether it is a danger; over each word in its place, which condition it names; over the
words around, whether that condition holds. Taught by evals/data (evals.fit.samples); what is set
aside there is not read.

`--check` prints instead what models fitted without a quarter of the groups (personas, threads,
briefs, writers) make of that quarter. `--vectors FILE` keeps embeddings between runs.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from evals.fit.linear import Matrix, fit_classes, fit_each, fit_sampled, packed
from evals.fit.samples import DATA, Sample, anew, hash_of, read_samples
from kb.pattern.patterns import SIDES, load_model
from kb.reading import models
from kb.reading.conditions import find_words, named_row, read_named
from kb.reading.models import BUCKETS, bucket, weigh
from kb.reading.parts import find_parts
from kb.reading.state import STATES, state_columns
from kb.reading.typed import own_spans, pasted, typed
from kb.reading.units import unit_rows, units
from kb.search.embedding import BundledEmbedder
from kb.text.ngrams import ngrams, uniform

_QUARTERS = 4
_THIN = 4
"""Of the cases, which were written to one brief, every so manieth teaches acts; all teach words."""
_SIZE = 384
_SELF = -1.0
"""Log odds from which a word stands for a condition that its message is known to rule out."""

Sparse: TypeAlias = sparse.csr_matrix
_MEANING, _LETTERS = 8.0, 3.0
"""What meaning and letters are multiplied by while fitting, so that one penalty fits both. Of five
ways the best for personas, threads and briefs left out; without, 0.80 of the turns, with, 0.83."""
_PENALTY = 1.0


@cache
def own_words(text: str) -> str:
    """What the models read of a message."""
    return typed(text, find_parts(text))


class Texts:
    """Rows of features of messages."""

    def __init__(
        self,
        samples: Sequence[Sample],
        vectors: dict[str, models.Vector],
        spelled: models.Models,
    ) -> None:
        self._vectors = vectors
        self.spelled = spelled
        texts = [own_words(s.text) for s in samples]
        counts = np.zeros(BUCKETS)
        for text in texts:
            for column in {bucket(gram) for gram, _, _ in ngrams(uniform(text))}:
                counts[column] += 1
        self.rarity = (1 + np.log((1 + len(texts)) / (1 + counts))).astype(np.float32)
        self.rarity[counts < 2] = 0
        self.mean = np.mean([vectors[text] for text in texts], axis=0).astype(np.float32)

    def rows(self, samples: Sequence[Sample], *, placed: bool) -> Sparse:
        """Meaning, letters and, where it counts, place; shape (samples, features)."""
        meaning, letters, places = [], [], []
        for sample in samples:
            text = own_words(sample.text)
            meaning.append(_MEANING * (self._vectors[text] - self.mean))
            letters.append(weigh(text, self.rarity))
            if placed:
                found = find_parts(sample.text)
                named = read_named(sample.text, found, self.spelled)
                share = pasted(sample.text, found)
                places.append(sample.place.row(sample.text, share, named_row(named)))
        spelled = _sparse([c for c, _ in letters], [_LETTERS * w for _, w in letters])
        parts = [Sparse(np.array(meaning)), spelled]
        if placed:
            parts.append(Sparse(np.array(places, np.float32)))
        return Sparse(sparse.hstack(parts))


def _sparse(columns: Sequence[Any], weights: Sequence[Any] | None = None) -> Sparse:
    """Hashed rows; without weights each column of a row counts 1 / √n."""
    ends = np.cumsum([0, *(len(row) for row in columns)])
    if weights is None:
        weights = [np.full(len(row), 1 / max(1, len(row)) ** 0.5, np.float32) for row in columns]
    flat = np.concatenate([np.asarray(row, np.int64) for row in columns])
    shape = (len(columns), BUCKETS)
    return Sparse((np.concatenate(weights).astype(np.float32), flat, ends), shape)


# --- models of messages ---------------------------------------------------------------------------


def act(samples: Sequence[Sample], texts: Texts) -> dict[str, Any]:
    own = [s for s in _thinned(samples) if s.act is not None]
    return _classes("act", own, [str(s.act) for s in own], texts, placed=True)


def form(samples: Sequence[Sample], texts: Texts) -> dict[str, Any]:
    own = [s for s in samples if s.form is not None]
    return _classes("form", own, [str(s.form) for s in own], texts, placed=False)


def danger(samples: Sequence[Sample], texts: Texts) -> dict[str, Any]:
    own = [s for s in samples if s.danger is not None]
    return _classes("danger", own, [str(s.danger) or "none" for s in own], texts, placed=False)


def wanted(samples: Sequence[Sample], texts: Texts) -> dict[str, Any]:
    own = [s for s in _thinned(samples) if s.wanted is not None]
    return _yes("wanted", own, [bool(s.wanted) for s in own], texts)


def goes_on(samples: Sequence[Sample], texts: Texts) -> dict[str, Any]:
    own = [s for s in _thinned(samples) if s.goes_on is not None]
    return _yes("goes_on", own, [bool(s.goes_on) for s in own], texts)


def signal(samples: Sequence[Sample], texts: Texts) -> dict[str, Any]:
    """Which conditions the message, by itself, says to hold."""
    own = [s for s in samples if s.conditions is not None]
    names = signal_names(own)
    truth = np.array(
        [
            [
                float(any(c.signal == n and c.state == "holds" for c in s.conditions or ()))
                for n in names
            ]
            for s in own
        ],
        np.float32,
    )
    rows = texts.rows(own, placed=False)
    weights = fit_sampled(rows, truth, np.ones_like(truth), penalty=_PENALTY, rounds=50)
    return _packed("signal", names, weights)


def _thinned(samples: Sequence[Sample]) -> list[Sample]:
    kept = [s for n, s in enumerate(samples) if s.source != "cases" or n % _THIN == 0]
    return [*kept, *anew(samples)]


def _classes(
    name: str, own: Sequence[Sample], labels: Sequence[str], texts: Texts, *, placed: bool
) -> dict[str, Any]:
    names = sorted(set(labels))
    truth = np.array([names.index(label) for label in labels])
    counts = np.array([s.weight for s in own], np.float32)
    rows = texts.rows(own, placed=placed)
    weights = fit_classes(rows, truth, len(names), counts, penalty=_PENALTY, rounds=80)
    return _packed(name, names, weights)


def _yes(name: str, own: Sequence[Sample], labels: Sequence[bool], texts: Texts) -> dict[str, Any]:
    truth = np.array(labels, np.float32)[:, None]
    counts = np.array([s.weight for s in own], np.float32)[:, None]
    weights = fit_each(texts.rows(own, placed=True), truth, counts, penalty=_PENALTY, rounds=80)
    return _packed(name, [name], weights)


def _packed(name: str, names: list[str], weights: Matrix) -> dict[str, Any]:
    """For features as they are read, not multiplied."""
    weights = weights.copy()
    weights[:_SIZE] *= _MEANING
    weights[_SIZE : _SIZE + BUCKETS] *= _LETTERS
    return packed(name, names, weights, _SIZE, BUCKETS)


# --- models of words ------------------------------------------------------------------------------


def signal_names(samples: Sequence[Sample]) -> list[str]:
    return sorted({c.signal for s in samples for c in s.conditions or ()})


def word(samples: Sequence[Sample]) -> dict[str, Any]:
    """Which condition each word names, whether it holds or not."""
    own = [s for s in samples if s.conditions is not None]
    names = signal_names(own)
    rows, truth, counts = [], [], []
    for sample in own:
        places = units(sample.text, own_spans(sample.text, find_parts(sample.text)))
        rows += unit_rows(sample.text, places)
        marked = _marked(sample)
        for start, end in places:
            truth.append(
                [
                    any(2 * (min(end, e) - max(start, s)) >= end - start for s, e in marked[n])
                    if n in marked
                    else False
                    for n in names
                ]
            )
            counts.append([n not in sample.denied for n in names])
    weights = fit_sampled(
        _sparse(rows),
        np.array(truth, np.float32),
        np.array(counts, np.float32),
        penalty=0.1,
        rounds=40,
    )
    return packed("word", names, weights, 0, BUCKETS)


def _marked(sample: Sample) -> dict[str, list[tuple[int, int]]]:
    """Where the words of each condition stand."""
    marked: dict[str, list[tuple[int, int]]] = {}
    for condition in sample.conditions or ():
        start = sample.text.find(condition.words)
        if condition.words and start >= 0:
            span = (start, start + len(condition.words))
            marked.setdefault(condition.signal, []).append(span)
    return marked


def state(samples: Sequence[Sample], word_head: models.Head) -> dict[str, Any]:
    """Whether what words name holds.

    Of what holds, cases give more than enough: every eighth. Where a case is known to rule a
    condition out, the words that name it best stand for it.
    """
    rows, labels = [], []
    for number, sample in enumerate(samples):
        marks = []
        if sample.source not in ("cases", "patterns") or number % 8 == 0:
            for condition in sample.conditions or ():
                start = sample.text.find(condition.words)
                if condition.words and start >= 0:
                    marks.append(((start, start + len(condition.words)), condition.state))
        if sample.denied:
            for signal, score, span in find_words(sample.text, find_parts(sample.text), word_head):
                if signal in sample.denied and score > _SELF:
                    marks.append((span, "dropped" if sample.place.follows else "negated"))
        for span, name in marks:
            rows.append(state_columns(sample.text, span))
            labels.append(STATES.index(name))
    counts = np.array([1.0 if STATES[n] == "holds" else 2.0 for n in labels], np.float32)
    print("states", Counter(STATES[n] for n in labels), flush=True)
    weights = fit_classes(
        _sparse(rows), np.array(labels), len(STATES), counts, penalty=0.02, rounds=80
    )
    return packed("state", list(STATES), weights, 0, BUCKETS)


HEADS: dict[str, Callable[[Sequence[Sample], Texts], dict[str, Any]]] = {
    "act": act,
    "form": form,
    "danger": danger,
    "wanted": wanted,
    "goes_on": goes_on,
    "signal": signal,
}
SPELLED = ("word", "state")
"""Models of words see no embedding."""


def fit(
    samples: Sequence[Sample],
    heads: Sequence[str],
    vectors: dict[str, models.Vector],
    before: dict[str, Any],
) -> dict[str, Any]:
    """What kb.reading.models.Models takes; heads that are not fitted stay as they were `before`."""
    stored = {**before, "order": np.array("\n".join(ranked()))}
    if "word" in heads:
        stored |= word(samples)
    if "state" in heads:
        stored |= state(samples, models.read_head(stored, "word"))
    whole = [s for s in samples if own_words(s.text) in vectors]
    if set(heads) <= set(SPELLED):
        return stored
    print(Counter(s.source for s in whole), flush=True)
    words = {name: value for name, value in stored.items() if name.startswith(tuple(SPELLED))}
    none = {"rarity": np.ones(BUCKETS), "mean": np.zeros(_SIZE), "embedding": np.array("")}
    words |= {**none, "order": stored["order"], "heads": np.array("\n".join(SPELLED))}
    texts = Texts(whole, vectors, models.Models(words, BundledEmbedder()))
    stored |= {
        "embedding": np.array(BundledEmbedder.name),
        "rarity": texts.rarity.astype(np.float16),
        "mean": texts.mean,
    }
    for head in [head for head in HEADS if head in heads]:
        stored |= HEADS[head](whole, texts)
        print(datetime.datetime.now().strftime("%H:%M:%S"), head, flush=True)
    return stored


def ranked() -> list[str]:
    """Signals in the order in which the rules look at them."""
    named = [signal for rule in load_model().rules for signal in rule.named]
    return [signal for signal in dict.fromkeys(named) if signal not in SIDES]


def data_hash() -> str:
    """Of the files that the models are taught by."""
    digest = hashlib.sha256()
    folders = ("messages", "cases", "scope")
    for file in sorted(f for folder in folders for f in (DATA / folder).iterdir()):
        if file.suffix in (".jsonl", ".yaml"):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def embedded(samples: Sequence[Sample], file: Path | None) -> dict[str, models.Vector]:
    """The vector of each message; those of `file` are taken as they are."""
    vectors: dict[str, models.Vector] = {}
    if file is not None and file.exists():
        with np.load(file, allow_pickle=False) as kept:
            vectors = dict(zip(json.loads(str(kept["texts"])), kept["V"], strict=True))
    new = list(dict.fromkeys(t for s in samples if (t := own_words(s.text)) not in vectors))
    embedder = BundledEmbedder()
    for start in range(0, len(new), 64):
        batch = new[start : start + 64]
        vectors.update(zip(batch, embedder.queries(batch), strict=True))
    if file is not None and new:
        np.savez(file, texts=np.array(json.dumps(list(vectors))), V=np.array([*vectors.values()]))
    return vectors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="leave out a quarter of the groups")
    parser.add_argument("--vectors", type=Path, help="keep embeddings in this file")
    parser.add_argument("--heads", nargs="+", default=[*HEADS, *SPELLED])
    parser.add_argument("--known", action="store_true", help="embed nothing that is not kept")
    parser.add_argument("--to", type=Path, default=models.FILE)
    options = parser.parse_args()
    samples = read_samples()
    vectors = embedded([] if options.known else samples, options.vectors)
    if options.check:
        samples = [s for s in samples if hash_of(s.group) % _QUARTERS]
    before: dict[str, Any] = {}
    if options.to.exists():
        with np.load(options.to, allow_pickle=False) as kept:
            before = dict(kept)
    stored = fit(samples, options.heads, vectors, before)
    names = sorted(key.removesuffix("_names") for key in stored if key.endswith("_names"))
    stored["heads"] = np.array("\n".join(names))
    stored["data"] = np.array(data_hash())
    stored["date"] = np.array(datetime.date.today().isoformat())
    np.savez_compressed(options.to, **stored)
    return 0


if __name__ == "__main__":
    sys.exit(main())
