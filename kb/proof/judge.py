"""Judge: the evidence on one sentence, weighed.

Takes features (kb.proof.evidence), gives how sure it is that the quotes support the sentence; 0 and
above means that they do. The weights lie beside this file, with the hash of the cases that they
were fitted on (`python -m evals.fit.proof`). Knows nothing about texts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("weights.json")


@dataclass(frozen=True, slots=True)
class Weights:
    """What each feature counts; one that is not named counts nothing."""

    bias: float
    features: Mapping[str, float]

    def score(self, features: Mapping[str, float]) -> float:
        """Above 0: supported."""
        return self.bias + sum(
            self.features.get(name, 0.0) * value for name, value in features.items()
        )

    def against(self, features: Mapping[str, float]) -> list[str]:
        """What speaks against the sentence, the heaviest first."""
        weighed = {name: self.features.get(name, 0.0) * value for name, value in features.items()}
        return [name for name in sorted(weighed, key=weighed.__getitem__) if weighed[name] < -0.2]


@cache
def load_weights() -> Weights:
    """The weights beside this module."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return Weights(stored["bias"], stored["features"])
