"""Wording: the small words that a sentence has and its quotes do not, and the other way round.

Takes a sentence and quotes without mark-up, gives features named by the word: “always”, “yourself”
or 自動で turn up where a statement was made stronger or given to somebody else. Which of them count
is fitted. Knows nothing about places or names.
"""

from __future__ import annotations

import re
from functools import lru_cache

from kb.proof.align import Features
from kb.text.normal import normalize

_LATIN = re.compile(r"[a-z][a-z'’-]+")
_JAPANESE = re.compile(r"[\u3041-\u3096\u3005\u3400-\u9fff]+")
_LENGTHS = (2, 3)
"""Characters of Japanese that stand for a word."""
_CROSSED = 0.5
"""What a word counts where the quotes are in another language, and every word of the sentence is
new. By grouped cross-validation 1.0 is no better, and lets the endings of a long sentence outweigh
a name that has changed its place."""
_SENTENCE = re.compile(r"(?<=[。！？])|(?<=[.!?;])\s+|\n+")


def wording(sentence: str, proof: str, known: str, *, crossed: bool) -> Features:
    """`more …` for what only the sentence has, `less …` for what its nearest quote has alone.

    Across languages no word can stand in the quote, so `new …` is every word of the sentence.
    `known`: what stands around the quotes and in the question.
    """
    own = pieces(sentence) - pieces(known)
    if crossed:
        return {f"new {piece}": _CROSSED for piece in own}
    features = {f"more {piece}": 1.0 for piece in own - pieces(proof)}
    nearest, share = _nearest(own, proof)
    return features | {f"less {piece}": share for piece in nearest - own}


@lru_cache(maxsize=4_000)
def pieces(text: str) -> frozenset[str]:
    """English words, Japanese runs of two and three characters."""
    folded = normalize(text.replace("`", ""))
    found = set(_LATIN.findall(folded))
    for run in _JAPANESE.findall(folded):
        found.update(run[at : at + n] for n in _LENGTHS for at in range(len(run) - n + 1))
    return frozenset(found)


def _nearest(own: frozenset[str], proof: str) -> tuple[frozenset[str], float]:
    """The sentence of the quotes that shares most, and the share of it that is used."""
    parts = [pieces(part) for part in _SENTENCE.split(proof) if part.strip()]
    best = max(parts, key=lambda part: len(part & own), default=frozenset[str]())
    return best, len(best & own) / (len(best) or 1)
