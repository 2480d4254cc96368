"""Dense search: Chroma, embedded in the version's folder or a Chroma server.

Takes vectors, gives chunk ids with cosine similarities. Knows nothing about texts or groups.
Collections carry the version's name: another process's writes into a collection that is already
open would stay invisible to it. Chroma takes half a second to import, so it is imported when
vectors are first asked for.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np

from kb.errors import ChromaSilent, IndexDamaged, KbError
from kb.records import LANGUAGES, Language
from kb.search.embedding import Vectors
from kb.search.whole import MANIFEST

SHELVES = ("questions", "statements", "passages")
"""What stands together: ways people ask, single statements, everything longer.

Each is a collection a language: a model puts a question nearer to whatever is in its own, so that
the nearest of all would hold next to nothing in the other.
"""
_COLLECTIONS = tuple(f"{shelf}-{language}" for shelf in SHELVES for language in LANGUAGES)
_PATIENCE = 4.0
"""Seconds that a Chroma server may take for one answer to somebody who waits."""
_BUILDING = 60.0
"""Seconds that it may take for one step of building a version."""
_OURS = "kb-chroma-"
"""How folders of copies begin; the number of their process follows."""
_BATCH = 5_000  # Chroma takes at most 5,461 records a call
# Cosine instead of the default l2; wide enough that search over a team's notes is exact in effect.
_CONFIGURATION = {"hnsw": {"space": "cosine", "ef_construction": 200, "ef_search": 200}}


class VectorStore:
    """The vectors of one index version."""

    def __init__(self, folder: Path, version: str, url: str = "") -> None:
        self._folder = folder
        self._version = version
        self._url = url
        self._open: dict[str, Any] = {}
        self._opened: Any = None
        self._opening = threading.RLock()
        if url:
            self._client  # noqa: B018 a server that is not there is said at once

    @property
    def _client(self) -> Any:
        with self._opening:  # two first questions at once open one copy
            if self._opened is None:
                copy = self._copied()
                folder = copy or self._folder / "chroma"
                self._opened = _server(self._url) if self._url else _embedded(folder)
                # Chroma keeps a client's files open until it is closed; without this a chat that
                # runs for weeks would hold every version it has seen.
                self._finalize = weakref.finalize(self, _close, self._opened, copy)
            return self._opened

    def _copied(self) -> Path | None:
        """Where Chroma may work: a version that is finished is never changed, and Chroma writes
        into its database even to read it, so it gets a copy.
        """
        is_finished = (self._folder / MANIFEST).exists()
        return _copied(self._folder / "chroma") if is_finished and not self._url else None

    def close(self) -> None:
        """Let go of the files or the connection; they are opened anew when asked again."""
        with self._opening:
            if self._opened is not None:
                self._finalize()
                self._open.clear()
                self._opened = None

    def create(self) -> None:
        with self._answering(_BUILDING):
            for name in _COLLECTIONS:
                self._open[name] = self._client.create_collection(
                    self._name(name), configuration=_CONFIGURATION, embedding_function=None
                )

    def add(self, shelf: str, language: Language, ids: Sequence[str], vectors: Vectors) -> None:
        collection = self._collection(f"{shelf}-{language}")
        with self._answering(_BUILDING):
            for at in range(0, len(ids), _BATCH):
                collection.add(
                    ids=list(ids[at : at + _BATCH]), embeddings=vectors[at : at + _BATCH]
                )

    def search(
        self, shelf: str, language: Language, query: Vectors, k: int
    ) -> list[tuple[str, float]]:
        """The `k` nearest chunk ids in a language with their cosine similarity, best first."""
        collection = self._collection(f"{shelf}-{language}")
        with self._answering():
            found = collection.query(
                query_embeddings=query.reshape(1, -1), n_results=k, include=["distances"]
            )
        return [
            (identity, 1.0 - float(distance))
            for identity, distance in zip(found["ids"][0], found["distances"][0], strict=True)
        ]

    def similarities(self, ids: Sequence[str], query: Vectors) -> dict[str, dict[str, float]]:
        """Cosine similarity of these chunks by shelf, wherever they rank."""
        near: dict[str, dict[str, float]] = {}
        for shelf, language in product(SHELVES, LANGUAGES) if ids else ():
            collection = self._collection(f"{shelf}-{language}")
            with self._answering():
                rows = collection.get(ids=list(ids), include=["embeddings"])
            if rows["ids"]:
                scores = np.asarray(rows["embeddings"], np.float32) @ query
                found = zip(rows["ids"], map(float, scores), strict=True)
                near.setdefault(shelf, {}).update(found)
        return near

    def get(self, ids: Iterable[str]) -> dict[str, Any]:
        """Vectors by chunk id, from all shelves."""
        wanted = set(ids)
        vectors: dict[str, Any] = {}
        for name in _COLLECTIONS:
            collection = self._collection(name)
            with self._answering(_BUILDING):
                found = collection.get(include=["embeddings"])
            vectors.update(
                (identity, np.asarray(vector, np.float32))
                for identity, vector in zip(found["ids"], found["embeddings"], strict=True)
                if identity in wanted
            )
        return vectors

    def count(self) -> int:
        collections = [self._collection(name) for name in _COLLECTIONS]
        with self._answering():
            return sum(int(collection.count()) for collection in collections)

    def delete(self) -> None:
        """Take this version's collections off a server; a folder is removed by its owner."""
        for name in _COLLECTIONS:
            with suppress(_errors().NotFoundError), self._answering(_BUILDING):
                self._client.delete_collection(self._name(name))

    def _name(self, collection: str) -> str:
        return f"{self._version}-{collection}"

    def _collection(self, name: str) -> Any:
        if name not in self._open:
            try:
                with self._answering():
                    self._open[name] = self._client.get_collection(
                        self._name(name), embedding_function=None
                    )
            except (ValueError, _errors().ChromaError) as error:
                raise IndexDamaged(
                    f"Index version {self._version} has no collection “{name}” in Chroma; "
                    "run `make ingest` to build a new version."
                ) from error
        return self._open[name]

    @contextmanager
    def _answering(self, patience: float = 0.0) -> Iterator[None]:
        """Turn a server's silence, and whatever a damaged folder raises, into one sentence."""
        if self._url:
            for session in _sessions(self._client):
                session.timeout = httpx.Timeout(patience or _PATIENCE)  # Chroma would wait for ever
        try:
            yield
        except (httpx.HTTPError, ConnectionError) as error:
            raise ChromaSilent(_silent(self._url)) from error
        except (ValueError, _errors().NotFoundError):
            raise
        except BaseException as error:  # its core in Rust panics past Exception
            if isinstance(error, KbError | KeyboardInterrupt | SystemExit | GeneratorExit):
                raise
            reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
            raise IndexDamaged(
                f"The vectors of index version {self._version} cannot be read or written "
                f"({reason}); run `make ingest` to build a new version."
            ) from error


