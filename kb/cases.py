"""Cases: what a person wants decided, over all that they said.

Takes the question and the turns before it, gives a `Case` with each signal and the words that
raised it, or None when the person asks for something else: a definition, a comparison, the cause of
an error, how to do something. Knows nothing about rules or outcomes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kb.case_words import holds
from kb.fold import Mend, fold
from kb.lean import Lean
from kb.patterns import SIDES, Model, load_model
from kb.records import Raised, Turn
from kb.signals import Signals, find_signals, mender

Wish = Literal["decision", "told", "other"]
"""A decision is asked for; a case is told without asking; something else, or nothing, is asked."""
_TURNS = 6
"""Earlier messages of the person that are read, the last ones."""
_LONGEST = 1_200
"""Characters of a message that are read."""
_CLAUSE = re.compile(r"[。、！？!?;；\n]|[.,:](?= )")
_HARDLY, _DOUBTFUL, _UNLIKELY, _SETTLED, _LIKELY = 0.03, 0.1, 0.3, 0.4, 0.5
_CONVINCING, _CERTAIN = 0.6, 0.9
"""Likelihoods of a decision being wanted; the weaker the words ask for one, the more is needed."""
_TRUSTED, _TRUSTED_ALONE, _IMPROBABLE = 0.5, 0.35, 0.06
"""Likelihoods of a condition: taken from the meaning of a question beside what its words tell, and
where they tell nothing; and not believed. Chosen on held-out fifths of our own cases."""
_LOOSE = frozenset(
    (
        "own_server",
        "unchanged_image",
        "version_missing",
        "full_control",
        "small_image",
        "slow_start",
    )
)
"""Signals that are told in so many ways that their words are met elsewhere, too."""
_KINDS = frozenset(("pip_packages", "os_packages"))
_MEANT = 0.5
"""Likelihood of a condition from which a case that is told, or brought along, wants a decision."""
NOTHING = Lean()


@dataclass(frozen=True, slots=True)
class Case:
    """What a person wants decided."""

    raised: tuple[Raised, ...]
    is_own: bool
    """They speak of their own case, so that a question back makes sense even without a signal."""
    asked: bool = True
    """A decision was asked for, rather than a case told."""

    @property
    def signals(self) -> frozenset[str]:
        return frozenset(raised.signal for raised in self.raised)


@dataclass(frozen=True, slots=True)
class _Said:
    """One message."""

    wish: Wish
    signals: Signals
    asks: bool
    """It ends as a question does."""
    is_other: bool
    """Its words ask for something else than a decision."""
    is_plain: bool
    """It asks in plain words which way to take."""
    is_own: bool
    goes_on: bool
    """Its words go on with what was said before."""

    @property
    def raised(self) -> tuple[Raised, ...]:
        return tuple(self.signals.raised.values())


def read_case(
    question: str,
    history: Sequence[Turn] = (),
    *,
    model: Model | None = None,
    knows: Callable[[str], bool] = lambda word: False,
    leaning: Lean = NOTHING,
) -> Case | None:
    """The case that `question` brings or goes on with; None when no decision is asked for.

    `knows`: whether a word is one of the sources, and so no typo. `leaning`: what the meaning of
    the question leans to, where its words do not tell.
    """
    model = model or load_model()
    mend = mender(knows)
    earlier = [turn.content for turn in history if turn.role == "user"][-_TURNS:]
    case: Case | None = None
    for message in earlier:
        said = _read(message, model, mend)
        case = _after(case, said) or case
        if case is None and said.wish == "decision":  # it may be told later what it is about
            case = Case(said.raised, said.is_own)
    said = _read(question, model, mend, leaning)
    if not (case and _goes_on(said)):
        said = _leant(said, question, leaning)
    return _after(case, said)


def _leant(said: _Said, question: str, leaning: Lean) -> _Said:
    """What the meaning tells beyond the words.

    A condition that no word named is taken, one that a loose word named against all likelihood is
    not.
    """
    signals = said.signals
    if said.wish != "decision" or not leaning.conditions or (leaning.asks or 0) < _LIKELY:
        return said
    raised = dict(signals.raised)
    likelihoods = dict(leaning.conditions)
    if "some_packages" in signals.raised:  # their kind is what must be asked
        likelihoods = {s: p for s, p in likelihoods.items() if s not in _KINDS}
    best = max(likelihoods, key=likelihoods.__getitem__)
    if best in raised and leaning.conditions[best] >= _TRUSTED:
        gone = [s for s in raised if s in _LOOSE and leaning.conditions.get(s, 1.0) < _IMPROBABLE]
        raised = {signal: words for signal, words in raised.items() if signal not in gone}
    is_sure = said.is_plain or (leaning.asks or 0) >= _CERTAIN
    limit = _TRUSTED if signals.decides else _TRUSTED_ALONE if is_sure else 1.0
    if best not in raised and best not in signals.denied and leaning.conditions[best] >= limit:
        clauses = [part.strip() for part in _CLAUSE.split(question)]
        raised[best] = Raised(best, max(clauses, key=len))
    return replace(said, signals=replace(signals, raised=raised))


def _after(case: Case | None, said: _Said) -> Case | None:
    """The case that a message leaves; None when the message wants no decision."""
    if case is not None and _goes_on(said):
        return _merged(case, said)
    if said.wish == "decision" and (said.signals.decides or said.is_own):
        return Case(said.raised, said.is_own)
    if said.wish == "told" and said.signals.decides:
        return Case(said.raised, is_own=True, asked=False)
    return None


def _goes_on(said: _Said) -> bool:
    """A condition more, the other side, a correction, or the same question again."""
    told = bool(said.signals.raised or said.signals.denied)
    if said.wish == "decision":
        stands_alone = said.signals.decides and said.signals.names_side
        return said.goes_on or (told and not stands_alone)
    if said.wish == "other":
        return told and not said.is_other and (said.goes_on or not said.asks)
    return told


def _merged(case: Case, said: _Said) -> Case:
    """The case with what was said since; a side takes the place of the other one."""
    gone = set(said.signals.denied)
    if len(said.signals.raised.keys() & set(SIDES)) == 1:
        gone |= set(SIDES)
    kept = {r.signal: r for r in case.raised if r.signal not in gone}
    return Case(tuple({**kept, **said.signals.raised}.values()), is_own=True)


def _read(message: str, model: Model, mend: Mend, leaning: Lean = NOTHING) -> _Said:
    likely = leaning.asks
    folded = fold(message[:_LONGEST], mend)
    signals, text = find_signals(folded, model), folded.text
    is_other = holds("other", text) or holds("general", text)
    is_meant = signals.decides and max(leaning.conditions.values(), default=0.0) >= _MEANT
    wish = _wish(text, likely, signals.decides, is_meant=is_meant)
    asks_surely = holds("decision", text) and likely is not None and likely >= _CERTAIN
    if wish == "decision" and holds("general", text) and not signals.decides:
        wish = "other"
    return _Said(
        wish,
        signals,
        asks=holds("asks", text),
        is_other=is_other,
        is_plain=holds("plainly", text),
        is_own=holds("own", text) and (holds("plainly", text) or asks_surely),
        goes_on=holds("opening", text) and not holds("new_subject", text),
    )


def _wish(text: str, likely: float | None, decides: bool, *, is_meant: bool) -> Wish:
    """What the words ask for; `likely`, where known, settles what they leave open.

    `is_meant`: words name a condition that decides, and the whole message means one.
    """
    named = holds("named", text)
    if decides and holds("which", text):
        return "decision"
    if holds("plainly", text) and (named or likely is None or likely >= _UNLIKELY):
        return "decision"
    asks_other = holds("other", text) or holds("general", text)
    # People ask in any words: what now, is that all, do I have to; or tell the case alone.
    enough = _CONVINCING if decides and not asks_other else _CERTAIN
    if likely is not None and likely >= enough and (decides or named or not asks_other):
        return "decision"
    if asks_other:
        return "other"
    needed = _SETTLED if holds("symptom", text) else _DOUBTFUL
    if holds("decision", text) and (likely is None or likely >= needed):
        return "decision"
    if holds("symptom", text):
        return "other"
    if is_meant and (holds("bring", text) or (holds("need", text) and not holds("asks", text))):
        return "decision"
    if likely is not None and likely >= _LIKELY:
        return "told"
    if holds("whether", text):
        return "other"
    is_need = holds("just", text) or (holds("need", text) and not holds("asks", text))
    return "told" if is_need and (likely is None or likely >= _HARDLY) else "other"
