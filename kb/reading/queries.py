"""Queries: what to search for, one to three texts that each stand alone.

Takes a message with its parts and the turns before it, gives texts. Knows nothing about indexes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kb.reading.act import TALK
from kb.reading.followup import by_itself, leans_within, standalone, with_subject
from kb.reading.reading import Part
from kb.reading.side import side_before
from kb.reading.typed import typed
from kb.records import Turn
from kb.text.words import mentions

_MOST = 3
_LONG = 420
"""Characters up to which a message is searched as it is."""
_SHORTEST = 12
"""Characters of a question that stands for itself."""


_LEFT = 2
"""Sentences beside a question from which on they are context: one sentence tells what it is about.
With 1, all needed facts of 0.67 instead of 0.83 of the tuning questions on own images."""


@dataclass(frozen=True, slots=True)
class Queries:
    """Texts to search for, the telling one first."""

    texts: tuple[str, ...] = ()
    follows: bool = False
    """Earlier turns went into them."""


def queries(
    message: str,
    history: Sequence[Turn],
    act: str,
    parts: Sequence[Part],
    errors: Sequence[Part],
) -> Queries:
    """The question with its subject, the error line, the second question."""
    if act in TALK or not message.strip():
        return Queries()
    pastes = [part for part in parts if part.kind not in ("question", "prose")]
    asked = [part.text for part in parts if part.kind == "question"]
    if not pastes:
        whole = message if len(message) <= _LONG else typed(message, parts)
        first, follows = standalone(whole, history)
        subject = with_subject(message, history) if follows else ""
        alone = by_itself(message, side_before(message, history, None) or "") if follows else ""
        found = [first, *(_second(asked) or [subject, alone, focus(message, parts)])]
    else:
        own = asked or [typed(message, parts)]
        first, follows = standalone(own[0], () if pastes else history)
        found = [first, *own[1:2]] if asked or not pastes else []
        if not any(part.kind in ("question", "prose") for part in parts):
            found = []
    found += [_line(error.text) for error in errors[:1]]
    found = found or [typed(message, parts)]
    texts = dict.fromkeys(text.strip() for text in found if text.strip())
    return Queries(tuple(texts)[:_MOST], follows)


def focus(message: str, parts: Sequence[Part]) -> str:
    """What a message told in several sentences asks or reports now; empty where it is all of it.

    The last question; where none asks, the last sentence in which something goes wrong, or just the
    last. With it as many sentences before it as it takes to have a subject. What was done before
    that is context.
    """
    own = [part for part in parts if part.kind in ("question", "prose")]
    if len(own) < 2 or len(own) < len(parts):
        return ""
    asking = [place for place, part in enumerate(own) if part.kind == "question"]
    failing = [place for place, part in enumerate(own) if mentions(part.text, "symptom")]
    last = next(iter((*asking[-1:], *failing[-1:], len(own) - 1)))
    first = last
    while first and leans_within(message[own[first].start : own[last].end]):
        first -= 1
    left = len(own) - (last - first + 1)
    return (
        message[own[first].start : own[last].end].strip()
        if left >= (_LEFT if asking else 1)
        else ""
    )


def _second(asked: Sequence[str]) -> list[str]:
    """The questions of a message that asks several, each by itself."""
    return [q for q in asked if len(q) >= _SHORTEST][:2] if len(asked) > 1 else []


def _line(text: str) -> str:
    return text.strip()[:300]
