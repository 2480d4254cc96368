"""Fold: a text in the form that words are compared in, each character with its place.

Takes a text, gives a `Folded`. NFKC and lower case move offsets, so the places are kept; blanks
beside Japanese go, because people set them or not (apt で, aptで). Knows nothing about signals.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from kb.text.normal import UNSEEN, nfkc

_UNIT = re.compile(r".[\u3099\u309a\uff9e\uff9f\u0300-\u036f]*", re.DOTALL)
"""A character with the marks that belong to it: half-width ガ is two characters, and one letter."""
_JAPANESE = r"[\u3001-\u30ff\u3400-\u9fff]"
_BLANK = re.compile(rf" (?={_JAPANESE})|(?<={_JAPANESE}) ")
_JOINED = re.compile(r"[a-z0-9](?=[a-z0-9])")
_REST = re.compile(r"[a-z0-9]+|[ぁ-ん]{1,4}")
"""What completes a word from its last matched character on; Japanese verbs end in a few kana."""


@dataclass(frozen=True, slots=True)
class Folded:
    """NFKC, lower case, blanks folded; `places[i]` is where `text[i]` comes from."""

    text: str
    original: str
    places: tuple[tuple[int, int], ...]

    def words(self, start: int, end: int) -> str:
        """The slice of the original behind `text[start:end]`, grown to whole words."""
        while start > 0 and _JOINED.match(self.text, start - 1):
            start -= 1
        if found := _REST.match(self.text, end - 1):
            end = found.end()
        covered = self.places[start:end]
        return self.original[covered[0][0] : covered[-1][1]].strip() if covered else ""


def without_unseen(text: str) -> str:
    """`text` composed (NFC), without characters that nobody sees."""
    return unicodedata.normalize("NFC", UNSEEN.sub("", text))


def fold(text: str) -> Folded:
    """`text` folded."""
    folded = ""
    places: list[tuple[int, int]] = []
    for unit in _UNIT.finditer(text):
        for character in nfkc(UNSEEN.sub("", unit[0])).lower():
            blank = character.isspace()
            if not (blank and folded.endswith(" ")):
                folded += " " if blank else character
                places.append(unit.span())
    return _without(Folded(folded, text, tuple(places)), _BLANK)


def _without(folded: Folded, pattern: re.Pattern[str]) -> Folded:
    gone = {found.start() for found in pattern.finditer(folded.text)}
    kept = [i for i in range(len(folded.text)) if i not in gone]
    return Folded(
        "".join(folded.text[i] for i in kept),
        folded.original,
        tuple(folded.places[i] for i in kept),
    )
