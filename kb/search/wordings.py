"""Wordings: which error of our notes a message shows, word for word.

Takes a message and an index, gives for each section of the notes that is about an error whether its
wording stands in the message, another error of the same form does (`exit code 139` for 137, another
name behind `No module named`), or neither. A wording is literal; its `*` stands for up to `GAP`
characters. Reads each message once a wording. Knows nothing about ranking and answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from kb.search.index import Index
from kb.text.normal import normalize

Fit = Literal["same", "other", "absent"]
GAP = 300
"""Characters that a `*` stands for at most: an error is one line or two, a paste may be forty."""
LONGEST = 20_000
"""Characters of a message that are read."""
_ALIKE = 0.6
"""Share of a wording's words that stand at their places in an error of the same form. `exit code
139` for `exit code 137` is at 2 of 3, `'encode'` for `'endswith'` at 5 of 6."""
_FORM = 3
"""Words of a wording from which on it has a form to compare."""
_QUOTES = str.maketrans(
    {**dict.fromkeys("“”„「」『』", '"'), **dict.fromkeys("‘’`´", "'"), "\\": ""}
)
_JAPANESE = r"[\u3001-\u30ff\u3400-\u9fff]"
_BLANK = re.compile(rf" (?={_JAPANESE})|(?<={_JAPANESE}) ")
_WORD = re.compile(r"[^\W_][\w.$/-]*", re.ASCII)
_EDGE = re.compile(r"[a-z0-9_]", re.ASCII)
_ERROR = re.compile(
    r"(?a)\b[A-Z]\w*(?:Error|Exception|Fault) ?[:：]"
    r"|(?i:\berror\b ?[:：]|\bexit(?:ed)?[ -]?(?:with )?(?:code|status)\W*\d|終了コード\W*\d"
    r"|traceback \(most|\[fatal )"
    r"|^[ \t]*(?:\w{1,80}\.){0,12}[A-Z]\w{0,80}(?:Error|Exception|Fault)[ \t]*$"
    r"|^[ \t]*File \"[^\"\n]{1,300}\", line \d",
    re.MULTILINE,
)
"""An error as it is pasted; one that is only spoken of (“a PermissionError”) is no wording."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a message shows of the errors that the notes know."""

    fits: Mapping[str, Fit] = field(default_factory=dict)
    """By group, for the groups that are about an error."""
    lengths: Mapping[str, int] = field(default_factory=dict)
    """Characters of the wording that stands in the message, by group."""
    wrappers: frozenset[str] = frozenset()
    """Of the groups, those whose error names no cause: another one stands in a log."""
    has_error: bool = False
    """The message brings an error along, known or not."""

    def fit(self, group: str) -> Fit | None:
        """None for a group that is not about an error."""
        return self.fits.get(group)

    @property
    def named(self) -> tuple[str, ...]:
        """The groups whose wording stands in the message, the longest wording first; an error that
        names no cause comes behind one that does.
        """

        def order(group: str) -> tuple[bool, int, str]:
            return group in self.wrappers, -self.lengths[group], group

        return tuple(sorted(self.lengths, key=order))


def errors_in(message: str, index: Index) -> Shown:
    """How the message fits each section of the notes that is about an error."""
    text = uniform(message[:LONGEST])
    words = _WORD.findall(text)
    fits: dict[str, Fit] = {}
    lengths: dict[str, int] = {}
    for group, wordings in index.wordings.items():
        same = [wording for wording in wordings if _stands_in(parts_of(wording), text)]
        if same:
            fits[group] = "same"
            lengths[group] = max(sum(map(len, parts_of(wording))) for wording in same)
        else:
            alike = any(_alike(wording, words) for wording in wordings)
            fits[group] = "other" if alike else "absent"
    has_error = bool(lengths) or _ERROR.search(message[:LONGEST]) is not None
    return Shown(fits, lengths, index.wrappers, has_error)


def as_quoted(wording: str) -> str:
    """A wording as a reader sees it, its `*` as an ellipsis."""
    return re.sub(r"\s*\*\s*", " … ", wording).strip()


def uniform(text: str) -> str:
    """Width, case, white space and quotes made alike; escapes of a pasted JSON left out."""
    return _BLANK.sub("", normalize(text.translate(_QUOTES)))


@lru_cache(maxsize=4_096)
def parts_of(wording: str) -> tuple[str, ...]:
    """What stands literally between the `*` of a wording."""
    parts = (part.strip() for part in uniform(wording).split("*"))
    return tuple(part for part in parts if part)


def _stands_in(parts: tuple[str, ...], text: str) -> bool:
    """The parts stand in `text` in their order, no more than `GAP` characters apart."""
    if not all(part in text for part in parts):
        return False
    ends: list[int] | None = None
    for part in parts:
        reached, before = [], 0
        for start in _places(part, text):
            while ends is not None and before < len(ends) and ends[before] < start - GAP:
                before += 1
            if ends is None or (before < len(ends) and ends[before] <= start):
                reached.append(start + len(part))
        ends = reached
        if not ends:
            return False
    return bool(ends)


def _places(part: str, text: str) -> Iterator[int]:
    """Where `part` begins in `text` as whole words: `exit code 13` is not in `exit code 137`."""
    start = text.find(part)
    while start >= 0:
        end = start + len(part)
        cut_before = _EDGE.match(part) and start and _EDGE.match(text[start - 1])
        cut_after = _EDGE.match(part[-1]) and end < len(text) and _EDGE.match(text[end])
        if not cut_before and not cut_after:
            yield start
        start = text.find(part, start + 1)


def _alike(wording: str, words: list[str]) -> bool:
    """Some words of the message have the form of the wording, with other names in it."""
    own = _words_of(wording)
    if len(own) < _FORM:
        return False
    for start in range(len(words) - len(own) + 1):
        if words[start] == own[0] or words[start + 1] == own[1]:
            same = sum(a == b for a, b in zip(own, words[start:], strict=False))
            if same >= _ALIKE * len(own):
                return True
    return False


@lru_cache(maxsize=4_096)
def _words_of(wording: str) -> list[str]:
    """The words of its longest part."""
    return _WORD.findall(max(parts_of(wording), key=len, default=""))
