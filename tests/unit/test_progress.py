"""Progress is kept per person, in SQLite and PostgreSQL, and survives a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from kb.errors import DatabaseError
from kb.store.progress import ProgressStore, StepProgress, answered, is_passed

RIGHT = {"where": 2, "variable": 1}


def test_a_step_is_done_once_two_of_three_are_right() -> None:
    one = answered(StepProgress(), "where", 2, right=RIGHT, section_hash="a1")
    assert (one.answers, one.done_at) == ({"where": 2}, None)
    wrong = answered(one, "variable", 3, right=RIGHT, section_hash="a1")
    assert (wrong.answers, wrong.done_at) == ({"where": 2, "variable": 3}, None)
    assert answered(wrong, "variable", 1, right=RIGHT, section_hash="a1").done_at is not None
    assert is_passed({"a": 1, "b": 1, "c": 9}, {"a": 1, "b": 1, "c": 1})
    assert not is_passed({"a": 1, "b": 1}, {"a": 1, "b": 1, "c": 1})


def test_answering_again_keeps_a_step_done_and_notes_what_was_read() -> None:
    done = answered(StepProgress(), "where", 2, right={"where": 2}, section_hash="a1")
    again = answered(
        StepProgress({}, "a1", done.done_at), "where", 1, right=RIGHT, section_hash="b2"
    )
    assert (again.done_at, again.section_hash) == (done.done_at, "b2")


def test_progress_outlives_the_process(database_url: str) -> None:
    store = ProgressStore(database_url)
    begun = answered(StepProgress(), "where", 2, right=RIGHT, section_hash="a1")
    done = answered(begun, "variable", 1, right=RIGHT, section_hash="a1")
    store.keep("ann", "save", begun)
    store.keep("ann", "save", done)
    store.keep("ann", "extend", begun)
    store.close()
    again = ProgressStore(database_url)
    assert again.of("ann") == {"save": done, "extend": begun}
    again.close()


def test_nobody_sees_the_progress_of_another(database_url: str) -> None:
    store = ProgressStore(database_url)
    mine = answered(StepProgress(), "where", 1, right=RIGHT, section_hash="a1")
    store.keep("ann", "save", mine)
    store.keep("bob", "save", StepProgress({"where": 2}, "a1"))
    assert store.of("ann") == {"save": mine}
    assert store.of("carol") == {}
    store.forget("ann")
    assert store.of("ann") == {}
    assert store.of("bob") == {"save": StepProgress({"where": 2}, "a1")}
    store.close()


def test_a_database_that_goes_away_is_one_sentence(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/feedback.db"
    store = ProgressStore(url)
    other = create_engine(url)
    with other.begin() as connection:
        connection.execute(text("DROP TABLE progress"))
    other.dispose()
    with pytest.raises(DatabaseError, match="check KB_DATABASE_URL"):
        store.of("ann")
    with pytest.raises(DatabaseError):
        store.keep("ann", "save", StepProgress())
    with pytest.raises(DatabaseError):
        store.forget("ann")
    store.close()
