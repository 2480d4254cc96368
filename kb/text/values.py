"""Values: the amounts that a text gives, each with its unit, and the dates.

Takes a text, gives pairs of number and unit, alike in both languages (8 時間 and 8 hours are one).
Units and dates are closed classes of a language. Knows nothing about sources.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from kb.text.normal import normalize

_UNITS = {
    "second": r"秒|seconds?|secs?|s",
    "minute": r"分(?!の)|minutes?|mins?",
    "hour": r"時間|hours?|hrs?|h",
    "day": r"(?:営業)?日(?:間)?|(?:business )?days?|d",
    "week": r"週(?:間)?|weeks?",
    "month": r"[かヶカケ]月|months?",
    "year": r"年(?:間)?|years?",
    "yen": r"円|yen",
    "dollar": r"ドル|dollars?|usd",
    "euro": r"ユーロ|euros?",
    "percent": r"%|パーセント|percent",
    "tb": r"tb|テラバイト",
    "gb": r"gb|ギガバイト",
    "mb": r"mb|メガバイト",
    "px": r"px|pixels?|ピクセル",
    "gpu": r"枚|gpus?",
    "person": r"人|名|people|persons?",
    "time": r"回|times?|tries",
    "piece": r"件|個|本|items?|documents?",
}
_AMOUNT = re.compile(
    r"(?<![\d.\-/:年月])(\d[\d,]*(?:\.\d+)?) ?-?(?:"
    + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _UNITS.items())
    + r")(?![a-z\d])"
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DATE = re.compile(
    r"(?P<y>(?:19|20)\d\d)[-/.年] ?(?P<m>\d{1,2})[-/.月] ?(?P<d>\d{1,2})"
    r"|(?P<d2>\d{1,2}) (?P<n2>[a-z]{3})[a-z]*\.?,? (?P<y2>(?:19|20)\d\d)"
    r"|(?P<n3>[a-z]{3})[a-z]* (?P<d3>\d{1,2}),? (?P<y3>(?:19|20)\d\d)"
)
_DAY = re.compile(r"\d{1,2} ?月 ?\d{1,2} ?日")
"""A day of a month, whatever the year."""


def amounts(text: str) -> Mapping[str, frozenset[float]]:
    """The numbers given, by unit; dates and times of day are none."""
    folded = _DAY.sub(" ", _DATE.sub(" ", normalize(text).replace("*", "")))
    found: dict[str, set[float]] = defaultdict(set)
    for match in _AMOUNT.finditer(folded):
        unit = match.lastgroup or ""
        found[unit].add(float(match[1].replace(",", "")))
    return {unit: frozenset(numbers) for unit, numbers in found.items()}


def first_date(text: str) -> str:
    """The first whole date as YYYY-MM-DD, or nothing."""
    for match in _DATE.finditer(normalize(text).replace("*", "")):
        year = match["y"] or match["y2"] or match["y3"]
        day = match["d"] or match["d2"] or match["d3"]
        name = match["n2"] or match["n3"]
        if name and name not in _MONTHS:
            continue
        month = int(match["m"]) if match["m"] else _MONTHS.index(name) + 1
        if 1 <= month <= 12 and 1 <= int(day) <= 31:
            return f"{year}-{month:02d}-{int(day):02d}"
    return ""
