"""Retrieve: a query to hits, by dense and lexical search fused.

Takes a query in its final form, gives `Hit` values, best first. Knows nothing about conversations,
refusals or wording. Five lists are fused: the ways people ask (dense), single statements (dense),
longer passages (dense), the sections of our notes (kb.search.sections), and tokens (BM25);
kb.search.rank then orders the best of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from kb.records import Chunk, Hit, Language
from kb.search import rank
from kb.search.embedding import Embedder, Vectors
from kb.search.index import Index
from kb.text.tokens import search_tokens

FUSION_K = 10
"""The constant of reciprocal rank fusion (Cormack et al., 2009, https://doi.org/10.1145/1571941.1572114).
10 instead of the paper's 60: the first ranks of each list are far better than the rest."""
WEIGHTS = {"questions": 1.0, "statements": 1.0, "passages": 0.5, "lexical": 1.0, "sections": 1.0}
CANDIDATES = 40
"""Groups that are looked at more closely after the fusion."""
_DEPTH = {"questions": 40, "statements": 120, "passages": 30, "lexical": 40, "sections": 40}
_FAR = -20.0
"""Where a section's score behind the best one stops to count."""
_SECTION = 15.0
"""So much a section's score falls, about, where its similarity falls by a tenth."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The hits of a query, with what the decision to answer needs."""

    hits: tuple[Hit, ...]
    tokens: tuple[str, ...]
    best: Mapping[str, float] = field(default_factory=dict)
    """Best score of each list: cosine similarity for the dense ones, BM25 for `lexical`."""
    vector: Vectors = field(default_factory=lambda: np.zeros(0, np.float32))
    """The query as the embedding model sees it, shape (dimensions,)."""


def retrieve(
    index: Index, embedder: Embedder, query: str, language: Language, *, k: int = 8
) -> Retrieval:
    """The best `k` groups for `query`; where a group exists in both languages, in `language`."""
    found = search_lists(index, embedder, query)
    fused = fuse({name: list(scores) for name, scores in found.lists.items()}, WEIGHTS)
    ranked = sorted(
        (
            (group, signals(index, query, found, group, share))
            for group, share in fused[:CANDIDATES]
        ),
        key=lambda item: (-rank.score(item[1]), item[0]),
    )
    top = rank.score(ranked[0][1]) if ranked else 0.0
    hits = [
        Hit(
            group=group,
            score=math.exp(rank.score(features) - top),
            chunks=in_language(index.groups[group], language),
            similarities={
                c.id: found.similarities[c.id]
                for c in index.groups[group]
                if c.id in found.similarities
            },
            ranks={name: places[group] for name, places in found.places.items() if group in places},
        )
        for group, features in ranked[: 2 * k]
    ]
    return Retrieval(
        tuple(_merge_neighbours(hits)[:k]),
        found.tokens,
        found.best,
        found.vector,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What the five lists hold: by list, the groups with their best score, best first."""

    vector: Vectors
    tokens: tuple[str, ...]
    lists: Mapping[str, Mapping[str, float]]
    second: Mapping[str, float]
    """Similarity of the second-best statement of a group."""
    similarities: Mapping[str, float]

    @property
    def best(self) -> Mapping[str, float]:
        """Best score of each list: cosine similarity for the dense ones, BM25 for `lexical`."""
        return {name: max(scores.values(), default=0.0) for name, scores in self.lists.items()}

    @property
    def places(self) -> Mapping[str, Mapping[str, int]]:
        """Rank (from 1) of each group in each list."""
        return {
            name: {g: i for i, g in enumerate(scores, 1)} for name, scores in self.lists.items()
        }


def search_lists(index: Index, embedder: Embedder, query: str) -> Found:
    vector = embedder.queries([query])[0]
    tokens = tuple(search_tokens(query))
    lists: dict[str, dict[str, float]] = {}
    second: dict[str, float] = {}
    similarities: dict[str, float] = {}
    for shelf in ("questions", "statements", "passages"):
        scores = lists.setdefault(shelf, {})
        for identity, similarity in index.vectors.search(shelf, vector, _DEPTH[shelf]):
            similarities[identity] = similarity
            group = index.chunks[identity].group
            if group not in scores:
                scores[group] = similarity
            elif shelf == "statements" and index.chunks[identity].order != 0:
                second.setdefault(group, similarity)
    lists["sections"] = dict(islice(index.sections.scores(vector).items(), _DEPTH["sections"]))
    lists["lexical"] = dict(index.lexical.search(tokens, _DEPTH["lexical"]))
    return Found(vector, tokens, lists, second, similarities)


def signals(index: Index, query: str, found: Found, group: str, share: float) -> dict[str, float]:
    """What speaks for a group. Similarities count from the best of their list.

    Other documents than our notes have no ways to ask beside them: their passage stands for what
    they lack, held against the same best, so that it can also be ahead.
    """
    noted = group.startswith("note:")

    def behind(shelf: str, scores: Mapping[str, float]) -> float:
        own = scores if noted else found.lists["passages"]
        best = max(found.lists[shelf].values(), default=0.0)
        floor = min(found.lists[shelf if noted else "passages"].values(), default=0.0)
        return 10 * (own.get(group, floor - 0.005) - best)

    chunks = index.groups[group]
    lexical, sections = found.lists["lexical"], found.lists["sections"]
    tokens = {token for token in found.tokens if index.lexical.knows(token)}
    total = sum(index.lexical.weight(token) for token in tokens) or 1.0
    heading = " ".join(dict.fromkeys(" ".join(chunk.heading) for chunk in chunks))
    named = tokens & set(search_tokens(heading))
    return {
        "question": behind("questions", found.lists["questions"]),
        "statement": behind("statements", found.lists["statements"]),
        "second": behind("statements", found.second),
        "section": max(
            _FAR,
            sections.get(group, -math.inf) - max(sections.values(), default=0.0)
            if noted
            else _SECTION * behind("questions", {}),
        ),
        "passage": behind("passages", found.lists["passages"]),
        "lexical": lexical.get(group, 0.0) / (max(lexical.values(), default=0.0) or 1.0),
        "coverage": sum(map(index.lexical.weight, tokens & index.lexical.tokens(group))) / total,
        "heading": sum(map(index.lexical.weight, named)) / total,
        "fused": 10 * share,
        "facet": rank.facets_differ(query, heading),
        "number": rank.numbers_differ(query, heading),
        "note": float(noted),
        # Our notes on choosing and on errors carry these prefixes.
        "choice": float(group.startswith("note:choose-") and rank.is_choice(query)),
        "symptom": float(group.startswith("note:err-") and rank.is_symptom(query)),
    }


def fuse(
    ranked: Mapping[str, list[str]], weights: Mapping[str, float], k: float = FUSION_K
) -> list[tuple[str, float]]:
    """Weighted reciprocal rank fusion: score = Σ weight / (k + rank), rank from 1; best first."""
    scores: dict[str, float] = {}
    for name, groups in ranked.items():
        for place, group in enumerate(groups, 1):
            scores[group] = scores.get(group, 0.0) + weights[name] / (k + place)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def in_language(chunks: tuple[Chunk, ...], language: Language) -> tuple[Chunk, ...]:
    """One document's chunks of a group: in `language` if there are any, of its first place else."""
    preferred = [chunk for chunk in chunks if chunk.language == language] or list(chunks)
    return tuple(chunk for chunk in preferred if chunk.document == preferred[0].document)


def _merge_neighbours(hits: list[Hit]) -> list[Hit]:
    """Passages that follow each other in one document become one hit, at the better one's place."""
    merged: list[Hit] = []
    for hit in hits:
        for position, earlier in enumerate(merged):
            if _adjacent(earlier, hit):
                chunks = sorted((*earlier.chunks, *hit.chunks), key=lambda c: c.start)
                similarities = {**earlier.similarities, **hit.similarities}
                merged[position] = replace(earlier, chunks=tuple(chunks), similarities=similarities)
                break
        else:
            merged.append(hit)
    return merged


def _adjacent(one: Hit, other: Hit) -> bool:
    first, second = one.chunks, other.chunks
    if first[0].kind != "passage" or second[0].kind != "passage":
        return False
    if first[0].document != second[0].document or first[0].heading != second[0].heading:
        return False
    return abs(second[0].start - first[-1].end) <= 3 or abs(first[0].start - second[-1].end) <= 3
