"""Typed: what of a message the person wrote, without what was pasted.

Takes a message and its parts, gives spans of it and their text. Knows nothing about what the words
mean.
"""

from __future__ import annotations

from collections.abc import Sequence

from kb.reading.reading import Part

LONGEST = 420
"""Characters that the models read: 130 tokens, which the bundled model embeds in a tenth of a
second. Of a longer text they read its two ends: people say first what it is about and last what
they want."""
_OWN = ("question", "prose")


def own_spans(message: str, parts: Sequence[Part]) -> list[tuple[int, int]]:
    """Where the person's own words stand; the whole message where there are no others."""
    spans: list[tuple[int, int]] = []
    for part in parts:
        if part.kind not in _OWN:
            continue
        if spans and not message[spans[-1][1] : part.start].strip():
            spans[-1] = (spans[-1][0], part.end)
        else:
            spans.append((part.start, part.end))
    return spans or [(0, len(message))]


def typed(message: str, parts: Sequence[Part]) -> str:
    """The person's own words, at most LONGEST characters."""
    return shortened("\n".join(message[a:b] for a, b in own_spans(message, parts)).strip())


def pasted(message: str, parts: Sequence[Part]) -> float:
    """The share of the message that the person did not write, 0 to 1."""
    if not message.strip():
        return 0.0
    own = sum(end - start for start, end in own_spans(message, parts))
    return max(0.0, 1 - own / len(message.strip()))


def shortened(text: str) -> str:
    """The two ends of a long text."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]}\n{text[-half:]}"
