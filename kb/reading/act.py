"""Act: what kinds of acts there are, and how many lines a message asks for.

Takes a message, gives a number. Knows nothing about the case or what is searched.
"""

from __future__ import annotations

import re

from kb.text.normal import normalize

ON_THE_LAST = frozenset(("form", "why", "alternatives", "complaint", "revision"))
"""Acts that need something before them."""
TALK = frozenset(("form", "why", "alternatives", "thanks", "greeting", "capabilities", "help"))
"""Acts that neither tell anything of a case nor search."""
_DIGITS = re.compile(r"(?<![\d.])\d{1,2}(?![\d.])")
_NUMERALS = dict(zip("一二三四五六七八九十", range(1, 11), strict=True)) | dict(
    zip("one two three four five six seven eight nine ten".split(), range(1, 11), strict=True)
)
_NUMERAL = re.compile(rf"[{''.join(k for k in _NUMERALS if len(k) == 1)}]|[a-z]+")


def number_in(message: str) -> int | None:
    """The first number of a text, in digits or words up to ten."""
    text = normalize(message)
    if digits := _DIGITS.search(text):
        return int(digits[0]) or None
    return next((_NUMERALS[w[0]] for w in _NUMERAL.finditer(text) if w[0] in _NUMERALS), None)
