"""Index versions: open one, search it, notice a new one.

Takes the index folder, gives `Index` objects: documents, chunks, dense and lexical search of one
complete, never-changed version. `IndexStore.current()` looks at the pointer file on each question
and reopens when it moved. A version that is not whole is as if it were not there: the next older
whole one is used, and says so. Knows nothing about how a version is built.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from kb.errors import ChromaSilent, DocumentUnknown, IndexDamaged, IndexMissing
from kb.messages import message
from kb.records import LANGUAGES, Chunk, Document, Language
from kb.search.across import Across
from kb.search.calibration import Calibration
from kb.search.lexical import LexicalIndex
from kb.search.names import NameIndex
from kb.search.rows import read_rows, to_chunk
from kb.search.sections import Sections
from kb.search.vectors import SHELVES, VectorStore
from kb.search.whole import MANIFEST, check_files, read_manifest
from kb.text.logs import sends_to_log

LOG = logging.getLogger("kb.search.index")
POINTER = "CURRENT"
_NAME = re.compile(r"v\d{8}-\d{6}-\d\d-[0-9a-f]{8}")
_PATIENCE = 10.0
"""Seconds until a version that could not be opened is tried again."""


class Index:
    """One index version, read only."""

    def __init__(
        self, folder: Path, chroma_url: str = "", manifest: Mapping[str, Any] | None = None
    ) -> None:
        """Raises IndexDamaged. `manifest`: of a version that is not finished, and has none yet."""
        self.version = folder.name
        if manifest is None:
            manifest = read_manifest(folder)
            check_files(folder, manifest)
        self.manifest: Mapping[str, Any] = manifest
        try:
            documents = (Document(**row) for row in read_rows(folder / "documents.jsonl"))
            self.documents: Mapping[str, Document] = {found.id: found for found in documents}
            chunks = map(to_chunk, read_rows(folder / "chunks.jsonl"))
            self.chunks: Mapping[str, Chunk] = {found.id: found for found in chunks}
            self.lexical = LexicalIndex.load(folder / "lexical")
            self.sections = Sections.load(folder)
            self.calibration = Calibration.load(folder)
            self.names = NameIndex.load(folder)
            self.across = Across.load(folder)
            self.vectors = VectorStore(folder, self.version, chroma_url)
        except IndexDamaged:
            raise
        except Exception as error:  # damaged files make their readers raise anything
            raise IndexDamaged(
                f"Index version {folder.name} is damaged ({type(error).__name__}); run "
                "`make ingest` to build a new one."
            ) from error

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
    def sizes(self) -> Mapping[str, Mapping[Language, int]]:
        """Texts by shelf and language."""
        return _sizes(self.chunks.values())

    @cached_property
    def unwritten_sizes(self) -> Mapping[str, Mapping[Language, int]]:
        """Those of documents that are not written as answers."""
        return _sizes(c for c in self.chunks.values() if c.group in self.unwritten)

    @cached_property
    def languages(self) -> Mapping[str, frozenset[Language]]:
        """The languages that a group's texts are in, by group."""
        return {
            group: frozenset(c.language for c in chunks if c.kind != "question" or c.order)
            for group, chunks in self.groups.items()
        }

    @cached_property
    def unwritten(self) -> frozenset[str]:
        """The groups of documents that are not written as answers."""
        return frozenset(group for group, chunks in self.groups.items() if not is_written(chunks))

    @property
    def is_mixed(self) -> bool:
        """Some documents are written as answers, and some are not."""
        return 0 < len(self.unwritten) < len(self.groups)

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
    def wrappers(self) -> frozenset[str]:
        """The groups about an error that names no cause: what they say first sends to a log."""
        return frozenset(
            group
            for group in self.wordings
            if any(
                chunk.kind == "statement" and chunk.order == 1 and sends_to_log(chunk.text)
                for chunk in self.groups[group]
            )
        )

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


def _sizes(chunks: Iterable[Chunk]) -> dict[str, dict[Language, int]]:
    counts: dict[str, dict[Language, int]] = {
        shelf: dict.fromkeys(LANGUAGES, 0) for shelf in SHELVES
    }
    for chunk in chunks:
        counts[shelf_of(chunk)][chunk.language] += 1
    return counts


