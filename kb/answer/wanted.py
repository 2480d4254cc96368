"""Wanted: what a question asks for, as far as the first sentence of an answer depends on it.

Takes a question or a sentence, tells whether a number is asked for or given and whether a sentence
is about another framework than the question. Question words are a closed class of a language, and
frameworks are those that AWS has images of. Knows nothing about hits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.records import Turn
from kb.text.normal import normalize

_NUMBER = re.compile(
    r"\bhow (?:many|much|long|big|large|often|old|far)\b|\b(?:max(?:imum)?|limit|longest|default)\b"
    r"|何(?:個|文字|秒|分|時間|日|回|台|本|件|gb|mb|バイト|番)|いくつ|いくら|どれ(?:くらい|ぐらい|だけ)|どのくらい"
    r"|上限|最大|最長|最小"
)
_TURNS = 4
"""Earlier messages of the person that are looked at, the last ones."""
_LONGEST = 1_200
"""Characters of each."""
_DIGIT = re.compile(r"\d")
FRAMEWORKS = {
    "pytorch": r"pytorch|torchserve|torchrun",
    "tensorflow": r"tensorflow",
    "xgboost": r"xgboost",
    "scikit-learn": r"scikit-?learn|sklearn",
    "mxnet": r"mxnet",
    "hugging face": r"hugging ?face|\bhf\b|\btgi\b",
    "triton": r"triton",
    "vllm": r"\bvllm\b",
    "sglang": r"\bsglang\b",
    "djl": r"\bdjl|\blmi\b",
}
_FRAMEWORKS = {name: re.compile(pattern) for name, pattern in FRAMEWORKS.items()}
_BUILT_ON = {"hugging face": {"pytorch", "tensorflow"}, "djl": {"vllm", "hugging face"}}
"""Images of the first are built on those behind it, so that what holds for these is no stranger."""


def asks_number(question: str) -> bool:
    """A count, a size, a time or a limit is asked for."""
    return _NUMBER.search(normalize(question)) is not None


def has_number(sentence: str) -> bool:
    return _DIGIT.search(sentence) is not None


_PUSH = re.compile(r"(?<![a-z])push(?:e[sd]|ing)?(?![a-z])|プッシュ")
_PULL = re.compile(r"(?<![a-z])pull(?:s|ed|ing)?(?![a-z])|プル(?!リク)")


def direction(text: str) -> str:
    """`push`, `pull`, or empty where an image goes both ways or none."""
    folded = normalize(text)
    push, pull = bool(_PUSH.search(folded)), bool(_PULL.search(folded))
    return "" if push == pull else "push" if push else "pull"


def frameworks(text: str) -> frozenset[str]:
    """The frameworks and model servers that a text names."""
    folded = normalize(text)
    return frozenset(name for name, pattern in _FRAMEWORKS.items() if pattern.search(folded))


def framework_before(question: str, history: Sequence[Turn]) -> str:
    """The one framework that the person named last; empty where the question names one."""
    if frameworks(question):
        return ""
    own = [turn.content[:_LONGEST] for turn in history if turn.role == "user"]
    named = next(filter(None, map(frameworks, reversed(own[-_TURNS:]))), frozenset[str]())
    return next(iter(named)) if len(named) == 1 else ""


def other_framework(question: str, sentence: str) -> bool:
    """The sentence is about frameworks alone that the question, which names one, does not."""
    asked = frameworks(question)
    for name in tuple(asked):
        asked |= _BUILT_ON.get(name, set())
    told = frameworks(sentence)
    return bool(asked and told and not asked & told)
