"""Edits: which sentences differ between two index versions, before and after.

Takes the index folder and two versions, gives `Edit` values in the order of the documents. Knows
nothing about how they are shown; which documents differ at all is said by kb.search.versions.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from kb.search.rows import read_rows
from kb.search.versions import known

_READ = ("statement", "code", "table", "passage")
"""Kinds of chunks that people read; the ways to ask for a section are for search."""
Sections = dict[tuple[str, str], list[str]]


@dataclass(frozen=True, slots=True)
class Edit:
    """A sentence (or code block, or table) of a document in both versions that is not the same."""

    document: str
    heading: str
    before: str
    """Empty where the sentence is new."""
    after: str
    """Empty where it is gone."""


def edits(index_dir: Path, old: str, new: str) -> list[Edit]:
    """What differs inside the documents that both versions hold; raises KbError."""
    before, after = (_sections(known(index_dir, name)) for name in (old, new))
    both = {document for document, _ in before} & {document for document, _ in after}
    found = []
    for place in sorted({*before, *after}):
        if place[0] not in both:
            continue
        had, has = before.get(place, []), after.get(place, [])
        gone = [text for text in had if text not in has]
        come = [text for text in has if text not in had]
        found += [Edit(*place, *pair) for pair in zip_longest(gone, come, fillvalue="")]
    return found


def _sections(folder: Path) -> Sections:
    """The texts by document and section, in their order."""
    rows = [row for row in read_rows(folder / "chunks.jsonl") if row["kind"] in _READ]
    sections: Sections = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["start"]):
        sections[row["document"], " › ".join(row["heading"][-1:])].append(row["text"])
    return sections
