"""Sounds: a katakana word and the English word it was taken from, told by how they sound.

Takes a word in katakana or Latin letters, gives its consonants in classes that Japanese keeps apart
(l and r are one, so are b and v) and a rough spelling of its sound. Rules of how Japanese takes
words over, no list of words; what a kana is comes from its Unicode name. Knows nothing about texts.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rapidfuzz import fuzz

_KANA = re.compile(r"KATAKANA LETTER (SMALL )?([A-Z]+)")
_ENGLISH = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"^kn", "n"),
        (r"^u(?=[^aeiou][aeiou])", "yu"),
        (r"ea", "i"),
        (r"du(?=l)", "su"),
        (r"[ts]i(?=on|al)", "s"),
        (r"sch", "sk"),
        (r"t?ch", "t"),
        (r"ph", "h"),
        (r"[st]h", "s"),
        (r"dg(?=[eiy]|$)", "s"),
        (r"ck|q", "k"),
        (r"c(?=[eiy])", "s"),
        (r"g(?=[eiy])|(?<=[aeiou][a-z]a)g$|(?<=[aeiou][a-z]{2}a)g$", "s"),
        (r"(?<=[a-z])e(?=s?$)", ""),
        (r"c", "k"),
        (r"x", "ks"),
        (r"(?<=[aeiou])gh", ""),
        (r"w(?=[^aeiou]|$)", ""),
        (r"or(?=[^aeiouyr]|$)", "o"),
        (r"[aeiu]r(?=[^aeiouyr]|$)", "a"),
    )
)
_CLASSES = str.maketrans("lvfzj", "rbhss")
_LEAST = 60.0
"""Likeness of two spellings, of 100, whose consonants are the same."""


@lru_cache(maxsize=100_000)
def sound(word: str) -> tuple[str, str]:
    """Consonants and rough spelling; empty for what has fewer than two sounds to go by."""
    spelled = _of_english(word.lower()) if word.isascii() else _of_kana(word)
    spelled = re.sub(r"m(?=[pb])", "n", spelled.translate(_CLASSES))
    spelled = re.sub(r"(.)\1+", r"\1", spelled)
    bones = re.sub(r"(?<!^)[aeiouy]|(?<=.)h(?=$)", "", spelled)
    bones = re.sub(r"^[aeiou]", "a", bones)
    return (bones, spelled) if len(bones) > 1 else ("", "")


def likeness(one: str, other: str) -> float:
    """From 0 to 100; 0 where the consonants differ."""
    (bones, spelled), (others, second) = sound(one), sound(other)
    if not bones or bones != others:
        return 0.0
    alike = float(fuzz.ratio(spelled, second))
    return alike if alike >= _LEAST else 0.0


def _of_english(word: str) -> str:
    for pattern, to in _ENGLISH:
        word = pattern.sub(to, word)
    return word


def _of_kana(word: str) -> str:
    spelled = ""
    for kana in word:
        found = _KANA.match(unicodedata.name(kana, ""))
        if not found or kana == "ッ":
            continue
        small, letters = found[1], found[2].lower()
        if small and spelled:
            before = spelled[:-1]
            if spelled.endswith("u") and len(spelled) > 1 and spelled[-2] in "aeiou":
                before = spelled[:-1] + "w"  # ウェ
            elif spelled == "u":
                before = "w"
            spelled = before + letters[-1]
        else:
            spelled += letters
    # A vowel that Japanese puts behind a consonant which has none.
    return re.sub(r"(?<=[^aeiouy])(?:u|(?<=[td])o)(?=[^aeiouy]|$)", "", spelled)
