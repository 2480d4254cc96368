"""Gaps: questions that went without a good answer, grouped by meaning, with what lies nearest.

Takes the entries of the feedback store, gives `Gap` values: questions that were declined, voted
down, or answered with an unproven sentence. A gap is closed once the index version in use answers
all its questions. Knows nothing about the database, nor how a gap is shown.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kb.assistant import Assistant
from kb.records import Hit, Language, Turn
from kb.search.embedding import Vectors
from kb.search.index import Index, IndexStore
from kb.search.remembering import digest
from kb.search.retrieve import retrieve
from kb.store.entries import Entry, is_doubtful
from kb.text.normal import normalize

FURTHEST = 0.65
"""Mean cosine distance up to which two groups of questions are one, after the centre of all
questions in their language was subtracted. Raw e5 cosines lie so close together (paraphrases 0.82
to 0.90, other questions up to 0.88) that no threshold parts them. Measured on ten topics with five
paraphrases each in two languages: at 0.65 no pair was put together wrongly and 64 of 100 pairs
rightly; at 0.7 one pair in four was wrong. Two groups on one topic cost less than one on two."""
MOST = 300
"""Questions that are looked at, the newest; each may cost an answer after a new version."""
_NEAREST = 3
Trouble = Literal["not_in_sources", "out_of_scope", "unsafe", "down_voted", "unproven"]
_OUTSIDE = ("out_of_scope", "unsafe")
State = Literal["open", "outside", "closed"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that went without a good answer, however often it was asked."""

    question: str
    query: str
    """What is searched for it: standing alone, typos mended."""
    history: tuple[Turn, ...]
    language: Language
    trouble: Trouble
    times: int
    comments: tuple[str, ...]
    newest: Entry

    @property
    def text(self) -> str:
        """The question as a person understands it without the turns before it."""
        return self.query if self.history else self.question


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the index that lies near."""

    document: str
    heading: str
    """The innermost one; empty for a text without headings."""
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions with one meaning, those asked most often first.

    `outside`: all of them were declined because of what they ask, such as the weather.
    """

    id: str
    state: State
    questions: tuple[Asked, ...]
    nearest: tuple[Section, ...]

    @property
    def title(self) -> str:
        return self.questions[0].text

    @property
    def times(self) -> int:
        """How often its questions were asked."""
        return sum(asked.times for asked in self.questions)

    @property
    def troubles(self) -> Mapping[Trouble, int]:
        """How often each trouble was met."""
        counts: Counter[Trouble] = Counter()
        for asked in self.questions:
            counts[asked.trouble] += asked.times
        return counts


