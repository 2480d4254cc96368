"""Units: the words of a message, Japanese and English, and how a model sees each in its place.

Takes a text, gives spans and hashed features. Knows nothing about what words mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.reading.models import bucket
from kb.text.ngrams import uniform

Span = tuple[int, int]
_UNIT = re.compile(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_.+#/@:'’-]*[A-Za-z0-9_+#])?|[ァ-ヺー]+|[一-龥々]+|[ぁ-ん]+|[^\sA-Za-z0-9_]"
)
"""A run of one script; identifiers, versions and paths are one word."""
_NEAR = 2
"""Units before and after that are seen in their place;"""
_AROUND = 6
"""and those that are seen at all."""


def units(text: str, spans: Sequence[Span]) -> list[Span]:
    """Every unit within `spans`, in order."""
    return [found.span() for start, end in spans for found in _UNIT.finditer(text, start, end)]


def unit_rows(text: str, places: Sequence[Span]) -> list[list[int]]:
    """The hashed features of each unit: its letters, its neighbours', what stands around it."""
    whole = uniform(text)
    words = [whole[start:end] for start, end in places]
    pieces = [[bucket(f"={gram}") for gram in _grams(word)] for word in words]
    rows = []
    for at, word in enumerate(words):
        row = [*pieces[at], bucket(f"w={word}")]
        for step in range(-_NEAR, _NEAR + 1):
            if step and 0 <= at + step < len(words):
                row.append(bucket(f"{step}={words[at + step]}"))
                row += [bucket(f"{step}~{gram}") for gram in _grams(words[at + step])[:12]]
            elif step:
                row.append(bucket(f"{step}|"))
        near = words[max(0, at - _AROUND) : at] + words[at + 1 : at + 1 + _AROUND]
        row += [bucket(f"n={other}") for other in near]
        rows.append(row)
    return rows


def _grams(word: str) -> list[str]:
    padded = f"<{word[:24]}>"
    return [padded[at : at + size] for size in (2, 3, 4) for at in range(len(padded) - size + 1)]
