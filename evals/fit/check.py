"""Check reading on groups left out of a fit: `python -m evals.fit.check WEIGHTS.pt`.

Takes weights of evals.fit.encoder (fitted without --all), reads the messages of the personas,
threads and briefs that it left out, and prints by source what became of them. `--number NAME VALUE`
tries a limit, `--wrong` prints each item read otherwise.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from evals.fit.encoder import LEFT
from evals.fit.pack import pack
from evals.fit.samples import MESSAGES, hash_of
from evals.messages import Slice, measure, read_items
from kb.image.listed import listed_version
from kb.pattern.knowing import KnowingReader
from kb.pattern.settle import settle
from kb.reading.encoded import EncodedReader
from kb.reading.encoder import Encoder
from kb.search.embedding import BundledEmbedder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--number", nargs=2, action="append", default=[])
    parser.add_argument("--wrong", action="store_true")
    options = parser.parse_args()
    stored = pack(torch.load(options.weights))
    stored |= {f"number_{name}": np.array(float(value)) for name, value in options.number}
    reader = KnowingReader(
        EncodedReader(BundledEmbedder(), settle, Encoder(stored)), listed_version
    )
    total: dict[str, Slice] = {}
    for file in sorted(MESSAGES.glob("*.jsonl")):
        items = [item for item in read_items(file) if hash_of(item.group) % LEFT == 0]
        for name, figure in measure(items, reader).items():
            for key in (f"{file.stem} {name}", f"all {name}"):
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
