"""Returning: a message that goes back to a paste, or objects to an answer and asks on.

Takes a message, the conversation and a way to read a text in its place; gives the message with the
paste that it means, or the words of a complaint that ask for something. Knows nothing about indexes
or answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from kb.reading.followup import corrects, meant
from kb.reading.parts import find_parts
from kb.reading.reading import Part, PartKind, Reading
from kb.reading.side import named_sides
from kb.records import Turn
from kb.review import wants_whole
from kb.text.normal import normalize
from kb.text.words import mentions

_FILES: tuple[PartKind, ...] = ("dockerfile", "code", "shell", "data")
_NAMES: Mapping[PartKind, str] = {
    "dockerfile": r"docker\s?file|ドッカーファイル",
    "code": r"コード|スクリプト|\bcode\b|\bscript\b|\.py\b",
    "shell": r"コマンド|スクリプト|\bcommands?\b|\bscript\b|\.sh\b",
    "data": r"設定|\bconfig|\.ya?ml\b|\.json\b|json|yaml",
}
_ANY = r"ファイル|貼った|\bfile\b|\bpasted?\b"
_PIECES = re.compile(r"(?<=[。.!?！？\n])\s*|(?<=[、,;；])\s*|\s+[—–-]\s+")
_LONGEST = 400
"""Characters of a message in which a complaint may stand beside a question."""
_MOST = 6
"""Pieces of it that are read."""


def with_paste(question: str, history: Sequence[Turn], reading: Reading) -> str | None:
    """The message with the paste of the conversation that it goes back to, the newest first."""
    if any(part.kind in _FILES for part in reading.parts) or len(question) > _LONGEST:
        return None
    own = [turn.content for turn in history if turn.role == "user"]
    whole, back = wants_whole(question), mentions(question, "back")
    if not whole and not back:
        return None
    for ago, text in enumerate(reversed(own)):
        files = [part for part in find_parts(text) if part.kind in _FILES]
        meant = [part for part in files if _is_named(question, part)]
        if meant or (files and whole and (back or ago == 0)):
            blocks = (_fenced(part) for part in meant or files)
            return "\n\n".join((question, *blocks))
    return None


def _is_named(question: str, part: Part) -> bool:
    return bool(re.search(f"{_NAMES[part.kind]}|{_ANY}", normalize(question)))


def _fenced(part: Part) -> str:
    longest = max(map(len, re.findall("`+", part.text)), default=2)
    fence = "`" * max(3, longest + 1)
    label = "dockerfile" if part.kind == "dockerfile" else ""
    return f"{fence}{label}\n{part.text.strip(chr(10))}\n{fence}"


def corrects_question(question: str, reading: Reading) -> bool:
    """A complaint that says what was meant, by its words or by a side."""
    if len(question) > _LONGEST or reading.act not in ("complaint", "revision", "case", "question"):
        return False
    sides = named_sides(question)
    if not corrects(question) and not (reading.act == "complaint" and len(sides) == 1):
        return False
    return bool(sides or meant(question))


def objection(question: str, reading: Reading, read: Callable[[str], Reading]) -> str | None:
    """What a complaint asks for besides; empty where it only complains, None where it is none.

    `read`: a text as if it were the message.
    """
    if len(question) > _LONGEST or any(p.kind not in ("question", "prose") for p in reading.parts):
        return "" if reading.act == "complaint" else None
    if reading.act not in ("complaint", "question", "form") or (
        reading.case is not None and reading.case.changed
    ):
        return None
    pieces = [piece.strip() for piece in _PIECES.split(question) if piece and piece.strip()]
    pieces = pieces[:_MOST]
    if len(pieces) < 2:
        return "" if reading.act == "complaint" else None
    objects = [place for place, one in enumerate(pieces[:2]) if read(one).act == "complaint"]
    if not objects and reading.act != "complaint":
        return None
    rest = pieces[objects[-1] + 1 :] if objects else pieces
    return " ".join(one for one in rest if read(one).act in ("question", "case", "paste"))
