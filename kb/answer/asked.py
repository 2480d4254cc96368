"""Asked: the questions that one message holds, and what kind of answer each wants.

Takes the text of a question, gives its questions one by one and the `Kind` of each. Told by the
grammar of both languages: question words and auxiliaries are closed classes. Knows nothing about
hits or the index.
"""

from __future__ import annotations

import re
from typing import Literal

from kb.text.normal import normalize
from kb.text.sentences import sentences
from kb.text.words import mentions

Kind = Literal["yes_no", "either", "number", "which", "where", "why", "how", "list", "show", ""]
MOST = 3
"""Questions of one message that are answered each by itself."""
_LEAST = 2
"""Numbered items from which on they are several questions, and words that one needs."""
_NUMBERED = re.compile(
    r"(?:^|(?<=[\s。！？?!、]))[(（]?(?:[1-9]|[a-c]|[①-⑨])(?:[)）.]\s*|(?<=[①-⑨])\s*)(?=\S)"
)
_WH = r"how|what|which|where|when|why|who"
_AUXILIARY = r"is|are|can|could|do|does|did|should|will|would|must|may|has|have"
_SUBJECT = (
    r"(?:i|we|you|it|they|there|this|that|these|those|the|a|an|all|any|every|some|my|our|its"
    r"|sagemaker|[a-z_]+_\w+)"
)
_AND = re.compile(
    rf"\s*(?:[,;–—-]\s*|\s)(?:and|also|plus|but)\s+(?=(?:if so,? )?(?:{_WH})\s+\S"
    rf"|(?:if so,? )?(?:{_AUXILIARY})\s+{_SUBJECT}\s)"
    rf"|[;,]\s+(?=(?:if so,? )?(?:{_WH}|(?:{_AUXILIARY})\s+{_SUBJECT})\s)",
    re.IGNORECASE,
)
_AND_JA = re.compile(r"(?<=か)[、,，]\s*(?=\S)")
_OPENING = re.compile(
    r"^[\s\W]*(?:(?:hi|hello|hey|ok|okay|so|and|also|but|then|well|just)\b[\s,:–-]*)*",
    re.IGNORECASE,
)
_YES_NO = re.compile(
    rf"^(?:{_AUXILIARY}|am|was|were|had|might)(?:n't|n’t)?\s+(?!to\b|not\b)\S"
    r"|,\s*(?:right|correct)\s*[?.]?$"
    rf"|[,:–-]\s*(?:{_AUXILIARY})\s+{_SUBJECT}\s",
    re.IGNORECASE,
)
_WH_JA = re.compile(
    r"何|なに|なん(?:の|で|個|台|秒|分)|どこ|どれ|どの|どう|どんな|どちら|どっち|いつ|誰|だれ|なぜ|いくつ|いくら|方法|やり方|手順"
)
_YES_NO_JA = re.compile(r"(?:か|かな|かね|かしら|っけ|よね)[。\s]*$|(?<!は)[?？]\s*$")
_SAID_SO = re.compile(r"はい[/／・か、 ]?いいえ|\byes(?: or |/)no\b")
_EITHER = re.compile(r"それとも|もしくは|\bor\b(?! not\b| no\b)", re.IGNORECASE)
_NUMBER = re.compile(
    r"\bhow (?:many|much|long|big|large|often|old|far)\b|\b(?:max(?:imum)?|limit|longest|largest)\b"
    r"|何(?:個|文字|秒|分|時間|日|回|台|本|件|gb|mb|バイト|番)|いくつ|いくら|どれ(?:くらい|ぐらい|だけ)|どのくらい"
    r"|上限|最大|最長|最小"
)
_WHY = re.compile(r"\bwhy\b|\bhow come\b|\bcauses?\b|\breason\b|なぜ|なんで|どうして|理由|原因")
_HOW = re.compile(
    r"\bhow\b(?! (?:many|much|long|big|large|often|old|far))|\bsteps?\b|\bcommands?\b"
    r"|どう(?:や|す|し|書|な|指|設)|どのように|方法|やり方|手順|コマンド|書き方"
)
_LIST = re.compile(r"\blists?\b|\bwhat are\b|一覧|列挙|何があ")
_WH_EN = re.compile(rf"^(?:\S+\s+){{0,3}}?(?:{_WH})\b|[:,–-]\s*(?:{_WH})\b")
_WHERE = re.compile(r"\bwhere\b|どこ")
_WHICH = re.compile(r"\bwhich\b|\bwhat\b|どの|どれ|どちら|どっち|何")


def questions_in(text: str) -> tuple[str, ...]:
    """The questions of a text that asks several, each by itself; one, where it asks one.

    Numbered ones, and those that a sentence joins: “can I …, and how long …?”.
    """
    marks = list(_NUMBERED.finditer(text))
    if len(marks) >= _LEAST:
        ends = [*(mark.start() for mark in marks[1:]), len(text)]
        before = text[: marks[0].start()].strip()
        items = [text[m.end() : end].strip(" \n、,;") for m, end in zip(marks, ends, strict=True)]
        if all(_is_whole(item) and _asks(item) for item in items):
            head = f"{before} " if before and not before.endswith(("?", "？")) else ""
            return tuple(f"{head}{item}" for item in items[:MOST])
    if len(sentences(text)) > 1:
        return (text,)  # what stands before the question tells what it is about
    pieces = [piece.strip() for piece in _joined(text) if piece.strip()]
    return tuple(pieces[:MOST]) if len(pieces) > 1 and all(map(_is_whole, pieces)) else (text,)


def _joined(text: str) -> list[str]:
    """Where a question goes on with another one."""
    pieces, start = [], 0
    for found in sorted((*_AND.finditer(text), *_AND_JA.finditer(text)), key=lambda m: m.start()):
        before, behind = text[start : found.start()], text[found.end() :]
        if _asks(before) and _asks(behind):
            pieces.append(before)
            start = found.end()
    return [*pieces, text[start:]]


def _asks(text: str) -> bool:
    folded = normalize(text)
    if any("ぁ" <= letter <= "ヺ" for letter in folded):
        return bool(re.search(r"か[?？。\s]*$|[?？]|教え|(?:です|ます)か", folded))
    opened = _OPENING.sub("", folded)
    return bool(_WH_EN.search(opened) or _YES_NO.search(opened))


def _is_whole(text: str) -> bool:
    """It says enough to be looked for."""
    folded = normalize(text)
    return len(folded) >= (6 if any("ぁ" <= c <= "龥" for c in folded) else 10)


def kind_of(question: str) -> Kind:
    """What kind of answer a question wants; empty where it does not tell."""
    whole = normalize(question)
    text = _OPENING.sub("", _last(whole)).strip()
    japanese = any("ぁ" <= letter <= "ヺ" for letter in text)
    if mentions(text, "show"):
        return "show"
    if _WHY.search(text):
        return "why"
    wh = _WH_JA.search(text) if japanese else _WH_EN.search(text)
    yes = _YES_NO_JA.search(text) if japanese else _YES_NO.search(text)
    if _NUMBER.search(text) and (wh or not yes):
        return "number"
    if (yes and not wh) or _SAID_SO.search(whole):
        return "either" if _EITHER.search(text) else "yes_no"
    if _LIST.search(text):
        return "list"
    if _HOW.search(text):
        return "how"
    if _WHERE.search(text):
        return "where"
    return "which" if _WHICH.search(text) else ""


def _last(text: str) -> str:
    """The last sentence that asks; all of it where none does."""
    pieces = [text[start:end] for start, end in sentences(text)]
    return next((p for p in reversed(pieces) if _asks(p) and not _SAID_SO.search(p)), text)
