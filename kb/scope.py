"""Scope: answer, or decline and why.

Takes the question and what retrieval found, gives a `Scope` with every signal it used. Similarity
alone does not tell (a question on the weather is as near to a note as many a good one), so several
signals are weighed: closeness to the ways people ask, the share of the question's rare words that
the hits hold, agreement of the lists, and words that name what no source of ours can hold. Words
live in words.yaml, weights in scope_weights.json (fitted on the tuning slice of the golden set).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kb import rank
from kb.index import Index
from kb.records import Reason
from kb.retrieve import Retrieval
from kb.text import language
from kb.words import count, mentions

_TOP = 3
_FOLDER = Path(__file__).parent
FEATURES = (
    "question", "statement", "passage", "lexical", "coverage", "unknown", "agreement",
    "price", "now", "private", "neighbours", "anchors", "long", "english", "choice", "symptom",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """Why a question is answered or declined."""

    reason: Reason | None
    signals: Mapping[str, float | str]


@cache
def _weights() -> dict[str, dict[str, float]]:
    loaded: dict[str, dict[str, float]] = json.loads(
        (_FOLDER / "scope_weights.json").read_text(encoding="utf-8")
    )
    return loaded


def is_unsafe(question: str) -> bool:
    """The question asks for help with harm."""
    return mentions(question, "unsafe")


_CLAUSE = re.compile(
    r"(?<=[。！？!?\n;；])|(?<=\.)\s+|、(?=(?:あと|それと|ついでに|そして))"
    r"|\s+(?:and|then)\s+(?=ignore|print|reveal|show|forget)"
)


def without_attack(question: str) -> tuple[str, bool]:
    """The question without the clauses that try to take the assistant off its task."""
    if not mentions(question, "attack"):
        return question, False
    kept = [part for part in _CLAUSE.split(question) if part and not mentions(part, "attack")]
    return " ".join(part.strip() for part in kept).strip(), True


def features(question: str, retrieval: Retrieval, index: Index) -> dict[str, float]:
    """The signals as numbers, mostly between 0 and 1."""
    tokens = [token for token in dict.fromkeys(retrieval.tokens) if not _is_filler(token)]
    weights = {token: index.lexical.weight(token) for token in tokens}
    total = sum(weights.values()) or 1.0
    held: set[str] = set()
    for hit in retrieval.hits[:_TOP]:
        held |= index.lexical.tokens(hit.group)
    top = retrieval.hits[0].ranks if retrieval.hits else {}
    found = {
        name: float(mentions(question, name)) for name in ("price", "now", "private", "neighbours")
    }
    return {
        "question": _stretch(retrieval.best.get("questions", 0.0)),
        "statement": _stretch(retrieval.best.get("statements", 0.0)),
        "passage": _stretch(retrieval.best.get("passages", 0.0)),
        "lexical": min(1.5, retrieval.best.get("lexical", 0.0) / (3.0 * total)),
        "coverage": sum(weights[token] for token in tokens if token in held) / total,
        "unknown": sum(weights[token] for token in tokens if not index.lexical.knows(token))
        / total,
        "agreement": sum(rank <= _TOP for rank in top.values()) / 4,
        "anchors": min(1.0, count(question, "anchors") / 4),
        "long": min(1.0, len(tokens) / 40),
        "choice": float(rank.is_choice(question)),
        "symptom": float(rank.is_symptom(question)),
        "english": float(language(question) == "en"),
        **found,
    }


def _stretch(similarity: float) -> float:
    """Cosines of e5 lie between 0.78 and 0.96; spread over 0 to 1."""
    return (similarity - 0.78) / 0.18


def _is_filler(token: str) -> bool:
    """Pieces of Japanese grammar: bigrams of hiragana only, single characters."""
    return len(token) < 2 or bool(re.fullmatch(r"[\u3041-\u309fー]+", token))


def decide_scope(question: str, retrieval: Retrieval, index: Index) -> Scope:
    """Whether the hits can answer the question."""
    values = features(question, retrieval, index)
    answerable = probability(values, _weights()["answerable"])
    signals: dict[str, float | str] = {**values, "answerable": answerable}
    if answerable >= _weights()["limits"]["answerable"]:
        return Scope(None, signals)
    inside = probability(values, _weights()["inside"])
    signals["inside"] = inside
    reason: Reason = (
        "not_in_sources" if inside >= _weights()["limits"]["inside"] else "out_of_scope"
    )
    return Scope(reason, signals)


def probability(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Logistic model: 1 / (1 + exp(-(bias + Σ weight × value)))."""
    score = weights["bias"] + sum(weights[name] * values[name] for name in FEATURES)
    return 1 / (1 + math.exp(-score))
