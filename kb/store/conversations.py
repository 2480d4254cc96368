"""Conversations: what a person asked in the browser and was answered, to be opened again.

Takes the database, gives and keeps the conversations of a person. One that is shared can be read by
whoever has its key, and copied, never changed. Every method raises DatabaseError while the database
is away. Knows nothing about pages or about who a person is.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, delete, insert, or_, select, update

from kb.errors import DatabaseError
from kb.records import Answer, Citation, Condition, Decision, Raised, Sentence
from kb.store.database import (
    FAILURES,
    empty_log,
    file_of,
    for_writing,
    migrate,
    open_database,
    storable,
    unusable,
    utc,
)
from kb.store.tables import conversations, exchanges

T = TypeVar("T")
TITLE = 200
"""Characters of a title."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A conversation as a list shows it."""

    id: str
    title: str
    """As the person named it, else the first question."""
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """A question and what came of it."""

    question: str
    answer: Answer | None
    partial: str = ""
    """What had come when the answer was stopped."""
    person: str = ""
    """Who asked; empty: whoever stores it."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with all that was asked."""

    id: str
    title: str
    """Empty where the person gave none."""
    share: str
    """Key of its link; empty while it is not shared."""
    exchanges: tuple[Stored, ...]


class ConversationStore:
    """The conversations of all persons; safe to share between threads."""

    def __init__(self, url: str) -> None:
        self._engine = open_database(url)
        self._migrated = file_of(self._engine)

    def of(self, person: str, words: str = "") -> list[Listed]:
        """A person's conversations, the newest first; with `words`, those in which all stand."""
        first = (
            select(exchanges.c.question)
            .where(exchanges.c.conversation == conversations.c.id)
            .order_by(exchanges.c.place)
            .limit(1)
            .scalar_subquery()
        )
        wanted = (
            select(conversations, first.label("question"))
            .where(conversations.c.person == person)
            .order_by(conversations.c.changed_at.desc(), conversations.c.id)
        )
        for word in words.split():
            asked = select(exchanges.c.conversation).where(
                exchanges.c.question.icontains(word, autoescape=True)
            )
            titled = conversations.c.title.icontains(word, autoescape=True)
            wanted = wanted.where(or_(titled, conversations.c.id.in_(asked)))
        with self._connected() as connection:
            return [
                Listed(row.id, row.title or row.question, utc(row.changed_at))
                for row in connection.execute(wanted)
            ]

    def open(self, identity: str, person: str) -> Conversation | None:
        """A conversation of this person; None when there is none of that id."""
        with self._connected() as connection:
            return _read(connection, conversations.c.id == identity, person)

    def shared(self, key: str) -> Conversation | None:
        """The conversation behind the key of a link; None when it is shared no more."""
        with self._connected() as connection:
            return _read(connection, conversations.c.share == key)

    def keep(self, identity: str, person: str, place: int, exchanged: Stored) -> bool:
        """Store what was asked at `place` (from 0); what stood there and after it goes.

        False, and nothing is stored, when the conversation is another person's.
        """
        now = datetime.now(UTC)
        with self._connected(write=True) as connection:
            owner = connection.execute(
                select(conversations.c.person).where(conversations.c.id == identity)
            ).scalar()
            if owner is None:
                row = {"id": identity, "person": person, "title": "", "changed_at": now}
                connection.execute(insert(conversations).values(row))
            elif owner == person:
                _change(connection, identity, person, changed_at=now)
            else:
                return False
            _put(connection, identity, person, place, (exchanged,))
        return True

    def rename(self, identity: str, person: str, title: str) -> None:
        """An empty title gives the first question back its place."""
        with self._connected(write=True) as connection:
            _change(connection, identity, person, title=storable(title.strip())[:TITLE])

    def delete(self, identity: str, person: str) -> None:
        with self._connected(write=True) as connection:
            theirs = conversations.c.person == person
            connection.execute(delete(conversations).where(conversations.c.id == identity, theirs))
        empty_log(self._engine)

    def share(self, identity: str, person: str) -> str:
        """The key under which others may read it, the same one each time; empty when there is no
        such conversation of this person.
        """
        with self._connected(write=True) as connection:
            found = _read(connection, conversations.c.id == identity, person)
            if found is None or found.share:
                return found.share if found else ""
            key = secrets.token_urlsafe(16)
            _change(connection, identity, person, share=key)
        return key

    def unshare(self, identity: str, person: str) -> bool:
        """The link opens nothing any more; copies that were made stay. Gives True."""
        with self._connected(write=True) as connection:
            _change(connection, identity, person, share=None)
        return True

    def copy(self, key: str, person: str) -> str:
        """A shared conversation as one of this person; gives its id, empty when it is not shared.

        The title stays behind: it is somebody else's word.
        """
        with self._connected(write=True) as connection:
            found = _read(connection, conversations.c.share == key)
            if found is None:
                return ""
            identity = uuid.uuid4().hex
            row = {"id": identity, "person": person, "title": "", "changed_at": datetime.now(UTC)}
            connection.execute(insert(conversations).values(row))
            _put(connection, identity, person, 0, found.exchanges)
        return identity

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _connected(self, *, write: bool = False) -> Iterator[Connection]:
        """`write`: readers wait for nobody, writers for each other."""
        try:
            if self._migrated != file_of(self._engine):  # the file was deleted
                migrate(self._engine)
                self._migrated = file_of(self._engine)
            with for_writing(self._engine, write).begin() as connection:
                yield connection
        except FAILURES as error:
            raise DatabaseError(unusable(self._engine.url, error)) from error


