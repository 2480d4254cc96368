"""Wish: the form that a message asks for, alone or beside something else that it asks or tells.

Takes a message and a way to read a piece of it, gives the wish and what is left of the message. A
message may ask for several forms at once (“as a table, in Japanese, three rows at most”): it is cut
where a phrase ends, and the reader tells of each phrase which form it asks for, if any. Only units
of length are looked for by their names. Knows nothing about answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
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
_LIKELY = 0.8
"""Likelihood from which on a phrase asks for a form of its own: 「英語で」 and “as a table” are at
1.0, what is half a phrase by itself mostly below."""
_SHORT = 3
"""Rows of a short table."""
_SENTENCES = re.compile(r"(?<=[。！？\n])\s*(?=\S)|(?<=[.!?])\s+(?=\S)")
"""A full stop within a name, as in `ml.g5.xlarge`, ends no sentence."""
_CLAUSES = re.compile(r"(?<=[、,;；:：])\s*|\s+[—–-]\s+")
_PHRASES = re.compile(
    r"(?<=[、,;；:：。.])\s*|\s+[—–-]\s+"
    r"|(?<=[ぁ-ん][でにてもく])(?=[^ぁ-ん\W])|(?<=[^ぁ-ん\W][でての])\s*(?=[^ぁ-ん\W])|(?<=だけ)(?=[^ぁ-ん\W])|(?<=に)(?=\d)"
    r"|(?<!\band)(?<!\bbut)(?<!\bso)\s+(?=(?:and|but|in|as|with|for|to)\b)",
    re.IGNORECASE,
)
"""Behind a particle or the stem of an adverb, but for に behind kanji or Latin letters, which goes
with the verb; before an English conjunction or preposition."""
_OPPOSED: Mapping[Form, frozenset[Form]] = {
    "detail": frozenset(("shorter", "lines")),
    "shorter": frozenset(("detail",)),
    "lines": frozenset(("detail",)),
}
"""Forms that cannot both be: what the whole message asks for counts."""
_LENGTH = re.compile(
    r"(?:[0-9一二三四五六七八九十]+\s*(?:行|文(?!字)|点|項目|つ)(?:ずつ|以内|程度)?(?:で|に)?)"
    r"|\b(?:in |with )?(?:\d+|one|two|three|four|five|six|a single)[ -]"
    r"(?:lines?|sentences?|rows?|bullets?|points?|items?)\b",
    re.IGNORECASE,
)
"""A number of lines, sentences, rows or points."""
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

    forms: tuple[Form, ...] = ()
    """Without its language: first what of the answer is wanted, then how that is set."""
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
    forms, lines, language = _forms(wishes, read)
    return Wish(forms, lines, language, " ".join(rest) if told else "")


def one_form(wish: Wish) -> Form:
    """The form that names the whole wish: the last one that is applied, or its language."""
    if wish.forms:
        return wish.forms[-1]
    return "english" if wish.language == "en" else "japanese"


def asks_length(text: str) -> bool:
    """A number of lines or sentences is asked for: “in two lines”, 「3行で」; or stands alone."""
    folded = nfkc(text)
    if _WANTED.search(folded):
        return True
    found = ((piece, _LENGTH.search(piece)) for piece in _pieces(_SENTENCES, folded))
    return any(
        only_courtesy(f"{piece[: length.start()]} {piece[length.end() :]}")
        for piece, length in found
        if length is not None
    )


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


def _forms(
    wishes: Sequence[str], read: Read
) -> tuple[tuple[Form, ...], int | None, Language | None]:
    """The forms of all pieces, the length and the language."""
    found: list[Form] = []
    lines: int | None = None
    for wish in wishes:
        length = _LENGTH.search(nfkc(wish))
        if length is not None:
            lines = number_in(length[0])
        # What a piece is without its length tells a second form.
        left = without_opening(nfkc(wish).replace(length[0], "").strip(" .。、,")) if length else ""
        for piece in dict.fromkeys(filter(None, (left, wish))):
            forms, told = _of_phrases(piece, read)
            found += forms
            lines = lines or told
    if lines is None and "lines" in found:
        lines = next(filter(None, map(number_in, wishes)), None)
    if lines is None and {"shorter", "table"} <= {*found}:
        lines = _SHORT
    language = next((IN_LANGUAGE[one] for one in found if one in IN_LANGUAGE), None)
    return in_order([one for one in found if one not in IN_LANGUAGE], lines), lines, language


def _of_phrases(wish: str, read: Read) -> tuple[list[Form], int | None]:
    """The forms that the phrases of a piece ask for, each by itself, and a length among them."""
    whole = read(wish)
    phrases = _pieces(_PHRASES, wish)
    found, lines = [whole.form] if whole.form else [], whole.lines
    against = _OPPOSED.get(whole.form, frozenset()) if whole.form else frozenset()
    for phrase in phrases if len(phrases) > 1 else ():
        reading = read(phrase)
        if reading.act != "form" or reading.form is None or reading.form in against:
            continue
        if reading.form_likely < _LIKELY:
            continue
        if whole.form in IN_LANGUAGE and reading.form in IN_LANGUAGE:
            continue
        found.append(reading.form)
        lines = lines or reading.lines
    return found, lines


def in_order(forms: Sequence[Form], lines: int | None = None) -> tuple[Form, ...]:
    """What is left out or brought in first, then how the rest is set; each once.

    A table and steps take a number of lines themselves; steps, and an answer in detail, hold the
    code that belongs to them.
    """
    kept = list(dict.fromkeys(forms))
    if lines and ("shorter" in kept or not kept):
        kept = ["lines" if one == "shorter" else one for one in kept] or ["lines"]
    shapes = [one for one in kept if one in ("steps", "table")]
    less = {"shorter", "lines"} if shapes else {"shorter"} if "lines" in kept else set[str]()
    if {"steps", "detail"} & {*kept}:
        less = less | {"code"}
    kept = [one for one in dict.fromkeys(kept) if one not in less]
    return tuple(sorted(kept, key=lambda one: one in ("table", "slack")))
