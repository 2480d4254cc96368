"""Cases: the signals in what a person says, and whether a decision is wanted at all.

Takes the question and the turns before it, gives a `Case` with each signal and the words that
raised it, or None when the person asks for something else: a definition, a comparison, the cause of
an error, how to do something. Words live in patterns.yaml (signals) and cases.yaml (the rest).
Knows nothing about rules or outcomes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from kb.fold import Folded, Mend, fold
from kb.patterns import SIDES, Model, Signal, load_model
from kb.records import Raised, Turn

Wish = Literal["decision", "other", "told", "nothing"]
_TURNS = 6
"""Earlier messages of the person that are read, the last ones."""
_LONGEST = 1_200
_SHORT = 60
"""Folded characters up to which a message without a question of its own may go on with a case."""
_CLAUSE = re.compile(r"[。、！？.;,!?()（）\n:：]")
_BEFORE, _AFTER = 48, 30
"""Characters around a word in which a negation of it is looked for."""
_MINOR = frozenset(
    (*SIDES, "gpu", "handlers", "sdk_v2", "sdk_v3", "serverless", "pipeline", "batch_only")
)
"""Signals that decide nothing by themselves."""
_VERSION = r"\W{0,2}(?:version |v)?(?P<version>\d+(?:\.\d+)?)(?!\d*b\b)"


@dataclass(frozen=True, slots=True)
class Case:
    """What a person wants decided."""

    raised: tuple[Raised, ...]
    is_own: bool
    """They speak of their own case, so that a question back makes sense even without a signal."""

    @property
    def signals(self) -> frozenset[str]:
        return frozenset(raised.signal for raised in self.raised)


@dataclass(slots=True)
class _Said:
    """What one message says."""

    wish: Wish
    raised: dict[str, Raised] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    goes_on: bool = False
    is_own: bool = False

    @property
    def decides(self) -> bool:
        return bool(self.raised.keys() - _MINOR)


def read_case(
    question: str,
    history: Sequence[Turn] = (),
    *,
    model: Model | None = None,
    mend: Mend = lambda word: word,
) -> Case | None:
    """The case that `question` brings or goes on with; None when no decision is asked for."""
    model = model or load_model()
    earlier = [turn.content[:_LONGEST] for turn in history if turn.role == "user"][-_TURNS:]
    case: Case | None = None
    for message in earlier:
        case = _after(case, _read(message, model, mend)) or case
    return _after(case, _read(question[:_LONGEST], model, mend))


def _after(case: Case | None, said: _Said) -> Case | None:
    """The case that a message leaves; None when the message wants no decision."""
    if case is not None and _goes_on(case, said):
        return _merged(case, said)
    if said.wish == "decision" and (said.decides or said.is_own):
        return Case(tuple(said.raised.values()), is_own=said.is_own)
    if said.wish == "told" and said.decides:
        return Case(tuple(said.raised.values()), is_own=True)
    return None


def _goes_on(case: Case, said: _Said) -> bool:
    """A condition more, the other side, a correction, or the same question again."""
    if said.wish == "other":
        return False
    told = bool(said.raised or said.denied)
    if said.wish == "decision":
        own_side = bool(said.raised.keys() & set(SIDES))
        return (said.goes_on or not (said.decides and own_side)) and (told or said.goes_on)
    return told


def _merged(case: Case, said: _Said) -> Case:
    """The case with what was said since; a side takes the place of the other one."""
    gone = set(said.denied)
    if len(said.raised.keys() & set(SIDES)) == 1:
        gone |= set(SIDES)
    kept = {r.signal: r for r in case.raised if r.signal not in gone}
    return Case(tuple({**kept, **said.raised}.values()), is_own=True)


# --- one message ---------------------------------------------------------------------------------


def _read(message: str, model: Model, mend: Mend) -> _Said:
    folded = fold(message, mend)
    said = _Said(_wish(folded.text))
    for signal in model.signals:
        found, denied = _find(signal, folded)
        if found and not denied:
            said.raised[signal.id] = Raised(signal.id, found)
        elif denied:
            said.denied.add(signal.id)
    _read_versions(said, folded)
    if said.wish == "decision" and _holds("general", folded.text) and not said.decides:
        said.wish = "other"
    said.is_own = _holds("own", folded.text) and _holds("plainly", folded.text)
    said.goes_on = _holds("opening", folded.text) and not _holds("new_subject", folded.text)
    return said


def _find(signal: Signal, folded: Folded) -> tuple[str, bool]:
    """The words that raise a signal, and whether it is denied."""
    if any(pattern.search(folded.text) for pattern in signal.denied):
        return "", True
    for pattern in signal.phrases:
        if found := pattern.search(folded.text):
            return folded.words(*found.span()), False
    negated = False
    for pattern in signal.words:
        for found in pattern.finditer(folded.text):
            if not _is_negated(folded.text, *found.span()):
                return folded.words(*found.span()), False
            negated = True
    return "", negated


def _is_negated(text: str, start: int, end: int) -> bool:
    before = _CLAUSE.split(text[max(0, start - _BEFORE) : start])[-1]
    after = _CLAUSE.split(text[end : end + _AFTER])[0]
    if _holds("negated_after", after):
        return True
    return _holds("negated_before", before) and not _holds("not_negated", before)


def _read_versions(said: _Said, folded: Folded) -> None:
    """A framework with a version: offered by AWS on the side named, or not."""
    sides = [side for side in SIDES if side in said.raised]
    if len(sides) != 1 or "version_missing" in said.raised:
        return
    for offered in _words()["offered"]:
        for found in re.finditer(rf"(?:{offered['name']}){_VERSION}", folded.text, re.ASCII):
            missing = _number(found["version"]) > _number(offered[sides[0]])
            signal = "version_missing" if missing else "version_offered"
            said.raised[signal] = Raised(signal, folded.words(*found.span()))
            return


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _wish(text: str) -> Wish:
    if _holds("plainly", text):
        return "decision"
    if _holds("other", text) or _holds("general", text):
        return "other"
    if _holds("decision", text):
        return "decision"
    if _holds("whether", text):
        return "other"
    if _holds("just", text) or (_holds("need", text) and not _holds("asks", text)):
        return "nothing" if _holds("symptom", text) else "told"
    return "nothing"


def _holds(name: str, text: str) -> bool:
    return any(pattern.search(text) for pattern in _patterns(name))


@cache
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.ASCII) for pattern in _words()[name])


@cache
def _words() -> dict[str, Any]:
    file = Path(__file__).with_name("cases.yaml")
    words: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return words
