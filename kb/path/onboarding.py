"""Onboarding: the path that leads a newcomer through the notes, read and validated.

Takes notes/onboarding.yaml (the steps) and checks.yaml beside it (their questions), gives frozen
`Step` values, and says of a step whether the notes changed since its questions were last reviewed.
The files hold ids, titles and questions only; what a step teaches stands in the notes. Knows
nothing about persons, surfaces or how a step is shown (`kb.path.lesson`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from kb.errors import OnboardingError
from kb.records import Chunk, Language
from kb.yaml_file import read_yaml

CHECKS = "checks.yaml"
_TAUGHT = ("statement", "code", "table")
"""Kinds of chunks that a reader learns from; the others are for search."""

Id = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$")]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(_Value):
    """The same text in both languages."""

    ja: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    def of(self, language: Language) -> str:
        return self.ja if language == "ja" else self.en


class Check(_Value):
    """A question with choices, and the statement of the notes that explains the right one."""

    id: Id
    section: Id
    statement: PositiveInt
    """Place of the statement in its section, from 1."""
    question: Text
    choices: Annotated[tuple[Text, ...], Field(min_length=2, max_length=4)]
    right: PositiveInt
    """Place of the right choice, from 1."""

    @model_validator(mode="after")
    def _right_is_a_choice(self) -> Check:
        if self.right > len(self.choices):
            raise ValueError(f"right is {self.right}, but there are {len(self.choices)} choices")
        return self


class Step(_Value):
    """A step of the path."""

    id: Id
    title: Text
    sections: Annotated[tuple[Id, ...], Field(min_length=1)]
    """Ids of the sections that it teaches, in reading order."""
    reviewed: str = ""
    """`step_hash` when its questions were last held against the notes."""
    checks: Annotated[tuple[Check, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits_together(self) -> Step:
        for what, ids in {
            "section": self.sections,
            "check id": tuple(check.id for check in self.checks),
        }.items():
            for identity in ids:
                if ids.count(identity) > 1:
                    raise ValueError(f"the {what} “{identity}” is there twice")
        for check in self.checks:
            if check.section not in self.sections:
                raise ValueError(
                    f"check “{check.id}” asks about the section “{check.section}”, which the step "
                    "does not read"
                )
        return self


def read_steps(file: Path) -> tuple[Step, ...]:
    """The path of `file` with the questions beside it; raises OnboardingError with the place."""
    rows = _read(file, list, "a list of steps, each with id, title and sections")
    beside = file.with_name(CHECKS)
    checks = _read(beside, dict, "the questions of each step below its id")
    steps = tuple(_step(file, row, number, checks) for number, row in enumerate(rows, 1))
    ids = [step.id for step in steps]
    for identity in ids:
        if ids.count(identity) > 1:
            raise OnboardingError(f"{file}: the step “{identity}” is there twice; rename one.")
    for identity in checks:
        if identity not in ids:
            raise OnboardingError(
                f"{beside}: there is no step “{identity}” in {file.name}; the steps are "
                f"{', '.join(ids)}."
            )
    return steps


def _read(file: Path, kind: type, expected: str) -> Any:
    missing = "set KB_ONBOARDING to the order file of the notes, or restore the file"
    rows = read_yaml(file, OnboardingError, missing)
    if not isinstance(rows, kind) or not rows:
        raise OnboardingError(f"{file}: expected {expected}.")
    return rows


def _step(file: Path, row: object, number: int, checks: Mapping[str, object]) -> Step:
    if not isinstance(row, dict):
        raise OnboardingError(f"{file}, step {number}: expected id, title and sections.")
    identity = row.get("id", number)
    try:
        return Step.model_validate({**row, "checks": checks.get(str(identity), ())})
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part + 1 if isinstance(part, int) else part) for part in first["loc"]]
        name = file.with_name(CHECKS) if place[:1] == ["checks"] else file
        where = ", ".join([f"step {identity}", *([" ".join(place)] if place else [])])
        reason = first["msg"].removeprefix("Value error, ")
        raise OnboardingError(f"{name}, {where}: {reason[:1].lower()}{reason[1:]}.") from error


def taught(chunks: Iterable[Chunk]) -> list[Chunk]:
    """What of a section's chunks a reader learns from, language by language, in reading order."""
    kept = (chunk for chunk in chunks if chunk.kind in _TAUGHT)
    return sorted(kept, key=lambda chunk: (chunk.language, chunk.document, chunk.start))


def step_hash(step: Step, groups: Mapping[str, Sequence[Chunk]]) -> str:
    """Changes when a statement, code or table of the step's sections does, in either language.

    `groups` are chunks by group, as `Index.groups` holds them.
    """
    digest = hashlib.sha256()
    for section in step.sections:
        for chunk in taught(groups.get(f"note:{section}", ())):
            digest.update(f"{section}|{chunk.language}|{chunk.text}\0".encode())
    return digest.hexdigest()[:12]


def is_stale(step: Step, groups: Mapping[str, Sequence[Chunk]]) -> bool:
    """The notes changed since the step's questions were last reviewed."""
    return step.reviewed != step_hash(step, groups)
