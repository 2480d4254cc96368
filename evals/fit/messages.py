"""Fit what kb.reading reads messages with: `python -m evals.fit.messages`.

Linear models over the meaning, the letters and the place of a message (kb.reading.models): its act,
the form asked for, whether a decision is wanted, which conditions it names, whether it goes on with
a case, whether it is a danger; over each word in its place, which condition it names; over the
words around, whether that condition holds. Taught by evals/data (evals.fit.samples); what is set
aside there is not read. What words name is shown to the models of messages as word models find it
that were fitted without that message's group: their own samples they know too well.

`python -m evals.fit.check` measures on groups left out.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from evals.fit.corpus import LETTERS, MEANING, Corpus, Places, around, hashed, own_words, parts_of
from evals.fit.linear import Matrix, fit_classes, fit_each, fit_sampled, packed
from evals.fit.samples import DATA, Sample, hash_of, read_samples
from kb.pattern.patterns import SIDES, load_model
from kb.reading import models
from kb.reading.conditions import Named, find_words, named_row, state_of, strongest
from kb.reading.models import BUCKETS, Head, Vector
from kb.reading.state import STATES
from kb.search.embedding import BundledEmbedder

_SIZE = 384
PARTS = 3
"""Parts of the groups; what words name in one is read by models fitted on the others."""
_SELF = -1.0
"""Log odds from which a word stands for a condition that its message is known to rule out."""
_PENALTY = 1.0

Stored: TypeAlias = dict[str, Any]
Fit: TypeAlias = Callable[[Corpus, Places, Matrix], Stored]


def part_of(sample: Sample) -> int:
    """The part of the groups that a sample belongs to."""
    return hash_of(sample.group) % PARTS


@dataclass(frozen=True, slots=True)
class Words:
    """Models of words, and of whole messages by themselves: of all samples, and without a part."""

    whole: Stored
    without: tuple[Stored, ...]
    named: dict[int, list[Named]]
    """What the words of each sample name, by the models without its part."""
    scores: Matrix
    """So for whole messages; shape (samples, signals)."""


def fit_all_words(corpus: Corpus) -> Words:
    everything = np.arange(len(corpus.samples))
    part = np.array([part_of(s) for s in corpus.samples])
    found: dict[int, list[Named]] = {}
    scores = np.zeros((len(corpus.samples), len(signal_names(corpus.samples))), np.float32)
    without = []
    for left in range(PARTS):
        known, own = np.flatnonzero(part != left), np.flatnonzero(part == left)
        stored = fit_words(corpus, known)
        found |= read_words(corpus, own, stored)
        scores[own] = score(models.read_head(stored, "signal"), corpus, own)
        without.append(stored)
        _log(f"words without part {left}")
    return Words(fit_words(corpus, everything), tuple(without), found, scores)


def kept_words(corpus: Corpus, before: Stored) -> Words:
    """The models of words as they stand; what they make of the samples."""
    heads = ("word", "state", "signal")
    stored = {name: value for name, value in before.items() if name.split("_")[0] in heads}
    everything = np.arange(len(corpus.samples))
    named = read_words(corpus, everything, stored)
    scores = score(models.read_head(stored, "signal"), corpus, everything)
    return Words(stored, (stored,) * PARTS, named, scores)


def fit(
    corpus: Corpus,
    words: Words,
    left: int | None = None,
    heads: Sequence[Fit] | None = None,
) -> Stored:
    """What kb.reading.models.Models takes, taught by all samples or without one part."""
    places = np.array([n for n, s in enumerate(corpus.samples) if part_of(s) != left])
    stored: Stored = {
        "embedding": np.array(BundledEmbedder.name),
        "rarity": corpus.rarity.astype(np.float16),
        "mean": corpus.mean,
        "order": np.array("\n".join(ranked())),
        **(words.whole if left is None else words.without[left]),
    }
    numbers = _numbers(corpus, words.named)
    known = {n: named for n, named in words.named.items() if part_of(corpus.samples[n]) != left}
    if heads is None:
        stored |= fit_told(corpus, known, words.scores)
    for head_fit in heads or HEADS:
        stored |= head_fit(corpus, places, numbers)
        _log(head_fit.__name__)
    return stored


def with_heads(stored: Stored) -> Stored:
    """The weights, and the names of the models among them."""
    names = sorted(key.removesuffix("_names") for key in stored if key.endswith("_names"))
    return stored | {"heads": np.array("\n".join(names))}


def _log(what: str) -> None:
    print(datetime.datetime.now().strftime("%H:%M:%S"), what, file=sys.stderr, flush=True)


def _numbers(corpus: Corpus, named: dict[int, list[Named]]) -> Matrix:
    """The place of each sample, as the models take it."""
    rows = [
        sample.place.row(sample.text, corpus.pasted[n], named_row(named.get(n, ())))
        for n, sample in enumerate(corpus.samples)
    ]
    return np.array(rows, np.float32)


# --- models of messages ---------------------------------------------------------------------------


def act(corpus: Corpus, places: Places, numbers: Matrix) -> Stored:
    own = [n for n in places if corpus.samples[n].act is not None]
    return _classes("act", corpus, own, lambda s: str(s.act), numbers)


def form(corpus: Corpus, places: Places, numbers: Matrix) -> Stored:
    own = [n for n in places if corpus.samples[n].form is not None]
    return _classes("form", corpus, own, lambda s: str(s.form), None)


def danger(corpus: Corpus, places: Places, numbers: Matrix) -> Stored:
    own = [n for n in places if corpus.samples[n].danger is not None]
    return _classes("danger", corpus, own, lambda s: str(s.danger) or "none", None)


def wanted(corpus: Corpus, places: Places, numbers: Matrix) -> Stored:
    own = [n for n in places if corpus.samples[n].wanted is not None]
    return _yes("wanted", corpus, own, lambda s: bool(s.wanted), numbers)


def goes_on(corpus: Corpus, places: Places, numbers: Matrix) -> Stored:
    own = [n for n in places if corpus.samples[n].goes_on is not None]
    return _yes("goes_on", corpus, own, lambda s: bool(s.goes_on), numbers)


def takes_back(corpus: Corpus, places: Places, numbers: Matrix) -> Stored:
    own = [n for n in places if corpus.samples[n].takes_back is not None]
    return _yes("takes_back", corpus, own, lambda s: bool(s.takes_back), numbers)


def narrows(corpus: Corpus, places: Places, numbers: Matrix) -> Stored:
    own = [n for n in places if corpus.samples[n].narrows is not None]
    return _classes("narrows", corpus, own, lambda s: s.narrows or "none", None)


HEADS: tuple[Fit, ...] = (
    act, form, danger, wanted, goes_on, takes_back, narrows,
)  # fmt: skip


def _classes(
    name: str,
    corpus: Corpus,
    own: Sequence[int],
    label: Callable[[Sample], str],
    numbers: Matrix | None,
) -> Stored:
    labels = [label(corpus.samples[n]) for n in own]
    names = sorted(set(labels))
    truth = np.array([names.index(label) for label in labels])
    counts = np.array([corpus.samples[n].weight for n in own], np.float32)
    at = np.array(own)
    rows = corpus.rows(at, None if numbers is None else numbers[at])
    weights = fit_classes(rows, truth, len(names), counts, penalty=_PENALTY, rounds=40)
    return _packed(name, names, weights)


def _yes(
    name: str,
    corpus: Corpus,
    own: Sequence[int],
    label: Callable[[Sample], bool],
    numbers: Matrix,
) -> Stored:
    truth = np.array([label(corpus.samples[n]) for n in own], np.float32)[:, None]
    counts = np.array([corpus.samples[n].weight for n in own], np.float32)[:, None]
    at = np.array(own)
    rows = corpus.rows(at, numbers[at])
    return _packed(name, [name], fit_each(rows, truth, counts, penalty=_PENALTY, rounds=80))


ON_THE_CASE: tuple[Fit, ...] = (act, form, wanted, goes_on, takes_back, narrows)
"""Models that need none of the models of words fitted anew."""


def fit_signal(corpus: Corpus, places: Places) -> Stored:
    """Which conditions the message, by itself, says to hold."""
    own = np.array([n for n in places if corpus.samples[n].conditions is not None])
    names = signal_names(corpus.samples)
    truth = np.zeros((len(own), len(names)), np.float32)
    for row, n in enumerate(own):
        for one in corpus.samples[n].conditions or ():
            if one.state == "holds":
                truth[row, names.index(one.signal)] = 1
    rows = corpus.rows(own)
    weights = fit_sampled(rows, truth, np.ones_like(truth), penalty=_PENALTY, rounds=50)
    return _packed("signal", names, weights)


def _packed(name: str, names: list[str], weights: Matrix) -> Stored:
    """For features as they are read, not multiplied."""
    weights = weights.copy()
    weights[:_SIZE] *= MEANING
    weights[_SIZE : _SIZE + BUCKETS] *= LETTERS
    return packed(name, names, weights, _SIZE, BUCKETS)


# --- models of words ------------------------------------------------------------------------------


def signal_names(samples: Iterable[Sample]) -> list[str]:
    return sorted({c.signal for s in samples for c in s.conditions or ()})


def fit_words(corpus: Corpus, places: Places) -> Stored:
    """What each word names, whether what words name holds, and what a whole message names."""
    stored = word(corpus, places)
    stored |= state(corpus, places, models.read_head(stored, "word"))
    return stored | fit_signal(corpus, places)


def read_words(corpus: Corpus, places: Places, stored: Stored) -> dict[int, list[Named]]:
    """As kb.reading.conditions.read_named, many at once."""
    head, states = models.read_head(stored, "word"), models.read_head(stored, "state")
    letters = head.letters.astype(np.float32) * head.scale
    found: dict[int, list[Named]] = {}
    for n in places:
        text, own = corpus.samples[n].text, corpus.units[n]
        if not own:
            continue
        rows = corpus.words[corpus.ends[n] : corpus.ends[n + 1]]
        scores = np.asarray(rows @ letters, np.float32) + head.bias
        found[int(n)] = [
            Named(signal, best, span, state_of(states, around(text, span)))
            for signal, best, span in strongest(text, own, scores, head.names)
        ]
    return found


def word(corpus: Corpus, places: Places) -> Stored:
    """Which condition each word names, whether it holds or not."""
    own = np.array([n for n in places if corpus.samples[n].conditions is not None])
    names = signal_names(corpus.samples)
    rows = corpus.word_places(own)
    truth = np.zeros((len(rows), len(names)), np.float32)
    counts = np.ones_like(truth)
    at = 0
    for n in own:
        sample, spans = corpus.samples[n], corpus.units[n]
        for signal, marks in _marked(sample).items():
            for row, (start, end) in enumerate(spans):
                if any(2 * (min(end, e) - max(start, s)) >= end - start for s, e in marks):
                    truth[at + row, names.index(signal)] = 1
        for signal in sample.denied & set(names):
            counts[at : at + len(spans), names.index(signal)] = 0
        at += len(spans)
    weights = fit_sampled(corpus.words[rows], truth, counts, penalty=0.1, rounds=40)
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


def state(corpus: Corpus, places: Places, word_head: Head) -> Stored:
    """Whether what words name holds.

    Of what holds, cases give more than enough: every eighth. Where a case is known to rule a
    condition out, the words that name it best stand for it.
    """
    rows, labels = [], []
    for n in places:
        sample = corpus.samples[n]
        marks = []
        if sample.source not in ("cases", "patterns") or n % 3 == 0:
            for condition in sample.conditions or ():
                start = sample.text.find(condition.words)
                if condition.words and start >= 0:
                    marks.append(((start, start + len(condition.words)), condition.state))
        if sample.denied:
            for signal, best, span in find_words(sample.text, parts_of(sample.text), word_head):
                if signal in sample.denied and best > _SELF:
                    marks.append((span, "dropped" if sample.place.follows else "negated"))
        for span, name in marks:
            rows.append(around(sample.text, span))
            labels.append(STATES.index(name))
    counts = np.array([1.0 if STATES[n] == "holds" else 2.0 for n in labels], np.float32)
    weights = fit_classes(
        hashed(rows), np.array(labels), len(STATES), counts, penalty=0.02, rounds=80
    )
    return packed("state", list(STATES), weights, 0, BUCKETS)


def score(head: Head, corpus: Corpus, places: Places) -> Matrix:
    """The scores of a model that sees no place."""
    letters = corpus.letters[places] @ (head.letters.astype(np.float32) * head.scale / LETTERS)
    meaning = corpus.meaning[places] @ head.meaning / MEANING
    return np.asarray(letters + meaning + head.bias, np.float32)


def fit_told(corpus: Corpus, found: dict[int, list[Named]], whole: Matrix) -> Stored:
    """What the strongest word and the whole message count for a condition that holds."""
    names = signal_names(corpus.samples)
    rows, truth = [], []
    for n, own in found.items():
        sample = corpus.samples[n]
        if sample.conditions is None or sample.source in ("patterns", "cases"):
            continue
        right = {c.signal for c in sample.conditions}
        for one in own:
            if one.signal in SIDES or one.state != "holds":
                continue
            rows.append([one.score, whole[n, names.index(one.signal)]])
            truth.append(float(one.signal in right))
    weights = fit_each(
        sparse.csr_matrix(np.array(rows, np.float32)),
        np.array(truth, np.float32)[:, None],
        np.ones((len(truth), 1), np.float32),
        penalty=1e-3,
        rounds=100,
    )[:, 0]
    keys = ("number_named_word", "number_named_message", "number_named_bias")
    return {key: np.array(weight) for key, weight in zip(keys, weights, strict=True)}


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


def embedded(samples: Sequence[Sample], file: Path | None) -> dict[str, Vector]:
    """The vector of each message, in large batches; those of `file` are taken as they are."""
    vectors: dict[str, Vector] = {}
    if file is not None and file.exists():
        with np.load(file, allow_pickle=False) as kept:
            vectors = dict(zip(json.loads(str(kept["texts"])), kept["V"], strict=True))
    new = list(dict.fromkeys(t for s in samples if (t := own_words(s.text)) not in vectors))
    if not new:
        return vectors
    from ingest.bulk import BulkEmbedder  # importing torch takes seconds

    vectors.update(zip(new, BulkEmbedder().queries(new), strict=True))
    if file is not None:
        np.savez(file, texts=np.array(json.dumps(list(vectors))), V=np.array([*vectors.values()]))
    return vectors


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=Path, help="keep embeddings in this file")
    parser.add_argument("--known", action="store_true", help="embed nothing that is not kept")
    parser.add_argument(
        "--keep-words", action="store_true", help="fit only what messages do; a tenth of the time"
    )
    parser.add_argument("--figures", default="", help="what the check said; kept with the weights")
    parser.add_argument("--to", type=Path, default=models.FILE)
    options = parser.parse_args()
    samples = read_samples()
    vectors = embedded([] if options.known else samples, options.vectors)
    samples = [s for s in samples if own_words(s.text) in vectors]
    if options.keep_words:
        with np.load(models.FILE, allow_pickle=False) as kept:
            before = dict(kept)
        corpus = Corpus(samples, vectors, before)
        stored = before | fit(corpus, kept_words(corpus, before), heads=ON_THE_CASE)
    else:
        corpus = Corpus(samples, vectors)
        stored = fit(corpus, fit_all_words(corpus))
    stored = with_heads(stored)
    stored["data"] = np.array(data_hash())
    stored["date"] = np.array(datetime.date.today().isoformat())
    stored["figures"] = np.array(options.figures)
    np.savez_compressed(options.to, **stored)
    return 0


if __name__ == "__main__":
    sys.exit(main())
