"""Show: a request to see a thing answered with the thing: a file, a function, a stage, a table.

Takes a request, what the search found for it and an index; gives `Sentence` values with a code
block or table in the document's exact text, or None where nothing is to be shown or it is not clear
what. At most `LINES` lines; then the place to read on. Knows nothing about how a request is
searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb.answer.quotes import Citations, Draft, to_sentences
from kb.messages import message
from kb.records import Chunk, Document, Hit, Language, Sentence
from kb.search.index import Index
from kb.search.links import deep_link
from kb.search.names import PARTS, Name, Naming, fold_name
from kb.text.tokens import search_tokens
from kb.text.words import mentions

LINES = 60
"""Lines of a thing that are shown at most."""
_FILES = ("file", "stem")
_READ_WHOLE = ("python", "shell", "dockerfile", "config", "text")
"""Kinds of documents that are shown as a file; of others one asks for a part."""
_PLACE = 3
"""Parts at the end of a path that tell where a file stands."""
_NEAR = 3
"""Hits among which a table or a block is looked for, where no document is named."""


@dataclass(frozen=True, slots=True)
class _Thing:
    """A span of a document."""

    document: Document
    start: int
    end: int


def asks_to_see(query: str) -> bool:
    """The request is for a thing, rather than for what is said of it."""
    return mentions(query, "show")


def show(
    query: str,
    hits: Sequence[Hit],
    naming: Naming,
    index: Index,
    language: Language,
    citations: Citations,
) -> list[Sentence] | None:
    """The thing that `query` asks to see, as the sentences of an answer."""
    if not asks_to_see(query):
        return None
    thing = _part(query, naming, index) or _file(query, naming, index)
    if thing is None:
        chunk = _block(query, hits, naming)
        if chunk is None:
            return None
        thing = _Thing(index.documents[chunk.document], chunk.start, chunk.end)
    return _sentences(thing, index, language, citations)


def _fit(document: str, query: str, naming: Naming, index: Index) -> float:
    """How well a document fits what is named, and the other words of the request."""
    asked = set(search_tokens(fold_name(query)))
    telling = sum(map(index.names.rarity, index.names.words(document) & asked))
    # The end of its path tells one from another better than the source that both belong to.
    placed = asked & set(search_tokens(fold_name(" ".join(document.split("/")[-_PLACE:]))))
    return naming.share(document) + 0.2 * telling + 0.2 * len(placed)


def _part(query: str, naming: Naming, index: Index) -> _Thing | None:
    """A class, function, stage or target."""
    places = [n for one in naming.named for n in one.names if n.kind in PARTS]
    others = [one for one in naming.named if not one.kinds & set(PARTS)]
    files = [one for one in others if one.kinds & {"file"}]
    if files and not mentions(query, "part"):
        places = [n for n in places if any(n.document in one.documents for one in files)]
    if not places:
        return None

    def order(place: Name) -> tuple[float, float, int]:
        share = naming.share(place.document, place.start, place.end)
        return -share, -_fit(place.document, query, naming, index), place.start

    best = min(places, key=order)
    return _Thing(index.documents[best.document], best.start, best.end)


def _file(query: str, naming: Naming, index: Index) -> _Thing | None:
    named = {
        name.document
        for one in naming.named
        for name in one.names
        if name.kind in _FILES and index.documents[name.document].kind in _READ_WHOLE
    }
    exact = {n.document for one in naming.named for n in one.names if n.kind == "file"} & named
    if not (exact or named):
        return None
    best = max(sorted(exact or named), key=lambda d: _fit(d, query, naming, index))
    if len(exact or named) > 1 and naming.share(best) < 1 and _is_placed(naming):
        return None  # a name that many carry, in a place that has none of them
    document = index.documents[best]
    return _Thing(document, 0, len(document.text.rstrip()))


def _is_placed(naming: Naming) -> bool:
    """The request says where: in a sample, a folder, a source."""
    return any(one.kinds & {"folder", "source", "called"} for one in naming.named)


def _block(query: str, hits: Sequence[Hit], naming: Naming) -> Chunk | None:
    """The first table or block of code among the hits, in what is named where something is."""
    kinds = ("table",) if mentions(query, "table") else ("code", "table")
    top = max((naming.share(hit.chunks[0].document) for hit in hits), default=0.0)
    near = [hit for hit in hits if top == 1 and naming.share(hit.chunks[0].document) == top]
    for hit in near or hits[:_NEAR]:
        for chunk in hit.chunks:
            if chunk.kind == "statement":
                return None  # a section written as an answer shows its code with its words
            if chunk.kind in kinds:
                return chunk
    return None


def _sentences(
    thing: _Thing, index: Index, language: Language, citations: Citations
) -> list[Sentence]:
    text = thing.document.text[thing.start : thing.end]
    lines = text.split("\n")
    end = thing.start + len("\n".join(lines[:LINES]))
    near = next(
        (c for c in index.by_document[thing.document.id] if c.start < end and thing.start < c.end),
        None,
    )
    if near is None:
        return []
    first = thing.document.text.count("\n", 0, thing.start) + 1
    kind = near.kind if near.kind == "table" else "code"
    shown = replace(
        near,
        kind=kind,
        start=thing.start,
        end=end,
        text=thing.document.text[thing.start : end],
        lines=(first, first + min(len(lines), LINES) - 1),
    )
    sentences = to_sentences([Draft(shown, shown.start, shown.end)], citations, language)
    if len(lines) > LINES:
        span = (first + LINES, first + len(lines) - 1)
        url = deep_link(thing.document, shown, lines[LINES], span)
        place = f"L{span[0]}"
        rest = message(
            "read_on",
            language,
            lines=len(lines),
            first=1,
            last=LINES,
            place=place,
            url=url,
        )
        sentences.append(Sentence(rest, (), supported=None))
    return sentences
