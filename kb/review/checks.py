"""The checks of a pasted file, from checks.yaml beside it.

Takes a `Paste`, gives `Finding` values, the worst first. A check is data: what it looks at, a
predicate of this room with parameters, how bad it is, the statements that prove it, the fix. Knows
nothing about indexes and answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import kb.review.contents as contents
import kb.review.listening as listening
import kb.review.python as python
import kb.review.scripts as scripts
import kb.review.starting as starting
import kb.review.written as written
from kb.answer.statements import Reference, read_reference
from kb.errors import ChecksError
from kb.records import Language, Side
from kb.review.forms import form_of
from kb.review.paste import Paste
from kb.review.spots import Spot
from kb.yaml_file import read_yaml

_FILE = Path(__file__).with_name("checks.yaml")
_WORST = 3
Predicate = Callable[..., Iterator[Spot]]
PREDICATES: Mapping[str, Predicate] = {
    predicate.__name__: predicate
    for predicate in (
        starting.command_is_replaced,
        starting.command_over_start,
        starting.nothing_starts,
        starting.entrypoint_is_shell_form,
        starting.exec_form_is_broken,
        starting.entrypoint_runs,
        starting.entrypoint_takes_no_word,
        starting.entrypoint_lacks_program,
        starting.entrypoint_is_set,
        starting.start_is_off_path,
        starting.entrypoint_is_off_path,
        starting.start_is_not_executable,
        starting.file_may_lack_execute_bit,
        listening.server_port_is_other,
        listening.exposes_other_port,
        listening.binds_to_loopback,
        listening.server_has_no_host,
        contents.installs,
        contents.installs_without,
        contents.upgrades_package,
        contents.uses_other_manager,
        contents.runs_missing_program,
        contents.python_is_undeclared,
        contents.copies_below,
        contents.copies_to_code,
        contents.copies_outside,
        contents.sets_variable,
        contents.user_is_not_root,
        contents.holds_secret,
        contents.lacks_label,
        contents.base_is_not_for_sagemaker,
        contents.base_is_for_other_side,
        contents.base_gets_no_patches,
        contents.base_is_arm,
        contents.base_is_not_pinned,
        contents.account_is_of_other_region,
        scripts.script_binds,
        scripts.builds_for_arm,
        scripts.pushes_without_login,
        python.saves_elsewhere,
        python.keeps_strings,
        written.has_line,
        written.lacks_route,
        written.told_lacks_route,
        written.told_port_is_other,
        written.told_binds_to_loopback,
        written.route_refuses,
        written.server_runs_at,
        written.exits_with_zero,
    )
}


@dataclass(frozen=True, slots=True)
class Check:
    """One check, as data."""

    id: str
    kinds: tuple[str, ...]
    """Kinds of pasted parts that it looks at."""
    instruction: str
    """The instruction of a Dockerfile that it looks at; empty for other kinds."""
    forms: tuple[str, ...]
    """Forms of a file (kb.review.forms) that it has something to say on; empty: all."""
    side: Side | None
    predicate: str
    parameters: Mapping[str, Any]
    severity: int
    label: Mapping[Language, str]
    proof: Reference
    also: Reference | None
    fix: Mapping[Language, str]
    write: str

    @property
    def references(self) -> tuple[Reference, ...]:
        return (self.proof, self.also) if self.also else (self.proof,)


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that fired."""

    check: Check
    spot: Spot
    if_side: Side | None = None
    """It holds only if the file is for this side, which nobody says."""

    def fix(self, language: Language) -> str:
        return self.check.fix[language].format(**self.spot.values)

    @property
    def write(self) -> str:
        """The lines to write: those of this very file where they are known, else the pattern."""
        edit = self.spot.edit
        if edit is not None and edit.lines:
            return "\n".join(edit.lines)
        return self.check.write.format(**self.spot.values)


@cache
def load_checks(file: Path = _FILE) -> tuple[Check, ...]:
    """All checks; raises ChecksError that names the entry."""
    content = read_yaml(file, ChecksError)
    return tuple(_check(entry) for entry in content)


def _check(entry: Mapping[str, Any]) -> Check:
    try:
        ((predicate, parameters),) = entry["when"].items()
        if predicate not in PREDICATES:
            raise ValueError(f"no such predicate: {predicate}")
        return Check(
            id=entry["id"],
            kinds=tuple(entry["looks_at"]["kind"].split()),
            instruction=entry["looks_at"].get("instruction", ""),
            forms=tuple(entry["looks_at"].get("form", "").split()),
            side=entry.get("side"),
            predicate=predicate,
            parameters=parameters,
            severity=int(entry["severity"]),
            label={"ja": entry["label"]["ja"], "en": entry["label"]["en"]},
            proof=read_reference(entry["proof"]),
            also=read_reference(entry["also"]) if "also" in entry else None,
            fix={"ja": entry["fix"]["ja"], "en": entry["fix"]["en"]},
            write=entry.get("write", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ChecksError(f"checks.yaml, check {entry.get('id', '?')}: {error}.") from error


def checks_for(paste: Paste) -> tuple[Check, ...]:
    """The checks that look at this kind of paste, and at the side that it is for."""
    form = form_of(paste)
    return tuple(
        check
        for check in load_checks()
        if paste.kind in check.kinds
        and (form is None or not check.forms or form in check.forms)
        and (check.side is None or not paste.sides or check.side in paste.sides)
    )


def most_relevant(paste: Paste, checks: Sequence[Check]) -> list[Check]:
    """The checks that look at an instruction of this file first, the worst of them first."""
    there = [one.keyword for one in paste.dockerfile.instructions]
    special = set(there) - {"FROM", "RUN"}
    ordered = sorted(
        checks,
        key=lambda check: (
            check.instruction not in there,
            check.instruction not in special,
            -check.severity,
        ),
    )
    chosen: list[Check] = []
    for check in ordered:  # of each instruction the worst one first, then the rest
        seen = {one.instruction for one in chosen if one.instruction}
        if check.severity == _WORST and check.instruction not in seen:
            chosen.append(check)
    return chosen + [check for check in ordered if check not in chosen]


def find(paste: Paste) -> list[Finding]:
    """Every finding, the worst first, then in the order of lines; one line tells one thing once."""
    findings = []
    for check in checks_for(paste):
        if_side = check.side if check.side and not paste.sides else None
        for spot in PREDICATES[check.predicate](paste, **check.parameters):
            findings.append(Finding(check, spot, if_side))
    return _without_doubles(sorted(findings, key=lambda f: (-f.check.severity, f.spot.line)))


def _without_doubles(findings: list[Finding]) -> list[Finding]:
    """A check that fires alike for both sides is told once, and on no condition."""
    kept: list[Finding] = []
    for one in findings:
        twin = next(
            (
                k
                for k in kept
                if k.spot.line == one.spot.line
                and k.spot.edit == one.spot.edit
                and k.check.predicate == one.check.predicate
                and k.check.side != one.check.side
            ),
            None,
        )
        if twin is None:
            kept.append(one)
        else:
            kept[kept.index(twin)] = Finding(twin.check, twin.spot, None)
    return kept
