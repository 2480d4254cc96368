"""Dense search: Chroma, embedded in the version's folder or a Chroma server.

Takes vectors, gives chunk ids with cosine similarities. Knows nothing about texts or groups.
Collections carry the version's name: another process's writes into a collection that is already
open would stay invisible to it. Chroma takes half a second to import, so it is imported when
vectors are first asked for.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np

from kb.errors import IndexDamaged
from kb.search.embedding import Vectors

SHELVES = ("questions", "statements", "passages")
"""The collections of a version: ways people ask, single statements, everything longer."""
_PATIENCE = 30.0
"""Seconds that a Chroma server may take for one answer."""
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
        if url:
            self._client  # noqa: B018 a server that is not there is said at once

    @cached_property
    def _client(self) -> Any:
        client = _server(self._url) if self._url else _embedded(self._folder)
        # Chroma keeps a client's files open until it is closed; without this a chat that runs for
        # weeks would hold every version it has seen.
        self._finalize = weakref.finalize(self, _close, client)
        return client

    def close(self) -> None:
        """Let go of the files or the connection; they are opened anew when asked again."""
        if "_client" in self.__dict__:
            self._finalize()
            self._open.clear()
            del self.__dict__["_client"]

    def create(self) -> None:
        with self._answering():
            for shelf in SHELVES:
                self._open[shelf] = self._client.create_collection(
                    self._name(shelf), configuration=_CONFIGURATION, embedding_function=None
                )

    def add(self, shelf: str, ids: Sequence[str], vectors: Vectors) -> None:
        collection = self._collection(shelf)
        with self._answering():
            for at in range(0, len(ids), _BATCH):
                collection.add(
                    ids=list(ids[at : at + _BATCH]), embeddings=vectors[at : at + _BATCH]
                )

    def search(self, shelf: str, query: Vectors, k: int) -> list[tuple[str, float]]:
        """The `k` nearest chunk ids with their cosine similarity, best first."""
        collection = self._collection(shelf)
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
        for shelf in SHELVES if ids else ():
            collection = self._collection(shelf)
            with self._answering():
                rows = collection.get(ids=list(ids), include=["embeddings"])
            if rows["ids"]:
                scores = np.asarray(rows["embeddings"], np.float32) @ query
                near[shelf] = dict(zip(rows["ids"], map(float, scores), strict=True))
        return near

    def get(self, ids: Iterable[str]) -> dict[str, Any]:
        """Vectors by chunk id, from all shelves."""
        wanted = set(ids)
        vectors: dict[str, Any] = {}
        for shelf in SHELVES:
            collection = self._collection(shelf)
            with self._answering():
                found = collection.get(include=["embeddings"])
            vectors.update(
                (identity, np.asarray(vector, np.float32))
                for identity, vector in zip(found["ids"], found["embeddings"], strict=True)
                if identity in wanted
            )
        return vectors

    def count(self) -> int:
        collections = [self._collection(shelf) for shelf in SHELVES]
        with self._answering():
            return sum(int(collection.count()) for collection in collections)

    def delete(self) -> None:
        """Take this version's collections off a server; a folder is removed by its owner."""
        for shelf in SHELVES:
            with suppress(_errors().NotFoundError), self._answering():
                self._client.delete_collection(self._name(shelf))

    def _name(self, shelf: str) -> str:
        return f"{self._version}-{shelf}"

    def _collection(self, shelf: str) -> Any:
        if shelf not in self._open:
            try:
                with self._answering():
                    self._open[shelf] = self._client.get_collection(
                        self._name(shelf), embedding_function=None
                    )
            except (ValueError, _errors().ChromaError) as error:
                raise IndexDamaged(
                    f"Index version {self._version} has no collection “{shelf}” in Chroma; "
                    "run `make ingest` to build a new version."
                ) from error
        return self._open[shelf]

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Turn a server's silence into one sentence."""
        try:
            yield
        except (httpx.HTTPError, ConnectionError) as error:
            raise IndexDamaged(_silent(self._url)) from error


def _errors() -> Any:
    import chromadb.errors

    return chromadb.errors


def _embedded(folder: Path) -> Any:
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    settings = ChromaSettings(anonymized_telemetry=False)
    return chromadb.PersistentClient(str(folder / "chroma"), settings=settings)


def _server(url: str) -> Any:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise IndexDamaged(f"KB_CHROMA_URL is {url!r}, expected http(s)://host:port.")
    import chromadb
    from chromadb.config import Settings as ChromaSettings

    secure = parts.scheme == "https"
    try:
        client: Any = chromadb.HttpClient(
            parts.hostname,
            parts.port or (443 if secure else 8000),
            ssl=secure,
            settings=ChromaSettings(anonymized_telemetry=False),
        )
    except (ValueError, OSError, httpx.HTTPError) as error:
        raise IndexDamaged(_silent(url)) from error
    for session in _sessions(client):
        session.timeout = httpx.Timeout(_PATIENCE)  # Chroma would wait for ever
    return client


def _sessions(client: Any) -> list[httpx.Client]:
    """The HTTP sessions of a client of a server, which Chroma never closes."""
    return [
        api._session
        for api in (client._server, client._admin_client._server)
        if hasattr(api, "_session")
    ]


def _close(client: Any) -> None:
    client.close()
    for session in _sessions(client):
        session.close()


def _silent(url: str) -> str:
    return f"No Chroma server answers at {url}; start it or leave KB_CHROMA_URL empty."
