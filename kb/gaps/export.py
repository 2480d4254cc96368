"""Export: feedback as CSV and as JSON lines (`python -m kb feedback`).

Takes `Entry` values, writes text. JSON lines hold everything, as it is. CSV is for spreadsheets:
one row an answer, its votes counted, and no cell that a spreadsheet would run as a formula. Usage
is what chat models were asked, summed by day.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TextIO

from kb.store.entries import Entry, is_doubtful

COLUMNS = (
    "id", "asked_at", "surface", "person", "language", "question", "history", "answer", "declined",
    "reason", "clarify", "pattern", "decision", "unproven", "up", "down", "comments", "sentences",
    "citations", "model", "index_version", "seconds", "act",
    "calls", "tokens_in", "tokens_out", "tokens_estimated",
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


def write_usage(entries: Iterable[Entry], out: TextIO) -> None:
    """What chat models were asked, one tab-separated row a day (UTC) and one for all."""
    days: dict[str, list[Entry]] = {}
    asked = [entry for entry in entries if entry.calls]
    for entry in asked:
        days.setdefault(entry.asked_at.date().isoformat(), []).append(entry)
    out.write("day\tanswers\tcalls\ttokens_in\ttokens_out\testimated\n")
    for day, those in (*sorted(days.items()), ("all", asked)):
        sums = [
            len(those),
            sum(entry.calls for entry in those),
            sum(entry.tokens_in for entry in those),
            sum(entry.tokens_out for entry in those),
            sum(entry.tokens_estimated for entry in those),
        ]
        out.write("\t".join((day, *map(str, sums))) + "\n")


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
