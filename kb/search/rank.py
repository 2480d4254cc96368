"""Rank: the fused candidates in their final order, by a small linear model over their signals.

Takes what each search list says of a group, gives a score. Rank fusion finds the candidates; their
order it decides by ranks alone, which throws away how much better one is than the next. The weights
in rank_weights.json were fitted on questions whose section is known (`python -m evals.fit.rank`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from kb.text.normal import normalize
from kb.text.words import mentions

FEATURES = (
    "question", "statement", "second", "section", "passage", "lexical", "coverage", "heading",
    "fused", "facet", "number", "choice", "symptom", "named", "sample", "called", "file", "part",
    "source", "twice", "title", "path", "code", "table",
    "written", "code asked", "foreign", "foreign lexical", "foreign coverage",
)  # fmt: skip


def is_choice(question: str) -> bool:
    """The question asks which way to take, or whether something is needed."""
    return mentions(question, "choice")


def is_symptom(question: str) -> bool:
    """The question tells of something that goes wrong."""
    return mentions(question, "symptom")


def facet(text: str) -> str:
    """`training`, `inference`, or empty when the text names both or neither."""
    training, inference = mentions(text, "training"), mentions(text, "inference")
    return "" if training == inference else "training" if training else "inference"


def facets_differ(one: str, other: str) -> float:
    """1 when one text is on training only and the other on inference only, else 0."""
    first, second = facet(one), facet(other)
    return float(bool(first and second and first != second))


_NUMBERED = re.compile(
    r"(?:パターン|\bpatterns?) ?([1-3])(?:(?:と|や|か|、|,| and | or |・|/) ?([1-3]))?"
)


def numbers(text: str) -> frozenset[str]:
    """The patterns that a text names by number."""
    return frozenset(n for found in _NUMBERED.findall(normalize(text)) for n in found if n)


def numbers_differ(one: str, other: str) -> float:
    """1 when both texts name patterns by number, and none in common, else 0."""
    first, second = numbers(one), numbers(other)
    return float(bool(first and second and not first & second))


def score(features: Mapping[str, float]) -> float:
    """Linear score; comparable within one question."""
    weights = _weights()
    return sum(weights[name] * features[name] for name in FEATURES)


@cache
def _weights() -> dict[str, float]:
    file = Path(__file__).with_name("rank_weights.json")
    loaded: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
    return loaded
