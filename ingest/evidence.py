"""The evidence list beside our notes: which place proves which claim.

Takes notes/evidence.yaml, gives `Evidence` values by id, and keeps the footnotes at the end of each
note in step with it (`python -m ingest footnotes`). Knows nothing about the index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from kb.errors import SourcesError
from kb.yaml_file import read_yaml

_FOOTNOTES = re.compile(r"\n*(?:^\[\^[\w-]+\]:.*\n?)+\Z", re.MULTILINE)
_CITED = re.compile(r"\[\^([\w-]+)\](?!:)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One claim, where it is proven, and the identifiers that it quotes."""

    id: str
    claim: str
    status: str
    """`checked` in the source, `measured` by running it, `inference` of ours, or `unverified`."""
    source: str
    urls: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    checked: date | None = None
    """The day on which a claim that may change was last found true; see ingest.stale."""


def read_evidence(file: Path) -> dict[str, Evidence]:
    """The list by id; raises SourcesError that names the entry."""
    entries: dict[str, Evidence] = {}
    for row in read_yaml(file, SourcesError):
        try:
            evidence = Evidence(
                **{
                    **row,
                    "urls": tuple(row.get("urls", ())),
                    "identifiers": tuple(map(str, row.get("identifiers", ()))),
                }
            )
        except TypeError as error:
            raise SourcesError(f"{file}: entry {row.get('id')} does not fit: {error}") from error
        if evidence.id in entries:
            raise SourcesError(f"{file}: id {evidence.id} is used twice.")
        entries[evidence.id] = evidence
    return entries


def with_footnotes(text: str, evidence: dict[str, Evidence], name: str = "the note") -> str:
    """The note with one footnote for each id that it cites, in the order of first use."""
    body = _FOOTNOTES.sub("", text).rstrip() + "\n"
    lines = []
    for identity in dict.fromkeys(_CITED.findall(body)):
        if identity not in evidence:
            raise SourcesError(
                f"{name} cites [^{identity}], which the evidence list does not hold; add it there."
            )
        entry = evidence[identity]
        places = " ".join(f"<{url}>" for url in entry.urls)
        lines.append(f"[^{identity}]: {entry.source}. {places}".rstrip())
    return body + "\n" + "\n".join(lines) + "\n" if lines else body


def write_footnotes(folder: Path) -> list[Path]:
    """Bring the footnotes of all notes below `folder` in step; gives the files that changed."""
    evidence = read_evidence(folder / "evidence.yaml")
    changed = []
    for file in sorted(folder.glob("*/*.md")):
        text = file.read_text(encoding="utf-8")
        renewed = with_footnotes(text, evidence, file.as_posix())
        if renewed != text:
            file.write_text(renewed, encoding="utf-8")
            changed.append(file)
    return changed
