"""Pack the encoder: `python -m evals.fit.pack WEIGHTS.pt` writes what kb.reading.encoder reads.

Takes the weights of evals.fit.encoder, gives `encoder.npz`: matrices in bytes with a scale a row,
the rest in half precision, the names of the classes, the limits, and the hash of the data.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from evals.fit.encoder_model import ACTS, DANGERS, FORMS, OUTCOMES, SIGNALS
from evals.fit.samples import data_hash, ranked
from kb.reading.encoder import FILE
from kb.search.layers import packed

NAMES = {"act": ACTS, "form": FORMS, "outcome": OUTCOMES, "danger": DANGERS, "signal": SIGNALS}
_MATRICES = ("qkv", "ao", "fi", "fo")


def pack(found: Any) -> dict[str, Any]:
    """The arrays of the file."""
    first = found["first"]
    stored: dict[str, Any] = {"first": np.array(first)}
    for name, value in found["model"].items():
        weights = value.float().numpy()
        if not name.startswith("layers."):
            stored[name] = weights.astype(np.float16)
            continue
        _, number, part, kind = name.split(".")
        number = int(number) + first
        if part in _MATRICES and kind == "weight":
            stored |= packed(f"{number}.{part}", weights)
        else:
            stored[f"{number}/{part}.{kind}"] = weights.astype(np.float16)
    stored |= {f"{name}_names": np.array("\n".join(names)) for name, names in NAMES.items()}
    stored["order_names"] = np.array("\n".join(ranked()))
    return stored


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument(
        "--number", nargs=2, action="append", default=[], help="a limit: name value"
    )
    parser.add_argument("--figures", default="", help="what was measured with them")
    options = parser.parse_args()
    stored = pack(torch.load(options.weights))
    stored |= {f"number_{name}": np.array(float(value)) for name, value in options.number}
    stored["fitted"] = np.array(datetime.date.today().isoformat())
    stored["data"] = np.array(data_hash())
    stored["figures"] = np.array(options.figures)
    np.savez_compressed(options.out, **stored)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
