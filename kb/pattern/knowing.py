"""Knowing: a `Reader` that knows the decision model besides: its labels, its table of versions.

Takes a `Reader`, gives one that understands “Drop the condition “…”” (`drop`), as a page, a button
or the choices after a complaint send it, exactly, and that looks up whether AWS offers the version
which a message names. Without the tables nothing is claimed about it. All else is what the reader
within says. Knows nothing about indexes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache

from kb.pattern.around import drop
from kb.pattern.cases import chosen
from kb.pattern.offered import LookUp, NamedVersion, find_version, signal_of
from kb.pattern.patterns import load_model
from kb.reading.reading import CaseReading, Reader, Reading
from kb.records import LANGUAGES, SIDES, Condition, Turn
from kb.text.language import language
from kb.text.normal import normalize

_TURNS = 6
"""Messages of the person that are looked through for a version, the newest first."""
_LONGEST = 1_200
"""Characters of each."""


class KnowingReader:
    """Reads what was clicked by itself, and what was typed by the reader within."""

    def __init__(self, within: Reader, look_up: LookUp | None = None) -> None:
        self._within = within
        self._look_up = look_up or _not_installed

    def read(self, message: str, history: Sequence[Turn]) -> Reading:
        typed = [turn for turn in history if turn.role != "user" or not clicked(turn.content)]
        signal = clicked(message)
        if signal is None:
            reading = self._within.read(message, typed)
            own = [turn.content for turn in typed if turn.role == "user"]
            case = _as_chosen(reading.case, message, own)
            case = _with_version(case, [message, *reversed(own)], self._look_up)
            return replace(reading, case=_without_clicked(case, history))
        case, queries = self._before(typed)
        if case is None:
            return self._within.read(message, typed)
        own = [turn.content for turn in typed if turn.role == "user"]
        case = _with_version(case, list(reversed(own)), self._look_up) or case
        left = _without_clicked(case, history) or case
        return Reading(
            message,
            language(message),
            "revision",
            queries,
            case=_dropped(left, signal),
            follows=True,
        )

    def _before(self, typed: Sequence[Turn]) -> tuple[CaseReading | None, tuple[str, ...]]:
        """The case that stands, and what the last message that asked or told was searched with."""
        case: CaseReading | None = None
        for place in reversed(range(len(typed))):
            if typed[place].role == "user":
                reading = self._within.read(typed[place].content, typed[:place])
                case = case or reading.case
                if reading.act in ("question", "case", "revision", "paste"):
                    return case, reading.queries
        return case, ()


def clicked(message: str) -> str | None:
    """The signal that a message takes away, where it is such a message and nothing else."""
    return _messages().get(_plain(message))


@cache
def _messages() -> dict[str, str]:
    return {
        _plain(drop(signal.id, lang)): signal.id
        for signal in load_model().signals
        for lang in LANGUAGES
    }


def _plain(text: str) -> str:
    return re.sub(r"[^\w]", "", normalize(text))


def _as_chosen(case: CaseReading | None, message: str, before: Sequence[str]) -> CaseReading | None:
    """The case of a choice of a question back: it says its one condition for sure, no other one.

    “It is for training” is no word on which versions AWS offers, however a model reads it.
    """
    picked = chosen(message)
    if case is None or picked is None or not before:
        return case
    earlier = "\n".join(before)
    kept = [
        c
        for c in case.conditions
        if c.signal in (picked, *SIDES) or c.state == "dropped" or c.words in earlier
    ]
    if picked not in SIDES and not any(c.signal == picked and c.state == "holds" for c in kept):
        kept.append(Condition(picked, message.strip()))
    sides = tuple(side for side in SIDES if side == picked) or case.sides
    return replace(case, conditions=tuple(kept), sides=sides, wanted=1.0, sure=1.0)


def _not_installed(table: str, number: str) -> None:
    return None


def _with_version(
    case: CaseReading | None, messages: Sequence[str], look_up: LookUp
) -> CaseReading | None:
    """The case with what the tables list of the version that was named last.

    It counts where a version is what the case turns on, or where nothing else is told; and instead
    of what the reader within guesses from the bare name. That AWS has none may be said by a person.
    """
    if case is None:
        return None
    texts = (text[:_LONGEST] for text in messages[:_TURNS])
    version = next(filter(None, map(find_version, texts)), None)
    if version is None:
        return case
    known = load_model().versions
    held = {c.signal: c for c in case.conditions if c.state == "holds"}
    guessed = {s for s, c in held.items() if s in known.claims and _names_only(c.words, version)}
    listed = look_up(version.table, version.number)
    if known.neither in held.keys() - guessed:
        return replace(case, listed=listed)
    turns = not held.keys() - guessed - set(SIDES) - known.from_table - known.beside
    if listed is None:
        return _with(case, guessed, known.unknown, version) if guessed else case
    if not turns and not guessed:
        return case
    looked_up = _with(case, guessed | known.from_table, signal_of(listed), version)
    return replace(looked_up, sure=1.0 if turns else case.sure, listed=listed)


def _with(
    case: CaseReading, gone: Collection[str], signal: str, version: NamedVersion
) -> CaseReading:
    kept = tuple(c for c in case.conditions if c.signal not in gone)
    return replace(case, conditions=(*kept, Condition(signal, version.words)))


def _names_only(words: str, version: NamedVersion) -> bool:
    """The words of a condition are those of the version: they don't say whether AWS has it."""
    return bool(_plain(words)) and _plain(words) in _plain(version.words)


def _dropped(case: CaseReading, signal: str) -> CaseReading:
    """The case without a condition; the person said so, so that the rest is sure."""
    conditions = tuple(
        replace(c, state="dropped") if c.signal == signal else c
        for c in case.conditions
        if c.state == "holds"
    )
    return replace(case, conditions=conditions, wanted=1.0, sure=1.0, changed=True)


def _without_clicked(case: CaseReading | None, history: Sequence[Turn]) -> CaseReading | None:
    """The case without what was clicked away, unless words after the click say it again."""
    if case is None:
        return None
    for place, turn in enumerate(history):
        signal = clicked(turn.content) if turn.role == "user" else None
        if signal is None:
            continue
        later = "\n".join(t.content for t in history[place + 1 :] if t.role == "user")
        kept = [c for c in case.conditions if c.signal != signal or (c.words and c.words in later)]
        case = replace(case, conditions=tuple(kept))
    return case
