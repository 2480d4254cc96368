"""Database: open it, in the newest shape.

Takes the URL of KB_DATABASE_URL, gives an SQLAlchemy engine whose tables are those of
`kb.store.tables`. SQLite and PostgreSQL. Several processes may open a new database at once: one of
them migrates, the others wait. Knows nothing about what is stored.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DisconnectionError,
    NoSuchModuleError,
    SQLAlchemyError,
)

from kb.errors import DatabaseError, SettingsError

FAILURES = (SQLAlchemyError, CommandError, OSError)
"""What a database that cannot be used raises; CommandError when a newer release has made it."""
_PATIENCE = 3
"""Seconds to wait for a connection, or for another process that writes."""
_MIGRATING = 0x6B62  # any number that is ours: PostgreSQL names locks by numbers
_MIGRATIONS = Path(__file__).with_name("migrations")


def open_database(url: str) -> Engine:
    """The database, migrated. Raises SettingsError when the URL cannot be used, DatabaseError when
    the database cannot be reached or written.
    """
    engine = make_engine(url)
    try:
        migrate(engine)
    except FAILURES as error:
        engine.dispose()
        raise DatabaseError(unusable(engine.url, error)) from error
    return engine


def make_engine(url: str) -> Engine:
    """An engine that has not connected yet; raises SettingsError."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(
                parsed, connect_args={"timeout": _PATIENCE}, hide_parameters=True
            )
            event.listen(engine, "do_connect", _make_private)
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "checkout", _check_file)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        if parsed.get_backend_name() == "postgresql":
            patience = {"connect_timeout": _PATIENCE}
            # hide_parameters: what people asked must not stand in a log.
            return create_engine(
                parsed, connect_args=patience, pool_pre_ping=True, hide_parameters=True
            )
    except ImportError as error:
        raise SettingsError(
            f"KB_DATABASE_URL needs the package {error.name}; for PostgreSQL run "
            "`.venv/bin/pip install -r requirements-postgres.txt`."
        ) from error
    except (ArgumentError, NoSuchModuleError):
        pass
    raise SettingsError(
        f"KB_DATABASE_URL is {_without_password(url)!r}; expected sqlite:///FILE or "
        "postgresql://USER:PASSWORD@HOST/DATABASE."
    )


def migrate(engine: Engine) -> None:
    """Bring the tables to the newest shape; in one transaction, by one process at a time."""
    config = Config(attributes={})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with for_writing(engine).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def upsert(engine: Engine, table: Table, row: Mapping[str, Any], *, keep: bool = False) -> None:
    """Write a row; one with the same primary key is replaced, or with `keep` stays as it is."""
    insert = postgresql.insert if engine.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(row)
    keys = [column.name for column in table.primary_key]
    if keep:
        statement = statement.on_conflict_do_nothing(index_elements=keys)
    else:
        changed = {name: statement.excluded[name] for name in row if name not in keys}
        statement = statement.on_conflict_do_update(index_elements=keys, set_=changed)
    with engine.begin() as connection:
        connection.execute(statement)


def for_writing(engine: Engine, write: bool = True) -> Engine:
    """The engine with transactions that SQLite lets write from their start: two that read first
    cannot stand in each other's way. Without `write` the engine as it is.
    """
    return engine.execution_options(begin="BEGIN IMMEDIATE") if write else engine


def empty_log(engine: Engine) -> None:
    """Have SQLite's log hold nothing of what was deleted; PostgreSQL sees to its own."""
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as connection:  # no transaction may be open
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")


def storable(text: str) -> str:
    """Without what no database takes: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def utc(time: datetime) -> datetime:
    """SQLite gives times without their zone, PostgreSQL in the zone of the session."""
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def unusable(url: URL, error: Exception) -> str:
    """One sentence about a database that failed, without its password."""
    reason = (str(getattr(error, "orig", error)).splitlines() or ["no reason given"])[0]
    return (
        f"The database {url.render_as_string()} cannot be used ({reason}); check KB_DATABASE_URL, "
        "and that the database runs and may be written."
    )


def file_of(engine: Engine) -> tuple[int, int] | None:
    """Which file an SQLite database is now: another one after it was deleted; None without one."""
    name = engine.url.database if engine.dialect.name == "sqlite" else None
    return _file(name) if name and name != ":memory:" else None


def _file(name: str) -> tuple[int, int] | None:
    try:
        status = Path(name).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _make_private(_: object, record: Any, arguments: list[Any], options: Any) -> None:
    """Make the file for its owner only; SQLite gives its log the same rights."""
    name = arguments[0] if arguments else ""
    if not name or name == ":memory:" or str(name).startswith("file:"):
        return
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # a file of somebody else, or a disk that is read only: as it is
        os.close(os.open(name, os.O_RDWR | os.O_CREAT, 0o600))
        for file in (name, f"{name}-wal", f"{name}-shm"):
            if Path(file).exists():
                Path(file).chmod(0o600)
    record.info["file"] = (name, _file(name))


def _check_file(_: object, record: Any, __: object) -> None:
    """A connection to a file that was deleted would take everything and keep nothing."""
    name, known = record.info.get("file", ("", None))
    if name and _file(name) != known:
        raise DisconnectionError("the file of the database is another one")


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # else Python begins and commits where it thinks fit
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "secure_delete = ON",  # what was deleted is overwritten
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else url
