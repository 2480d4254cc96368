"""Databases for tests: a file of SQLite, and a real PostgreSQL of their own where it is installed.

The PostgreSQL server listens on a socket in its own folder and on loopback, never runs as root, and
is gone after the tests.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from kb.store.database import open_database


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a server, without a database's name."""
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    found = [shutil.which("pg_ctl"), *sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))]
    programs = [Path(program).resolve().parent for program in found if program]
    if not programs:
        pytest.skip("no PostgreSQL on this machine (Debian: apt install postgresql)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Not below pytest's folder, which only its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="kb-postgresql-"))
    user = None
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        user = "nobody"
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)

    def run(program: str, *arguments: str) -> None:
        command = [str(programs[-1] / program), *arguments]
        with (folder.parent / f"{folder.name}.log").open("a") as log:
            done = subprocess.run(command, user=user, cwd="/", stdout=log, stderr=log, timeout=120)
        assert done.returncode == 0, Path(log.name).read_text()

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "kb", "--auth=trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    run("pg_ctl", "start", "-w", "-D", data, "-o", f"{options} -c fsync=off")
    try:
        yield f"postgresql://kb@127.0.0.1:{port}"
    finally:
        run("pg_ctl", "stop", "-w", "-D", data, "-m", "immediate")
        shutil.rmtree(folder)
        (folder.parent / f"{folder.name}.log").unlink()


@dataclass(frozen=True)
class Place:
    """Where a database can be, and how it comes to be there."""

    url: str
    create: Callable[[], None]


@pytest.fixture(params=["sqlite", "postgresql"])
def absent(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A database of each kind that is away."""
    if request.param == "sqlite":
        folder = tmp_path / "database"
        folder.write_text("a file, where the folder should be")
        return Place(f"sqlite:///{folder}/feedback.db", folder.unlink)
    server, name = request.getfixturevalue("postgresql"), f"kb_{uuid.uuid4().hex}"

    def create() -> None:
        admin = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()

    return Place(f"{server}/{name}", create)


@pytest.fixture
def database_url(absent: Place) -> str:
    """An empty database of each kind."""
    absent.create()
    return absent.url


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()
