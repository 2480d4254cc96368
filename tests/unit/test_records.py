"""Records in bad luck: a deleted file, an odd row, who may read them, what the log says."""

from __future__ import annotations

import logging
import sqlite3
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb.store.feedback import FeedbackStore
from kb.store.progress import ProgressStore, StepProgress
from tests.unit.answers import answer

WORDS = "給与テーブルの場所は？"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "feedback.db"


@pytest.fixture
def store(file: Path) -> Iterator[FeedbackStore]:
    opened = FeedbackStore(f"sqlite:///{file}")
    yield opened
    opened.close()


def keep(store: FeedbackStore, identity: str, **changes: object) -> bool:
    made = answer(id=identity, question=WORDS, **changes)
    return store.record_answer(made, history=[], person="p1", surface="slack")


def change(file: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(file)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def test_after_a_deleted_file_everything_is_kept_in_a_new_one(
    store: FeedbackStore, file: Path
) -> None:
    assert keep(store, "a1")
    for part in file.parent.glob("feedback.db*"):
        part.unlink()
    assert keep(store, "a2")
    assert file.exists()
    assert [entry.id for entry in store.entries()] == ["a2"]


def test_progress_goes_on_after_a_deleted_file(file: Path) -> None:
    store = ProgressStore(f"sqlite:///{file}")
    store.keep("p", "job", StepProgress({"a": 1}))
    for part in file.parent.glob("feedback.db*"):
        part.unlink()
    assert store.of("p") == {}
    store.keep("p", "job", StepProgress({"a": 2}))
    assert store.of("p")["job"].answers == {"a": 2}
    store.close()


@pytest.mark.parametrize(
    "odd",
    [
        "history = '{half'",
        "citations = '[7]'",
        "asked_at = 'yesterday'",
        "history = '[{\"role\": 1}]'",
        "sentences = 'null'",
    ],
)
def test_an_odd_row_costs_itself_alone(
    store: FeedbackStore, file: Path, odd: str, caplog: pytest.LogCaptureFixture
) -> None:
    for identity in ("a1", "a2", "a3"):
        keep(store, identity)
    change(file, f"UPDATE answers SET {odd} WHERE id = 'a2'")
    ids = [entry.id for entry in store.entries()]
    assert {"a1", "a3"} <= set(ids)
    store.citations_by_document()
    assert WORDS not in caplog.text
    assert store.forget("p1") == 3


def test_database_and_log_are_for_their_owner_only(store: FeedbackStore, file: Path) -> None:
    file.parent.mkdir()
    file.touch(mode=0o644)
    keep(store, "a1")
    parts = list(file.parent.glob("feedback.db*"))
    assert len(parts) >= 2
    assert {stat.S_IMODE(part.stat().st_mode) for part in parts} == {0o600}


def test_no_question_gets_into_the_log(
    store: FeedbackStore, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keep(store, "a1")
    assert not keep(store, "a2", seconds=None)  # may not be null
    change(file, "DROP TABLE votes")
    change(file, "ALTER TABLE answers RENAME COLUMN question TO asked")
    keep(store, "a3")
    assert "feedback" in caplog.text
    assert WORDS not in caplog.text


def test_what_is_older_than_wished_is_deleted(file: Path) -> None:
    store = FeedbackStore(f"sqlite:///{file}")
    for identity in ("old", "new"):
        keep(store, identity)
        store.record_vote(identity, person="p2", vote="up")
    store.close()
    long_ago = (datetime.now(UTC) - timedelta(days=31)).strftime("%Y-%m-%d %H:%M:%S.%f")
    change(file, "UPDATE answers SET asked_at = ? WHERE id = 'old'", long_ago)
    for days, left in ((0, ["old", "new"]), (60, ["old", "new"]), (30, ["new"])):
        store = FeedbackStore(f"sqlite:///{file}", keep_days=days)
        assert [entry.id for entry in store.entries()] == left
        store.close()
