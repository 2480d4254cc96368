"""Standing: an answer given before, with the sections that it quotes.

Takes an `Answer` and its index, gives `Standing`, and a `Page` on which its sentences and more of
its sections are set anew with numbers of their own. Knows nothing about messages or decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from kb.answer.content import Content, fixed
from kb.answer.quotes import Citations, Draft, to_sentences
from kb.answer.wanted import other_framework
from kb.records import SIDES, Answer, Chunk, Citation, Hit, PatternId, Sentence
from kb.search.index import Index
from kb.search.rank import facet, numbers

_NEAR = 0.6
"""Share of the best hit's score from which a section counts as found for the same question."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer that a message acts on."""

    answer: Answer
    index: Index
    quoted: tuple[Chunk | None, ...]
    """For each citation the chunk that holds it; None for what the index does not hold."""
    framework: str = ""
    """What the answer is about, where the person names one."""

    @property
    def cited(self) -> list[Sentence]:
        """Its sentences that quote a source; the direct one first."""
        return [sentence for sentence in self.answer.sentences if sentence.citations]

    @property
    def sections(self) -> list[tuple[Chunk, ...]]:
        """The sections that it quotes, in the order of its sentences, each in reading order.

        Without what is said of another side, pattern or framework than the answer's.
        """
        chunks = [self.quoted[n - 1] for sentence in self.cited for n in sentence.citations]
        found = {chunk.group: chunk for chunk in chunks if chunk is not None}
        return self._fit([section_of(self.index, chunk) for chunk in found.values()])

    @property
    def near(self) -> list[tuple[Chunk, ...]]:
        """Sections found for the same question about as well, in a document that is quoted."""
        quoted = {c.document for c in self.quoted if c is not None}
        scores = {hit.group: hit.score for hit in self._hits}
        found = [s for s in self.others if scores.get(s[0].group, 0.0) >= _NEAR]
        return self._fit([section for section in found if section[0].document in quoted])

    @property
    def of_patterns(self) -> list[tuple[Chunk, ...]]:
        """The sections on the very patterns that were decided for, of each in turn."""
        each = [self._on_pattern(pattern) for pattern in self.answer.patterns]
        return [section for row in zip_longest(*each) for section in row if section]

    def _on_pattern(self, pattern: PatternId) -> list[tuple[Chunk, ...]]:
        side, _, number = pattern.partition("-")
        quoted = dict.fromkeys(c.document for c in self.quoted if c is not None)
        titles = {document: self.index.documents[document].title for document in quoted}
        own = [
            d for d, title in titles.items() if facet(title) == side and number in numbers(title)
        ]
        first = {c.group: c for d in own for c in self.index.by_document[d] if c.kind != "question"}
        return self._fit([section_of(self.index, chunk) for chunk in first.values()])

    @property
    def others(self) -> list[tuple[Chunk, ...]]:
        """Sections found for the same question that it does not quote, best first."""
        known = {c.group for c in self.quoted if c is not None}
        found = [section_of(self.index, h.chunks[0]) for h in self._hits if h.group not in known]
        return [section for section in found if section]

    @property
    def side(self) -> str:
        """The side: as it was decided, else as the question says; empty: neither."""
        decided = {pattern.partition("-")[0] for pattern in self.answer.patterns} & {*SIDES}
        if len(decided) == 1:
            return next(iter(decided))
        return "" if decided else facet(self._asked)

    @property
    def _hits(self) -> tuple[Hit, ...]:
        return self.answer.trace.hits if self.answer.trace else ()

    @property
    def _asked(self) -> str:
        return self.answer.trace.query if self.answer.trace else self.answer.question

    def _fit(self, sections: Iterable[tuple[Chunk, ...]]) -> list[tuple[Chunk, ...]]:
        """What of the sections fits the answer: all of a section on its very side and pattern."""
        own = {chunk.id for chunk in self.quoted if chunk is not None}
        kept = [tuple(c for c in s if c.id in own or self._fits(c)) for s in sections]
        return [section for section in kept if section]

    def _fits(self, chunk: Chunk) -> bool:
        title = self.index.documents[chunk.document].title
        place = " ".join((title, *chunk.heading))
        if self.side and facet(place) != self.side:
            if facet(place) or facet(chunk.text) not in ("", self.side):
                return False
        decided = {p.rpartition("-")[2] for p in self.answer.patterns} & {"1", "2", "3"}
        named = numbers(place) or numbers(chunk.text)
        if decided and named and not decided & named:
            return False
        if chunk.kind != "code" or not self.framework:
            return True
        leading = [c for c in section_of(self.index, chunk) if c.order == chunk.order]
        return not other_framework(self.framework, " ".join(c.text for c in leading))


