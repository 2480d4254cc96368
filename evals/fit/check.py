"""Check reading on groups left out: `python -m evals.fit.check`.

Personas, threads and briefs are cut into parts; what models fitted without a part make of it is
counted over all parts, by source. Cases, questions and dangers, which the notes gave, teach always.
`--vectors FILE` keeps embeddings between runs; `--wrong` prints each item read otherwise.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from evals.fit.corpus import Corpus
from evals.fit.messages import PARTS, Words, embedded, fit, fit_all_words, with_heads
from evals.fit.samples import MESSAGES, hash_of, read_samples
from evals.messages import Slice, measure, read_items
from kb.reading.embedded import EmbeddedReader
from kb.reading.models import Models, Vector
from kb.search.embedding import BundledEmbedder, Vectors


class Kept(BundledEmbedder):
    """The bundled model; texts of which the vector is kept are not embedded again."""

    def __init__(self, vectors: Mapping[str, Vector]) -> None:
        super().__init__()
        self._vectors = vectors

    def queries(self, texts: Sequence[str]) -> Vectors:
        if all(text in self._vectors for text in texts):
            return np.array([self._vectors[text] for text in texts])
        return super().queries(texts)


def checked(
    left: int, corpus: Corpus, words: Words, vectors: Mapping[str, Vector]
) -> Iterator[tuple[str, str, Slice]]:
    """Every figure on one part: source, name, count."""
    embedder = Kept(vectors)
    reader = EmbeddedReader(embedder, Models(with_heads(fit(corpus, words, left)), embedder))
    for file in sorted(MESSAGES.glob("*.jsonl")):
        items = [item for item in read_items(file) if hash_of(item.group) % PARTS == left]
        for name, figure in measure(items, reader).items():
            yield file.stem, name, figure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vectors", type=Path, help="keep embeddings in this file")
    parser.add_argument("--wrong", action="store_true", help="print what was read otherwise")
    parser.add_argument("--parts", type=int, default=PARTS, help="measure only so many parts")
    options = parser.parse_args()
    samples = read_samples()
    vectors = embedded(samples, options.vectors)
    corpus = Corpus(samples, vectors)
    words = fit_all_words(corpus)
    total: dict[str, Slice] = {}
    for left in range(options.parts):
        for source, name, figure in checked(left, corpus, words, vectors):
            for key in (f"{source} {name}", f"all {name}"):
                sum_ = total.setdefault(key, Slice())
                sum_.right += figure.right
                sum_.of += figure.of
                sum_.wrong += figure.wrong
    for key in sorted(total):
        if total[key].of:
            print(f"{key}: {total[key]}")
            if options.wrong and not key.startswith("all"):
                print(*(f"    {wrong}" for wrong in total[key].wrong), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
