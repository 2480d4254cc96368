"""Request: a message as read, and what was found for it.

Takes nothing, gives the two frozen values that the assistant hands from step to step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kb.answer.asked import questions_in
from kb.answer.content import Content
from kb.answer.wanted import framework_before
from kb.reading.followup import before, changes_subject, names_subject, subject_of
from kb.reading.queries import focus
from kb.reading.reading import CaseReading, Reading
from kb.reading.side import named_sides, side_before
from kb.reading.wish import Wish
from kb.records import Act, Language, Trace, Turn
from kb.search.index import Index
from kb.search.retrieve import Retrieval
from kb.search.several import About, Search, fused

SETTLING: frozenset[Act] = frozenset(("question", "case", "revision", "paste"))
"""Acts whose answer stands until the next of them; the others act on it, or ask nothing."""
_LONGEST = 1_200
"""Characters of a message that are searched for where its reader names no query."""
_WANTED = 0.5
"""Likelihood from which a decision is wanted."""


@dataclass(frozen=True, slots=True)
class Request:
    """A message as read, and what it is answered from."""

    question: str
    history: tuple[Turn, ...]
    reading: Reading
    language: Language
    index: Index
    wanted: Language | None = None
    """The language that the caller asks for, whatever the message is in."""
    own: str = ""
    """What a complaint asks for besides: it is searched for, without what was quoted already."""
    redo: str = ""
    """Of a complaint that names what was meant: the last question with that in it."""
    redo_own: str = ""
    """What was meant, by itself."""
    wish: Wish | None = None
    """The form in which the answer is wanted."""
    whole: str = ""
    """The message with that wish; empty where it has none."""
    thread: tuple[Turn, ...] = ()
    """What the conversation asked before, in the words that it is asked on from; empty where the
    message does not lean on it."""
    returns: bool = False
    """It goes back to a paste of the conversation, which its reading holds."""

    @property
    def case(self) -> CaseReading | None:
        """The case, where a decision on it is wanted now."""
        case = self.reading.case
        if case is not None and self.is_misread:
            return replace(case, wanted=1.0)
        return case if case is not None and case.wanted >= _WANTED else None

    @property
    def is_misread(self) -> bool:
        """A complaint that takes away what was never said: the case is decided anew."""
        case = self.reading.case
        return self.reading.act == "complaint" and case is not None and case.changed

    @property
    def settles(self) -> bool:
        """Its answer is one that later messages act on."""
        return self.reading.act in SETTLING or self.is_misread or bool(self.own or self.redo)

    @property
    def is_plain(self) -> bool:
        """A question in the person's own words; nothing is pasted."""
        plain = all(part.kind in ("question", "prose") for part in self.reading.parts)
        return plain and self.reading.act == "question"

    @property
    def has_words(self) -> bool:
        """Something is said, not only pasted."""
        kinds = {part.kind for part in self.reading.parts if part.text.strip()}
        return not kinds or bool(kinds & {"question", "prose"})

    @property
    def is_pasted(self) -> bool:
        """Most of it was pasted: what is asked stands in the queries."""
        own = sum(len(p.text) for p in self.reading.parts if p.kind in ("question", "prose"))
        return own * 2 < len(self.question) and bool(self.reading.parts)

    @property
    def now(self) -> str:
        """What the message asks or reports now; empty where it is all of it."""
        return focus(self.question, self.reading.parts)

    def traced(self, trace: Trace | None) -> Trace | None:
        """`trace` with what the reading of the message cost."""
        usage = self.reading.usage
        if usage is None:
            return trace
        trace = trace or Trace(self.question, False, (), {})
        prompts = {**self.reading.prompts, **trace.prompts}
        return replace(trace, usage=trace.usage + usage, prompts=prompts)

    @property
    def stood_before(self) -> str:
        """What was asked before, for a question that may go on from there."""
        if not self.is_plain or self.reading.follows:
            return ""
        return before(self.question, self.thread or self.history)

    @property
    def about(self) -> About | None:
        """What the conversation is about, for a question that does not name it."""
        if self.redo:
            sides = named_sides(self.question)
            return About(sides[0], is_sure=True) if len(sides) == 1 else None
        if not self.is_plain or changes_subject(self.question):
            return None
        thread = self.thread or self.history
        side = side_before(self.question, thread, self.reading.case) or ""
        framework = framework_before(self.question, self.history)
        subject = subject_of(thread) if self.stood_before else ""
        if self.reading.follows and names_subject(self.question):
            side = subject = ""  # its queries have that in them
        return About(side, framework, subject) if side or framework or subject else None

    def about_beside(self, first: str) -> About | None:
        """What a further question of the message is about: its first question, as a rule."""
        about = self.about
        if not self.is_plain:
            return about
        subject = subject_of((Turn("user", first),))
        return replace(about or About(), subject=subject, is_same=True) if subject else about

    @property
    def asked(self) -> tuple[tuple[str, ...], ...]:
        """The queries by what they ask: one that holds an error line goes with the one before.

        So does one that the query before holds, as a message holds what it comes down to, and one
        that is the message behind its subject.
        """
        reading = self.reading
        errors = [part.text.strip() for part in reading.error_lines if part.text.strip()]
        queries = _apart(reading.queries or (self.question[:_LONGEST],), errors)
        if self.is_plain and not reading.follows:
            queries = _each_question(queries, self.question)
        if self.is_plain and reading.follows and len(self._questions) < 2:
            return (tuple(queries),)  # one question, in the ways that the conversation leaves open
        parts: list[tuple[str, ...]] = []
        for query in queries:
            names_error = any(e in query or query in e for e in errors)
            within = bool(parts) and (query in parts[-1][0] or query.endswith(self.question))
            if parts and (within or names_error or _of_errors(parts[-1], errors)):
                parts[-1] = (*parts[-1], query)
            else:
                parts.append((query,))
        return tuple(parts)

    @property
    def _questions(self) -> list[str]:
        return [part.text for part in self.reading.parts if part.kind == "question"]

    def asked_about(self, line: str) -> tuple[tuple[str, ...], ...]:
        """The queries; `line`, which a review takes for the cause, goes in the place of every other
        line that was read as an error.
        """
        if not line:
            return self.asked
        errors = {part.text.strip() for part in self.reading.error_lines}
        others = {error for error in errors if line not in error and error not in line}
        kept = [tuple(q for q in part if q not in others) for part in self.asked]
        first, *rest = [part for part in kept if part] or [()]
        if not any(line in query or query in line for part in kept for query in part):
            first = (*first, line)
        return (first, *rest)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What the pasted files and logs of a message say."""

    content: Content
    is_settled: bool
    """It names what is wrong, or that nothing is; else only the line to search for."""
    query: str = ""
    """That line."""
    asks: Mapping[str, float] = field(default_factory=dict)
    """Questions, each with the likeness from which on it is answered beside the review."""
    says_all: bool = False
    """Nothing is wrong and nothing else is asked."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, for each part of the question; never empty."""

    parts: tuple[Search, ...]
    follows: bool
    """The queries took their subject from earlier turns."""
    reviewed: Reviewed | None = None

    @property
    def first(self) -> Search:
        return self.parts[0]

    @property
    def together(self) -> Retrieval:
        """The hits of every part, the best of all first."""
        return fused([part.retrieval for part in self.parts])

    @property
    def trace(self) -> Trace:
        """How the answer came about."""
        hits = {hit.group: hit for part in self.parts for hit in part.hits}
        return Trace(self.first.query, self.follows, tuple(hits.values()), self.first.scope.signals)


def _apart(queries: tuple[str, ...], errors: list[str]) -> tuple[str, ...]:
    """Without a query that only holds several other questions, as a whole message does."""
    first, *others = queries
    asked = [query for query in others if not any(query in e for e in errors)]
    return tuple(others) if len(asked) > 1 and all(q in first for q in others) else queries


def _each_question(queries: tuple[str, ...], message: str) -> tuple[str, ...]:
    """Those of the message that hold several questions in one sentence, each question by itself."""
    own = [query for query in queries if query in message]
    apart = [questions_in(query) if query in own else (query,) for query in queries]
    return queries if len(own) > 1 and len(own) < len(queries) else tuple(sum(apart, ()))


def _of_errors(queries: tuple[str, ...], errors: list[str]) -> bool:
    """All that was asked so far is an error line."""
    return all(any(e in query or query in e for e in errors) for query in queries)
