"""N-grams: a text as weighted character sequences, each with its places.

Takes a text, gives what a linear model over characters needs; such models read inflected Japanese,
English, names of tools and typos alike. Knows nothing about models or signals.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from kb.text.normal import nfkc

SIZES = range(2, 6)
"""Characters of a sequence."""
_WORD = re.compile(r"[!-~]+|[^\s!-~]+")


def ngrams(text: str) -> Iterator[tuple[str, int, int]]:
    """Each sequence of characters of a word with its span in `text`; blanks mark the word's ends.

    `text` is to be made uniform before. A run of Japanese is one word, and one of ASCII, so that it
    does not matter whether a blank stands between them.
    """
    for word in _WORD.finditer(text):
        padded = f" {word[0]} "
        offset = word.start() - 1
        for size in SIZES:
            for at in range(max(1, len(padded) - size + 1)):
                start = max(word.start(), offset + at)
                end = min(word.end(), offset + at + size)
                yield padded[at : at + size], start, end


def uniform(text: str) -> str:
    """Widths and case made uniform; as many characters as `text` has."""
    return "".join(_uniform(character) for character in text)


def _uniform(character: str) -> str:
    one = nfkc(character).lower()
    return one if len(one) == 1 else character


def weigh(text: str, rarity: Mapping[str, float]) -> dict[str, float]:
    """The known sequences of a uniform text with their weights, of Euclidean length 1.

    Weights are (1 + ln n)·rarity for a sequence that occurs n times (sublinear tf-idf: Manning,
    Raghavan and Schütze, 2008, section 6.4.1).
    """
    counts: dict[str, int] = defaultdict(int)
    for gram, _, _ in ngrams(text):
        if gram in rarity:
            counts[gram] += 1
    weights = {gram: (1 + math.log(n)) * rarity[gram] for gram, n in counts.items()}
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {gram: weight / length for gram, weight in weights.items()}
