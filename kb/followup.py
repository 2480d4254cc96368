"""Follow-ups: the last turns turn a question that leans on them into one that stands alone.

Takes a question and the history, gives the query. A question that names its own subject is left
alone. Knows nothing about the index: what counts is grammar (pointing words, questions without a
verb) and whether any word is left that could be a subject.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from kb.records import Turn
from kb.text import normalize

_TURNS = 4
"""Earlier questions that are looked at, the last ones."""
_LONGEST = 400
"""Characters of the earlier questions that go into a query, the last ones."""
_LONG = 8
"""Subject words from which a question is taken to stand alone, whatever it points to."""

# Contrasts: a question that names one side takes the place of the other in the question before.
# Each side: pattern on the NFKC form, then its name in Japanese and in English.
_CONTRASTS: tuple[tuple[tuple[re.Pattern[str], str, str], ...], ...] = tuple(
    tuple((re.compile(pattern, re.IGNORECASE), ja, en) for pattern, ja, en in sides)
    for sides in (
        (("学習|訓練|training", "学習", "training"), ("推論|inference|serving", "推論", "inference")),
        tuple((rf"(?<![a-z0-9])v{n}(?![a-z0-9.])", f"v{n}", f"v{n}") for n in "23"),
        tuple((rf"(?<![a-z0-9]){unit}s?(?![a-z0-9])", unit, unit) for unit in ("GPU", "CPU")),
        tuple((rf"パターン\s*{n}|pattern\s*{n}", f"パターン{n}", f"pattern {n}") for n in "123"),
        (
            ("バッチ変換|batch[ -]transform", "バッチ変換", "batch transform"),
            ("リアルタイム|real[ -]?time", "リアルタイム", "real-time"),
            ("サーバーレス|serverless", "サーバーレス", "serverless"),
            ("非同期|async(?:hronous)?", "非同期", "asynchronous"),
        ),
    )
)
_TWO_PATTERNS = re.compile(
    r"(?:パターン|pattern)s?\s*\d\s*(?:と|や|か|、|,|・|/|vs\.?|and|or|to|から|〜)\s*(?:パターン|pattern)?\s*\d"
)
_NEW_SUBJECT = re.compile(
    r"話(?:は|が|を)?(?:変わ|変え)|別件|別の(?:質問|話|件)|ところで|(?:違う|関係ない)(?:話|質問|けど|です)"
    r"|\b(?:different|another|new|next|separate) (?:topic|subject|question|thing)\b|\bunrelated\b|\bby the way\b"
    r"|\bbtw\b|\bswitching (?:topics?|gears)\b|\bleave (?:that|it)(?: aside)?\b|\bchange of (?:topic|subject)\b"
)
_POINTING = re.compile(
    r"それ(?!ぞれ)|そっち|そちら|そいつ|そこ|その(?!他|まま)|これ(?!まで|から|ら)|こっち|この|あれ|あの|前者|後者"
    r"|どっち|どちら|さっき|上記|先ほど|同じ(?=こと|よう|で|方法|やり方|手順|設定|[?？]|$)"
    r"|\b(?:it|its|they|them|their|these|those|this)\b"
    r"|\b(?:the (?:former|latter|two|other|first|second|third|same)|which one|that one|one of them|same|neither)\b"
    r"|(?:^|\b(?:is|was|are|does|do|did|can|will|would|of|for|about|with|like|than|after|before|in|on|to|from"
    r"|change|fix|use|set|mean|why|how|and|but|if) )that\b(?! (?:the|a|an|i|we|my|is|are)\b)|\bthat['’]s\b"
    r"|\bthat\s*[?.!]*$|(?<!is )(?<!are )\bthere\b(?! (?:is|are|a|an)\b)|\bboth\s*[?.!,]*$"
)
_OPENING = re.compile(
    r"(?:じゃ[あぁ]?|では|逆に|もっと|もう少し|もうちょっと|詳しく|他に|ほかに|あと|ちなみに|つまり|で、|でも、|だったら|なら"
    r"|具体的に|例えば|たとえば|例は|and|but|or|so|then|also|ok(?:ay)?|plus|instead|again|alternatively|otherwise)(?![a-z])"
)
_ASKING_ON = re.compile(r"(?:what|how) about\b|what if\b|any (?:example|sample)s?\b|続け|続き|continue\b|go on\b")
_GREETING = re.compile(
    r"(?:hello|hi|hey|bye|goodbye|good (?:morning|evening|night|bye)|thank|thx|cheers|こん(?:にち|ばん)[はわ]|おはよう"
    r"|ありがとう|どうも|さようなら|お疲れ|おつかれ|了解|なるほど|わかりました)"
)
_BARE_END = re.compile(
    r"(?:の?場合(?:は|だと)?|の?とき(?:は)?|の?時は|のほうは|の方は|だと|だったら|なら|では|でも|にも|も|は|って)\s*[?？。]*$"
)
_DEFINING = re.compile(
    r"(?:とは|って(?:何|なに|なん)|は(?:何|なん)(?:ですか|でしょうか|だ|だっけ)?)\s*[?？。]*$"
    r"|^(?:so |and |ok,? )?(?:what(?:['’]s| is| are)|explain|describe|define) "
)
_VERB = re.compile(
    r"\b(?:am|is|are|was|were|be|been|do|does|did|don['’]t|doesn['’]t|can|can['’]t|could|should|must|may|might"
    r"|will|won['’]t|would|shall|has|have|had|need|needs|want|get|gets|got|use|uses|make|makes|write|run|runs"
    r"|tell|show|explain|describe|compare|list|give|say|says|fails?|failed|keeps?|works?|happens?|means?|let"
    r"|how (?:to|do)|where to|when to|which to|what['’]s|how['’]s)\b"
)
_ASKS = re.compile(r"[?？]|か[。\s]*$|何|なに|なん|なぜ|どう|どこ|いつ|どれ|どの|いくつ|いくら|教え|知りたい|は\s*$")
_NEW_CLAUSE = re.compile(r"\b(?:when|if|and|but|because|so|while|after|before|until|or)\b|[、。,;:.!?\n]")
_PREPOSITION = re.compile(r"(?:for|with|without|on|in|at|from|to|under|using|inside|during|after|before|via|as)\b")

_SPACED = re.compile(r"[a-z0-9](?:[a-z0-9_./+'’-]*[a-z0-9_])?")
_WORD = re.compile(rf"{_SPACED.pattern}|[ァ-ヺー]{{2,}}|[一-龥々]{{2,}}")
_THANKS = frozenset("thx thanks thank you ok okay great cool nice perfect works worked yes no got it 了解 感謝 承知".split())
# Words that ask for a property without saying of what, and words of grammar.
_NO_SUBJECT = _THANKS | frozenset(
    "a an the is are was were be been am do does did done don't doesn't can can't could should must may might will "
    "won't would shall has have had not no any some of in on for and or to with as at by from into about than then "
    "when where why who whose what what's which how if so but also just only really still yet too either there here "
    "i i'm we you he she my our your me us it its it's that that's this these those they them one ones both same other "
    "others else another more most less much many few lot long short big small large fast slow often far high low "
    "better worse best worst faster slower cheaper easier right wrong ok fine good bad possible necessary required "
    "need want get use used using make give tell show explain describe list say see know mean think happen work run "
    "go come try set change fix check let put take keep please pls again instead otherwise now first second third "
    "last next before after during up down out off over under way thing case example sample detail reason difference "
    "limit maximum minimum max min default value name number size port path timeout time version option option "
    "setting step command cost price memory disk advantage drawback benefit downside pro con alternative support "
    "supported allow allowed fail failed failure error crash problem issue kind type sort part exactly actually anyway "
    "minute hour second day mb gb longer shorter bigger raise extend increase lower "
    "場合 方法 上限 下限 制限 期限 最大 最小 最長 最短 既定 設定 必要 不要 理由 原因 利点 欠点 手順 詳細 説明 意味 名前 場所 料金 費用 "
    "価格 時間 期間 数字 単位 変更 対応 可能 不可 問題 注意 推奨 両方 片方 一番 簡単 具体例 実際 今度 最初 最後 途中 前提 例外 比較 "
    "dockerfile デフォルト サイズ メモリ ディスク タイムアウト バージョン メリット デメリット サンプル エラー コマンド パス ポート コスト "
    "ファイル名 変数名 書式 形式 何秒 何分 何時間 何個 何回 何文字 違い".split()
)  # fmt: skip


def standalone(question: str, history: Sequence[Turn]) -> tuple[str, bool]:
    """The query for `question`, and whether earlier turns went into it."""
    asked = [turn.content for turn in history if turn.role == "user"]
    return _standalone(question, asked[-_TURNS:])


def _standalone(question: str, earlier: Sequence[str]) -> tuple[str, bool]:
    said = [turn for turn in earlier if set(_words(turn)) - _THANKS]
    if not said or not _leans(question):
        return question, False
    base, _ = _standalone(said[-1], said[:-1])
    return f"{_contrasted(base, question)[-_LONGEST:]} {question}", True


def _leans(question: str) -> bool:
    """Whether a reader would have to know the turn before."""
    text = normalize(question)
    subjects = len(_subjects(text))
    if _GREETING.match(text) and subjects < 2:
        return False
    if _compares(text) or (subjects and (_NEW_SUBJECT.search(text) or subjects >= _LONG)):
        return False
    if _points_back(text) or _ASKING_ON.match(text):
        return True
    if _DEFINING.search(text):
        return not set(_words(text)) - _NO_SUBJECT
    if re.search(r"[ぁ-んァ-ヺ一-龥]", text):
        return _leans_in_japanese(text, subjects)
    if not subjects:
        return True
    if _VERB.search(text):
        return bool(_OPENING.match(text)) and subjects < 2
    return subjects <= 2 or (subjects <= 4 and bool(_OPENING.match(text) or _PREPOSITION.match(text)))


def _leans_in_japanese(text: str, subjects: int) -> bool:
    """No subject, a topic and nothing said of it (`GPUは？`), or a connective before little else."""
    if not subjects:
        named = bool(_words(text)) or any(side[0].search(text) for sides in _CONTRASTS for side in sides)
        return named or bool(_ASKS.search(text) or _OPENING.match(text))
    topic = _BARE_END.sub("", text)
    bare = subjects == 1 if topic == text else subjects <= 2
    return (bare and not re.search(r"[ぁ-ん]", topic)) or (bool(_OPENING.match(text)) and subjects <= 2)


def _points_back(text: str) -> bool:
    """A pointing word with nothing in front of it, in the same question, that it could stand for."""
    for found in _POINTING.finditer(text):
        before = text[: found.start()]
        # “when it …” stands for a subject of the clause before; “edit it” never for “edit”.
        clauses = [clause for clause in _NEW_CLAUSE.split(before)[:-1] if _subjects(clause)]
        if not clauses and len(_subjects(before)) < 2:
            # “This error: …” and このエラー point forward, to what is pasted.
            pasted = re.match(r"(?:この|これ|this|these).{0,24}[:：「\"'`]", text[found.start() :])
            return not (pasted and len(_subjects(text[found.end() :])) >= 3)
    return False


def _compares(text: str) -> bool:
    """Both sides of a contrast are named, so nothing is left to lean on."""
    if _TWO_PATTERNS.search(text):
        return True
    return any(sum(bool(side[0].search(text)) for side in sides) > 1 for sides in _CONTRASTS)


def _subjects(text: str) -> list[str]:
    """Words that could be what a question is about; the side of a contrast alone is not."""
    for sides in _CONTRASTS:
        for pattern, _, _ in sides:
            text = pattern.sub(" ", text)
    return [word for word in _words(text) if not _is_empty(word)]


def _words(text: str) -> list[str]:
    return _WORD.findall(normalize(text))


def _is_empty(word: str) -> bool:
    return word in _NO_SUBJECT or word.removesuffix("s") in _NO_SUBJECT or word.isdigit()


def _contrasted(base: str, question: str) -> str:
    """The old question with the sides of contrasts that the new one names, in the old one's language."""
    kept, asked = unicodedata.normalize("NFKC", base), normalize(question)
    for sides in _CONTRASTS:
        named = [side for side in sides if side[0].search(asked)]
        if len(named) != 1:
            continue
        _, ja, en = named[0]
        for side in sides:
            if side is not named[0]:
                kept = side[0].sub(lambda found, ja=ja, en=en: en if found[0].isascii() else ja, kept)
    return kept
