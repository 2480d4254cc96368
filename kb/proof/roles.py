"""Roles: whether what a sign or a verb is about is what the same of a quote is about.

Takes a sentence, its quotes and their alignment, gives features: who does it, what comes first,
what depends on what. Knows nothing about weights.
"""

from __future__ import annotations

import math
import re

from kb.proof.align import FAR, REACH, SURE, Alignment, Features
from kb.proof.words import Sign, rarity, read_signs
from kb.text.language import language

ROLES = {
    "instead": ("instead", "over"),
    "order": ("before", "after"),
    "grounds": ("condition", "cause", "unless"),
}
SCOPED = {
    "denial": ("not", "without"),
    "doubt": ("may", "can", "hedge", "unconfirmed"),
    "duty": ("must", "only", "always", "never"),
}
_SIDE = 6.0
"""Words on either side of a sign that have a part in it."""
_CLOSE = 2.0


def roles(sentence: str, proof: str, aligned: Alignment) -> Features:
    """Whether what a sign is about is what the same sign of a quote is about."""
    own, given = read_signs(sentence), read_signs(proof)
    features = {}
    for group, sided in ((ROLES, True), (SCOPED, False)):
        for name, markers in group.items():
            misfits = [
                min(
                    (_part_misfit(aligned, sign, other, sentence, proof, sided=sided), other.at)
                    for other in given
                    if other.marker == sign.marker
                )[0]
                for sign in own
                if sign.marker in markers and any(o.marker == sign.marker for o in given)
            ]
            features[f"part in {name}"] = max(misfits, default=0.0)
    return {
        **features,
        **_particles(sentence, proof),
        "verb turned": _verb_turned(aligned, sentence, proof),
    }


def _part_misfit(
    aligned: Alignment, sign: Sign, other: Sign, sentence: str, proof: str, *, sided: bool
) -> float:
    """Share of the words that have a part in `sign` which have none in `other`.

    A sign stands in front of what it is about in English, and behind it in Japanese. `sided`: a
    word on the other side has another part.
    """
    here = 1 if language(sentence) == "en" else -1
    there = 1 if language(proof) == "en" else -1
    total = kept = 0.0
    for number, word in enumerate(aligned.own):
        apart = (word.at - sign.at) * here
        if not (0 < apart <= _SIDE or (not sided and -_CLOSE <= apart <= 0)):
            continue
        weight = rarity(word) * math.exp(-abs(apart) / _CLOSE)
        total += weight
        best = 0.0
        for at in aligned.matches[number]:
            away = (aligned.given[at].at - other.at) * there
            if abs(away) <= _SIDE + 2 and (away > 0 or not sided):
                best = max(best, aligned.likeness[number][at])
        kept += weight * best
    return 1 - kept / total if total else 0.0


_NOUN = re.compile(r"[A-Za-z0-9_./-]+|[\u30a1-\u30fa\u30fc]+|[\u3005\u3400-\u9fff]+")
_RUN = r"[A-Za-z0-9_./\u30a1-\u30fa\u30fc\u3005\u3400-\u9fff-]+"
_PARTICLE = re.compile(
    # “MMS のプロセスを”: all of its nouns have the case
    rf"(?P<nouns>{_RUN}(?:[`」』）\sの・「『]+{_RUN})*)[`」』）\s]*"
    r"(?P<particle>は|が|を|に(?!よ)|へ|から|より)(?![\u3041-\u309f]{0,1}れ)"
)
_CASES = {
    "は": "who",
    "が": "who",
    "を": "what",
    "に": "where",
    "へ": "where",
    "から": "from",
    "より": "than",
}


def _particles(sentence: str, proof: str) -> Features:
    """Two Japanese words that have exchanged their cases."""
    own, given = _cases(sentence), _cases(proof)
    exchanged = [
        (one, two)
        for one, first in own.items()
        for two, second in own.items()
        if one < two
        and not first & second
        and (one in given and two in given)
        and not given[one] & first
        and not given[two] & second
        and given[one] & second
        and given[two] & first
    ]
    moved = [
        word
        for word, cases in own.items()
        if word in given and not cases & given[word] and {"who", "what"} == cases | given[word]
    ]
    return {"cases exchanged": float(bool(exchanged)), "case moved": float(bool(moved))}


def _cases(text: str) -> dict[str, set[str]]:
    cases: dict[str, set[str]] = {}
    if language(text) == "en":
        return cases
    for found in _PARTICLE.finditer(text):
        for noun in _NOUN.findall(found["nouns"]):
            cases.setdefault(noun.lower(), set()).add(_CASES[found["particle"]])
    return cases


_PASSIVE = re.compile(r"\b(?:by|than|from|of)\b")


def _verb_turned(aligned: Alignment, sentence: str, proof: str) -> float:
    """Two words that have changed places around a word that stands between them in both."""
    if not aligned.directed or bool(_PASSIVE.search(sentence)) != bool(_PASSIVE.search(proof)):
        return 0.0
    sure = [
        (number, at)
        for number, at in enumerate(aligned.best)
        if at is not None and aligned.likeness[number][at] >= SURE
    ]
    worst = 0.0
    for left, (one, first) in enumerate(sure):
        for right in range(left + 2, len(sure)):
            two, second = sure[right]
            if not second < first or aligned.given[first].at - aligned.given[second].at > FAR:
                continue
            if any(second < middle < first for _, middle in sure[left + 1 : right]):
                near = math.exp(-(aligned.own[two].at - aligned.own[one].at) / (2 * REACH))
                weight = rarity(aligned.own[one]) * rarity(aligned.own[two])
                worst = max(worst, near * weight)
    return worst
