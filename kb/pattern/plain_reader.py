"""A `Reader` over the fitted case models and the follow-ups, for what they know.

Takes a message and the turns before it, gives a `Reading` with its query, its parts, its case and
whether it is thanks. Knows no forms or complaints.
"""

from __future__ import annotations

from collections.abc import Sequence

from kb.pattern.cases import Case, read_case
from kb.reading.followup import is_small_talk, standalone
from kb.reading.parts import find_error_lines, find_parts
from kb.reading.reading import CaseReading, Danger, Reading
from kb.records import SIDES, Act, Condition, Turn
from kb.search.embedding import Embedder
from kb.search.scope import is_unsafe, without_attack
from kb.text.language import language

LONGEST = 1_200
"""Characters of a message that are read; of a longer one its two ends."""
_TOLD = 0.6
"""Stands for the likelihood that a case that is only told wants a decision."""


class PlainReader:
    """Reads by small linear models, where the encoder cannot run. Safe to share between threads."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def read(self, message: str, history: Sequence[Turn]) -> Reading:
        asked, attacked = without_attack(_shortened(message))
        lang = language(message)
        danger: Danger | None = "unsafe" if is_unsafe(message) else "attack" if attacked else None
        parts = find_parts(message)
        errors = find_error_lines(message, parts)
        if is_small_talk(asked):
            return Reading(message, lang, "thanks", danger=danger)
        if not any(map(str.isalnum, asked)):
            return Reading(message, lang, "question", danger=danger)
        query, follows = standalone(asked, history)
        case = read_case(asked, history, self._embedder)
        pasted = sum(len(p.text) for p in parts if p.kind not in ("question", "prose"))
        act: Act = "question" if case is None else "case"
        if 2 * pasted > len(message):
            act = "paste"
        return Reading(
            message,
            lang,
            act,
            queries=(query,),
            parts=parts,
            error_lines=errors,
            case=None if case is None else _case(case),
            follows=follows,
            danger=danger,
        )


def _case(case: Case) -> CaseReading:
    words = {raised.signal: raised.words for raised in case.raised}
    conditions = tuple(Condition(s, words.get(s, "")) for s in sorted(case.signals))
    sides = tuple(side for side in SIDES if side in case.signals)
    return CaseReading(conditions, sides, wanted=1.0 if case.asked else _TOLD, sure=1.0)


def _shortened(message: str) -> str:
    if len(message) <= LONGEST:
        return message
    half = LONGEST // 2
    return f"{message[:half]}\n{message[-half:]}"
