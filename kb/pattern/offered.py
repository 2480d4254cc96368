"""Offered: whether AWS has an image of the framework version that a text names.

Takes a text, gives the signal that follows and its words. The newest versions that AWS offers stand
in patterns.yaml; the notes behind them are `choose-framework-version`. Knows nothing about cases.
"""

from __future__ import annotations

import re

from kb.pattern.patterns import load_model
from kb.records import SIDES, Raised
from kb.text.ngrams import uniform

_VERSION = r"[ :=<>~\-]{0,3}(?:version |v)?(?P<version>\d+\.\d+)(?!\d|b\b)"
"""A number with a point after a name; 8 GPUs are no version, and 1.5b is a size."""


def find_offered(text: str) -> Raised | None:
    """version_offered, version_missing, or training_only; None where no version is named."""
    level = uniform(text)
    for offered in load_model().offered:
        pattern = rf"(?<![a-z])(?:{offered.name.pattern}){_VERSION}"
        if found := re.search(pattern, level, re.ASCII):
            number = _number(found["version"])
            missing = {side: number > _number(getattr(offered, side)) for side in SIDES}
            signal = "version_offered"
            if missing["inference"]:
                signal = "version_missing" if missing["training"] else "training_only"
            return Raised(signal, text[found.start() : found.end()])
    return None


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
