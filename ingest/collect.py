"""Collect: every source fetched, parsed and chunked, with the last good copy where that fails.

Takes the list of sources and the version in use, gives a `Collection`: documents and chunks of all
sources and a report a source. Knows nothing about vectors or publishing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from queue import Empty, Queue
from typing import Any
from urllib.parse import urlsplit

from ingest.chunk import CHUNKER, Count, chunk
from ingest.fetch import PATIENCE, Fetched, Validators, fetch
from ingest.parse import parse
from ingest.sources import Source
from kb.errors import FetchError, ParseError
from kb.index import Index
from kb.records import Chunk, Document

_SILENCE = 120.0
"""Seconds after which a fetch that still makes progress is given up all the same."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one source."""

    id: str
    kind: str
    state: str
    """`fetched`, `unchanged`, `kept` (failed, last good copy in use) or `failed` (nothing there)."""
    documents: int = 0
    chunks: int = 0
    fetched: str = ""
    reason: str = ""
    problems: tuple[str, ...] = ()
    fingerprint: str = ""
    validators: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Collection:
    documents: tuple[Document, ...]
    chunks: tuple[Chunk, ...]
    reports: tuple[Report, ...]


def collect(
    sources: list[Source],
    count: Count,
    previous: Index | None,
    *,
    only: str = "",
    done: Callable[[str], None] = lambda source: None,
) -> Collection:
    """All sources side by side. `only`: fetch this one, take the others from `previous`."""
    hosts = frozenset(urlsplit(source.url).hostname or "" for source in sources if source.url)
    outcomes: Queue[tuple[str, Fetched | FetchError]] = Queue()
    waiting: set[str] = set()
    known = {} if previous is None else {row["id"]: row for row in previous.manifest["sources"]}
    for source in sources:
        if (only and source.id != only) or _pinned(source, known.get(source.id)):
            outcomes.put((source.id, Fetched(unchanged=True)))
        else:
            validators = _validators(source, known.get(source.id))
            threading.Thread(target=_fetch, args=(source, validators, hosts, outcomes), daemon=True).start()
        waiting.add(source.id)
    results: dict[str, Fetched | FetchError] = {}
    while waiting:
        patience = PATIENCE if all(s.kind != "git" for s in sources if s.id in waiting) else _SILENCE
        try:
            identity, outcome = outcomes.get(timeout=patience)
        except Empty:
            gone = FetchError(f"no answer within {patience:.0f} s")
            results.update({identity: gone for identity in waiting})
            break
        results[identity] = outcome
        waiting.discard(identity)
        done(identity)
    return _assemble(sources, results, count, previous, known)


def _fetch(
    source: Source, known: Validators, hosts: frozenset[str], outcomes: Queue[tuple[str, Fetched | FetchError]]
) -> None:
    try:
        outcomes.put((source.id, fetch(source, known, hosts)))
    except FetchError as error:
        outcomes.put((source.id, error))
    except OSError as error:
        outcomes.put((source.id, FetchError(error.strerror or str(error))))


def _current(source: Source, row: Mapping[str, Any] | None) -> bool:
    """The version in use holds this entry as it is listed now, cut by the present chunker."""
    return (
        row is not None
        and row["fingerprint"] == _fingerprint(source)
        and row["documents"] > 0
    )


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
    count: Count,
    previous: Index | None,
    known: Mapping[str, Mapping[str, Any]],
) -> Collection:
    documents: list[Document] = []
    chunks: list[Chunk] = []
    reports: list[Report] = []
    for source in sources:
        outcome = results[source.id]
        row = known.get(source.id)
        if isinstance(outcome, Fetched) and not outcome.unchanged:
            found, cut, problems = _read(source, outcome, count)
            if found:
                documents += found
                chunks += cut
                reports.append(_report(source, "fetched", found, cut, outcome, problems=problems))
                continue
            outcome = FetchError("no document in it could be read")
        else:
            problems = []
        kept, kept_chunks = _copy(source, previous)
        documents += kept
        chunks += kept_chunks
        reports.append(_kept_report(source, outcome, kept, kept_chunks, row, problems))
    return Collection(tuple(documents), tuple(chunks), tuple(reports))


def _read(
    source: Source, fetched: Fetched, count: Count
) -> tuple[list[Document], list[Chunk], list[str]]:
    documents, chunks, problems = [], [], list(fetched.problems)
    for raw in fetched.documents:
        try:
            parsed = parse(raw, source.id, title=source.title, commit=source.commit, fetched=fetched.at)
            cut = chunk(parsed, count)
        except ParseError as error:
            problems.append(f"{raw.id}: {error}")
            continue
        documents.append(parsed.document)
        chunks += cut
    return documents, chunks, problems


def _copy(source: Source, previous: Index | None) -> tuple[list[Document], list[Chunk]]:
    if previous is None:
        return [], []
    documents = [document for document in previous.documents.values() if document.source == source.id]
    names = {document.id for document in documents}
    return documents, [chunk for chunk in previous.chunks.values() if chunk.document in names]


def _report(
    source: Source,
    state: str,
    documents: Iterable[Document],
    chunks: Iterable[Chunk],
    fetched: Fetched,
    *,
    problems: list[str],
) -> Report:
    return Report(
        id=source.id,
        kind=source.kind,
        state=state,
        documents=len(list(documents)),
        chunks=len(list(chunks)),
        fetched=fetched.at,
        problems=tuple(problems),
        fingerprint=_fingerprint(source),
        validators=asdict(fetched.validators),
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
    )
