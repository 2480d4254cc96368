"""The database opens in the newest shape: on SQLite and PostgreSQL, from several processes."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select

from kb.errors import DatabaseError, SettingsError
from kb.store.database import open_database, upsert
from kb.store.tables import METADATA, progress

ROOT = Path(__file__).parents[2]


def test_migrations_and_tables_agree(database: Engine) -> None:
    with database.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_opening_again_changes_nothing(database: Engine, database_url: str) -> None:
    names = inspect(database).get_table_names()
    again = open_database(database_url)
    assert inspect(again).get_table_names() == names
    again.dispose()


def test_processes_may_open_a_new_database_at_once(database_url: str) -> None:
    program = (
        f"from kb.store.database import open_database; open_database({database_url!r}).dispose()"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    assert [(process.communicate()[1], process.returncode) for process in running] == [(b"", 0)] * 4


def test_a_row_is_replaced_by_one_with_its_key(database: Engine) -> None:
    row = {"person": "p", "step": "job", "section_hash": "1", "answers": {"a": 1}}
    for version in ("1", "2"):
        upsert(database, progress, {**row, "section_hash": version, "done_at": datetime.now(UTC)})
    with database.connect() as connection:
        assert [r.section_hash for r in connection.execute(select(progress))] == ["2"]


def test_sqlite_lets_readers_read_while_one_writes(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/new folder/50% done.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()
    assert (tmp_path / "new folder" / "50% done.db").is_file()


@pytest.mark.parametrize(
    "url", ["", "feedback.db", "mysql://u:hidden@h/d", "sqlite+nothing:///x.db", "nothing://h/d"]
)
def test_a_url_that_cannot_be_used_is_named(url: str) -> None:
    with pytest.raises(SettingsError, match="KB_DATABASE_URL .*sqlite:///FILE") as raised:
        open_database(url)
    assert "hidden" not in str(raised.value)


def test_a_database_that_is_away_is_one_sentence() -> None:
    with pytest.raises(DatabaseError, match="cannot be used") as raised:
        open_database("postgresql://kb:hidden@127.0.0.1:1/kb")
    assert "hidden" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatabaseError, match="cannot be used"):
        open_database(f"sqlite:///{tmp_path}/file/feedback.db")
