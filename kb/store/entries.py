"""Entries: answers with their votes, as the rows of the database keep them.

Takes an `Answer`, gives its row; takes a connection, gives `Entry` values, and leaves out rows that
cannot be read. Knows nothing about who records or reads them, or whether the database is there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Table,
    select,
)

from kb.records import Answer, Language, Reason, Turn, Usage
from kb.store.database import (
    storable,
    utc,
)
from kb.store.tables import answers, votes

LOG = logging.getLogger("kb.store.feedback")
Kept = TypeVar("Kept")
Surface = Literal["browser", "slack", "cli"]
Rating = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Vote:
    """The newest vote of one person on one answer."""

    person: str
    vote: Rating
    comment: str
    voted_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """A question as it was answered, with its votes."""

    id: str
    asked_at: datetime
    surface: Surface
    person: str
    language: Language
    question: str
    history: tuple[Turn, ...]
    answer: str
    sentences: tuple[Mapping[str, Any], ...]
    """The fields of `Sentence` each."""
    citations: tuple[Mapping[str, Any], ...]
    """The fields of `Citation` each."""
    declined: bool
    reason: Reason | None
    clarify: str | None
    pattern: str | None
    decision: Mapping[str, Any] | None
    model: str
    index_version: str
    seconds: float
    act: str = "question"
    """What the message was taken for: thanks and forms are no questions that went unanswered."""
    calls: int = 0
    """Of chat models, with the tokens that went in and came out."""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_estimated: bool = False
    votes: tuple[Vote, ...] = ()


def is_doubtful(sentence: Mapping[str, Any]) -> bool:
    """Whether a stored sentence has neither its quotes nor official data behind it.

    Answers stored before November 2026 call the field `proven`.
    """
    supported = sentence.get("supported", sentence.get("proven"))
    return supported is False and not sentence.get("looked_up")


def read_entries(connection: Connection, wanted: Select[tuple[str]] | None) -> list[Entry]:
    """The answers whose ids are `wanted`, or all, with their votes, the oldest first."""
    where_voted = [] if wanted is None else [votes.c.answer_id.in_(wanted)]
    where_asked = [] if wanted is None else [answers.c.id.in_(wanted)]
    by_answer: dict[str, list[Vote]] = {}
    for answer_id, vote in readable(connection, votes, _vote, where=where_voted):
        by_answer.setdefault(answer_id, []).append(vote)

    def read(row: RowMapping) -> Entry:
        voted = by_answer.get(row["id"], [])
        return _entry(row, sorted(voted, key=lambda vote: vote.voted_at))

    entries = readable(connection, answers, read, where=where_asked)
    return sorted(entries, key=lambda entry: (entry.asked_at, entry.id))


def readable(
    connection: Connection,
    table: Table,
    read: Callable[[RowMapping], Kept],
    *columns: Any,
    where: Sequence[ColumnElement[bool]] = (),
) -> list[Kept]:
    """Every row that can be read; an odd one is left out and named in the log."""
    wanted = columns or tuple(table.c)
    try:
        rows = connection.execute(select(*wanted).where(*where)).mappings()
        return [read(row) for row in rows]
    except (ValueError, TypeError, KeyError, AttributeError):
        pass  # row by row, to find it
    kept = []
    keys = list(table.primary_key)
    for key in connection.execute(select(*keys).where(*where)).all():
        own = [column == value for column, value in zip(keys, key, strict=True)]
        try:
            one = connection.execute(select(*wanted).where(*own)).mappings().all()
            kept += [read(row) for row in one]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            LOG.warning("row %s of %s left out: %s", key[0], table.name, type(error).__name__)
    return kept


def _vote(row: RowMapping) -> tuple[str, Vote]:
    vote = Vote(row["person"], row["vote"], row["comment"], utc(row["voted_at"]))
    return row["answer_id"], vote


def cited_documents(row: RowMapping) -> set[str]:
    return {citation["document"] for citation in row["citations"]}


def row_of(
    answer: Answer, history: Sequence[Turn], person: str, surface: Surface
) -> dict[str, object]:
    usage = answer.trace.usage if answer.trace else Usage()
    return {
        "id": answer.id,
        "asked_at": datetime.now(UTC),
        "surface": surface,
        "person": person,
        "language": answer.language,
        "question": storable(answer.question),
        "history": [asdict(turn) for turn in history],
        "answer": storable(answer.answer),
        "sentences": [asdict(sentence) for sentence in answer.sentences],
        "citations": [asdict(citation) for citation in answer.citations],
        "declined": answer.declined,
        "reason": answer.reason,
        "clarify": answer.clarify,
        "pattern": answer.pattern,
        "decision": asdict(answer.decision) if answer.decision else None,
        "model": answer.model,
        "index_version": answer.index_version,
        "seconds": answer.seconds,
        "act": answer.act,
        "calls": usage.calls,
        "tokens_in": usage.tokens_in,
        "tokens_out": usage.tokens_out,
        "tokens_estimated": usage.is_estimate,
    }


def _entry(row: RowMapping, voted: Sequence[Vote]) -> Entry:
    fields = {
        **row,
        "asked_at": utc(row["asked_at"]),
        "history": tuple(Turn(**turn) for turn in row["history"]),
        "sentences": tuple(row["sentences"]),
        "citations": tuple(row["citations"]),
        "votes": tuple(voted),
    }
    return Entry(**fields)
