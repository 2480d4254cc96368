"""Ways: the patterns that a comparison speaks of without their numbers.

Takes a question, an index and an embedder; gives the two numbers of the ways that it sets side by
side, where what stands before and behind the connective is clearly nearest to sections on one
pattern each. Sections tell themselves what pattern they are on. Knows nothing about decisions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kb.records import Language
from kb.search.embedding import Embedder
from kb.search.index import Index
from kb.search.rank import numbers

_JOINS = re.compile(
    r"(?:の|やり方|方法|場合)(?:と(?:比べ(?:て|ると)?)?|より|か|や)、?|それとも|\s*vs\.?\s*|と比べ(?:て|ると)?"
    r"|,?\s+(?:and|or|versus|vs\.?|instead of|rather than|compared (?:to|with)|than)\s+",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"違い|違う|違って|差|比べ|比較|どちら|どっち|使い分け|それとも|変わ"
    r"|\b(?:differ\w*|compare\w*|versus|vs|which|or|than|instead|rather|trade-?offs?)\b",
    re.IGNORECASE,
)
"""A question sets two things side by side: words of comparing, a closed class."""
_LEADS_IN = re.compile(r"^.*(?:\b(?:between|is|are|compare|prefer|of)\b|[:：,、])", re.IGNORECASE)
_ENDS = re.compile(r"[:：,、?？]|では")
"""What stands before the first and behind the second of two things compared."""
_LONGEST = 300
_SHORTEST = 6
"""Characters of what is compared."""
_TOP = 3
"""Sections of a pattern that tell how near it is."""
_FAR = 4.5
"""Score by which those may be behind the best section of all: “MMS or TorchServe” is about others.
Of the discriminant of kb.search.sections: of phrases for a pattern 0 to 4, of strangers more."""
_CLEAR = 0.8
"""By so much one pattern must be ahead of the others."""
_ASKS: Mapping[Language, str] = {
    "ja": "パターン{0}とパターン{1}の違い、使い分け。{2}",
    "en": "Pattern {0} or pattern {1}, the difference: {2}",
}


def with_numbers(question: str, index: Index, embedder: Embedder, language: Language) -> str:
    """The question with the numbers of the patterns that it compares; empty where it does not."""
    if len(question) > _LONGEST or numbers(question) or not _COMPARES.search(question):
        return ""
    for join in _JOINS.finditer(question):
        before, behind = question[: join.start()], question[join.end() :]
        sides = (_LEADS_IN.sub("", before).strip(), _ENDS.split(behind, maxsplit=1)[0].strip())
        if min(map(len, sides)) < _SHORTEST:
            continue
        each = [_near(text, index, embedder) for text in sides]
        if not all(each):
            continue
        first, second = (sorted(near, key=near.__getitem__, reverse=True) for near in each)
        clear = [_clear(near) for near in each]
        if first[0] == second[0]:  # of two ways the one that is less surely that one is another
            (first if clear[0] < clear[1] else second).pop(0)
        if first and second and min(clear) >= _CLEAR:
            low, high = sorted((first[0], second[0]))
            return _ASKS[language].format(low, high, question)
    return ""


def _near(text: str, index: Index, embedder: Embedder) -> dict[str, float]:
    """How near the sections on each pattern are; empty where others are much nearer."""
    scores = index.sections.scores(embedder.queries([text])[0])
    own: dict[str, list[float]] = {}
    for group, score in scores.items():
        number = _number(index, group)
        if number and len(own.setdefault(number, [])) < _TOP:
            own[number].append(score)
    near = {number: sum(few) / len(few) for number, few in own.items()}
    best, top = max(near.values(), default=0.0), max(scores.values(), default=0.0)
    return near if near and top - best <= _FAR else {}


def _clear(near: Mapping[str, float]) -> float:
    first, *others = sorted(near.values(), reverse=True)
    return first - max(others, default=first - _CLEAR)


def _number(index: Index, group: str) -> str:
    """The one pattern that the headings of a section name."""
    heads = {" ".join(chunk.heading) for chunk in index.groups.get(group, ())}
    named = numbers(" ".join(sorted(heads)))
    return next(iter(named)) if len(named) == 1 else ""
