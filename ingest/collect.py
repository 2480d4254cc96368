"""Collect: every source fetched, parsed and chunked, with the last good copy where that fails.

Takes the list of sources and the version in use, gives a `Collection`: documents and chunks of all
sources and a report a source. Knows nothing about vectors or publishing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from queue import Empty, Queue
from typing import Any
from urllib.parse import urlsplit

from ingest.chunk import CHUNKER, GROUP, Count
from ingest.fetch import PATIENCE, Fetched, RawDocument, Validators, fetch
from ingest.sources import NOTES, Source
from ingest.worker import Worker
from kb.errors import FetchError, ParseError
from kb.records import Chunk, Document
from kb.search.index import Index

_SILENCE = 120.0
"""Seconds after which a fetch that still makes progress is given up all the same."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one source."""

    id: str
    kind: str
    state: str
    """`fetched`, `unchanged`, `kept` (failed, last good copy in use), `failed` (nothing there)."""
    documents: int = 0
    chunks: int = 0
    fetched: str = ""
    reason: str = ""
    problems: tuple[str, ...] = ()
    fingerprint: str = ""
    validators: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    """What the list of sources calls it."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Everything that goes into the next index version."""

    documents: tuple[Document, ...]
    chunks: tuple[Chunk, ...]
    reports: tuple[Report, ...]


def collect(
    sources: list[Source],
    count: Count,
    previous: Index | None,
    *,
    model: str = "",
    only: str = "",
    done: Callable[[str], None] = lambda source: None,
) -> Collection:
    """All sources side by side. `only`: fetch this one, take the others from `previous`.

    `model`: whose tokens `count` counts; of a version made with it, the chunks of documents that
    did not change are taken over.
    """
    known = {} if previous is None else {row["id"]: row for row in previous.manifest["sources"]}
    wanted = [
        source
        for source in sources
        if source.id == only or not (only or _pinned(source, known.get(source.id)))
    ]
    results: dict[str, Fetched | FetchError] = {
        source.id: Fetched(unchanged=True) for source in sources if source not in wanted
    }
    for identity in results:
        done(identity)
    hosts = frozenset(urlsplit(source.url).hostname or "" for source in sources if source.url)
    for identity, outcome in _fetch_all(wanted, known, hosts):
        results[identity] = outcome
        done(identity)
    with Worker(count) as worker:
        return _assemble(sources, results, _Reader(worker, model, previous), previous, known)


def _fetch_all(
    sources: list[Source], known: Mapping[str, Mapping[str, Any]], hosts: frozenset[str]
) -> Iterator[tuple[str, Fetched | FetchError]]:
    """Outcomes as they come in; a source that is late counts as unreachable."""
    outcomes: Queue[tuple[str, Fetched | FetchError]] = Queue()
    for source in sources:
        arguments = (source, _validators(source, known.get(source.id)), hosts, outcomes)
        threading.Thread(target=_fetch, args=arguments, daemon=True).start()
    started = time.monotonic()
    waiting = {source.id: _SILENCE if source.kind == "git" else PATIENCE for source in sources}
    while waiting:
        patience = min(waiting.values())
        try:
            left = started + patience - time.monotonic()
            identity, outcome = outcomes.get(timeout=max(0.0, left))
        except Empty:
            identity = min(waiting, key=waiting.__getitem__)
            outcome = FetchError(f"not complete within {patience:g} s")
        if waiting.pop(identity, None) is not None:  # else it comes too late
            yield identity, outcome


def _fetch(
    source: Source,
    known: Validators,
    hosts: frozenset[str],
    outcomes: Queue[tuple[str, Fetched | FetchError]],
) -> None:
    try:
        outcomes.put((source.id, fetch(source, known, hosts)))
    except FetchError as error:
        outcomes.put((source.id, error))
    except Exception as error:  # one source must not stop the others
        logging.exception("source %s", source.id)
        outcomes.put((source.id, FetchError(f"{type(error).__name__}: {error}")))


def _current(source: Source, row: Mapping[str, Any] | None) -> bool:
    """The version in use holds this entry as it is listed now, cut by the present chunker."""
    return row is not None and row["fingerprint"] == _fingerprint(source) and row["documents"] > 0


def _fingerprint(source: Source) -> str:
    return f"{CHUNKER}|{source.fingerprint}"


def _pinned(source: Source, row: Mapping[str, Any] | None) -> bool:
    """A pinned commit never changes, so one good copy is enough."""
    return source.kind == "git" and _current(source, row)


def _validators(source: Source, row: Mapping[str, Any] | None) -> Validators:
    return Validators(**row["validators"]) if row and _current(source, row) else Validators()


