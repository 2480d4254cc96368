"""Statements of our notes: the one that a reference names, in an index.

Takes an index and a reference such as `choose-os-packages/1 D3`, gives the chunk. A note that has
changed since (another statement in that place, other evidence) is not found, so that nothing is
proven by what no longer stands there. Knows nothing about decisions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.records import Chunk, Language
from kb.search.index import Index

_REFERENCES = re.compile(r"\s*((?:\[\^[\w-]+\])+)")
_WRITTEN = re.compile(r"(?P<section>[a-z0-9-]+)/(?P<place>\d) (?P<evidence>[A-Z]\w+(?: [A-Z]\w+)*)")


@dataclass(frozen=True, slots=True)
class Reference:
    """A statement of our notes: `choose-os-packages/1 D3` is the first one of that section.

    The evidence ids that stand behind it tell when the note has changed: then it is not found.
    """

    section: str
    place: int
    evidence: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.section}/{self.place} {' '.join(self.evidence)}"


def read_reference(text: object) -> Reference:
    """The reference as written in a data file; raises ValueError for anything else."""
    written = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if written is None:
        raise ValueError(f"{text!r} is no reference such as `choose-os-packages/1 D3`")
    return Reference(written["section"], int(written["place"]), tuple(written["evidence"].split()))


def evidence_of(index: Index, chunk: Chunk) -> set[str]:
    """Evidence ids that a note cites right behind a statement."""
    if chunk.kind != "statement":
        return set()
    after = index.documents[chunk.document].text[chunk.end : chunk.end + 300]
    found = _REFERENCES.match(after)
    return set(re.findall(r"\[\^([\w-]+)\]", found[1])) if found else set()


def find_statement(index: Index, reference: Reference, language: Language) -> Chunk | None:
    """The statement that `reference` names, in `language`; None when the index lacks it."""
    for chunk in index.groups.get(f"note:{reference.section}", ()):
        named = chunk.kind == "statement" and chunk.order == reference.place
        if named and chunk.language == language:
            return chunk if evidence_of(index, chunk) == set(reference.evidence) else None
    return None
