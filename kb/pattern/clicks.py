"""Clicks: messages that take a condition away by its label, read without any model.

Takes a `Reader`, gives one that understands “Drop the condition “…”” (`drop`), as a page, a button
or the choices after a complaint send it, exactly; every other message goes to the reader within.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from kb.pattern.around import drop
from kb.pattern.patterns import load_model
from kb.reading.reading import CaseReading, Reader, Reading
from kb.records import Turn
from kb.text.language import language
from kb.text.normal import normalize


class ClickReader:
    """Reads what was clicked by itself, and what was typed by the reader within."""

    def __init__(self, within: Reader) -> None:
        self._within = within

    def read(self, message: str, history: Sequence[Turn]) -> Reading:
        typed = [turn for turn in history if turn.role != "user" or not clicked(turn.content)]
        signal = clicked(message)
        if signal is None:
            reading = self._within.read(message, typed)
            return replace(reading, case=_without_clicked(reading.case, history))
        case, queries = self._before(typed)
        if case is None:
            return self._within.read(message, typed)
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
        for lang in ("ja", "en")
    }


def _plain(text: str) -> str:
    return re.sub(r"[^\w]", "", normalize(text))


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