class GapFinder:
    """Finds gaps; remembers what it embedded and what the version in use has answered."""

    def __init__(self, store: IndexStore, assistant: Assistant) -> None:
        self._store = store
        self._assistant = assistant.without_writer()
        self._begin("")

    def _begin(self, version: str) -> None:
        """Forget what belongs to another index version."""
        self._version = version
        self._queries: dict[bytes, str] = {}
        self._vectors: dict[str, Vectors] = {}
        self._answered: dict[tuple[str, str], bool] = {}
        self._nearest: dict[tuple[str, str], tuple[Section, ...]] = {}
        self._centres: dict[tuple[str, Language], Vectors] = {}

    def find(
        self, entries: Iterable[Entry], done: Callable[[int, int], None] = lambda done, total: None
    ) -> list[Gap]:
        """Open gaps, then those outside our scope, then closed ones; the largest first."""
        index = self._store.current()
        if index.version != self._version:
            self._begin(index.version)
        questions = [replace(one, query=self._query(one)) for one in troubled(entries)[:MOST]]
        groups = self._grouped(questions, index)
        gaps = []
        for number, group in enumerate(groups):
            gaps.append(self._gap(group, index))
            done(number + 1, len(groups))
        order = ("open", "outside", "closed")
        return sorted(gaps, key=lambda gap: (order.index(gap.state), -gap.times, gap.id))

    def _query(self, asked: Asked) -> str:
        """Read once a version: the assistant remembers fewer questions than are looked at."""
        key = digest(asked.question, *(turn.content for turn in asked.history))
        if key not in self._queries:
            self._queries[key] = self._assistant.query(asked.question, asked.history)
        return self._queries[key]

    def _grouped(self, questions: Sequence[Asked], index: Index) -> list[list[Asked]]:
        if not questions:
            return []
        vectors = np.stack([self._vector(asked, index) for asked in questions])
        likeness = vectors @ vectors.T
        groups: dict[int, list[int]] = {}
        for number, label in enumerate(cluster(likeness)):
            groups.setdefault(label, []).append(number)
        return [
            [
                questions[number]
                for number in sorted(
                    members,
                    key=lambda n: (
                        questions[n].trouble in _OUTSIDE,
                        -questions[n].times,
                        -likeness[n, members].sum(),
                    ),
                )
            ]
            for members in groups.values()
        ]

    def _gap(self, group: Sequence[Asked], index: Index) -> Gap:
        first = group[0]
        state: State = "closed" if all(self._closed(asked, index) for asked in group) else "open"
        if state == "open" and first.trouble in _OUTSIDE:
            state = "outside"
        identity = f"{first.language} {normalize(first.query)}"
        digest = hashlib.sha256(identity.encode()).hexdigest()
        return Gap(f"gap-{digest[:8]}", state, tuple(group), self._near(first, index))

    def _near(self, asked: Asked, index: Index) -> tuple[Section, ...]:
        key = (index.version, asked.query)
        if key not in self._nearest:
            found = retrieve(
                index, self._assistant.embedder, asked.query, asked.language, k=_NEAREST
            )
            self._nearest[key] = tuple(_section(hit) for hit in found.hits)
        return self._nearest[key]

    def _closed(self, asked: Asked, index: Index) -> bool:
        """Whether the version in use answers it; a down-voted answer must have other proofs now."""
        if asked.newest.index_version == index.version:
            return False
        key = (index.version, asked.newest.id)
        if key not in self._answered:
            answer = self._assistant.ask(asked.question, asked.history, language=asked.language)
            proven = (
                not answer.declined
                and answer.citations
                and not any(sentence.is_doubtful for sentence in answer.sentences)
            )
            now = {(citation.document, citation.quote) for citation in answer.citations}
            # Offsets are no part of it: they move whenever something above is edited.
            before = {(cited["document"], cited["quote"]) for cited in asked.newest.citations}
            same = asked.trouble == "down_voted" and now == before
            self._answered[key] = bool(proven) and not same
        return self._answered[key]

    def _vector(self, asked: Asked, index: Index) -> Vectors:
        """Length 1, with what all questions of a language have in common taken away."""
        if asked.query not in self._vectors:
            self._vectors[asked.query] = self._assistant.embedder.queries([asked.query])[0]
        key = (index.version, asked.language)
        if key not in self._centres:
            self._centres[key] = centre(index, asked.language)
        vector = self._vectors[asked.query] - self._centres[key]
        length = float(np.linalg.norm(vector))
        return (vector / length if length else vector).astype(np.float32)


def _section(hit: Hit) -> Section:
    """A hit at its first statement; at its first passage where it has none."""
    chunk = next((chunk for chunk in hit.chunks if chunk.kind == "statement"), hit.chunks[0])
    heading = chunk.heading[-1] if chunk.heading else ""
    return Section(chunk.document, heading, chunk.start, chunk.end)


def troubled(entries: Iterable[Entry]) -> list[Asked]:
    """The questions that went without a good answer, the newest first."""
    found: dict[tuple[str, ...], Asked] = {}
    for entry in entries:
        trouble = trouble_of(entry)
        if trouble is None or not any(map(str.isalnum, entry.question)):
            continue
        key = (normalize(entry.question), *(turn.content for turn in entry.history))
        before = found.pop(key, None)  # so that the newest stand last
        comments = tuple(vote.comment for vote in entry.votes if vote.comment)
        found[key] = Asked(
            question=entry.question,
            query=entry.question,
            history=entry.history,
            language=entry.language,
            trouble=trouble,
            times=1 + (before.times if before else 0),
            comments=(*(before.comments if before else ()), *comments),
            newest=entry,
        )
    return list(reversed(found.values()))


def trouble_of(entry: Entry) -> Trouble | None:
    """What went wrong with an answer; None when nothing did.

    A vote counts first: who votes a refusal down says that the question does belong here.
    """
    if any(vote.vote == "down" for vote in entry.votes):
        return "down_voted"
    if entry.declined:
        return "not_in_sources" if entry.reason is None else entry.reason
    if any(map(is_doubtful, entry.sentences)):
        return "unproven"
    return None


def cluster(likeness: Vectors) -> list[int]:
    """The group of each question, by average linkage over a matrix of cosines."""
    if len(likeness) == 1:
        return [1]
    from scipy.cluster.hierarchy import fcluster, linkage  # takes a third of a second
    from scipy.spatial.distance import squareform

    distance = np.maximum(1.0 - likeness, 0.0)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average")
    return [int(label) for label in fcluster(tree, FURTHEST, "distance")]


def centre(index: Index, language: Language) -> Vectors:
    """The mean vector of the ways people ask in a language; of all texts where there are none."""
    own = [chunk for chunk in index.chunks.values() if chunk.language == language]
    asked = [chunk.id for chunk in own if chunk.kind == "question"]
    ids = asked or [chunk.id for chunk in own] or list(index.chunks)
    vectors = index.vectors.get(ids)
    return np.mean(list(vectors.values()), axis=0, dtype=np.float32)  # type: ignore[no-any-return]