def is_written(chunks: Sequence[Chunk]) -> bool:
    """A section whose statements are answers by themselves, rather than a passage of a text."""
    return any(chunk.kind == "statement" for chunk in chunks)


def shelf_of(chunk: Chunk) -> str:
    """Where a chunk's vector stands."""
    if chunk.kind == "statement" or (chunk.kind == "question" and chunk.order):
        return "statements"
    return "questions" if chunk.kind == "question" else "passages"


class IndexStore:
    """The version that the pointer names; safe to share between threads."""

    def __init__(self, folder: Path, chroma_url: str = "") -> None:
        self._folder = folder
        self._chroma_url = chroma_url
        self._opening = threading.Lock()
        self._index: Index | None = None
        self._seen: tuple[int, int] | None = None
        self._again = float("inf")  # when to look again though the pointer did not move

    def current(self) -> Index:
        """The version in use, or the newest whole one where that cannot be read.

        A version that is open stays in use until another can be opened. Raises IndexMissing when
        nothing has been published, IndexDamaged when no version can be read.
        """
        index = self._index
        if index is not None and not self._is_due():
            return index
        # One opens; while it does, the others go on with the version that is open, if one is.
        if not self._opening.acquire(blocking=index is None):
            assert index is not None
            return index
        try:
            if self._index is None or self._is_due():
                seen = _moment(self._folder / POINTER)
                # The old version stays open for answers that are under way; its memory goes with
                # its last reader.
                self._index = self._newest(self._index)
                self._seen = seen
            return self._index
        finally:
            self._opening.release()

    def _is_due(self) -> bool:
        """Another version may have to be opened."""
        return _moment(self._folder / POINTER) != self._seen or time.monotonic() >= self._again

    def notice(self, language: Language) -> str:
        """One sentence when the version in use is not the one that should be; else nothing."""
        if self._index is None or self._again == float("inf"):
            return ""
        return message("other_index", language, version=self._index.version)

    def _newest(self, opened: Index | None) -> Index:
        name = in_use(self._folder)
        if name and opened is not None and opened.version == name:
            self._again = float("inf")
            return opened
        try:
            if not name:
                raise IndexMissing(
                    f"There is no index in {self._folder} yet; run `make ingest` to build one."
                )
            index = Index(version_folder(self._folder, name), self._chroma_url)
            self._again = float("inf")
            return index
        except (IndexMissing, IndexDamaged) as error:
            self._again = time.monotonic() + _PATIENCE
            if opened is None and isinstance(error, ChromaSilent):
                raise  # an older version has the same server
            index = opened or self._older(name, error)
            LOG.warning("%s Version %s is used until then.", error, index.version)
            return index

    def _older(self, name: str, error: IndexMissing | IndexDamaged) -> Index:
        """The newest whole version before `name`; raises `error` when there is none."""
        for older in versions_before(self._folder, name):
            try:
                return Index(version_folder(self._folder, older), self._chroma_url)
            except IndexDamaged as another:
                LOG.warning("%s", another)
        raise error


def _moment(pointer: Path) -> tuple[int, int] | None:
    """Changes when the pointer does; None when it cannot be read."""
    try:
        stat = pointer.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino


def in_use(index_dir: Path) -> str:
    """Name of the version in use, empty when there is none."""
    try:
        name = (index_dir / POINTER).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
    return name if name == Path(name).name else ""


def versions(index_dir: Path) -> list[str]:
    """Names of the finished versions, newest first; opening shows whether one is whole."""
    folders = (index_dir / "versions").glob(f"*/{MANIFEST}")
    return sorted((file.parent.name for file in folders), reverse=True)


def versions_before(index_dir: Path, name: str) -> list[str]:
    """Those to fall back to from `name`, newest first; all when it is no version's name."""
    named = _NAME.fullmatch(name)
    return [found for found in versions(index_dir) if not named or found < name]


def version_folder(index_dir: Path, name: str) -> Path:
    return index_dir / "versions" / name
