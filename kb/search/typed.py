"""Typed: whether a statement of the hits holds what is asked about and the kind of answer wanted.

Takes a question and what retrieval found, gives signals between 0 and 1. That a page speaks of a
thing says little on whether it tells what was asked of it: a near miss names the thing in one
sentence and holds a number in another. Looks at single statements, each with its heading; a
Japanese word is met by its counterpart in an English one. Knows nothing about wording and answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from kb.records import Chunk, Hit
from kb.search.index import Index
from kb.search.retrieve import Retrieval
from kb.text.kinds import wanted
from kb.text.normal import normalize
from kb.text.tokens import search_tokens

FEATURES = ("typed", "untyped", "asks kind", "typed near", "unit", "met one", "met none", "few")
_TOP = 3
_WORD = re.compile(r"[\u3400-\u9fff々]{2,}|[ァ-ヺー]{2,}|[a-z0-9][a-z0-9_.-]{2,}")


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    tokens: frozenset[str]
    weight: float
    others: tuple[frozenset[str], ...]
    """Counterparts by token."""


def typed(question: str, retrieval: Retrieval, index: Index) -> dict[str, float]:
    """The signals."""
    want = wanted(question)
    words = _words(question, retrieval, index)
    total = sum(word.weight for word in words) or 1.0
    best = with_kind = 0.0
    near = near_kind = -1.0
    unit = False
    for hit, chunk in _units(retrieval):
        held, text = _held(chunk)
        share = sum(w.weight for w in words if _is_met(w, held, text)) / total
        similarity = hit.similarities.get(chunk.id, -1.0)
        best, near = max(best, share), max(near, similarity)
        if want.is_given(chunk.search_text):
            with_kind, near_kind = max(with_kind, share), max(near_kind, similarity)
            unit = unit or (share > 0 and want.has_unit(chunk.search_text))
    everything = frozenset[str]().union(
        *(index.lexical.tokens(hit.group) for hit in retrieval.hits[:_TOP])
    )
    all_text = normalize(
        " ".join(c.search_text for hit in retrieval.hits[:_TOP] for c in hit.chunks)
    )
    lacking = [w.weight for w in words if not _is_met(w, everything, all_text)]
    behind = near - near_kind if near >= 0 and near_kind >= 0 else 0.1
    return {
        "typed": with_kind,
        "untyped": best - with_kind,
        "asks kind": float(bool(want.kinds)),
        "typed near": 1 - min(1.0, 10 * behind) if near >= 0 else 0.5,
        "unit": float(unit or not want.unit),
        "met one": best,
        "met none": max(lacking, default=0.0) / max((w.weight for w in words), default=1.0),
        "few": 1 / (1 + len(words)),
    }


def _words(question: str, retrieval: Retrieval, index: Index) -> list[_Word]:
    """Content words; of a question in the other language those that can be met at all."""
    hits = retrieval.hits[:_TOP]
    first = index.languages[hits[0].group] if hits else frozenset()
    foreign = bool(first) and retrieval.spoken not in first
    found = []
    for text in dict.fromkeys(_WORD.findall(normalize(question))):
        tokens = frozenset(search_tokens(text))
        if not tokens:
            continue
        others = tuple(o for t in tokens if (o := retrieval.counterparts.get(t, frozenset())))
        if foreign and not others and text.isascii() == (retrieval.spoken == "en"):
            continue
        found.append(_Word(text, tokens, max(map(index.lexical.weight, tokens)), others))
    return found


def _is_met(word: _Word, held: frozenset[str], text: str) -> bool:
    if word.text in text or (word.text.isascii() and bool(word.tokens & held)):
        return True
    return any(held & other for other in word.others)


def _units(retrieval: Retrieval) -> Iterator[tuple[Hit, Chunk]]:
    """Single statements, rows and comments of the best hits; else whole passages."""
    for hit in retrieval.hits[:_TOP]:
        single = [
            c for c in hit.chunks if c.kind == "statement" or (c.kind == "question" and c.order)
        ]
        whole = [c for c in hit.chunks if c.kind != "question"]
        for chunk in single or whole:
            yield hit, chunk


@lru_cache(maxsize=20_000)
def _held(chunk: Chunk) -> tuple[frozenset[str], str]:
    """The words of a statement and of its headings."""
    text = f"{' '.join(chunk.heading)} {chunk.search_text} {chunk.text}"
    return frozenset(search_tokens(text)), normalize(text)