def _errors() -> Any:
    import chromadb.errors

    return chromadb.errors


def _embedded(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    settings = ChromaSettings(anonymized_telemetry=False)
    try:
        return chromadb.PersistentClient(str(folder), settings=settings)
    except Exception as error:  # whatever a damaged folder or a full disk makes it raise
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise IndexDamaged(
            f"The vectors in {folder} cannot be opened ({reason}); run `make ingest`."
        ) from error


def _copied(chroma: Path) -> Path:
    """A copy that Chroma may change, on the disk or, where that is full, in memory."""
    places = [Path(tempfile.gettempdir()), Path("/dev/shm")]  # noqa: S108 a folder of its own
    reasons = []
    for place in filter(Path.is_dir, places):
        _remove_left(place)
        copy = None
        try:
            copy = Path(tempfile.mkdtemp(prefix=f"{_OURS}{os.getpid()}-", dir=place))
            shutil.copytree(chroma, copy, dirs_exist_ok=True, copy_function=shutil.copyfile)
            return copy
        except OSError as error:
            reasons.append(f"{place}: {error.strerror or error}"[:200])
            if copy is not None:
                shutil.rmtree(copy, ignore_errors=True)
    raise IndexDamaged(
        f"There is no room for a copy of {chroma} ({'; '.join(reasons)}); make room, or set TMPDIR "
        "to a folder that has some."
    )


def _remove_left(place: Path) -> None:
    """Copies of processes that were killed."""
    for folder in place.glob(f"{_OURS}*"):
        try:
            os.kill(int(folder.name.split("-")[2]), 0)
        except (ProcessLookupError, ValueError, IndexError):
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # of another user


def _server(url: str) -> Any:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        shown = url.rpartition("@")[2]  # never a password
        raise IndexDamaged(f"KB_CHROMA_URL is {shown!r}, expected http(s)://host:port.")
    if parts.username is not None or parts.password is not None:
        raise IndexDamaged(
            "KB_CHROMA_URL holds a user name or password, which Chroma would not use and every log "
            "would show; take it out."
        )
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    secure = parts.scheme == "https"
    try:
        httpx.get(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=_PATIENCE)
        client: Any = chromadb.HttpClient(
            parts.hostname,
            parts.port or (443 if secure else 8000),
            ssl=secure,
            settings=ChromaSettings(anonymized_telemetry=False),
        )
    except (ValueError, OSError, httpx.HTTPError) as error:
        raise ChromaSilent(_silent(url)) from error
    return client


def _sessions(client: Any) -> list[httpx.Client]:
    """The HTTP sessions of a client of a server, which Chroma never closes."""
    return [
        api._session
        for api in (client._server, client._admin_client._server)
        if hasattr(api, "_session")
    ]


def _close(client: Any, copy: Path | None) -> None:
    client.close()
    if copy is not None:
        shutil.rmtree(copy, ignore_errors=True)
    for session in _sessions(client):
        session.close()


def _silent(url: str) -> str:
    return f"No Chroma server answers at {url}; start it or leave KB_CHROMA_URL empty."
