"""Offered: the framework version that a text names, and whether AWS has an image of it.

Takes a text, gives the version that it names; takes what the official tables list of it, gives the
signal that follows. The tables are handed in as a `LookUp`, and no version stands here. Knows
nothing about cases.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kb.pattern.patterns import load_model
from kb.records import ListedVersion
from kb.text.ngrams import uniform

LookUp = Callable[[str, str], ListedVersion | None]
"""Table and number to what the tables list; None where they are not installed."""
_VERSION = r"(?:[ :=~\-]|[<>]=|>){0,3}(?:version |v)?(?P<version>\d+\.\d+)(?!\d|b\b)"
"""A number with a point after a name; 8 GPUs are no version, 1.5b is a size, and what a file is to
stay below (`<2.0`) is not what is wanted."""


@dataclass(frozen=True, slots=True)
class NamedVersion:
    """A version as a text names it."""

    words: str
    table: str
    """Of the official tables, such as sklearn."""
    number: str
    """Major and minor."""


def find_version(text: str) -> NamedVersion | None:
    """The first version of a framework that the tables know; None where none is named."""
    level = uniform(text)
    for offered in load_model().offered:
        pattern = rf"(?<![a-z])(?:{offered.name.pattern}){_VERSION}"
        if found := re.search(pattern, level, re.ASCII):
            words = text[found.start() : found.end()]
            return NamedVersion(words, offered.table, found["version"])
    return None


def signal_of(listed: ListedVersion) -> str:
    """The signal of what the tables list."""
    known = load_model().versions
    if listed.training and listed.inference:
        return known.both
    if listed.training:
        return known.training
    return known.inference if listed.inference else known.neither
