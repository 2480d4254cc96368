"""Versions: which index versions there are, which one is in use, how they differ, moving between.

Takes the index folder. The pointer is replaced atomically, so a reader sees the old version or the
new one, never a half. Knows nothing about how a version is built.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from kb.errors import IndexDamaged, KbError
from kb.search.index import POINTER, Index, version_folder, versions_before
from kb.search.index import in_use as in_use
from kb.search.index import versions as versions
from kb.search.rows import read_rows
from kb.search.whole import read_manifest

_LAST_FETCH = "last-fetch.json"
_TRIES, _PAUSE = 20, 0.05
"""How often the lock is tried, and seconds between: a page that looks holds it for a moment."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a document from one version to another."""

    document: str
    state: Literal["added", "removed", "changed"]
    new_chunks: int
    lost_chunks: int


def is_ingesting(index_dir: Path) -> bool:
    """Whether an ingest or a rollback is working on the index now."""
    try:
        with (index_dir / "LOCK").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # nothing was ever ingested
        return False
    return False


@contextmanager
def locked(index_dir: Path) -> Iterator[None]:
    """One ingest or rollback at a time; a second one gets a sentence instead of a race."""
    index_dir.mkdir(parents=True, exist_ok=True)
    with (index_dir / "LOCK").open("w") as lock:
        for tries in range(_TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if tries < _TRIES - 1:
                time.sleep(_PAUSE)
        else:
            raise KbError(f"Another ingest is working on {index_dir}; wait until it has finished.")
        yield


def point_to(index_dir: Path, version: str) -> None:
    """Make `version` the one in use, atomically."""
    _replace(index_dir / POINTER, version + "\n")


def roll_back(index_dir: Path, version: str = "", chroma_url: str = "") -> str:
    """Use `version`, or the one before; gives its name. Raises KbError and changes nothing."""
    with locked(index_dir):
        if version:
            known(index_dir, version)
            Index(version_folder(index_dir, version), chroma_url)  # raises when it cannot be read
            point_to(index_dir, version)
            return version
        for older in versions_before(index_dir, in_use(index_dir)):
            with suppress(IndexDamaged):
                Index(version_folder(index_dir, older), chroma_url)
                point_to(index_dir, older)
                return older
    raise KbError("There is no older index version to go back to.")


def known(index_dir: Path, name: str) -> Path:
    """The folder of a version; raises KbError that names those that there are."""
    if name not in versions(index_dir):
        there = ", ".join(versions(index_dir)) or "none"
        raise KbError(f"There is no index version “{name}”; there are: {there}.")
    return version_folder(index_dir, name)


def manifest(index_dir: Path, name: str) -> Mapping[str, Any]:
    """What a version says about itself; raises KbError."""
    return read_manifest(known(index_dir, name))


def difference(index_dir: Path, old: str, new: str) -> list[Change]:
    """The documents that differ between two versions, by name; raises KbError."""
    before, after = (_chunks_by_document(known(index_dir, name)) for name in (old, new))
    changes = []
    for document in sorted({*before, *after}):
        had, has = before.get(document), after.get(document)
        if had == has:
            continue
        state: Literal["added", "removed", "changed"] = (
            "added" if had is None else "removed" if has is None else "changed"
        )
        had, has = had or set(), has or set()
        changes.append(Change(document, state, len(has - had), len(had - has)))
    return changes


def note_fetch(index_dir: Path, reports: Iterable[Mapping[str, Any]], *, partly: bool) -> None:
    """Remember how the last fetch of each source went, also when no version came of it.

    `reports`: one object a source, with `id`; `partly`: the other sources were not asked.
    """
    at = datetime.now(UTC).isoformat(timespec="seconds")
    noted = dict(last_fetch(index_dir)) if partly else {}
    noted.update((report["id"], {**report, "tried": at}) for report in reports)
    _replace(index_dir / _LAST_FETCH, json.dumps(list(noted.values()), ensure_ascii=False))


def last_fetch(index_dir: Path) -> Mapping[str, Mapping[str, Any]]:
    """By source: how its last fetch went; empty when none was noted."""
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        rows = json.loads((index_dir / _LAST_FETCH).read_text(encoding="utf-8"))
        return {row["id"]: row for row in rows}
    return {}


def _chunks_by_document(folder: Path) -> dict[str, set[str]]:
    chunks: dict[str, set[str]] = {
        row["id"]: set() for row in read_rows(folder / "documents.jsonl")
    }
    for row in read_rows(folder / "chunks.jsonl"):
        chunks.setdefault(row["document"], set()).add(row["id"])
    return chunks


def _replace(file: Path, content: str) -> None:
    new = file.with_name(f".{file.name}.new")
    with new.open("w", encoding="utf-8") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    os.replace(new, file)
