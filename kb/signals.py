"""Signals: the conditions that one message names, with its own words, and those it takes back.

Takes a folded text and the decision model, gives what is raised and what is denied. Knows nothing
about conversations or rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rapidfuzz import process
from rapidfuzz.distance import OSA

from kb.case_words import holds, listed
from kb.fold import Folded, Mend
from kb.patterns import SIDES, Model, Signal
from kb.records import Raised

_CLAUSE = re.compile(r"[。、！？.;,!?()（）\n:：]")
_SENTENCE = re.compile(r"(?:[^。！？!?.\n]|\.(?! ))+")
_BEFORE, _AFTER = 48, 30
"""Characters around a word in which a negation of it is looked for."""
_MINOR = frozenset(
    (*SIDES, "gpu", "handlers", "sdk_v2", "sdk_v3", "serverless", "pipeline", "batch_only")
)
"""Signals that decide nothing by themselves."""
_VERSION = r"[ :=\-]{0,2}(?:version |v)?(?P<version>\d+(?:\.\d+)?)(?!\d*b\b)"


@dataclass(frozen=True, slots=True)
class Signals:
    """What one message says of its case."""

    raised: dict[str, Raised] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()

    @property
    def decides(self) -> bool:
        return bool(self.raised.keys() - _MINOR)

    @property
    def names_side(self) -> bool:
        return bool(self.raised.keys() & set(SIDES))


def find_signals(folded: Folded, model: Model) -> Signals:
    """The signals of a message, in the model's order."""
    raised: dict[str, Raised] = {}
    denied: set[str] = set()
    for signal in model.signals:
        words, is_denied = _find(signal, folded)
        if words:
            raised[signal.id] = Raised(signal.id, words)
        elif is_denied:
            denied.add(signal.id)
    if raised.keys() >= set(SIDES):
        passing = [side for side in SIDES if holds(f"passing_{side}", folded.text)]
        if len(passing) == 1:
            del raised[passing[0]]
    if not raised.keys() & {"version_missing", "version_unknown"}:
        raised.update(_versions(folded))
    return Signals(raised, frozenset(denied))


def mender(knows: Callable[[str], bool]) -> Mend:
    """Mends a typo: one edit away from a word that counts here, two from nine letters on.

    `knows`: whether a word is one of the sources, and so no typo.
    """
    words = listed("vocabulary").split()

    def mend(word: str) -> str:
        if word in words or knows(word):
            return word
        near = [known for known in words if known[0] == word[0]]  # people get the first one right
        edits = 1 if len(word) < 9 else 2
        best = process.extractOne(word, near, scorer=OSA.distance, score_cutoff=edits)
        return str(best[0]) if best else word

    return mend


def _find(signal: Signal, folded: Folded) -> tuple[str, bool]:
    """The words that raise a signal, and whether it is denied."""
    if any(pattern.search(folded.text) for pattern in signal.denied):
        return "", True
    for pattern in signal.phrases:
        if found := pattern.search(folded.text):
            return folded.words(*found.span()), False
    for row in signal.near:
        if span := _together(row, folded.text):
            return folded.words(*span), False
    negated = False
    for pattern in signal.words:
        for found in pattern.finditer(folded.text):
            if not _is_negated(folded.text, *found.span()):
                return folded.words(*found.span()), False
            negated = True
    return "", negated


def _together(row: Sequence[re.Pattern[str]], text: str) -> tuple[int, int] | None:
    """Where all patterns of a row stand in one sentence, from the first to the last of them."""
    for sentence in _SENTENCE.finditer(text):
        found = [pattern.search(text, *sentence.span()) for pattern in row]
        spans = [one.span() for one in found if one is not None]
        if len(spans) == len(row):
            return min(start for start, _ in spans), max(end for _, end in spans)
    return None


def _is_negated(text: str, start: int, end: int) -> bool:
    before = _CLAUSE.split(text[max(0, start - _BEFORE) : start])[-1]
    after = _CLAUSE.split(text[end : end + _AFTER])[0]
    if holds("negated_after", after):
        return True
    return holds("negated_before", before) and not holds("not_negated", before)


def _versions(folded: Folded) -> dict[str, Raised]:
    """A framework with a version: what AWS offers of it, for training and for inference."""
    for offered in listed("offered"):
        found = re.search(rf"(?<![a-z])(?:{offered['name']}){_VERSION}", folded.text, re.ASCII)
        if found:
            missing = {s: _number(found["version"]) > _number(offered[s]) for s in SIDES}
            signal = "version_offered"
            if missing["inference"]:
                signal = "version_missing" if missing["training"] else "training_only"
            return {signal: Raised(signal, folded.words(*found.span()))}
    return {}


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
