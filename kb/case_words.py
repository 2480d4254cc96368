"""The lists of cases.yaml: words that ask for a decision, negations, versions that AWS offers.

Takes the name of a list, gives its patterns; they are matched against folded text (kb.fold).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml


def holds(name: str, text: str) -> bool:
    """Whether a pattern of the list is found in `text`."""
    return any(pattern.search(text) for pattern in _patterns(name))


def listed(name: str) -> Any:
    """The list as it stands in the file."""
    return _read()[name]


@cache
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.ASCII) for pattern in _read()[name])


@cache
def _read() -> dict[str, Any]:
    file = Path(__file__).with_name("cases.yaml")
    words: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return words
