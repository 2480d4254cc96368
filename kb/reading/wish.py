"""Wish: the form that a message asks for, alone or beside something else that it asks or tells.

Takes a message and a way to read a piece of it, gives the wish and what is left of the message.
Which piece asks for a form the reader tells; only units of length are looked for by their names.
Knows nothing about answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kb.reading.act import TALK, number_in
from kb.reading.followup import leans, only_courtesy, without_opening
from kb.reading.reading import IN_LANGUAGE, Form, Reading
from kb.records import Language
from kb.text.normal import nfkc

_LONGEST = 400
"""Characters of a message in which a wish may stand beside something else."""
_MOST = 8
"""Pieces that are read."""
_SENTENCES = re.compile(r"(?<=[。！？\n])\s*(?=\S)|(?<=[.!?])\s+(?=\S)")
"""A full stop within a name, as in `ml.g5.xlarge`, ends no sentence."""
_CLAUSES = re.compile(r"(?<=[、,;；:：])\s*|\s+[—–-]\s+")
_LENGTH = re.compile(
    r"(?:[0-9一二三四五六七八九十]+\s*(?:行|文(?!字))(?:ずつ|以内|程度)?(?:で|に)?)"
    r"|\b(?:in |with )?(?:\d+|one|two|three|four|five|six|a single)[ -](?:lines?|sentences?)\b",
    re.IGNORECASE,
)
"""A number of lines or sentences."""
_WANTED = re.compile(
    r"[0-9０-９一二三四五六七八九十]+\s*(?:行|文(?!字))(?:ずつ|以内|程度)?(?:で|に(?=まと|し))"
    r"|\b(?:in|with) (?:\d+|one|two|three|four|five|six|a single) (?:lines?|sentences?)\b",
    re.IGNORECASE,
)
"""The same as it is asked for, within a sentence that asks for something else."""
Read = Callable[[str], Reading]


@dataclass(frozen=True, slots=True)
class Wish:
    """How an answer is wanted."""

    form: Form | None = None
    lines: int | None = None
    language: Language | None = None
    rest: str = ""
    """What the message asks or tells besides; empty where it is nothing but the wish."""


def find_wish(question: str, reading: Reading, read: Read) -> Wish | None:
    """The wish of a message, where it holds one. `read`: a text as if it were the message."""
    plain = all(part.kind in ("question", "prose") for part in reading.parts)
    if len(question) > _LONGEST or not plain:
        return None
    wishes: list[str] = []
    rest: list[str] = []
    for sentence in _pieces(_SENTENCES, question):
        own, left = _split(sentence, read)
        wishes += own
        rest += left
    if not wishes:
        return None
    told = [piece for piece in rest if read(piece).act not in TALK]
    form, lines, language = _forms(wishes, read)
    return Wish(form, lines, language, " ".join(rest) if told else "")


def names_length(text: str) -> bool:
    """A number of lines or sentences stands in it."""
    return _LENGTH.search(nfkc(text)) is not None


def _pieces(pattern: re.Pattern[str], text: str) -> list[str]:
    return [piece.strip() for piece in pattern.split(text) if piece and piece.strip()][:_MOST]


def _split(sentence: str, read: Read) -> tuple[list[str], list[str]]:
    """The pieces of a sentence that ask for a form, and the others."""
    if _asks_form(sentence, read):
        return [sentence], []
    clauses = _pieces(_CLAUSES, sentence)
    own = [clause for clause in (clauses if len(clauses) > 1 else ()) if _asks_form(clause, read)]
    left = [clause for clause in clauses if clause not in own]
    if own and left:
        return own, [" ".join(left)]
    length = _WANTED.search(sentence)
    if length is None:
        return [], [sentence]
    # “So the steps in three lines”: where the rest leans on what stands, the whole is a form of it.
    without = f"{sentence[: length.start()]}{sentence[length.end() :]}"
    return [sentence] if leans(without) else [length[0]], [] if leans(without) else [without]


def _asks_form(piece: str, read: Read) -> bool:
    return not only_courtesy(piece) and read(piece).act == "form"


def _forms(wishes: Sequence[str], read: Read) -> tuple[Form | None, int | None, Language | None]:
    """The forms of all pieces; what a piece is without its length tells a second one."""
    found: list[Form] = []
    lines: int | None = None
    for wish in wishes:
        length = _LENGTH.search(nfkc(wish))
        if length is not None:
            lines = number_in(length[0]) or 1
            left = nfkc(wish).replace(length[0], "").strip(" .。、,")
            left = without_opening(left)
            pieces = (left, wish) if left else (wish,)
        else:
            pieces = (wish,)
        found += [one for piece in pieces if (one := read(piece).form)]
    language = next((IN_LANGUAGE[one] for one in found if one in IN_LANGUAGE), None)
    own = [one for one in found if one not in IN_LANGUAGE]
    shapes = [one for one in own if one not in ("lines", "shorter")]
    form: Form | None = shapes[0] if shapes else "lines" if lines else own[0] if own else None
    return form, lines, language
