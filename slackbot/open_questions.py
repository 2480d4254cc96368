"""Open questions: what Slack was told is received and has no answer yet, kept across a kill.

Takes events, keeps each in a file of this process until it is done; gives back those that a process
before this one left behind. Knows nothing about threads or answers. A disk that cannot be written
costs the memory across a kill, never an answer.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any

LOG = logging.getLogger("kb.slack")
LATEST = 600.0
"""Seconds after which nobody waits for an answer any more."""
Event = Mapping[str, Any]


class OpenQuestions:
    """Events under way, in a folder that several processes may share."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: None keeps nothing."""
        self._folder = folder
        self._lock = Lock()
        self._open: dict[tuple[str, str], tuple[Event, str]] = {}
        self._path: Path | None = None
        self._file: IO[str] | None = None

    def left_behind(self) -> list[tuple[Event, str]]:
        """Events of the last minutes with their team, of processes that have ended; once."""
        recent: list[tuple[Event, str]] = []
        for file in sorted(self._folder.glob("*.jsonl")) if self._folder else ():
            with suppress(OSError), file.open(encoding="utf-8") as old:
                fcntl.flock(old, fcntl.LOCK_EX | fcntl.LOCK_NB)  # else its process lives
                for event, team in _still_open(old):
                    if _age(event) < LATEST:
                        recent.append((event, team))
                        self.add(event, team)  # ours, before theirs goes
                file.unlink()
        return recent

    def add(self, event: Event, team: str) -> None:
        """Keep an event before Slack is told that it has arrived."""
        with self._lock:
            self._open[_key(event)] = (event, team)
            self._write({"event": dict(event), "team": team})

    def done(self, channel: str, ts: str) -> None:
        """It is answered, or needs no answer."""
        with self._lock:
            if self._open.pop((channel, ts), None) is not None:
                self._write({"done": [channel, ts]})

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
            if self._path is not None and not self._open:
                self._path.unlink(missing_ok=True)
            self._file = self._path = None

    def _write(self, row: Mapping[str, Any]) -> None:
        """One line more; where nothing is open the file is empty again."""
        if self._folder is None:
            return
        try:
            if self._file is None:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._path = self._folder / f"{os.getpid()}-{time.time_ns()}.jsonl"
                number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                self._file = os.fdopen(number, "w", encoding="utf-8")
                fcntl.flock(self._file, fcntl.LOCK_EX)
            if self._open:
                self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
                self._file.flush()
            else:
                self._file.seek(0)
                self._file.truncate()
        except OSError as error:
            LOG.warning("open questions are not kept: %s", error.strerror)


def _still_open(lines: Iterable[str]) -> Iterator[tuple[Event, str]]:
    """What was added and not done; a kill may have cut the last line off."""
    rows: dict[tuple[str, str], tuple[Event, str]] = {}
    for line in lines:
        with suppress(ValueError, TypeError, KeyError):
            row = json.loads(line)
            if "done" in row:
                rows.pop((row["done"][0], row["done"][1]), None)
            else:
                rows[_key(row["event"])] = (row["event"], str(row["team"]))
    yield from rows.values()


def _key(event: Event) -> tuple[str, str]:
    return str(event.get("channel")), str(event.get("ts"))


def _age(event: Event) -> float:
    try:
        return time.time() - float(str(event["ts"]))
    except ValueError:
        return LATEST
