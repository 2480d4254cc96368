"""Planted: supported sentences changed by rule so that their quotes no longer support them.

Takes a sentence, gives changed ones with the kind of change. What they teach is the place and the
size of a change, not its wording; cases that people wrote stand beside them. Knows nothing about
features or weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from kb.proof.claims import NAME, names

Change = tuple[str, str]
"""The changed sentence and the kind of change."""
_NAME = re.compile(NAME, re.ASCII)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?(?![\w.]*[A-Za-z_])", re.ASCII)
_LISTED = re.compile(r"[\s、,，・`/]*(?:and|or|と|や|または|か)?[\s`]*")
_EXCHANGES: tuple[tuple[str, str, str], ...] = (
    ("sides", r"\btraining\b", "inference"),
    ("sides", r"\binference\b", "training"),
    ("sides", "学習", "推論"),
    ("sides", "推論", "学習"),
    ("order", r"\bbefore\b", "after"),
    ("order", r"\bafter\b", "before"),
    ("order", r"\bfirst\b", "last"),
    ("order", "後に", "前に"),
    ("order", "前に", "後に"),
    ("order", "最初", "最後"),
    ("bound", r"\bat most\b", "at least"),
    ("bound", r"\bup to\b", "at least"),
    ("bound", "以内", "以上"),
    ("bound", "最大", "最低"),
    ("bound", "まで(?=[。、のに])", "以上"),
    ("modality", r"\bmay\b|\bcan\b|\bmight\b", "must always"),
    ("modality", r"\bmust\b|\bhas to\b", "may"),
    ("modality", r"\bshould\b|\bis likely to\b", "will always"),
    ("modality", "ことがあ", "ことは決してな"),
    ("modality", "場合があります", "とは限らず必ずそうなります"),
    ("modality", "と考えられます", "ことが確認されています"),
    ("modality", "必要があり", "必要はなく省略でき"),
    ("condition", r"\bif\b", "unless"),
    ("condition", r"\bwithout\b", "with"),
    ("condition", r"\bonly\b", "not only"),
    ("condition", "だけ", "以外"),
    ("condition", "のみ", "以外のみ"),
    ("condition", "なしで", "がある場合だけ"),
    ("condition", "がなければ", "があれば"),
    ("contrast", r"\binput\b", "output"),
    ("contrast", r"\brequest\b", "response"),
    ("contrast", "入力", "出力"),
    ("contrast", "リクエスト", "レスポンス"),
    ("denial", r"\bis (?!not\b)", "is not "),
    ("denial", r"\bare (?!not\b)", "are not "),
    ("denial", r"\b(?:does|do|is|are|can|will|must) not\b ?", ""),
    ("denial", r"\bcannot\b", "can"),
    ("denial", r"\bcan\b", "cannot"),
    ("denial", "(?<=[きりしちいえけせてべめれみび])ます(?=。|$)", "ません"),
    ("denial", "(?<=[きりしちいえけせてべめれみび])ません(?=。|$)", "ます"),
    ("denial", "必要です(?=。|$)", "必要ありません"),
    ("denial", "不要", "必要"),
)
_INVENTED = (
    (" in ml.m5.xlarge", "`ml.m5.xlarge` では"),
    (" within 45 seconds", "45 秒以内に"),
    (" through `KB_SAFE_MODE`", "`SAFE_MODE` を使い、"),
    (" and retries it 3 times", "3 回まで再試行し、"),
)


def planted(sentence: str, quote: str, random: Random, *, most: int = 4) -> list[Change]:
    """Up to `most` changed sentences, each of another kind."""
    changes = [*_swaps(sentence), *_numbers(sentence, random), *_exchanges(sentence)]
    changes += [*_renamed(sentence, quote), *_invented(sentence, random)]
    random.shuffle(changes)
    kinds: dict[str, Change] = {}
    for change in changes:
        kinds.setdefault(change[1], change)
    return list(kinds.values())[:most]


def _swaps(sentence: str) -> Iterator[Change]:
    """Two names, or two numbers, each in the other's place, where they are no mere list."""
    for kind, pattern in (("names swapped", _NAME), ("numbers swapped", _NUMBER)):
        found = list(pattern.finditer(sentence))
        for one, two in zip(found, found[1:], strict=False):
            between = sentence[one.end() : two.start()]
            if one[0].lower() == two[0].lower() or _LISTED.fullmatch(between):
                continue
            if pattern is _NAME and not (names(one[0]) and names(two[0])):
                continue
            yield sentence[: one.start()] + two[0] + between + one[0] + sentence[two.end() :], kind


def _numbers(sentence: str, random: Random) -> Iterator[Change]:
    for found in _NUMBER.finditer(sentence):
        digits = found[0].replace(",", "")
        other = str(int(float(digits)) * random.choice((2, 3, 5)) + random.choice((1, 10)))
        yield sentence[: found.start()] + other + sentence[found.end() :], "number"


def _exchanges(sentence: str) -> Iterator[Change]:
    for kind, pattern, other in _EXCHANGES:
        found = re.search(pattern, sentence)
        if found:
            yield sentence[: found.start()] + other + sentence[found.end() :], kind


def _renamed(sentence: str, quote: str) -> Iterator[Change]:
    """A name of the quote that the sentence leaves out, in the place of one that it has."""
    own = [found[0] for found in _NAME.finditer(sentence) if names(found[0])]
    others = [found[0] for found in _NAME.finditer(quote) if names(found[0])]
    free = [name for name in others if name not in own and name.lower() not in sentence.lower()]
    if own and free:
        yield sentence.replace(own[-1], free[0]), "name of the quote"


def _invented(sentence: str, random: Random) -> Iterator[Change]:
    english, japanese = random.choice(_INVENTED)
    ends = re.search(r"[.;,](?=\s|$)", sentence)
    if re.search(r"[ぁ-ん]", sentence):
        at = sentence.find("、") + 1
        yield sentence[:at] + japanese + sentence[at:], "invented"
    elif ends:
        yield sentence[: ends.start()] + english + sentence[ends.start() :], "invented"
