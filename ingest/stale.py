"""Stale: claims of the evidence list that were true on a day, and that day is long ago.

Takes `Evidence`, gives those to look at again, the oldest first. A claim on a bug or on what a
version can do holds until somebody mends it; it carries the day it was checked, in the field
`checked` or in its words (“checked on 30 November 2026”). Claims without a day stand on sources at
a fixed commit and do not age. Knows nothing about notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ingest.evidence import Evidence

AGE = timedelta(days=90)
"""A claim that was checked longer ago is looked at again: the SDK has had a release about every
week, so that an open bug is often mended within a quarter."""
_DAY = re.compile(
    r"(?:checked|looked into)(?:[^().]|\.\d)*?(\d{1,2} [A-Z][a-z]+ 20\d\d|20\d\d-\d\d-\d\d)"
)


@dataclass(frozen=True, slots=True)
class Dated:
    """A claim and the day it was last checked."""

    evidence: Evidence
    checked: date


def dated(evidence: Iterable[Evidence]) -> list[Dated]:
    """The claims that carry a day, the oldest first."""
    found = [Dated(entry, day) for entry in evidence if (day := _day(entry)) is not None]
    return sorted(found, key=lambda one: (one.checked, one.evidence.id))


def stale(evidence: Iterable[Evidence], today: date) -> list[Dated]:
    """Those of them that were checked more than `AGE` before `today`."""
    return [one for one in dated(evidence) if today - one.checked > AGE]


def _day(entry: Evidence) -> date | None:
    if entry.checked is not None:
        return entry.checked
    days = [_read(found) for found in _DAY.findall(" ".join(entry.claim.split()))]
    return max((day for day in days if day is not None), default=None)


def _read(text: str) -> date | None:
    for form in ("%d %B %Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None
