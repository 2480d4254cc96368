"""Retrieve: a query to hits, by dense and lexical search fused.

Takes a query in its final form, gives `Hit` values, best first. Knows nothing about conversations,
refusals or wording. Four lists are fused: the ways people ask (dense), single statements (dense),
longer passages (dense), and tokens (BM25).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from kb.embedding import Embedder
from kb.index import Index
from kb.records import Chunk, Hit, Language
from kb.text import search_tokens

FUSION_K = 10
"""The constant of reciprocal rank fusion (Cormack et al., 2009, https://doi.org/10.1145/1571941.1572114).
10 instead of the paper's 60: the first ranks of each list are far better than the rest."""
WEIGHTS = {"questions": 1.0, "statements": 1.0, "passages": 0.5, "lexical": 1.0}
_DEPTH = {"questions": 40, "statements": 120, "passages": 30, "lexical": 40}


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The hits of a query, with what the decision to answer needs."""

    hits: tuple[Hit, ...]
    tokens: tuple[str, ...]
    best: Mapping[str, float] = field(default_factory=dict)
    """Best score of each list: cosine similarity for the dense ones, BM25 for `lexical`."""


def retrieve(
    index: Index, embedder: Embedder, query: str, language: Language, *, k: int = 8
) -> Retrieval:
    """The best `k` groups for `query`; where a group exists in both languages, in `language`."""
    vector = embedder.queries([query])[0]
    tokens = tuple(search_tokens(query))
    ranked: dict[str, list[str]] = {}
    best: dict[str, float] = {}
    similarities: dict[str, float] = {}
    for shelf in ("questions", "statements", "passages"):
        found = index.vectors.search(shelf, vector, _DEPTH[shelf])
        similarities.update(found)
        ranked[shelf] = _unique(index.chunks[identity].group for identity, _ in found)
        best[shelf] = found[0][1] if found else 0.0
    lexical = index.lexical.search(tokens, _DEPTH["lexical"])
    ranked["lexical"] = [group for group, _ in lexical]
    best["lexical"] = lexical[0][1] if lexical else 0.0
    hits = [
        Hit(
            group=group,
            score=score,
            chunks=_in_language(index.groups[group], language),
            similarities={c.id: similarities[c.id] for c in index.groups[group] if c.id in similarities},
            ranks={name: groups.index(group) + 1 for name, groups in ranked.items() if group in groups},
        )
        for group, score in fuse(ranked, WEIGHTS)[: 2 * k]
    ]
    return Retrieval(tuple(_merge_neighbours(hits)[:k]), tokens, best)


def fuse(
    ranked: Mapping[str, list[str]], weights: Mapping[str, float], k: float = FUSION_K
) -> list[tuple[str, float]]:
    """Weighted reciprocal rank fusion: score = Σ weight / (k + rank), rank from 1; best first."""
    scores: dict[str, float] = {}
    for name, groups in ranked.items():
        for rank, group in enumerate(groups, 1):
            scores[group] = scores.get(group, 0.0) + weights[name] / (k + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def _unique(groups: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(groups))


def _in_language(chunks: tuple[Chunk, ...], language: Language) -> tuple[Chunk, ...]:
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
