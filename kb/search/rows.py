"""Rows: documents and chunks as lines of JSON, and back.

Takes records, keeps them in a file; takes a file, gives its rows. Knows nothing about versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kb.errors import IndexDamaged
from kb.records import Chunk, Document


def read_rows(file: Path) -> Iterable[dict[str, Any]]:
    """Documents or chunks of a version as they are stored; raises IndexDamaged."""
    try:
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, ValueError, RecursionError) as error:
        raise IndexDamaged(
            f"{file} is damaged; run `make ingest` to build a new version."
        ) from error


def to_chunk(row: dict[str, Any]) -> Chunk:
    """A chunk as it was before it became a line of JSON."""
    for name in ("heading", "lines", "based_on"):
        row[name] = tuple(row[name])
    return Chunk(**row)


def write_rows(file: Path, records: Iterable[Document | Chunk]) -> None:
    """One JSON object a line; the counterpart of opening a version."""
    with file.open("w", encoding="utf-8") as out:
        for record in records:
            out.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")
