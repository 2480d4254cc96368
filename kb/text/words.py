"""Words that tell what a question is about, from words.yaml beside this file.

Takes the name of a list, gives its patterns; they are matched against the NFKC, lower-case form.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from kb.text.normal import normalize
from kb.yaml_file import read_yaml


@cache
def patterns(name: str) -> tuple[re.Pattern[str], ...]:
    """The patterns of one list; a missing list fails by name."""
    file = Path(__file__).with_name("words.yaml")
    words: dict[str, list[str]] = read_yaml(file)
    return tuple(re.compile(pattern) for pattern in words[name])


def mentions(text: str, name: str) -> bool:
    """Whether `text` holds a word of the list."""
    return count(text, name) > 0


def count(text: str, name: str) -> int:
    """How many patterns of the list `text` holds."""
    folded = normalize(text)
    return sum(bool(pattern.search(folded)) for pattern in patterns(name))
