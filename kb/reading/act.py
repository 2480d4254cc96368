"""Act: what a message does, and which form of the last answer it asks for.

Takes the features of a message and its place, gives an `Act`, a `Form` and a number of lines. Knows
nothing about the case or what is searched.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import cast

from kb.reading.models import Features, Models, shares
from kb.reading.place import Place
from kb.reading.reading import Form
from kb.records import Act

ON_THE_LAST = frozenset(("form", "why", "alternatives", "complaint", "revision"))
"""Acts that need something before them."""
TALK = frozenset(("form", "why", "alternatives", "thanks", "greeting", "capabilities", "help"))
"""Acts that neither tell anything of a case nor search."""
_DIGITS = re.compile(r"(?<![\d.])\d{1,2}(?![\d.])")
_NUMERALS = dict(zip("一二三四五六七八九十", range(1, 11), strict=True)) | dict(
    zip("one two three four five six seven eight nine ten".split(), range(1, 11), strict=True)
)
_NUMERAL = re.compile(rf"[{''.join(k for k in _NUMERALS if len(k) == 1)}]|[a-z]+")


def read_act(
    models: Models, features: Features, place: Place, row: Sequence[float]
) -> tuple[Act, float]:
    """The likeliest act that can stand in this place, and how likely a case is told or changed."""
    head = models.heads["act"]
    found = dict(zip(head.names, shares(head.score(features, row)), strict=True))
    if not place.follows:
        found = {act: share for act, share in found.items() if act not in ON_THE_LAST}
    best = max(found, key=found.__getitem__)
    case = sum(found.get(act, 0.0) for act in ("case", "revision"))
    return cast(Act, best), case / sum(found.values())


def read_form(models: Models, features: Features, message: str) -> tuple[Form, int | None]:
    """The form asked for, and the number of lines that it may have."""
    head = models.heads["form"]
    scores = head.score(features)
    form = cast(Form, head.names[int(scores.argmax())])
    return form, number_in(message) if form in ("lines", "shorter") else None


def number_in(message: str) -> int | None:
    """The first number of a text, in digits or words up to ten."""
    text = unicodedata.normalize("NFKC", message).lower()
    if digits := _DIGITS.search(text):
        return int(digits[0]) or None
    return next((_NUMERALS[w[0]] for w in _NUMERAL.finditer(text) if w[0] in _NUMERALS), None)