def _assemble(
    sources: list[Source],
    results: Mapping[str, Fetched | FetchError],
    reader: _Reader,
    previous: Index | None,
    known: Mapping[str, Mapping[str, Any]],
) -> Collection:
    documents: dict[str, Document] = {}
    sections: dict[tuple[str, str], str] = {}
    chunks: list[Chunk] = []
    reports: list[Report] = []
    for source in sources:
        outcome, row = results[source.id], known.get(source.id)
        found, cut, problems = _read(source, outcome, reader)
        if isinstance(outcome, Fetched) and not outcome.unchanged and not found:
            outcome = FetchError("no document in it could be read")
        fresh = bool(found)
        if not fresh:
            found, cut = _copy(source, previous)
        twice = [document.id for document in found if document.id in documents]
        problems += [f"{identity}: an earlier source holds it already" for identity in twice]
        found = [document for document in found if document.id not in twice]
        cut = [chunk for chunk in cut if chunk.document not in twice]
        cut, known_sections = _own_sections(source, cut, sections)
        problems += known_sections
        documents.update((document.id, document) for document in found)
        chunks += cut
        if fresh and isinstance(outcome, Fetched):
            reports.append(_report(source, found, cut, outcome, problems))
        else:
            reports.append(_kept_report(source, outcome, found, cut, row, problems))
    return Collection(tuple(documents.values()), tuple(chunks), tuple(reports))


def _read(
    source: Source, outcome: Fetched | FetchError, reader: _Reader
) -> tuple[list[Document], list[Chunk], list[str]]:
    """Documents and chunks of what was fetched, and a sentence a document that is broken."""
    documents: list[Document] = []
    chunks: list[Chunk] = []
    if isinstance(outcome, FetchError):
        return documents, chunks, []
    problems = list(outcome.problems)
    title = source.title if source.kind == "web" else ""  # elsewhere each file has its own
    for raw in outcome.documents:
        try:
            document, cut = reader.read(raw, source, title, outcome.at)
        except ParseError as error:
            problems.append(f"{raw.id}: {error}")
            continue
        documents.append(document)
        chunks += cut
    return documents, chunks, problems


def _own_sections(
    source: Source, chunks: list[Chunk], known: dict[tuple[str, str], str]
) -> tuple[list[Chunk], list[str]]:
    """Without sections of notes that stand elsewhere already, or in a source that has none.

    `known`: by id and language the document that a section stands in, the first one met.
    """
    kept, left_out = [], {}
    for chunk in chunks:
        if not chunk.group.startswith(GROUP):
            kept.append(chunk)
            continue
        section = chunk.group.removeprefix(GROUP)
        if source.id != NOTES:
            left_out[chunk.document, section] = f"only the source “{NOTES}” may hold notes"
        elif known.setdefault((section, chunk.language), chunk.document) != chunk.document:
            first = known[section, chunk.language]
            left_out[chunk.document, section] = f"{first} holds a section of that id already"
        else:
            kept.append(chunk)
    return kept, [f"{where}: “{id}” left out: {why}" for (where, id), why in left_out.items()]


class _Reader:
    """Reads documents, or takes over what the version before made of the same document."""

    def __init__(self, worker: Worker, model: str, previous: Index | None) -> None:
        self._worker = worker
        self._documents: Mapping[str, Document] = {}
        self._chunks: dict[str, list[Chunk]] = {}
        if previous is None or previous.manifest["embedding"] != model:
            return
        prints = {row["id"]: row["fingerprint"] for row in previous.manifest["sources"]}
        self._documents = {
            document.id: document
            for document in previous.documents.values()
            if prints.get(document.source, "").startswith(f"{CHUNKER}|")
        }
        for found in previous.chunks.values():
            self._chunks.setdefault(found.document, []).append(found)

    def read(
        self, raw: RawDocument, source: Source, title: str, at: str
    ) -> tuple[Document, list[Chunk]]:
        """Raises ParseError."""
        document = self._worker.parse(raw, source.id, title=title, commit=source.commit, fetched=at)
        known = self._documents.get(document.id)
        if known is not None and _same(known, document):
            return document, self._chunks.get(known.id, [])
        return document, self._worker.chunks()


def _same(one: Document, other: Document) -> bool:
    return replace(one, source="", fetched="") == replace(other, source="", fetched="")


def _copy(source: Source, previous: Index | None) -> tuple[list[Document], list[Chunk]]:
    if previous is None:
        return [], []
    documents = [found for found in previous.documents.values() if found.source == source.id]
    names = {document.id for document in documents}
    return documents, [chunk for chunk in previous.chunks.values() if chunk.document in names]


def _report(
    source: Source,
    documents: list[Document],
    chunks: list[Chunk],
    fetched: Fetched,
    problems: list[str],
) -> Report:
    return Report(
        id=source.id,
        kind=source.kind,
        state="fetched",
        documents=len(documents),
        chunks=len(chunks),
        fetched=fetched.at,
        problems=tuple(problems),
        fingerprint=_fingerprint(source),
        validators=asdict(fetched.validators),
        title=source.title,
    )


def _kept_report(
    source: Source,
    outcome: Fetched | FetchError,
    documents: list[Document],
    chunks: list[Chunk],
    row: Mapping[str, Any] | None,
    problems: list[str],
) -> Report:
    failed = isinstance(outcome, FetchError)
    state = "unchanged" if not failed else "kept" if documents else "failed"
    return Report(
        id=source.id,
        kind=source.kind,
        state=state,
        documents=len(documents),
        chunks=len(chunks),
        fetched=row["fetched"] if row else "",
        reason=str(outcome) if failed else "",
        problems=tuple(problems),
        fingerprint=row["fingerprint"] if row else "",
        validators=dict(row["validators"]) if row else {},
        title=source.title,
    )
