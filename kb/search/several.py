"""Several queries: each is searched for, what belongs together is fused.

Takes queries, gives a `Search` with hits and whether they can answer. Knows nothing about messages.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kb.records import Hit, Language
from kb.search.embedding import Embedder
from kb.search.index import Index, is_written
from kb.search.rank import facet
from kb.search.retrieve import Retrieval, retrieve
from kb.search.scope import Scope, decide_scope, is_unsafe
from kb.search.ways import with_numbers
from kb.text.normal import normalize, respell

_WORD = re.compile(r"[A-Za-z]{5,}")
Rerank = Callable[[str, tuple[Hit, ...]], tuple[Hit, ...]]
_MOST = 8
"""Hits that are kept of several queries together."""
_GAIN = 0.1
"""By so much a question must match better with what was asked before to go on from there."""
_BEHIND = 0.05
"""By so much a question may match worse with the side that the conversation is on, to be about it:
「チェックポイントはどこ？」 is at 0.85, on inference at 0.68; 「ログはどこ？」 at 0.78 and 0.91."""
_AHEAD = 0.03
"""By so much it must match better with the framework that was named before."""
_OTHER = 0.25
"""What the score of a section on the other side then counts."""
_SIDED = {"ja": "{}の{}", "en": "{} {}"}
_NAMES = {
    "ja": {"training": "学習", "inference": "推論"},
    "en": {"training": "training", "inference": "inference"},
}
"""A side in front of a question: that comes nearer than behind it."""
_SHARPNESS = 5.0
"""How much nearness counts between queries: one that is 0.14 behind the best counts half."""


@dataclass(frozen=True, slots=True)
class Search:
    """What was found for one thing that was asked."""

    query: str
    retrieval: Retrieval
    scope: Scope
    focus: str = ""
    """Of several queries the one that matched best, by which the order of hits is judged."""
    follows: bool = False
    """What was asked before went into it."""

    @property
    def hits(self) -> tuple[Hit, ...]:
        return self.retrieval.hits


@dataclass(frozen=True, slots=True)
class About:
    """What a conversation is about, as far as a question leaves it out."""

    side: str = ""
    """training or inference."""
    framework: str = ""
    subject: str = ""
    """Words of what was told or asked before, for a question of few words."""
    is_sure: bool = False
    """The person says so, whatever matches."""
    is_same: bool = False
    """The subject stands in the same message, so that a question goes on with it unless it matches
    worse."""


class Searcher:
    """Searches one index with one embedder. Cheap to make."""

    def __init__(self, index: Index, embedder: Embedder, rerank: Rerank | None = None) -> None:
        self._index = index
        self._embedder = embedder
        self._rerank = rerank

    def search(
        self,
        queries: Sequence[str],
        language: Language,
        before: str = "",
        about: About | None = None,
    ) -> Search:
        """The hits of every query, the best of all first. One that can be answered is enough.

        `before`: what was asked before, which is tried with the first query. `about`: what the
        conversation is about and the queries do not name.
        """
        found = self._found(queries, language, before, about)
        if self._rerank is None:
            return found
        hits = self._rerank(found.query, found.retrieval.hits)
        return replace(found, retrieval=replace(found.retrieval, hits=hits))

    def _found(
        self, queries: Sequence[str], language: Language, before: str, about: About | None
    ) -> Search:
        each = [self._one(corrected(query, self._index), language) for query in queries]
        alone = each[0]
        if alone.scope.reason == "out_of_scope" or _fleeting(alone):
            before = ""
        if alone.scope.reason == "out_of_scope" or _fleeting(alone, ("price", "private")):
            about = None
        carried = self._about(alone, about, language) if about else None
        carried = self._compared(alone, language) or carried
        if before:
            each = self._going_on(each, corrected(before, self._index), language)
        if carried and not (each[0].follows and _match(each[0]) > _match(carried)):
            each = [carried, alone]
        if len(each) == 1:
            return each[0]
        answerable = next((s for s in each if s.scope.reason is None), each[0])
        query = "\n".join(search.query for search in each)
        weights = _weights(each)
        best = max(zip(weights, each, strict=True), key=lambda pair: pair[0])[1]
        retrieval = fused([search.retrieval for search in each], weights)
        if carried:
            query, answerable, best = each[0].query, each[0], each[0]
            retrieval = _on_side(retrieval, about.side if about else "")
        return Search(
            query, retrieval, answerable.scope, best.query, any(search.follows for search in each)
        )

    def _compared(self, alone: Search, language: Language) -> Search | None:
        """The question with the numbers of the patterns that it compares in other words."""
        if alone.scope.reason is not None:
            return None  # what is refused is not put in words that would not be
        numbered = with_numbers(alone.query, self._index, self._embedder, language)
        found = self._one(numbered, language) if numbered else None
        if found is None or found.scope.reason is not None:
            return None
        return found if _match(found) >= _match(alone) - _BEHIND else None

    def _about(self, alone: Search, about: About, language: Language) -> Search | None:
        """The question as one about that, where it matches about as well."""
        side = "" if facet(alone.query) else about.side
        named = [_SIDED[language].format(_NAMES[language][side], alone.query)] if side else []
        more = [f"{about.framework} {text}" for text in (alone.query, *named) if about.framework]
        tried = [(_match(alone) - _BEHIND, text) for text in named]
        tried += [(_match(alone) + _AHEAD, text) for text in more]
        if about.subject:
            least = _match(alone) + (-_BEHIND if about.is_same else _GAIN)
            tried.append((least, f"{about.subject} {alone.query}"))
        found = [(least, self._one(text, language)) for least, text in tried]
        fit = [
            s
            for least, s in found
            if (about.is_sure or _match(s) >= least) and s.scope.reason is None
        ]
        return replace(max(fit, key=_match), follows=True) if fit else None

    def _going_on(self, each: list[Search], before: str, language: Language) -> list[Search]:
        """With what was asked before, where the first query goes on from there.

        It does where both together match better than it does alone, by more than they fall behind
        what was asked before: two questions on different things match nothing together.
        """
        alone, stood = each[0], self._one(before, language)
        both = self._one(f"{before} {alone.query}", language)
        gain, loss = _match(both) - _match(alone), _match(stood) - _match(both)
        if gain < _GAIN or gain < loss or both.scope.reason is not None:
            return each
        return [replace(both, follows=True), *each]

    def _one(self, query: str, language: Language) -> Search:
        retrieval = retrieve(self._index, self._embedder, query, language)
        search = Search(query, retrieval, decide_scope(query, retrieval, self._index))
        return self._unwritten(search, language) or search

    def _unwritten(self, search: Search, language: Language) -> Search | None:
        """What the other documents hold, by themselves, where no section written as an answer does.

        Beside such sections, which say a thing in many ways, an excerpt looks far; whether it
        answers is no matter of what stands beside it.
        """
        first = search.retrieval.hits[:1]
        own = all(is_written(hit.chunks) for hit in first)
        settled = is_unsafe(search.query) or (own and search.scope.reason in (None, "unsafe"))
        if settled or not self._index.is_mixed:
            return None
        retrieval = retrieve(self._index, self._embedder, search.query, language, written=False)
        scope = decide_scope(search.query, retrieval, self._index)
        if own:
            return Search(search.query, retrieval, scope) if scope.reason is None else None
        return replace(search, scope=scope)


def _on_side(retrieval: Retrieval, side: str) -> Retrieval:
    """The hits whose headings name the other side alone count less."""

    def is_other(hit: Hit) -> bool:
        return bool(side) and facet(heading_of(hit)) not in ("", side)

    return weighed(retrieval, lambda hit: _OTHER if is_other(hit) else 1.0)


def weighed(retrieval: Retrieval, weight: Callable[[Hit], float]) -> Retrieval:
    """The hits in their new order, each by its score times its weight."""
    scored = [replace(hit, score=hit.score * weight(hit)) for hit in retrieval.hits]
    scored.sort(key=lambda hit: -hit.score)
    top = scored[0].score if scored else 1.0
    return replace(retrieval, hits=tuple(replace(h, score=h.score / top) for h in scored))


def heading_of(hit: Hit) -> str:
    """The headings of its chunks in one line."""
    return " ".join(dict.fromkeys(" ".join(chunk.heading) for chunk in hit.chunks))


def _fleeting(search: Search, names: Sequence[str] = ("price", "now", "private")) -> bool:
    """It asks for what documents do not hold, whatever was asked before."""
    return any(float(search.scope.signals[name]) for name in names)


def _match(search: Search) -> float:
    """How near the nearest way of asking comes, from 0 to about 1.3."""
    return float(search.scope.signals["question"])


def _weights(each: Sequence[Search]) -> list[float]:
    """What each of several queries counts: the nearer it comes to a section, the more."""
    best = max(map(_match, each))
    return [math.exp(_SHARPNESS * (_match(search) - best)) for search in each]


def fused(
    retrievals: Sequence[Retrieval], weights: Sequence[float] = (), *, most: int = _MOST
) -> Retrieval:
    """One list of hits by the weighted sum of their scores; each as where it was ranked best.

    Unlike ranks, the scores tell how far the first hit is ahead, so that an answer draws on no more
    sections than it would for the telling query alone.
    """
    if len(retrievals) == 1:
        return retrievals[0]
    best: dict[str, Hit] = {}
    shares: dict[str, float] = {}
    for one, weight in zip(retrievals, weights or [1.0] * len(retrievals), strict=True):
        for hit in one.hits:
            shares[hit.group] = shares.get(hit.group, 0.0) + weight * hit.score
            if hit.group not in best or hit.score > best[hit.group].score:
                best[hit.group] = hit
    order = sorted(shares.items(), key=lambda item: (-item[1], item[0]))[:most]
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
        retrievals[0].spoken,
        {t: others for one in retrievals for t, others in one.counterparts.items()},
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
