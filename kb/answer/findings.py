"""Findings: what a review that stands as an answer says, line by line.

Takes a `Standing` answer, gives its findings; empty where it is no review. Knows nothing about
forms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kb.answer.standing import Standing
from kb.messages import message
from kb.records import Sentence


@dataclass(frozen=True, slots=True)
class Finding:
    """What a review says of one line."""

    place: str
    """`**Line 2** ...`, as it leads its statement."""
    reasons: tuple[Sentence, ...]
    fix: Sentence
    blocks: tuple[Sentence, ...]


def findings_of(standing: Standing) -> list[Finding]:
    """The findings of a review: a place, its statements, what to write instead."""
    fix = message("review_fix", standing.answer.language)
    found: list[Finding] = []
    reasons: list[Sentence] = []
    for sentence in standing.answer.sentences:
        if sentence.lead == fix:
            place = next((r.lead for r in reasons if r.lead), "")
            found.append(Finding(place, tuple(reasons), sentence, ()))
            reasons = []
        elif found and not reasons and sentence.text.startswith("```") and not sentence.citations:
            found[-1] = replace(found[-1], blocks=(*found[-1].blocks, sentence))
        elif sentence.marker[:1].isdigit():
            reasons = [sentence]
        elif reasons:
            reasons.append(sentence)
    return found
