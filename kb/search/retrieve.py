"""Retrieve: a query to hits, by dense and lexical search fused.

Takes a query in its final form, gives `Hit` values, best first. Knows nothing about conversations,
refusals or wording. Five lists are fused: the ways people ask (dense), single statements (dense),
longer passages (dense), the groups by a discriminant (kb.search.sections), and tokens (BM25); the
groups of what the question names (kb.search.names) join them, and kb.search.rank orders the best.
Every source is looked at alike: by what a group says, where it stands and what kind of text it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from kb.records import LANGUAGES, Chunk, Hit, Language
from kb.search import rank
from kb.search.embedding import Embedder, Vectors
from kb.search.index import Index, is_written
from kb.search.languages import lifts
from kb.search.names import PARTS, Naming
from kb.search.vectors import SHELVES
from kb.text.language import language as language_of
from kb.text.normal import normalize
from kb.text.tokens import search_tokens
from kb.text.words import mentions

FUSION_K = 10
"""The constant of reciprocal rank fusion (Cormack et al., 2009, https://doi.org/10.1145/1571941.1572114).
10 instead of the paper's 60: the first ranks of each list are far better than the rest."""
WEIGHTS = {"questions": 1.0, "statements": 1.0, "passages": 0.5, "lexical": 1.0, "sections": 1.0}
CANDIDATES = 40
"""Groups that are looked at more closely after the fusion."""
_DEPTH = {"questions": 40, "statements": 160, "passages": 40, "lexical": 40, "sections": 40}
_UNWRITTEN = 10
"""So many times deeper each list is looked through for documents that are not written as answers:
the notes have 14 texts for one of theirs."""
_ACROSS = 5
"""So many times deeper the lexical list is looked through for groups in the other language."""
_NAMED_GROUPS = 50
"""Groups of what a question names that are looked at, the nearest first."""
_TITLED = 4
"""Documents whose titles a question holds that are looked at."""
_FAR = -20.0
"""Where a section's score behind the best one stops to count."""
_PINNED = math.exp(-1)
"""What a further hit of a document that is named counts at least, beside the best."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """The hits of a query, with what the decision to answer needs."""

    hits: tuple[Hit, ...]
    tokens: tuple[str, ...]
    best: Mapping[str, float] = field(default_factory=dict)
    """Best score of each list: cosine similarity for the dense ones, BM25 for `lexical`."""
    vector: Vectors = field(default_factory=lambda: np.zeros(0, np.float32))
    """The query as the embedding model sees it, shape (dimensions,)."""
    naming: Naming = field(default_factory=Naming)
    """The names that the query holds."""
    written: Mapping[str, float] = field(default_factory=dict)
    """Best score of each list among the sections that are written as answers."""
    spoken: Language = "en"
    """The query's own language."""
    counterparts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By token of the query what stands for it in the other language."""


def retrieve(
    index: Index,
    embedder: Embedder,
    query: str,
    language: Language,
    *,
    k: int = 8,
    written: bool = True,
) -> Retrieval:
    """The best `k` groups for `query`; where a group exists in both languages, in `language`.

    Without `written` it searches as if no section were written as an answer.
    """
    found = search_lists(index, embedder, query, written=written)
    ranked = sorted(
        (
            (group, signals(index, query, found, group, share))
            for group, share in candidates(index, found)
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
        for group, features in ranked[: 3 * k]
    ]
    hits = _each_named(_without_copies(hits), found.naming)
    return Retrieval(
        tuple(_merge_neighbours(hits)[:k]),
        found.tokens,
        found.best,
        found.vector,
        found.naming,
        {name: _best_written(index, scores) for name, scores in found.lists.items()},
        found.spoken,
        found.counterparts,
    )


def _best_written(index: Index, scores: Mapping[str, float]) -> float:
    """The best score of a section that is written as an answer."""
    return next((s for group, s in scores.items() if is_written(index.groups[group])), 0.0)


def candidates(index: Index, found: Found) -> list[tuple[str, float]]:
    """Groups that are looked at closely, each with what the fusion gives it."""
    fused = fuse({name: list(scores) for name, scores in found.lists.items()}, WEIGHTS)
    shares = dict(fused)
    best = dict(fused[:CANDIDATES])
    return [*best.items(), *((g, shares.get(g, 0.0)) for g in found.named if g not in best)]


@dataclass(frozen=True, slots=True)
class Found:
    """What the five lists hold: by list, the groups with their best score, best first."""

    vector: Vectors
    tokens: tuple[str, ...]
    lists: Mapping[str, Mapping[str, float]]
    second: Mapping[str, float]
    """Similarity of the second-best statement of a group."""
    similarities: Mapping[str, float]
    naming: Naming = field(default_factory=Naming)
    named: tuple[str, ...] = ()
    """Groups of what the query names."""
    asks_code: bool = False
    """The query wants to see something, or names a part of code."""
    spoken: Language = "en"
    """The query's own language."""
    counterparts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By token what stands for it in the other language."""
    across: Mapping[str, float] = field(default_factory=dict)
    """Lexical scores of groups in the other language, best first."""

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


def search_lists(index: Index, embedder: Embedder, query: str, *, written: bool = True) -> Found:
    """The five lists; without `written` those of documents that are not written as answers."""
    more = 1 if written or not index.is_mixed else _UNWRITTEN
    vector = embedder.queries([query])[0]
    tokens = tuple(search_tokens(query))
    naming, spoken = index.names.naming(query), language_of(query)
    sections = index.sections.scores(vector)
    named = _named_chunks(index, naming, sections)
    if more > 1:
        sections = {group: s for group, s in sections.items() if group in index.unwritten}
        named = [chunk for chunk in named if chunk.group in index.unwritten]
    lists: dict[str, dict[str, float]] = {}
    second: dict[str, float] = {}
    similarities: dict[str, float] = {}
    near = index.vectors.similarities([chunk.id for chunk in named], vector)
    for shelf in SHELVES:
        scores = lists.setdefault(shelf, {})
        for identity, similarity in _nearest(
            index, shelf, vector, near.get(shelf, {}), more, spoken
        ):
            similarities[identity] = similarity
            group = index.chunks[identity].group
            if group not in scores:
                scores[group] = similarity
            elif shelf == "statements":
                second.setdefault(group, similarity)
    lists["sections"] = dict(islice(sections.items(), _DEPTH["sections"]))
    counterparts = index.across.counterparts(query)
    lists["lexical"], across = _lexical(index, tokens, counterparts, spoken, more)
    groups = tuple(dict.fromkeys(chunk.group for chunk in named))
    asks_code = mentions(query, "show") or mentions(query, "part")
    return Found(
        vector, tokens, lists, second, similarities, naming, groups, asks_code,
        spoken, counterparts, across,
    )  # fmt: skip


def _nearest(
    index: Index,
    shelf: str,
    vector: Vectors,
    named: Mapping[str, float],
    more: int,
    spoken: Language,
) -> list[tuple[str, float]]:
    """The nearest chunks in both languages on one scale, and those that are `named`; best first.

    What stands in the question's language, too, is near by that: lifted in the other one as well,
    sections in both languages would come nearer than pages in either. `more`: so many times deeper,
    for those that are not written as answers alone.
    """
    depth = _DEPTH[shelf] * more
    found = {name: index.vectors.search(shelf, name, vector, depth) for name in LANGUAGES}
    if more > 1:
        found = {
            name: [p for p in some if index.chunks[p[0]].group in index.unwritten][: _DEPTH[shelf]]
            for name, some in found.items()
        }
    near = {name: [similarity for _, similarity in pairs] for name, pairs in found.items()}
    sizes = index.sizes[shelf] if more == 1 else index.unwritten_sizes[shelf]
    lift = lifts(vector, shelf, near, sizes, str(index.manifest["embedding"]))
    pairs = dict(named)
    for some in found.values():
        pairs.update(some)

    def lifted_by(chunk: Chunk) -> float:
        return 0.0 if spoken in index.languages[chunk.group] else lift[chunk.language]

    lifted = ((i, value + lifted_by(index.chunks[i])) for i, value in pairs.items())
    return sorted(lifted, key=lambda pair: (-pair[1], pair[0]))


def _lexical(
    index: Index,
    tokens: Sequence[str],
    counterparts: Mapping[str, frozenset[str]],
    spoken: Language,
    more: int,
) -> tuple[dict[str, float], dict[str, float]]:
    """Groups by the question's words; of those in the other language by their counterparts, too."""
    depth = _DEPTH["lexical"]

    def search(words: Sequence[str], depth: int) -> list[tuple[str, float]]:
        pairs = index.lexical.search(words, depth * more)
        return pairs if more == 1 else [p for p in pairs if p[0] in index.unwritten][:depth]

    own = dict(search(tokens, depth))
    others = tuple(
        t for token in dict.fromkeys(tokens) for t in sorted(counterparts.get(token, ()))
    )
    both = search((*tokens, *dict.fromkeys(others)), _ACROSS * depth)
    across = dict(islice((pair for pair in both if spoken not in index.languages[pair[0]]), depth))
    scores = {**own, **across}
    return dict(sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))), across


