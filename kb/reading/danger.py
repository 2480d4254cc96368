"""Danger: a request that aims at harm, or an attempt to take the assistant off its task.

Takes a message and how likely it and its sentences are dangerous, gives what it is and the message
without what is no question. Knows nothing about how it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kb.reading.reading import Danger
from kb.text.sentences import sentences
from kb.text.words import mentions

DANGERS: tuple[Danger, Danger] = ("unsafe", "attack")
_SURE = 0.97
"""Likelihood from which a message is dangerous, whatever its words. With the lists of words, of
groups left out: 16 of 41 harmful requests, 10 of 24 attacks, 1 of 68 honest questions with their
words, none of 175 other messages."""
_NAMED = 0.1
"""The same where a word of the list stands in it."""
_DOUBT = 0.15
"""Likelihood of a whole message from which its sentences are looked at one by one."""


Likely = Mapping[str, float]
"""Likelihood of each danger."""


def read_danger(
    text: str, whole: Likely, look: Callable[[str], Likely]
) -> tuple[Danger | None, str]:
    """What is dangerous in `text`, and the text without an attack; the rest may be answered.

    `whole`: of the text; `look`: of a sentence by itself.
    """
    spans = sentences(text)
    kind = _kind(text, whole)
    if len(spans) < 2 or max(whole[danger] for danger in DANGERS) < _DOUBT:
        return kind, text
    kinds = [_kind(piece, look(piece)) for piece in (text[a:b] for a, b in spans)]
    if kind == "unsafe" or "unsafe" in kinds:
        return "unsafe", text
    if "attack" in kinds:
        rest = [text[a:b] for (a, b), found in zip(spans, kinds, strict=True) if not found]
        return "attack", " ".join(rest)
    return kind, "" if kind == "attack" else text


def _kind(text: str, likely: Likely) -> Danger | None:
    kind = max(DANGERS, key=likely.__getitem__)
    total = sum(likely[danger] for danger in DANGERS)
    return kind if total >= _SURE or (total >= _NAMED and mentions(text, kind)) else None
