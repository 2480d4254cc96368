"""Progress: how far each person has come on the onboarding path.

Takes the database, gives and keeps the answers of a person by step. A step is done when its
questions are answered, two of three of them right. Knows nothing about the notes or about persons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import delete, select

from kb.errors import DatabaseError
from kb.store.database import FAILURES, file_of, migrate, open_database, unusable, upsert, utc
from kb.store.tables import progress


@dataclass(frozen=True, slots=True)
class StepProgress:
    """What a person did on one step."""

    answers: Mapping[str, int] = field(default_factory=dict)
    """The choice (from 1) by id of the check question."""
    section_hash: str = ""
    """`step_hash` of what the person read."""
    done_at: datetime | None = None


class ProgressStore:
    """Progress of all persons; every method raises DatabaseError when the database is away."""

    def __init__(self, url: str) -> None:
        self._engine = open_database(url)
        self._migrated = file_of(self._engine)

    def of(self, person: str) -> dict[str, StepProgress]:
        """The steps that a person has begun, by step id."""
        wanted = select(
            progress.c.step, progress.c.answers, progress.c.section_hash, progress.c.done_at
        ).where(progress.c.person == person)
        with self._one_sentence(), self._engine.connect() as connection:
            return {
                row.step: StepProgress(
                    row.answers, row.section_hash, utc(row.done_at) if row.done_at else None
                )
                for row in connection.execute(wanted)
            }

    def keep(self, person: str, step: str, held: StepProgress) -> None:
        """Store what a person did on a step; the newest counts."""
        row = {
            "person": person,
            "step": step,
            "answers": dict(held.answers),
            "section_hash": held.section_hash,
            "done_at": held.done_at,
        }
        with self._one_sentence():
            upsert(self._engine, progress, row)

    def forget(self, person: str) -> None:
        """Start again from nothing."""
        with self._one_sentence(), self._engine.begin() as connection:
            connection.execute(delete(progress).where(progress.c.person == person))

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _one_sentence(self) -> Iterator[None]:
        try:
            if self._migrated != file_of(self._engine):  # the file was deleted
                migrate(self._engine)
                self._migrated = file_of(self._engine)
            yield
        except FAILURES as error:
            raise DatabaseError(unusable(self._engine.url, error)) from error


def answered(
    held: StepProgress, question: str, choice: int, *, right: Mapping[str, int], section_hash: str
) -> StepProgress:
    """Progress on a step after one more answer; `right` are the right choices of all its questions.

    What is done stays done.
    """
    answers = {**held.answers, question: choice}
    done = held.done_at or (datetime.now(UTC) if is_passed(answers, right) else None)
    return StepProgress(answers, section_hash, done)


def is_passed(answers: Mapping[str, int], right: Mapping[str, int]) -> bool:
    """All questions are answered, at least two of three of them right."""
    good = sum(answers.get(name) == choice for name, choice in right.items())
    return all(name in answers for name in right) and 3 * good >= 2 * len(right)
