"""Export: feedback as CSV and as JSON lines (`python -m kb feedback`).

Takes `Entry` values, writes text. JSON lines hold everything, as it is. CSV is for spreadsheets:
one row an answer, its votes counted, and no cell that a spreadsheet would run as a formula.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TextIO

from kb.store.feedback import Entry, is_doubtful

COLUMNS = (
    "id", "asked_at", "surface", "person", "language", "question", "history", "answer", "declined",
    "reason", "clarify", "pattern", "decision", "unproven", "up", "down", "comments", "sentences",
    "citations", "model", "index_version", "seconds", "act",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_jsonl(entries: Iterable[Entry], out: TextIO) -> None:
    """One object a line, with the votes inside."""
    for entry in entries:
        out.write(json.dumps(asdict(entry), ensure_ascii=False, default=_time) + "\n")


def write_csv(entries: Iterable[Entry], out: TextIO) -> None:
    """A header and one row an answer; lists are JSON, comments stand one a line."""
    out.write("\ufeff")  # by which Excel knows that it is UTF-8
    writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
    writer.writerow(COLUMNS)
    for entry in entries:
        fields: dict[str, Any] = {
            **asdict(entry),
            "unproven": sum(map(is_doubtful, entry.sentences)),
            "up": sum(vote.vote == "up" for vote in entry.votes),
            "down": sum(vote.vote == "down" for vote in entry.votes),
            "comments": "\n".join(vote.comment for vote in entry.votes if vote.comment),
        }
        writer.writerow([_cell(fields[name]) for name in COLUMNS])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, default=_time).strip('"')


def _time(value: Any) -> str:
    return str(value.isoformat(timespec="seconds"))
