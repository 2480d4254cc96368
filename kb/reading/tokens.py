"""Tokens: what the encoder sees of a message and of what stands before it.

Takes a message with its parts, gives token ids with their places in the message. Knows nothing
about layers or heads.
"""

from __future__ import annotations

from collections.abc import Sequence

from kb.reading.reading import Part
from kb.reading.typed import own_spans
from kb.search.pieces import Pieces, Tokens

LONGEST = 320
"""Tokens of a message that are looked at; of a longer one its two ends: people say first what it is
about and last what they want."""
BEFORE = 48
"""Tokens of the person's message before, its end; and of the question that the last answer asks."""


def own_tokens(message: str, parts: Sequence[Part], pieces: Pieces) -> Tokens:
    """The tokens of the person's own words, with their places in `message`."""
    ids: list[int] = []
    spans: list[tuple[int, int]] = []
    for start, end in own_spans(message, parts):
        found = pieces.tokens(message[start:end])
        ids += found.ids
        spans += [(start + a, start + b) for a, b in found.spans]
    return clipped(Tokens(tuple(ids), tuple(spans)))


def clipped(tokens: Tokens) -> Tokens:
    """The two ends of many tokens."""
    if len(tokens.ids) <= LONGEST:
        return tokens
    half = LONGEST // 2
    return Tokens(
        (*tokens.ids[:half], *tokens.ids[-half:]), (*tokens.spans[:half], *tokens.spans[-half:])
    )


def asked_back(answer: str) -> str:
    """The question that an answer ends in; empty where it asks nothing."""
    text = answer.rstrip()
    if not text.endswith(("?", "？")):
        return ""
    start = max((text.rfind(mark, 0, len(text) - 1) for mark in "。！？!?.\n"), default=-1)
    return text[start + 1 :].strip()
