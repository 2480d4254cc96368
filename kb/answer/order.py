"""Order: hits that speak of something beside the question go behind those that do not.

Takes hits, the question and the errors its message shows; gives the hits in the order in which an
answer draws on them. Three things set a section beside the question: it is about an error that
nobody reported, about the other side (training for inference), or about the other direction (a pull
for a push). It stays in front where nothing else comes near. Knows nothing about wording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kb.answer.wanted import direction
from kb.records import Hit
from kb.search import rank
from kb.search.wordings import Shown

_FITS = 0.1
"""Share of the best hit's score from which another one fits; further ones answer something else."""
_BEHIND = 0.5
"""Share of the score of the first hit that fits which those beside the question keep at most."""


def in_order(hits: Sequence[Hit], query: str, shown: Shown) -> list[Hit]:
    """The hits, those beside the question behind the first one that fits."""
    quiet = not shown.has_error and not rank.is_symptom(query)
    best = max((hit.score for hit in hits), default=0.0)
    aside = [is_beside(hit, query, shown, quiet=quiet) for hit in hits]
    fit = [hit for hit, beside in zip(hits, aside, strict=True) if not beside]
    if not fit or fit[0].score < _FITS * best:
        return list(hits)
    least = _BEHIND * fit[0].score
    moved = [
        replace(hit, score=min(hit.score, least))
        for hit, beside in zip(hits, aside, strict=True)
        if beside
    ]
    return [*fit, *moved]


def is_beside(hit: Hit, query: str, shown: Shown, *, quiet: bool) -> bool:
    """The hit is about another thing than the query. `quiet`: nothing is said to go wrong."""
    heading = " ".join(dict.fromkeys(" ".join(chunk.heading) for chunk in hit.chunks))
    unreported = quiet and shown.fit(hit.group) == "absent"
    asked = direction(query)
    other_way = asked and direction(heading) not in ("", asked)
    return bool(unreported or other_way or rank.facets_differ(query, heading))
