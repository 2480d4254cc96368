"""Compared: the two things that a question sets side by side, and what is said of each.

Takes a question and statements, gives the two names as the statements write them, and of which of
the two a statement speaks. What counts as a name is what the statements hold: the longest run of
words before and behind the connective that occurs in them. Knows nothing about tables or answers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.text.normal import normalize

_JOINS = re.compile(
    r"\s*(?:それとも|または|もしくは|vs\.?|対|と|や|か|・|/)\s*"
    r"|,? (?:and|or|vs\.?|versus|from|with|to|against) ",
    re.IGNORECASE,
)
_PIECE = re.compile(r"[a-z0-9_./+-]+|[ァ-ヺー]+|[一-龥々]+|[ぁ-ん]+|\s+|.")
_SHORT = re.compile(r"[一-龥々]{2}|[a-z0-9_./+-]+|[ァ-ヺー]+|")
"""How a table's header may shorten a name: 非同期 for 非同期推論."""
_ARTICLE = re.compile(r"^(?:the|a|an|my|our|your|その|この)\s+")
_EMPTY = re.compile(r"[ぁ-ん\s\W]*")
_JAPANESE = re.compile(r"[ぁ-んァ-ヺ一-龥]")
_MOST = 6
"""Pieces of a name, spaces among them."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two things, as the question names them."""

    first: str
    second: str

    def named(self, text: str) -> tuple[bool, bool]:
        """Which of the two a text names."""
        folded = _folded(text)
        return _holds(folded, self.first), _holds(folded, self.second)

    def set_side_by_side(self, text: str) -> bool:
        """A table that has both; its header may shorten the names to their first word."""
        folded = _folded(text)
        short = [_SHORT.match(_folded(name)) for name in (self.first, self.second)]
        return all(found is not None and found[0] in folded for found in short)


def compared(question: str, texts: Sequence[str]) -> Pair | None:
    """The first two things joined in `question` of which `texts` say something apart."""
    asked = _folded(question)
    held = [_folded(text) for text in texts]
    for join in _JOINS.finditer(asked):
        before, behind = _PIECE.findall(asked[: join.start()]), asked[join.end() :]
        after = _PIECE.findall(_ARTICLE.sub("", behind))
        firsts = ["".join(before[-n:]) for n in _whole(before[::-1])]
        seconds = ["".join(after[:n]) for n in _whole(after)]
        first = next(filter(None, (_name(text, held) for text in firsts)), "")
        second = next(filter(None, (_name(text, held) for text in seconds)), "")
        if not first or not second or first in second or second in first:
            continue
        pair = Pair(_as_written(first, question), _as_written(second, question))
        sides = [pair.named(text) for text in texts]
        if (True, False) in sides and ((False, True) in sides or (True, True) in sides):
            return pair
        if (False, True) in sides and (True, True) in sides:
            return pair
    return None


def _whole(pieces: Sequence[str]) -> list[int]:
    """After how many pieces a name can end, the longest first: never within a noun."""

    def ends(n: int) -> bool:
        rest = pieces[n:]
        if not rest or _EMPTY.fullmatch(pieces[n - 1]):
            return True
        if not _EMPTY.fullmatch(rest[0]):
            return False  # 自前コンテナ is one noun
        # A lone Latin word beside others, in a Japanese question, is a part of a name.
        japanese = any(_JAPANESE.match(piece) for piece in pieces)
        lone = n == 1 and japanese and rest[0].isspace() and len(rest) > 1
        return not (lone and pieces[0].isascii() and rest[1].isascii() and rest[1].isalnum())

    return [n for n in range(min(_MOST, len(pieces)), 0, -1) if ends(n)]


def _name(text: str, held: Sequence[str]) -> str:
    """The text as a name, where the statements hold it; without grammar at its ends."""
    name = _ARTICLE.sub("", text.strip())
    if len(name) < 2 or _EMPTY.fullmatch(name) or _EMPTY.fullmatch(_PIECE.findall(name)[-1]):
        return ""
    if _EMPTY.fullmatch(_PIECE.findall(name)[0]):
        return ""
    return name if any(_holds(one, name) for one in held) else ""


def _holds(text: str, name: str) -> bool:
    folded = re.escape(_folded(name))
    return bool(re.search(rf"(?<![a-z0-9_-]){folded}(?![a-z0-9_-])", text))


def _folded(text: str) -> str:
    return re.sub(r"[`*\"“”]", "", normalize(text))


def _as_written(name: str, question: str) -> str:
    found = re.search(re.escape(name), question, re.IGNORECASE)
    return found[0] if found else name
