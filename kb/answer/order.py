"""Order: hits that speak of something beside the question go behind those that do not.

Takes hits, the question and the errors its message shows; gives the hits in the order in which an
answer draws on them. Three things set a section beside the question: it is about an error that
nobody reported, about the other side (training for inference), or about the other direction (a pull
for a push). It stays in front where nothing else comes near. Knows nothing about wording.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from kb.answer.wanted import direction
from kb.records import Hit
from kb.search import rank
from kb.search.wordings import Shown

_FITS = 0.1
"""Share of the best hit's score from which another one fits; further ones answer something else."""
_CONTRARY = 0.03
"""The same where the best hit speaks of the opposite of what was asked."""
_BEHIND = 0.5
"""Share of the score of the first hit that fits which those beside the question keep at most."""


def in_order(hits: Sequence[Hit], query: str, shown: Shown) -> list[Hit]:
    """The hits, those beside the question behind the first one that fits."""
    quiet = not shown.has_error and not rank.is_symptom(query)

    def unreported(hit: Hit) -> bool:
        return quiet and shown.fit(hit.group) == "absent"

    return _behind(
        _behind(list(hits), lambda hit: is_opposite(_heading(hit), query), _CONTRARY),
        unreported,
        _FITS,
    )


def is_opposite(text: str, question: str) -> bool:
    """The text names the other side than the question alone, or the other direction."""
    asked, told = direction(question), direction(text)
    return bool(rank.facets_differ(question, text) or (asked and told and asked != told))


def shares_side(text: str, question: str) -> bool:
    """The text names the very side or direction that the question names."""
    asked = {direction(question), rank.facet(question)} - {""}
    return bool(asked & {direction(text), rank.facet(text)})


def _heading(hit: Hit) -> str:
    return " ".join(dict.fromkeys(" ".join(chunk.heading) for chunk in hit.chunks))


def _behind(hits: list[Hit], is_beside: Callable[[Hit], bool], least: float) -> list[Hit]:
    """Those beside the question go behind the others, if one of these has its `least` share."""
    beside = [hit for hit in hits if is_beside(hit)]
    fit = [hit for hit in hits if hit not in beside]
    best = max((hit.score for hit in hits), default=0.0)
    if not beside or not fit or fit[0].score < least * best:
        return hits
    most = _BEHIND * fit[0].score
    return [*fit, *(replace(hit, score=min(hit.score, most)) for hit in beside)]
