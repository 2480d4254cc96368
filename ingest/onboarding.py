"""The onboarding path held against the notes (`python -m ingest onboarding`).

Takes the order file, its questions and the notes beside it, gives what does not fit together, and
marks the steps as reviewed. Needs no index and no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from ingest.chunk import chunk
from ingest.parse import Parsed
from kb.path.onboarding import Check, Step, is_stale, read_steps, step_hash
from kb.records import LANGUAGES, Chunk, Document, Language

Groups = Mapping[str, Sequence[Chunk]]


def read_groups(folder: Path) -> dict[str, list[Chunk]]:
    """The chunks of the notes below `folder` by group, as an index of them holds them."""
    groups: dict[str, list[Chunk]] = {}
    for language in LANGUAGES:
        for file in sorted((folder / language).glob("*.md")):
            text = file.read_text(encoding="utf-8")
            document = Document(file.as_posix(), "notes", file.stem, text, "note", language)
            # No token is counted: statements, code and tables of a note are never cut.
            for part in chunk(Parsed(document, ()), lambda text: 0):
                groups.setdefault(part.group, []).append(part)
    return groups


def problems(steps: Sequence[Step], groups: Groups) -> list[str]:
    """What the path names and the notes do not hold, one sentence each."""
    found = []
    for step in steps:
        for section in step.sections:
            for language in LANGUAGES:
                if not _statements(groups, section, language):
                    found.append(f"{step.id}: notes/{language} has no section “{section}”.")
        for check in step.checks:
            found += _unexplained(step, check, groups)
    return found


def _unexplained(step: Step, check: Check, groups: Groups) -> list[str]:
    return [
        f"{step.id}, check {check.id}: section “{check.section}” in notes/{language} has no "
        f"statement {check.statement}, it has {held}."
        for language in LANGUAGES
        if 0 < (held := len(_statements(groups, check.section, language))) < check.statement
    ]


def _statements(groups: Groups, section: str, language: Language) -> list[Chunk]:
    chunks = groups.get(f"note:{section}", ())
    return [c for c in chunks if c.kind == "statement" and c.language == language]


def stale(steps: Sequence[Step], groups: Groups) -> list[str]:
    """Ids of the steps whose notes changed since their questions were last reviewed."""
    return [step.id for step in steps if is_stale(step, groups)]


def mark_reviewed(file: Path, groups: Groups) -> list[str]:
    """Write the hash of each step into the order file; gives the ids of those that changed.

    Everything else in the file, comments included, stays as it is.
    """
    steps = {step.id: step for step in read_steps(file)}
    text = file.read_text(encoding="utf-8")
    changed = []
    root = yaml.compose(text)
    assert root is not None  # `read_steps` has read it
    for node in reversed(root.value):
        fields: dict[str, yaml.Node] = {key.value: value for key, value in node.value}
        step = steps[fields["id"].value]
        renewed = step_hash(step, groups)
        if step.reviewed == renewed:
            continue
        changed.append(step.id)
        if "reviewed" in fields:
            held = fields["reviewed"]
            text = f'{text[: held.start_mark.index]}"{renewed}"{text[held.end_mark.index :]}'
        else:
            head = text[: max(value.end_mark.index for value in fields.values())].rstrip()
            indent = " " * node.value[0][0].start_mark.column
            text = f'{head}\n{indent}reviewed: "{renewed}"{text[len(head) :]}'
    file.write_text(text, encoding="utf-8")
    return changed[::-1]
