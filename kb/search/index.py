"""Index versions: open one, search it, notice a new one.

Takes the index folder, gives `Index` objects: documents, chunks, dense and lexical search of one
complete, never-changed version. `IndexStore.current()` looks at the pointer file on each question
and reopens when it moved. Knows nothing about how a version is built.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

from kb.errors import DocumentUnknown, IndexDamaged, IndexMissing
from kb.records import Chunk, Document
from kb.search.calibration import Calibration
from kb.search.lexical import LexicalIndex
from kb.search.names import NameIndex
from kb.search.sections import Sections
from kb.search.vectors import VectorStore

Part = TypeVar("Part")
POINTER = "CURRENT"
FORMAT = "3"
"""Layout of a version's folder; another one is not opened."""


class Index:
    """One index version, read only."""

    def __init__(self, folder: Path, chroma_url: str = "") -> None:
        self.version = folder.name
        self.manifest: Mapping[str, Any] = read_manifest(folder)
        documents = (Document(**row) for row in read_rows(folder / "documents.jsonl"))
        self.documents: Mapping[str, Document] = {document.id: document for document in documents}
        self.chunks: Mapping[str, Chunk] = {
            chunk.id: chunk for chunk in map(_chunk, read_rows(folder / "chunks.jsonl"))
        }
        self.lexical = _part(LexicalIndex.load, folder / "lexical")
        self.sections = _part(Sections.load, folder)
        self.calibration = _part(Calibration.load, folder)
        self.names = _part(NameIndex.load, folder)
        self.vectors = VectorStore(folder, self.version, chroma_url)

    @cached_property
    def groups(self) -> Mapping[str, tuple[Chunk, ...]]:
        """Chunks by group, in reading order."""
        groups: dict[str, list[Chunk]] = {}
        for chunk in self.chunks.values():
            groups.setdefault(chunk.group, []).append(chunk)
        return {
            group: tuple(sorted(chunks, key=lambda c: (c.document, c.start, c.kind == "question")))
            for group, chunks in groups.items()
        }

    @cached_property
    def wordings(self) -> Mapping[str, tuple[str, ...]]:
        """Wordings of the error that a section of our notes is about, by group; see
        kb.search.wordings.
        """
        groups: dict[str, dict[str, None]] = {}
        for chunk in self.chunks.values():
            if chunk.kind == "question" and chunk.marker:
                groups.setdefault(chunk.group, {})[chunk.marker] = None
        return {group: tuple(wordings) for group, wordings in groups.items()}

    @cached_property
    def by_document(self) -> Mapping[str, tuple[Chunk, ...]]:
        """Chunks by document, in reading order."""
        documents: dict[str, list[Chunk]] = {identity: [] for identity in self.documents}
        for chunk in self.chunks.values():
            documents[chunk.document].append(chunk)
        return {
            identity: tuple(sorted(chunks, key=lambda c: (c.start, c.kind == "question")))
            for identity, chunks in documents.items()
        }

    def document(self, identity: str) -> Document:
        """The stored document; raises DocumentUnknown that names near ones."""
        found = self.documents.get(identity)
        if found is not None:
            return found
        from difflib import get_close_matches  # only a mistyped name needs it

        near = get_close_matches(identity, self.documents, n=3, cutoff=0.4)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise DocumentUnknown(f"Index version {self.version} holds no document “{identity}”.{hint}")


class IndexStore:
    """The version that the pointer names; safe to share between threads."""

    def __init__(self, folder: Path, chroma_url: str = "") -> None:
        self._folder = folder
        self._chroma_url = chroma_url
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._seen: tuple[int, int] = (0, 0)

    def current(self) -> Index:
        """The version in use; raises IndexMissing when nothing has been published."""
        pointer = self._folder / POINTER
        try:
            stat = pointer.stat()
        except FileNotFoundError:
            raise IndexMissing(
                f"There is no index in {self._folder} yet; run `make ingest` to build one."
            ) from None
        seen = (stat.st_mtime_ns, stat.st_ino)
        with self._lock:
            if self._index is None or seen != self._seen:
                name = pointer.read_text(encoding="utf-8").strip()
                if self._index is None or self._index.version != name:
                    # The old version stays open for answers that are under way; its memory goes
                    # with its last reader.
                    self._index = Index(version_folder(self._folder, name), self._chroma_url)
                self._seen = seen
            return self._index


def version_folder(index_dir: Path, name: str) -> Path:
    return index_dir / "versions" / name


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the version in `folder` says about itself; raises IndexDamaged."""
    try:
        manifest: dict[str, Any] = json.loads(
            (folder / "manifest.json").read_text(encoding="utf-8")
        )
    except (FileNotFoundError, ValueError) as error:
        raise IndexDamaged(
            f"Index version {folder.name} is incomplete; run `python -m ingest rollback` to use "
            "the one before, or `make ingest` to build a new one."
        ) from error
    if manifest.get("format") != FORMAT:
        raise IndexDamaged(
            f"Index version {folder.name} has format {manifest.get('format')}, expected {FORMAT}; "
            "run `make ingest` to build a new one."
        )
    return manifest


def read_rows(file: Path) -> Iterable[dict[str, Any]]:
    """Documents or chunks of a version as they are stored; raises IndexDamaged."""
    try:
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (FileNotFoundError, ValueError) as error:
        raise IndexDamaged(
            f"{file} is damaged; run `make ingest` to build a new version."
        ) from error


def _part(load: Callable[[Path], Part], folder: Path) -> Part:
    try:
        return load(folder)
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        raise IndexDamaged(
            f"{folder} is damaged; run `make ingest` to build a new version."
        ) from error


def _chunk(row: dict[str, Any]) -> Chunk:
    for name in ("heading", "lines", "based_on"):
        row[name] = tuple(row[name])
    return Chunk(**row)


def write_rows(file: Path, records: Iterable[Document | Chunk]) -> None:
    """One JSON object a line; the counterpart of opening a version."""
    with file.open("w", encoding="utf-8") as out:
        for record in records:
            out.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")