def _read(connection: Connection, which: Any, person: str = "") -> Conversation | None:
    wanted = select(conversations).where(which)
    row = connection.execute(wanted).one_or_none()
    if row is None or (person and row.person != person):
        return None
    asked = connection.execute(
        select(exchanges).where(exchanges.c.conversation == row.id).order_by(exchanges.c.place)
    )
    stored = tuple(
        Stored(e.question, read_answer(e.answer) if e.answer else None, e.partial, e.person)
        for e in asked
    )
    return Conversation(row.id, row.title, row.share or "", stored) if stored else None


def _change(connection: Connection, identity: str, person: str, **values: object) -> None:
    theirs = (conversations.c.id == identity, conversations.c.person == person)
    connection.execute(update(conversations).where(*theirs).values(**values))


def _put(
    connection: Connection, identity: str, person: str, place: int, stored: Sequence[Stored]
) -> None:
    here = exchanges.c.conversation == identity
    # By rank: a copy may have lost questions of others in between.
    known = connection.execute(select(exchanges.c.place).where(here).order_by(exchanges.c.place))
    kept = known.scalars().all()[:place]
    following = kept[-1] + 1 if kept else 0
    connection.execute(delete(exchanges).where(here, exchanges.c.place >= following))
    for number, exchanged in enumerate(stored, following):
        answer = exchanged.answer
        row = {
            "conversation": identity,
            "place": number,
            "person": exchanged.person or person,
            "question": storable(exchanged.question),
            "partial": storable(exchanged.partial),
            "answer": asdict(replace(answer, trace=None)) if answer else None,
        }
        connection.execute(insert(exchanges).values(row))


# An answer as JSON, and back.


def read_answer(row: Mapping[str, Any]) -> Answer:
    """An answer as it was stored; what this release does not know is left out."""
    parts: dict[str, Any] = {
        "sentences": tuple(_one(Sentence, one) for one in row.get("sentences", ())),
        "citations": tuple(_one(Citation, one) for one in row.get("citations", ())),
        "understood": tuple(_one(Condition, one) for one in row.get("understood", ())),
        "trace": None,
    }
    if row.get("decision"):
        raised = tuple(_one(Raised, one) for one in row["decision"]["raised"])
        parts["decision"] = _one(Decision, {**row["decision"], "raised": raised})
    return _one(Answer, {**row, **parts})


def _one(kind: type[T], row: Mapping[str, Any]) -> T:
    """A record of one of the kinds above; JSON has no tuples."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in row.items()
            if name in known
        }
    )
