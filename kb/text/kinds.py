"""Kinds: what kind of answer a question wants, and whether a text holds one.

Takes a question or a text. A question for a time, a sum or a person is answered by no sentence that
holds none, however near it comes. Question words, units and how dates are written (kinds.yaml) are
closed classes of a language. Knows nothing about sources.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kb.text.normal import normalize
from kb.text.values import amounts
from kb.yaml_file import read_yaml

_COUNTER = re.compile(
    r"何(個|枚|件|人|名|回|台|本|冊|束|文字|gb|tb|mb|kw|px|度|%|割|gpu|行|種類|社|世代|秒|分|時間|営業日|週|年)"
)
_HOW_MANY = re.compile(r"\bhow many ([a-z]+)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question wants to be told."""

    kinds: tuple[str, ...]
    """Empty where any statement may answer."""
    unit: str = ""
    """What is counted, where the question says so: 枚, minutes."""

    def is_given(self, text: str) -> bool:
        """The text holds something of a kind wanted."""
        folded = normalize(text)
        return not self.kinds or any(
            gives.search(folded) for kind, _, gives in _kinds() if kind in self.kinds
        )

    def has_unit(self, text: str) -> bool:
        """The text counts what is asked for; true where nothing is counted."""
        if not self.unit:
            return True
        known = amounts(f"1 {self.unit}").keys()
        return bool(known & amounts(text).keys()) if known else self.unit in normalize(text)


def wanted(question: str) -> Wanted:
    """The kinds that a question asks for; a sum, a time or a span before a mere number."""
    folded = normalize(question)
    kinds = [kind for kind, asks, _ in _kinds() if asks.search(folded)]
    if len(kinds) > 1 and "number" in kinds:
        kinds.remove("number")
    counter = _COUNTER.search(folded) or _HOW_MANY.search(folded)
    unit = counter[1] if counter else ""
    return Wanted(tuple(kinds), unit.removesuffix("s") if unit.isascii() else unit)


@cache
def _kinds() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]:
    """Each kind with what asks for it and what gives it."""
    file = Path(__file__).with_name("kinds.yaml")
    content = read_yaml(file)

    def pattern(lines: list[str]) -> re.Pattern[str]:
        whole = "|".join(lines)
        for name, part in content["parts"].items():
            whole = whole.replace(f"{{{name}}}", part)
        return re.compile(whole)

    return tuple(
        (kind, pattern(rows["asks"]), pattern(rows["gives"]))
        for kind, rows in content["kinds"].items()
    )
