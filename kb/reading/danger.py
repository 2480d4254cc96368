"""Danger: a request that aims at harm, or an attempt to take the assistant off its task.

Takes a message and the models, gives what it is and the message without what is no question. Knows
nothing about how it is refused.
"""

from __future__ import annotations

from kb.reading.models import Models, shares
from kb.reading.reading import Danger
from kb.text.sentences import sentences
from kb.text.words import mentions

DANGERS: tuple[Danger, Danger] = ("unsafe", "attack")
_SURE = 0.85
"""Likelihood from which a message is dangerous, whatever its words: of the messages that it was
fitted on 209 of 240 harmful requests, 144 of 160 attacks and 2 of 400 honest questions with their
words. Left out in turn, 0.93 was reached by 87, 65 and 4 of them, and by none of 1,258 others."""
_NAMED = 0.1
"""The same where a word of the list stands in it."""
_DOUBT = 0.15
"""Likelihood of a whole message from which its sentences are looked at one by one, as they are
where a word of the list stands in it."""


def read_danger(text: str, models: Models) -> tuple[Danger | None, str]:
    """What is dangerous in `text`, and the text without an attack; the rest may be answered."""
    likely = _likely(text, models)
    spans = sentences(text)
    kind = _kind(text, likely)
    named = any(mentions(text, danger) for danger in DANGERS)
    if len(spans) < 2 or (max(likely.values()) < _DOUBT and not named):
        return kind, text
    kinds = [_kind(piece, _likely(piece, models)) for piece in (text[a:b] for a, b in spans)]
    if kind == "unsafe" or "unsafe" in kinds:
        return "unsafe", text
    if "attack" in kinds:
        rest = [text[a:b] for (a, b), found in zip(spans, kinds, strict=True) if not found]
        return "attack", " ".join(rest)
    return kind, "" if kind == "attack" else text


def _kind(text: str, likely: dict[str, float]) -> Danger | None:
    kind = max(DANGERS, key=likely.__getitem__)
    total = sum(likely.values())
    return kind if total >= _SURE or (total >= _NAMED and mentions(text, kind)) else None


def _likely(text: str, models: Models) -> dict[str, float]:
    head = models.heads["danger"]
    found = dict(zip(head.names, shares(head.score(models.features(text))), strict=True))
    return {kind: found[kind] for kind in DANGERS}
