"""Attribute: what a model wrote to sentences, each with the quotes that prove it.

Takes the units of an answer and the sources behind its ids, gives checked sentences with numbered
citations. A sentence without proof is marked, one without any source is left out. Knows nothing
about how the text came about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace

import numpy as np

from kb.answer.quotes import Citations
from kb.proof.claims import missing_names, missing_quantities, names
from kb.proof.polarity import denies
from kb.proof.verify import supports
from kb.records import Chunk, Language, Sentence
from kb.search.embedding import Embedder, Vectors
from kb.search.index import Index
from kb.text.language import language as language_of
from kb.text.markup import plain
from kb.text.normal import normalize
from kb.text.sentences import sentences
from kb.text.tokens import search_tokens
from kb.writer.units import Unit

_MOST_LINES = 25
"""Lines of a code or table source that are quoted whole; of a longer one those that are used."""
_WIDEST = 3
"""Sentences of a passage that one quote spans at most."""
_ADDS = 2
"""Words of a sentence that a source must add to be cited beside one that proves it."""
_KANA = re.compile(r"[ぁ-んー]+")
"""Endings and particles, which any two Japanese sentences share."""
_TRIED = 8
"""Sources that a sentence without one is held against, besides those of its paragraph."""
_NAME = re.compile(r"[\w.-]*\w")
"""A part of a path, an address or a command."""
GOES_ON = " "
"""Marker of a sentence that stands in one paragraph with the next."""


@dataclass(frozen=True, slots=True)
class Place:
    """A quote to be: `document.text[start:end]`."""

    chunk: Chunk
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Checked:
    unit: Unit
    places: tuple[Place, ...]
    supported: bool


def attribute(
    units: Sequence[Unit],
    sources: Mapping[str, Chunk],
    index: Index,
    language: Language,
    embedder: Embedder,
    question: str = "",
) -> tuple[list[Sentence], Citations]:
    """The sentences with what proves them, in order; of blocks and headings only those with proof.

    `sources`: chunk by id. `question`: whose names are known. Both results are empty when no unit
    is proven.
    """
    checker = _Checker(sources, index, _Remembering(embedder), question)
    checked = [checker.check(unit, units) for unit in units]
    for number in reversed(range(len(checked))):
        if checked[number].unit.leads and not checked[number].supported:
            checked[number] = checker.lead(checked[number], _followers(number, checked))
    kept = [each for each in checked if each.places or checker.is_on_subject(each.unit)]
    citations = Citations(index)
    if not any(each.supported for each in kept if each.places and not each.unit.leads):
        return [], citations
    return list(_set(kept, citations, language)), citations


class _Checker:
    """Finds the quotes of a unit and whether they prove it."""

    def __init__(
        self, sources: Mapping[str, Chunk], index: Index, embedder: Embedder, question: str
    ) -> None:
        self._sources = sources
        self._question = question
        self._index = index
        self._embedder = embedder

    def check(self, unit: Unit, units: Sequence[Unit]) -> _Checked:
        if unit.is_uncovered:
            return _Checked(unit, (), supported=True)
        claim = replace(unit, text=_with_denial(unit, units))
        if unit.ids:
            return replace(self._checked(claim, unit.ids), unit=unit)
        near = [] if unit.is_block else _neighbours(unit, units)
        for ids in self._copies() if unit.is_block else [*near, *self._nearest(unit)]:
            checked = self._checked(claim, ids)
            if checked.supported:
                return replace(checked, unit=unit)
        return _Checked(unit, (), supported=False)

    def _copies(self) -> list[tuple[str, ...]]:
        """Sources that a block without a source can only be copied from."""
        return [(i,) for i, chunk in self._sources.items() if chunk.kind in ("code", "table")]

    def is_on_subject(self, unit: Unit) -> bool:
        """A sentence that names or counts something or has words of a source; others are talk."""
        if unit.kind != "sentence" or unit.leads:
            return False
        claims = names(unit.text) or missing_quantities(unit.text, "")
        return unit.is_uncovered or bool(claims) or bool(self._nearest(unit))

    def _nearest(self, unit: Unit) -> list[tuple[str, ...]]:
        """Sources that hold most of the words of a sentence whose paragraph cites none for it."""
        if unit.leads:
            return []
        own = {t for t in search_tokens(plain(unit.text)) if not _KANA.fullmatch(t)}
        shared = {i: len(own & set(search_tokens(c.text))) for i, c in self._sources.items()}
        best = sorted(shared, key=lambda identity: -shared[identity])[:_TRIED]
        return [(identity,) for identity in best if shared[identity]]

    def lead(self, lead: _Checked, followers: Sequence[_Checked]) -> _Checked:
        """A heading or lead-in, which stands on the sources of what it leads to."""
        places = tuple(dict.fromkeys(place for other in followers for place in other.places))
        proof = " ".join((*self._quotes(places), self._context(places)))
        text = lead.unit.text
        if places and not missing_names(text, proof) and not missing_quantities(text, proof):
            return _Checked(lead.unit, places, supported=True)
        # Without anything to lead to it is a sentence like others, and a heading is nothing.
        left = () if followers or lead.unit.kind == "heading" else lead.places
        return _Checked(lead.unit, left, supported=False)

    def _checked(self, unit: Unit, ids: Sequence[str]) -> _Checked:
        places = tuple(self._place(unit, self._sources[identity]) for identity in ids)
        alone = tuple(place for place in places if self._proves(unit, [place]))
        if alone:  # sources that add nothing to the sentence are not cited for it
            more = self._adding(unit, alone, places)
            return _Checked(unit, tuple(p for p in places if p in alone or p in more), True)
        for tried in self._wider(unit, places):
            if self._proves(unit, tried):
                return _Checked(unit, tuple(tried), supported=True)
        return _Checked(unit, places, supported=False)

    def _adding(
        self, unit: Unit, alone: Sequence[Place], places: Sequence[Place]
    ) -> tuple[Place, ...]:
        """Of the other places cited those that hold words of the unit which the proof lacks."""
        lacking = set(search_tokens(plain(unit.text)))
        lacking -= set(search_tokens(" ".join((*self._quotes(alone), self._context(alone)))))
        held = {place: set(search_tokens(self._quotes([place])[0])) for place in places}
        return tuple(p for p in places if len(lacking & held[p]) >= _ADDS)

    def _wider(self, unit: Unit, places: Sequence[Place]) -> Iterator[Sequence[Place]]:
        """All places together, then with the quotes from passages grown by their neighbours."""
        if len(places) > 1:
            yield places
        for width in range(2, _WIDEST + 1):
            grown = [self._place(unit, place.chunk, width) for place in places]
            if grown != list(places):
                yield grown

    def _place(self, unit: Unit, chunk: Chunk, width: int = 1) -> Place:
        """The part of a source that supports the unit best, `width` sentences long."""
        if chunk.kind in ("code", "table"):
            start, end = _lines_used(unit.text, chunk.text)
        elif chunk.kind == "passage":
            start, end = self._sentences_near(unit.text, chunk.text, width)
        else:
            start, end = 0, len(chunk.text)
        return Place(chunk, chunk.start + start, chunk.start + end)

    def _sentences_near(self, claim: str, text: str, width: int) -> tuple[int, int]:
        spans = sentences(text)
        windows = [
            (spans[first][0], spans[min(first + width, len(spans)) - 1][1])
            for first in range(max(1, len(spans) - width + 1))
        ]
        if len(windows) == 1:
            return windows[0]
        scores = self._closeness(claim, [text[start:end] for start, end in windows])
        return windows[scores.index(max(scores))]

    def _closeness(self, claim: str, texts: Sequence[str]) -> list[float]:
        """By shared words within one language, by embedding across languages."""
        own = set(search_tokens(plain(claim)))
        if language_of(claim) == language_of(" ".join(texts)):
            return [
                len(own & set(tokens)) / (20 + len(tokens)) ** 0.5
                for tokens in (search_tokens(plain(text)) for text in texts)
            ]
        vectors = self._embedder.passages([plain(claim), *map(plain, texts)])
        return [float(similarity) for similarity in vectors[1:] @ vectors[0]]

    def _proves(self, unit: Unit, places: Sequence[Place]) -> bool:
        quotes, context = self._quotes(places), self._context(places)
        if unit.kind == "code":
            return _copied(unit.text, quotes, self._question)
        claim = _as_prose(unit.text) if unit.kind == "table" else unit.text
        if supports(claim, quotes, context=context, question=self._question):
            return True
        shown = all(place.chunk.kind in ("code", "table") for place in places)
        return shown and _names_only(claim, " ".join((*quotes, context)))

    def _quotes(self, places: Sequence[Place]) -> list[str]:
        documents = self._index.documents
        return [documents[place.chunk.document].text[place.start : place.end] for place in places]

    def _context(self, places: Sequence[Place]) -> str:
        """Titles and headings that the quotes stand under."""
        documents = self._index.documents
        return " ".join(
            dict.fromkeys(
                part
                for place in places
                for part in (documents[place.chunk.document].title, *place.chunk.heading)
            )
        )


def _neighbours(unit: Unit, units: Sequence[Unit]) -> list[tuple[str, ...]]:
    """What the units around one without a source cite: after it, before it, and the line above."""
    if unit.leads:
        return []
    family = [u for u in units if u.paragraph == unit.paragraph and u.ids and not u.is_block]
    after = [u.ids for u in family if u.start > unit.start][:1]
    before = [u.ids for u in family if u.start < unit.start][-1:]
    above = [lead.ids for lead in _lead_in(unit, units) if lead.ids]
    return list(dict.fromkeys([*after, *before, *above]))


def _lead_in(unit: Unit, units: Sequence[Unit]) -> list[Unit]:
    """The line right above the list that a unit is an item of, if it announces the list."""
    above = [u for u in units if u.paragraph < unit.paragraph][-1:]
    return [u for u in above if unit.item and u.leads]


def _with_denial(unit: Unit, units: Sequence[Unit]) -> str:
    """An item below a line that denies (“do not set:”) says so too."""
    denying = [lead.text.rstrip(":：") for lead in _lead_in(unit, units) if denies(lead.text)]
    return " ".join((*denying, unit.text))


def _followers(number: int, checked: Sequence[_Checked]) -> list[_Checked]:
    """The list or block right below a lead-in; of a heading also the paragraph."""
    lead, rest = checked[number].unit, checked[number + 1 :]
    if not rest:
        return []
    first = rest[0].unit
    if first.leads:
        return _followers(number + 1, checked)
    if first.is_block:
        return [rest[0]]
    if first.item or lead.kind == "heading":
        return [each for each in rest if each.unit.paragraph == first.paragraph]
    return []


def _set(
    checked: Sequence[_Checked], citations: Citations, language: Language
) -> Iterator[Sentence]:
    """Sentences as they are shown: one a list item, paragraphs kept together."""
    groups: list[list[_Checked]] = []
    for each in checked:
        if groups and each.unit.item and groups[-1][0].unit.item == each.unit.item:
            groups[-1].append(each)
        else:
            groups.append([each])
    for number, group in enumerate(groups):
        unit = group[0].unit
        following = groups[number + 1][0].unit if number + 1 < len(groups) else None
        goes_on = (
            following is not None
            and not (unit.item or unit.is_block or unit.leads or following.is_block)
            and following.paragraph == unit.paragraph
        )
        yield Sentence(
            text=(" " if language == "en" else "").join(each.unit.text for each in group),
            citations=tuple(
                dict.fromkeys(
                    citations.cite(place.chunk, place.start, place.end).number
                    for each in group
                    for place in each.places
                )
            ),
            marker=unit.marker or (GOES_ON if goes_on else ""),
            supported=None if _claims_nothing(group) else all(each.supported for each in group),
        )


def _claims_nothing(group: Sequence[_Checked]) -> bool:
    """It only says what the sources do not hold."""
    return all(each.unit.is_uncovered for each in group)


def _lines_used(claim: str, text: str) -> tuple[int, int]:
    """The lines of a long code or table source from the first to the last that the claim uses."""
    lines = text.split("\n")
    if len(lines) <= _MOST_LINES:
        return 0, len(text)
    wanted = {normalize(line) for line in claim.split("\n") if line.strip()}
    own = set(search_tokens(plain(claim)))
    used = [n for n, line in enumerate(lines) if line.strip() and normalize(line) in wanted]
    if not used:
        scores = [len(own & set(search_tokens(line))) for line in lines]
        used = [scores.index(max(scores))]
    start = sum(len(line) + 1 for line in lines[: used[0]])
    return start, start + len("\n".join(lines[used[0] : used[-1] + 1]))


def _copied(block: str, quotes: Sequence[str], question: str) -> bool:
    """Every line of a fenced block stands in a quote, but for white space and prompt signs.

    A name of the source may have given way to one that stands in the question.
    """
    stands = {normalize(line).removeprefix("$ ") for quote in quotes for line in quote.split("\n")}
    whole = normalize(" ".join(quotes))
    lines = [normalize(line).removeprefix("$ ") for line in block.split("\n")[1:-1]]
    own = set(_NAME.findall(normalize(question)))
    return all(
        line in stands
        or (len(line) > 8 and line in whole)
        or any(_differs_in(line, other, own) for other in stands)
        for line in lines
        if line
    )


def _differs_in(line: str, other: str, own: Set[str]) -> bool:
    """One is the other but for names, which the person gave, in places where it has a name, too."""
    words, others = _NAME.split(line), _NAME.split(other)
    names_, names_of = _NAME.findall(line), _NAME.findall(other)
    if words != others or len(names_) != len(names_of):
        return False
    new = [name for name, old in zip(names_, names_of, strict=True) if name != old]
    return bool(new) and len(new) < len(names_) and set(new) <= own


def _as_prose(table: str) -> str:
    """The cells of a table one after the other."""
    rows = [row.strip("| ").split("|") for row in table.split("\n") if any(map(str.isalnum, row))]
    return "; ".join(", ".join(cell.strip() for cell in row) for row in rows)


def _names_only(claim: str, proof: str) -> bool:
    """A sentence on code: all that it names and counts is there, and it denies nothing."""
    return (
        bool(names(claim))
        and not denies(claim)
        and not missing_names(claim, proof)
        and not missing_quantities(claim, proof)
    )


class _Remembering:
    """An embedder that embeds each text once; sentences are held against many quotes."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._known: dict[str, Vectors] = {}

    def passages(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._embedder.passages(new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self._embedder.queries(texts)

    def count(self, text: str) -> int:
        return self._embedder.count(text)
