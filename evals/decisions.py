"""Evaluate decisions: cases asked for real, and whether the right pattern came out.

Takes cases and an `Assistant`, gives an outcome a case and the metrics of a slice. Knows nothing
about how a decision is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.metrics import mean
from evals.rows import read_rows
from kb.assistant import Assistant
from kb.errors import KbError
from kb.records import LANGUAGES, Turn

_SPLITS = ("tune", "test")


@dataclass(frozen=True, slots=True)
class Case:
    """A case to decide. Neither `pattern` nor `clarify`: no decision is asked for."""

    id: str
    language: str
    split: str
    question: str
    history: tuple[Turn, ...] = ()
    pattern: str | None = None
    clarify: bool = False
    why: str = ""
    """The facts that its author decided by."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What one case gave."""

    case: Case
    pattern: str | None
    clarify: bool
    supported: bool = True
    """Every sentence of the answer is cited and proven."""

    @property
    def right(self) -> bool:
        return (self.pattern, self.clarify) == (self.case.pattern, self.case.clarify)


def read_cases(file: Path) -> list[Case]:
    """The cases of a file; raises KbError that names the item."""
    cases = []
    for row in read_rows(file, "cases"):
        try:
            history = tuple(Turn(**turn) for turn in row.get("history", ()))
            cases.append(Case(**{**row, "history": history}))
        except (TypeError, AttributeError) as error:
            name = row.get("id") if isinstance(row, dict) else row
            raise KbError(f"{file}: case {name} does not fit: {error}") from error
    return cases


def decide_cases(
    cases: Iterable[Case], assistant: Assistant, done: Callable[[], None] = lambda: None
) -> list[Decided]:
    """Ask every case."""
    outcomes = []
    for case in cases:
        answer = assistant.ask(case.question, case.history)
        claims = [s for s in answer.sentences if s.supported is not None]
        proven = all(sentence.supported and sentence.citations for sentence in claims)
        outcomes.append(Decided(case, answer.pattern, answer.clarify is not None, proven))
        done()
    return outcomes


def summarize_decisions(outcomes: Sequence[Decided]) -> dict[str, float]:
    """The metrics of a slice; nan where a metric has nothing to measure."""
    clear = [o for o in outcomes if o.case.pattern is not None]
    open_ones = [o for o in outcomes if o.case.clarify]
    others = [o for o in outcomes if o.case.pattern is None and not o.case.clarify]
    return {
        "cases": float(len(outcomes)),
        "pattern right": mean([float(o.pattern == o.case.pattern) for o in clear]),
        "asked though clear": mean([float(o.clarify) for o in clear]),
        "asked where open": mean([float(o.clarify) for o in open_ones]),
        "decided unasked": mean([float(o.pattern is not None or o.clarify) for o in others]),
        "proven": mean([float(o.supported) for o in outcomes]),
    }


def decision_slices(outcomes: Sequence[Decided]) -> dict[str, list[Decided]]:
    """Named slices: all and each split, whole and by language; empty ones are left out."""
    named = {
        name: [o for o in outcomes if name in ("all", o.case.split)] for name in ("all", *_SPLITS)
    }
    return {
        f"{name} {language}".strip(): found
        for name, part in named.items()
        for language in ("", *LANGUAGES)
        if (found := [o for o in part if language in ("", o.case.language)])
    }


def write_decisions(outcomes: Sequence[Decided], file: Path) -> None:
    """What is accepted: each tuned case and whether it was right, one a line."""
    tuned = [o for o in outcomes if o.case.split == "tune"]
    lines = [f"  {json.dumps(o.case.id)}: {json.dumps(o.right)}" for o in tuned]
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read_decisions(file: Path) -> Mapping[str, bool]:
    """The accepted outcomes; empty when nothing has been accepted yet."""
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise KbError(f"{file} is damaged; accept anew with `make eval-accept`.") from error
    return {identity: bool(right) for identity, right in content.items()}


def worse_decisions(outcomes: Sequence[Decided], accepted: Mapping[str, bool]) -> list[str]:
    """Ids that were right and are wrong now; new cases count for none."""
    return [o.case.id for o in outcomes if accepted.get(o.case.id) and not o.right]
