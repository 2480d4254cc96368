"""Side: training or inference, as the conversation before a message has it.

Takes the turns before and the case that stands, gives the side that a message which names none is
about. Knows nothing about indexes or answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from kb.reading.reading import CaseReading
from kb.records import SIDES, Side, Turn
from kb.text.words import mentions

_TURNS = 4
"""Earlier messages of the person that are looked at, the last ones."""
_LONGEST = 1_200
"""Characters of each."""


def named_sides(text: str) -> tuple[Side, ...]:
    """The sides that a text names."""
    return tuple(side for side in SIDES if mentions(text, side))


def side_before(question: str, history: Sequence[Turn], case: CaseReading | None) -> Side | None:
    """The side that stands when `question` comes; None where it names one, or none was told.

    The last message that names a side tells it; where it names both, and where none does, the case.
    """
    if not history or named_sides(question):
        return None
    own = [turn.content[:_LONGEST] for turn in history if turn.role == "user"]
    for text in reversed(own[-_TURNS:]):
        if len(named := named_sides(text)) == 1:
            return named[0]
        if named:
            break
    return case.sides[0] if case is not None and len(case.sides) == 1 else None