def standing_on(answer: Answer, index: Index, framework: str = "") -> Standing:
    """The answer with the chunks behind its quotes; `framework`: what the person works with."""
    return Standing(answer, index, _chunks(index, answer.citations), framework)


def section_of(index: Index, chunk: Chunk) -> tuple[Chunk, ...]:
    """The chunks that belong to one: of its document, without the ways people ask."""
    group = index.groups.get(chunk.group, (chunk,))
    return tuple(c for c in group if c.document == chunk.document and c.kind != "question")


def counterpart(index: Index, chunk: Chunk, language: str) -> Chunk | None:
    """The same statement, code or table of the section in another language."""
    if chunk.language == language:
        return chunk
    group = index.groups.get(chunk.group, ())
    alike = [c for c in group if (c.kind, c.order) == (chunk.kind, chunk.order)]
    own = [c for c in alike if c.document == chunk.document]
    other = [c for c in alike if c.language == language]
    place = own.index(chunk) if chunk in own else len(other)
    return other[place] if place < len(other) and len(own) == len(other) else None


def _chunks(index: Index, citations: Sequence[Citation]) -> tuple[Chunk | None, ...]:
    """For each citation the smallest chunk that its quote lies in."""
    cited = {citation.document for citation in citations}
    held: dict[str, list[Chunk]] = {}
    for chunk in index.chunks.values():
        if chunk.document in cited and chunk.kind != "question":
            held.setdefault(chunk.document, []).append(chunk)

    def around(citation: Citation) -> Chunk | None:
        chunks = held.get(citation.document, ())
        found = [c for c in chunks if c.start <= citation.start and citation.end <= c.end]
        return min(found, key=lambda c: c.end - c.start, default=None)

    return tuple(map(around, citations))


class Page:
    """Sentences set anew, with citations numbered in their order."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._language = standing.answer.language
        self.citations = Citations(standing.index)
        self.sentences: list[Sentence] = []

    def keep(self, sentence: Sentence, *, marker: str | None = None, lead: bool = True) -> None:
        """A sentence of the standing answer; `lead`: with the label before it."""
        label = sentence.lead.rpartition("\n")[2] if lead else ""
        numbers = self.adopted(sentence)
        marker = sentence.marker if marker is None else marker
        self.sentences.append(replace(sentence, citations=numbers, marker=marker, lead=label))

    def adopted(self, sentence: Sentence) -> tuple[int, ...]:
        """The numbers of its citations here."""
        given = self._standing.answer.citations
        return tuple(self.citations.adopt(given[n - 1]).number for n in sentence.citations)

    def quote(self, chunk: Chunk, *, marker: str = "", lead: str = "") -> None:
        """A statement, code or table word for word, unless it stands here already."""
        if self.citations.holds(chunk):
            return
        drafts = [Draft(chunk, chunk.start, chunk.end)]
        (sentence,) = to_sentences(drafts, self.citations, self._language)
        marker = "" if sentence.text.startswith(("```", "|")) else marker
        lead = lead + sentence.lead
        self.sentences.append(replace(sentence, marker=marker, lead=lead))

    def say(self, name: str, **values: str) -> None:
        """A fixed sentence."""
        self.sentences.append(fixed(name, self._language, marker="", **values))

    def set(self, text: str, numbers: Iterable[int], *, supported: bool = True) -> None:
        """A block put together from sentences that were checked one by one."""
        cited = tuple(dict.fromkeys(numbers))
        self.sentences.append(Sentence(text, cited, supported=supported))

    def content(self) -> Content:
        answer = self._standing.answer
        return Content(
            tuple(self.sentences),
            tuple(self.citations.all),
            understood=tuple(c for c in answer.understood if c.state == "holds"),
            trace=answer.trace,
        )
