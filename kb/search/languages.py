"""Languages: similarities in two languages on one scale.

An embedding model puts a question nearer to texts in its own language, whatever they say: of
questions whose answer stands in the other one, 0.3 to 0.4 had it among the first 20 passages as
they came, 0.9 to 1.0 on one scale. Takes what is nearest in each language, gives how much the
similarities of each are to be lifted. How far the languages lie apart for a question is told by the
nearest of each; where one has few texts, by what the model does to statements that say the same in
both (languages.npz, fitted on our notes: `python -m evals.fit.languages`). Knows nothing about
texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from kb.records import Language
from kb.search.embedding import Vectors

FILE = Path(__file__).with_name("languages.npz")
MODEL = "multilingual-e5-small"
NEAREST = 40
"""Texts of each language that tell how far the languages lie apart."""
_FEW = 200
"""Texts of a language from which on its nearest tell more than the model's habit."""


def lifts(
    query: Vectors,
    shelf: str,
    near: Mapping[Language, Sequence[float]],
    sizes: Mapping[Language, int],
    embedding: str,
) -> dict[Language, float]:
    """What to add to similarities by language: 0 for the one that the question is nearer to.

    `near`: similarities of the nearest on the shelf, best first. `sizes`: texts on the shelf.
    """
    least = min(len(near.get("ja", ())), len(near.get("en", ())), NEAREST)
    if not least:
        return {"ja": 0.0, "en": 0.0}
    tops = {name: float(np.mean(near[name][:least])) for name in near}
    few = min(sizes.values())
    own = few / (few + _FEW)
    apart = own * (tops["ja"] - tops["en"]) + (1 - own) * _habit(query, shelf, embedding)
    return {"ja": max(0.0, -apart), "en": max(0.0, apart)}


def _habit(query: Vectors, shelf: str, embedding: str) -> float:
    """How much nearer the model puts a question to a Japanese text than to the same in English."""
    if embedding != MODEL:
        return 0.0
    return float(query @ _apart()[shelf])


@cache
def _apart() -> dict[str, Vectors]:
    with np.load(FILE, allow_pickle=False) as kept:
        return {name: np.asarray(kept[name], np.float32) for name in kept.files}