def _named_chunks(index: Index, naming: Naming, near: Mapping[str, float]) -> list[Chunk]:
    """The chunks of what is named best, nearest first. `near`: groups by the discriminant.

    A whole guide may be named, so that only its groups that come near are looked at.
    """
    shares = {
        document: naming.share(document) for one in naming.named for document in one.documents
    }
    top = max(shares.values(), default=0.0)
    documents = {document for document, share in shares.items() if share == top} | {
        *sorted(naming.titles, key=lambda document: -naming.titles[document])[:_TITLED]
    }
    groups = dict.fromkeys(c.group for name in sorted(documents) for c in index.by_document[name])
    best = sorted(groups, key=lambda group: -near.get(group, _FAR))[:_NAMED_GROUPS]
    for one in naming.named:  # a part is looked at wherever its document ranks
        for name in one.names[:_NAMED_GROUPS] if one.kinds & set(PARTS) else ():
            inside = (c for c in index.by_document[name.document] if c.start < name.end)
            best += [c.group for c in inside if name.start < c.end]
    return [chunk for group in dict.fromkeys(best) for chunk in index.groups[group]]


def signals(index: Index, query: str, found: Found, group: str, share: float) -> dict[str, float]:
    """What speaks for a group. Similarities count from the best of their list.

    The whole of a passage stands for what it lacks beside it, held against the same best.
    """
    chunks = index.groups[group]
    whole = next((c for c in chunks if c.order == 0 and c.kind != "question"), None)

    def behind(shelf: str, scores: Mapping[str, float]) -> float:
        best = max(found.lists[shelf].values(), default=0.0)
        floor = min(found.lists[shelf].values(), default=0.0) - 0.005
        own = scores.get(group, floor)
        if whole is not None:
            own = max(own, found.lists["passages"].get(group, floor))
        return 10 * (min(own, best) - best)

    lexical, sections = found.lists["lexical"], found.lists["sections"]
    tokens = {token for token in found.tokens if index.lexical.knows(token)}
    total = sum(index.lexical.weight(token) for token in tokens) or 1.0
    heading = " ".join(dict.fromkeys(" ".join(chunk.heading) for chunk in chunks))
    named = tokens & set(search_tokens(heading))
    document, start, end = chunks[0].document, 0, 0
    if whole is not None:
        document, start, end = whole.document, whole.start, whole.end
    path = index.names.words(document) & tokens
    held = index.lexical.tokens(group)
    met = {t for t in tokens if t in held or held & found.counterparts.get(t, frozenset())}
    foreign = float(found.spoken not in index.languages[group])
    # Of another language only words that have a counterpart, names and numbers can be met.
    could = met | found.counterparts.keys() & tokens
    could |= {t for t in tokens if t.isascii() and (found.spoken == "ja" or t.isdigit())}
    possible = sum(map(index.lexical.weight, could)) or 1.0
    best = max(found.across.values(), default=0.0) or 1.0
    kind = whole.kind if whole is not None else "statement"
    return {
        "question": behind("questions", found.lists["questions"]),
        "statement": behind("statements", found.lists["statements"]),
        "second": behind("statements", found.second),
        "section": max(_FAR, sections.get(group, _FAR) - max(sections.values(), default=0.0)),
        "passage": behind("passages", found.lists["passages"]),
        "lexical": lexical.get(group, 0.0) / (max(lexical.values(), default=0.0) or 1.0),
        "coverage": sum(map(index.lexical.weight, met if foreign else tokens & held)) / total,
        "heading": sum(map(index.lexical.weight, named)) / total,
        "fused": 10 * share,
        "facet": rank.facets_differ(query, heading),
        "number": rank.numbers_differ(query, heading),
        "choice": float(rank.is_choice(query) and rank.is_choice(heading)),
        "symptom": float(rank.is_symptom(query) and rank.is_symptom(heading)),
        **found.naming.marks(document, start, end),
        "title": found.naming.titles.get(document, 0.0),
        "path": sum(map(index.lexical.weight, path)) / total,
        "code": float(kind == "code"),
        "table": float(kind == "table"),
        "written": float(kind == "statement"),
        "code asked": float(found.asks_code and kind in ("code", "table")),
        "foreign": foreign,
        "foreign lexical": foreign * found.across.get(group, 0.0) / best,
        "foreign coverage": foreign * sum(map(index.lexical.weight, met & could)) / possible,
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


def _without_copies(hits: list[Hit]) -> list[Hit]:
    """A text met twice, as files are copied from sample to sample, is one hit: the best of them."""
    met: set[str] = set()
    kept = []
    for hit in hits:
        whole = _whole(hit)
        text = normalize(whole[0].text) if whole else hit.group
        if text not in met:
            kept.append(hit)
        met.add(text)
    return kept


def _each_named(hits: list[Hit], naming: Naming) -> list[Hit]:
    """Where several things are named, as for a comparison, the best hit of each goes first.

    Only where what is named comes first anyway: a name may also stand in a question by the way.
    """
    picks: dict[int, None] = {}
    for one in naming.named:
        shares = {document: naming.share(document) for document in one.documents}
        top = max(shares.values())
        wanted = {document for document, share in shares.items() if share == top}
        places = (i for i, hit in enumerate(hits) if hit.chunks[0].document in wanted)
        picks.update(dict.fromkeys(islice(places, 1)))
    if 0 not in picks:
        return hits
    pinned = {hits[i].chunks[0].document for i in picks}
    near = [
        replace(hit, score=max(hit.score, 1.0 if i in picks else _PINNED))
        if hit.chunks[0].document in pinned
        else hit
        for i, hit in enumerate(hits)
    ]
    chosen = sorted(picks)
    return [*(near[i] for i in chosen), *(h for i, h in enumerate(near) if i not in picks)]


def _whole(hit: Hit) -> list[Chunk]:
    """The passages, blocks and tables of a hit, without what leads to them."""
    return [c for c in hit.chunks if c.order == 0 and c.kind not in ("question", "statement")]


def _merge_neighbours(hits: list[Hit]) -> list[Hit]:
    """Passages that follow each other in one document become one hit, at the better one's place."""
    merged: list[Hit] = []
    for hit in hits:
        for position, earlier in enumerate(merged):
            if _adjacent(_whole(earlier), _whole(hit)):
                chunks = sorted((*earlier.chunks, *hit.chunks), key=lambda c: c.start)
                similarities = {**earlier.similarities, **hit.similarities}
                merged[position] = replace(earlier, chunks=tuple(chunks), similarities=similarities)
                break
        else:
            merged.append(hit)
    return merged


def _adjacent(first: list[Chunk], second: list[Chunk]) -> bool:
    if not first or not second or {first[0].kind, second[0].kind} != {"passage"}:
        return False
    if first[0].document != second[0].document or first[0].heading != second[0].heading:
        return False
    return abs(second[0].start - first[-1].end) <= 3 or abs(first[0].start - second[-1].end) <= 3
