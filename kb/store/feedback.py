"""Feedback: what was asked and answered, and how people rated it, kept in a database.

Takes answers and votes from every surface, gives them back as `Entry` values. Writing never raises:
what cannot be stored because the database is away waits in memory, a bounded number, and is written
in order once it is back. Reading raises DatabaseError. Knows nothing about surfaces.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    Connection,
    Text,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from kb.errors import DatabaseError
from kb.records import Answer, Turn
from kb.store.database import (
    FAILURES,
    empty_log,
    file_of,
    for_writing,
    make_engine,
    migrate,
    storable,
    unusable,
    upsert,
)
from kb.store.entries import (
    Entry,
    Rating,
    Surface,
    cited_documents,
    read_entries,
    readable,
    row_of,
)
from kb.store.tables import answers, conversations, exchanges, progress, votes

LOG = logging.getLogger("kb.store.feedback")
WAITING = 1_000
"""Writes that wait in memory at most; what comes beyond that is given up."""
TROUBLED = 3_000
"""Answers that went wrong which are read at most: ten for each question that is looked at."""
_DAY = 86_400.0


class _Away(Exception):
    """The database is away; a later try may help."""


class FeedbackStore:
    """Answers and votes in the database; safe to share between threads."""

    def __init__(
        self, database_url: str, *, retry_seconds: float = 5.0, keep_days: int = 0
    ) -> None:
        """Connects on the first use. `keep_days`: answers and votes that are older are deleted; 0
        keeps them. Raises SettingsError when the URL cannot be used.
        """
        self._engine = make_engine(database_url)
        self._retry_seconds = retry_seconds
        self._keep_days = keep_days
        self._migrated: tuple[int, int] | bool | None = False
        self._forgot = 0.0  # when what is too old was last deleted
        self._waiting: deque[Callable[[], None]] = deque()
        self._queueing = threading.Lock()  # held for moments only
        self._working = threading.RLock()  # held while the database migrates or catches up
        self._retrying = False
        self._closed = threading.Event()

    def record_answer(
        self, answer: Answer, *, history: Sequence[Turn], person: str, surface: Surface
    ) -> bool:
        """Keep an answered question; the same one twice is kept once. False: it waits."""
        row = row_of(answer, history, person, surface)
        return self._record(lambda: upsert(self._engine, answers, row, keep=True))

    def record_vote(self, answer_id: str, *, person: str, vote: Rating, comment: str = "") -> bool:
        """Keep a person's vote on an answer in place of an earlier one. False: it waits."""
        row = {
            "answer_id": answer_id,
            "person": person,
            "vote": vote,
            "comment": storable(comment.strip()),
            "voted_at": datetime.now(UTC),
        }
        return self._record(lambda: upsert(self._engine, votes, row))

    def entries(self) -> list[Entry]:
        """Everything that is kept, the oldest first; raises DatabaseError."""
        with self._connected() as connection:
            return read_entries(connection, None)

    def troubled_entries(self) -> list[Entry]:
        """Those that were declined or voted down or may hold a doubtful sentence, the oldest first;
        of very many the newest. Raises DatabaseError.
        """
        down = select(votes.c.answer_id).where(votes.c.vote == "down")
        sentences = cast(answers.c.sentences, Text)
        doubtful = [sentences.contains(f'"{name}": false') for name in ("supported", "proven")]
        wanted = (
            select(answers.c.id)
            .where(or_(answers.c.declined, answers.c.id.in_(down), *doubtful))
            .order_by(answers.c.asked_at.desc())
            .limit(TROUBLED)
        )
        with self._connected() as connection:
            return read_entries(connection, wanted)

    def tokens_since(self, since: datetime) -> int:
        """Tokens of chat models, in and out, of the answers since then; raises DatabaseError."""
        total = func.sum(answers.c.tokens_in + answers.c.tokens_out)
        with self._connected() as connection:
            found = connection.execute(select(total).where(answers.c.asked_at >= since))
            return int(found.scalar() or 0)

    def citations_by_document(self) -> Counter[str]:
        """How many answers cite each document; raises DatabaseError."""
        counts: Counter[str] = Counter()
        with self._connected() as connection:
            for cited in readable(connection, answers, cited_documents, answers.c.citations):
                counts.update(cited)
        return counts

    def forget(self, person: str) -> int:
        """Delete a person's answers with all votes on them, votes, progress and conversations;
        gives the rows.

        What the person asked stands in the history of those who went on in the same Slack thread,
        or with a copy of a shared conversation: such a history goes, and so do the questions in
        the copies.
        """
        theirs = select(answers.c.id).where(answers.c.person == person)
        removals = (
            delete(votes).where(or_(votes.c.person == person, votes.c.answer_id.in_(theirs))),
            delete(answers).where(answers.c.person == person),
            delete(progress).where(progress.c.person == person),
            delete(exchanges).where(exchanges.c.person == person),
            delete(conversations).where(conversations.c.person == person),
            delete(conversations).where(
                conversations.c.id.not_in(select(exchanges.c.conversation))
            ),
        )
        with self._connected(write=True) as connection:
            words = select(answers.c.question).where(answers.c.person == person)
            _cut_histories(connection, person, set(connection.execute(words).scalars()))
            gone = sum(connection.execute(removal).rowcount for removal in removals)
        empty_log(self._engine)
        return gone

    def flush(self) -> bool:
        """Write what waits, in order; True when nothing is left."""
        with self._working:
            while self._waiting:
                try:
                    self._store(self._waiting[0])
                except _Away:
                    return False
                self._waiting.popleft()
        return True

    def close(self) -> None:
        """Try what waits once more, then let go of the database."""
        self._closed.set()
        self.flush()
        self._engine.dispose()

    def _record(self, write: Callable[[], None]) -> bool:
        """Store at once, or queue; while others wait, a new write joins them.

        So the order is kept, and only the first answer waits for a database that is away.
        """
        if not self._waiting:
            try:
                return self._store(write)
            except _Away:
                pass
        with self._queueing:
            if len(self._waiting) >= WAITING:
                LOG.error("%d writes wait for the database; one more is given up", WAITING)
                return False
            self._waiting.append(write)
            if not self._retrying:
                self._retrying = True
                threading.Thread(target=self._retry, daemon=True).start()
        return False

    def _store(self, write: Callable[[], None]) -> bool:
        """Whether it is stored; False when it can never be, such as a vote on no known answer."""
        try:
            self._migrate()
            write()
        except (OperationalError, InterfaceError, PoolTimeout, OSError) as error:
            LOG.warning("feedback waits: %s", unusable(self._engine.url, error))
            raise _Away from error
        except Exception as error:  # noqa: BLE001 an answer must not suffer from what becomes of it
            LOG.error("feedback given up: %s", without_words(error))
            return False
        return True

    def _retry(self) -> None:
        while not self._closed.wait(self._retry_seconds):
            self.flush()
            with self._queueing:
                if not self._waiting:
                    self._retrying = False
                    return

    def _migrate(self) -> None:
        if self._migrated is False or self._migrated != file_of(self._engine):
            with self._working:
                migrate(self._engine)
                self._migrated = file_of(self._engine)
        self._forget_old()

    def _forget_old(self) -> None:
        """Once a day, and at the start."""
        if not self._keep_days or time.monotonic() < self._forgot + _DAY and self._forgot:
            return
        self._forgot = time.monotonic()
        oldest = datetime.now(UTC) - timedelta(days=self._keep_days)
        old = select(answers.c.id).where(answers.c.asked_at < oldest)
        with self._engine.begin() as connection:
            connection.execute(delete(votes).where(votes.c.answer_id.in_(old)))
            gone = connection.execute(delete(answers).where(answers.c.asked_at < oldest)).rowcount
            unused = delete(conversations).where(conversations.c.changed_at < oldest)
            left = connection.execute(unused).rowcount
        if gone or left:
            empty_log(self._engine)
            LOG.info(
                "%d answers and %d conversations older than %d days deleted",
                gone,
                left,
                self._keep_days,
            )

    @contextmanager
    def _connected(self, *, write: bool = False) -> Iterator[Connection]:
        """`write`: what is read first and written then waits its turn before it reads."""
        self.flush()
        try:
            self._migrate()
            with for_writing(self._engine, write).begin() as connection:
                yield connection
        except FAILURES as error:
            raise DatabaseError(unusable(self._engine.url, error)) from error


def _cut_histories(connection: Connection, person: str, words: Set[str]) -> None:
    """Empty the histories that hold one of `words`: of Slack threads, and of those who went on with
    a copy of what the person had shared.
    """
    if not words:
        return
    copied = select(conversations.c.person).join(exchanges).where(exchanges.c.person == person)
    others = or_(answers.c.surface == "slack", answers.c.person.in_(copied))
    for identity in connection.execute(select(answers.c.id).where(others)).scalars().all():
        own = answers.c.id == identity
        try:
            history = connection.execute(select(answers.c.history).where(own)).scalar_one()
            said = any(turn["role"] == "user" and turn["content"] in words for turn in history)
        except (ValueError, TypeError, KeyError):  # what cannot be read may hold the words, too
            said = True
        if said:
            connection.execute(update(answers).where(own).values(history=[]))


def without_words(error: BaseException) -> str:
    """Kind and place of an error for the log; its text may repeat what a person wrote."""
    places = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{places}"
