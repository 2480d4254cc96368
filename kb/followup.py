"""Follow-ups: the last turns turn a question that leans on them into one that stands alone.

Takes a question and the history, gives the query. A question that stands alone is left alone. Knows
nothing about the index.
"""

from __future__ import annotations

import re

from kb.records import Turn
from kb.text import normalize, respell, search_tokens

_LEANING = re.compile(
    # Japanese: pointing words, connectives at the start, "in the case of …", bare continuations
    r"^(?:じゃ[あぁ]?|では|それ|その|これ|この|あれ|さっき|前の|上の|もう少し|もっと|詳しく|他に|ほかに|逆に|あと|ちなみに|つまり|なぜ|なんで|どうして|どこ|いつ|で、|でも|って(?:こと|いう)|具体的に|例えば|例は)"
    r"|(?:それ|そっち|そいつ|その(?:場合|とき|時|方法|やり方|パターン|コマンド|設定|変数|ファイル|値|あと|後)|この(?:場合|方法)|前者|後者|両方とも|どっち|どちら)"
    r"|(?:の?場合|のとき|の時|の方|だと|だったら|なら|では|でも|は)[?？]?$"
    r"|^(?:and|but|or|so|then|also|what about|how about|what if|why|where|when|ok(?:ay)?|instead|same)\b"
    r"|\b(?:it|its|that|this|those|these|they|them|the former|the latter|the other(?: one)?|same (?:thing|one|for)|both|there|one of them)\b",
    re.IGNORECASE,
)
_LONG = 14
"""Search tokens from which a question is taken to stand alone unless it begins by leaning."""
# A word of the new question that takes the place of its opposite in the old one.
_OPPOSITES = (
    ("学習", "推論"),
    ("training", "inference"),
    ("training", "serving"),
    ("学習ジョブ", "エンドポイント"),
    ("v2", "v3"),
    ("gpu", "cpu"),
    ("パターン1", "パターン2", "パターン3"),
    ("パターン 1", "パターン 2", "パターン 3"),
    ("pattern 1", "pattern 2", "pattern 3"),
    ("batch transform", "real-time", "serverless", "asynchronous", "async"),
    ("バッチ変換", "リアルタイム", "サーバーレス", "非同期"),
)


def standalone(question: str, history: tuple[Turn, ...]) -> tuple[str, bool]:
    """The query for `question`, and whether earlier turns went into it."""
    earlier = [turn.content for turn in history if turn.role == "user" and turn.content.strip()]
    if not earlier or not _leans(question):
        return question, False
    base = earlier[-1]
    if len(earlier) > 1 and _leans(base):
        base = f"{earlier[-2]} {base}"
    return f"{_without_opposites(base, question)} {question}"[-600:], True


def _leans(question: str) -> bool:
    text = normalize(question)
    found = _LEANING.search(text)
    tokens = len(set(search_tokens(question)))
    if tokens <= 4:
        return True
    return bool(found) and (tokens <= _LONG or found.start() == 0)


def _without_opposites(base: str, question: str) -> str:
    """The old question with what the new one replaces taken out of it."""
    asked, kept = respell(question), base
    for words in _OPPOSITES:
        named = [word for word in words if word in asked]
        if not named:
            continue
        for word in words:
            if word not in named:
                kept = re.sub(re.escape(word), named[0], kept, flags=re.IGNORECASE)
    return kept
