"""Verdict: the yes or no that opens an answer, where a yes or no was asked.

Takes a question and the chunks of the section that answers it, gives `yes`, `no` or nothing. What a
section answers to which question is data (verdicts.yaml): whether a sentence means yes depends on
how the question is put, and no model at hand tells it well enough to say it aloud (fitted on 186
pairs of question and sentence, half of the verdicts were wrong). So one is given only where the
question is one of those that have a verdict, in other words at most. Knows nothing about hits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from kb.answer.asked import kind_of
from kb.answer.candidates import telling
from kb.records import Chunk
from kb.text.normal import normalize
from kb.text.tokens import search_tokens
from kb.yaml_file import read_yaml

Verdict = Literal["yes", "no"]
_ALIKE = 0.6
"""Cosine of two questions' telling words from which they ask the same."""
_KNOWN = 0.85
"""Share of a question's telling words that the other and the answer hold: the rest may be what
makes it another question (“… on GPU?”)."""
_NEEDS = re.compile(
    r"\b(?:need(?:s|ed)?|ha(?:ve|s) to|must|should|required?|requires|mandatory|necessary)\b"
    r"|必要|要る|要り|いる[?？か]|べき|必須|(?:ない|なきゃ|なくちゃ)(?:と)?(?:ダメ|だめ|いけ)|ないと"
)
_DENIES = re.compile(
    r"\b(?:not|no|without|other than)\b|n't\b|n’t\b"
    r"|ずに|なし(?:で|に)|ない(?!と)(?=[のかで?？。、]|$)|ません|なくて"
)
_OPPOSITES = re.compile(r"\b(?:same|different|separate|another|own)\b|同じ|別の|違う|自前|独自")


@dataclass(frozen=True, slots=True)
class Known:
    """What the data says of one section."""

    heading: Verdict | None
    ways: Mapping[str, Verdict]


def verdict_on(
    question: str, section: Sequence[Chunk], weigh: Callable[[str], float]
) -> Verdict | None:
    """The verdict of a section on a question; None where the data does not tell it."""
    known = verdicts().get(section[0].group.removeprefix("note:")) if section else None
    if known is None or kind_of(question) != "yes_no":
        return None
    asked: dict[str, Verdict] = dict(known.ways)
    if known.heading is not None:
        asked |= {c.heading[-1]: known.heading for c in section if c.heading}
    own = telling(question, weigh)
    answer = frozenset(search_tokens(" ".join(c.text for c in section if c.kind == "statement")))
    best, verdict = _ALIKE, None
    for text, given in asked.items():
        other = telling(text, weigh)
        held = sum(w for token, w in own.items() if token in other or token in answer)
        if _form(text) != _form(question) or held < _KNOWN * sum(own.values()):
            continue
        alike = _cosine(own, other)
        if alike >= best:
            best, verdict = alike, given
    return verdict


def _form(text: str) -> tuple[bool, int, frozenset[str]]:
    """What turns a yes into a no: need or possibility, denial, sameness."""
    folded = normalize(text)
    denials = len(_DENIES.findall(folded)) % 2
    return bool(_NEEDS.search(folded)), denials, frozenset(_OPPOSITES.findall(folded))


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    dot = sum(weight * other[token] for token, weight in one.items() if token in other)
    size = math.sqrt(sum(w * w for w in one.values()) * sum(w * w for w in other.values()))
    return dot / size if size else 0.0


@cache
def verdicts() -> dict[str, Known]:
    """What the data says, by section."""
    rows = read_yaml(Path(__file__).with_name("verdicts.yaml"))
    return {
        section: Known(
            row.get("heading"),
            {text: given for given in ("yes", "no") for text in row.get(given, ())},
        )
        for section, row in rows.items()
    }
