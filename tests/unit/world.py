"""The small world of documents, parsed and cut, without vectors: for what needs none."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ingest.chunk import chunk
from ingest.fetch import fetch
from ingest.names import names_of
from ingest.parse import parse
from ingest.sources import Source
from kb.records import Chunk
from kb.search.names import NameIndex

ROOT = Path(__file__).parents[2]
WORLD = "evals/data/world"


@cache
def world() -> Any:
    """What `show` and the naming look at of an index."""
    documents, chunks = {}, []
    for name in ("wiki", "repo", "pages"):
        for raw in fetch(Source(name, "folder", path=f"{WORLD}/{name}")).documents:
            parsed = parse(raw, name)
            documents[raw.id] = parsed.document
            chunks += chunk(parsed, lambda text: len(text) // 2)
    by_document: dict[str, list[Chunk]] = {name: [] for name in documents}
    for piece in chunks:
        by_document[piece.document].append(piece)
    names = NameIndex(names_of(documents.values(), chunks, {"repo": "kawasemi-train"}))
    return SimpleNamespace(documents=documents, by_document=by_document, names=names)
