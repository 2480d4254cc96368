"""Several queries: each is searched for, what belongs together is fused.

Takes queries, gives a `Search` with hits and whether they can answer. Knows nothing about messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kb.records import Hit, Language
from kb.search.embedding import Embedder
from kb.search.index import Index
from kb.search.retrieve import Retrieval, fuse, retrieve
from kb.search.scope import Scope, decide_scope
from kb.text.normal import normalize, respell

_WORD = re.compile(r"[A-Za-z]{5,}")
Rerank = Callable[[str, tuple[Hit, ...]], tuple[Hit, ...]]
_MOST = 8
"""Hits that are kept of several queries together."""


@dataclass(frozen=True, slots=True)
class Search:
    """What was found for one thing that was asked."""

    query: str
    retrieval: Retrieval
    scope: Scope

    @property
    def hits(self) -> tuple[Hit, ...]:
        return self.retrieval.hits


class Searcher:
    """Searches one index with one embedder. Cheap to make."""

    def __init__(self, index: Index, embedder: Embedder, rerank: Rerank | None = None) -> None:
        self._index = index
        self._embedder = embedder
        self._rerank = rerank

    def search(self, queries: Sequence[str], language: Language) -> Search:
        """The hits of every query, the best of all first. One that can be answered is enough."""
        each = [self._one(corrected(query, self._index), language) for query in queries]
        if len(each) == 1:
            return each[0]
        answerable = next((s for s in each if s.scope.reason is None), each[0])
        query = "\n".join(search.query for search in each)
        return Search(query, fused([search.retrieval for search in each]), answerable.scope)

    def _one(self, query: str, language: Language) -> Search:
        retrieval = retrieve(self._index, self._embedder, query, language)
        if self._rerank is not None:
            retrieval = replace(retrieval, hits=self._rerank(query, retrieval.hits))
        return Search(query, retrieval, decide_scope(query, retrieval, self._index))


def fused(retrievals: Sequence[Retrieval]) -> Retrieval:
    """One list of hits by reciprocal rank fusion; each as it stood where it was ranked best."""
    if len(retrievals) == 1:
        return retrievals[0]
    names = [str(place) for place in range(len(retrievals))]
    ranked = {
        name: [hit.group for hit in one.hits] for name, one in zip(names, retrievals, strict=True)
    }
    best: dict[str, Hit] = {}
    for one in retrievals:
        for hit in one.hits:
            if hit.group not in best or hit.score > best[hit.group].score:
                best[hit.group] = hit
    order = fuse(ranked, dict.fromkeys(names, 1.0))[:_MOST]
    top = order[0][1] if order else 1.0
    return Retrieval(
        tuple(replace(best[group], score=share / top) for group, share in order),
        tuple(dict.fromkeys(token for one in retrievals for token in one.tokens)),
        {
            name: max(one.best.get(name, 0.0) for one in retrievals)
            for name in {name for one in retrievals for name in one.best}
        },
        retrievals[0].vector,
        retrievals[0].naming,
        retrievals[0].written,
    )


def corrected(query: str, index: Index) -> str:
    """Usual spellings and single typos of words that the index knows."""

    def mended(found: re.Match[str]) -> str:
        word = found[0].lower()
        near = index.lexical.correct(word)
        return found[0] if near == word else near

    # Case carries meaning in identifiers, so the text is respelled only where that changes words.
    respelled = respell(query)
    return _WORD.sub(mended, query if respelled == normalize(query) else respelled)
