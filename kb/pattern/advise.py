"""Advise: what a person says to the opening of an answer, a decision or one question back.

Takes the question, the turns before it and an index; gives `Advice`, or None where no decision is
wanted or the index cannot prove it. The signals come from what was said (kb.pattern.cases), the
choice from the rules (kb.pattern.decide), the sentences from the notes (kb.pattern.explain). This
is where they meet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kb.answer.forms import other_framework
from kb.answer.quotes import Citations, Draft
from kb.pattern.cases import Case, read_case
from kb.pattern.decide import decide_signals
from kb.pattern.explain import Explained, explain
from kb.pattern.patterns import SIDES
from kb.reading.reader import Vector
from kb.records import Decision, Language, PatternId, Raised, Turn
from kb.search.embedding import Embedder
from kb.search.index import Index
from kb.search.rank import facet
from kb.text.words import mentions

_FURTHER = 3
"""Statements that follow a decision at most: they answer what else was asked."""
Propose = Callable[[str], Sequence[Raised]]
"""Signals that a chat model finds in a question, checked; see kb.writer.propose."""


@dataclass(frozen=True, slots=True)
class Advice:
    """How the answer opens: exactly one of `decision` and `clarify` is set."""

    opening: Explained
    decision: Decision | None
    clarify: str | None
    choices: tuple[str, ...]
    asked: bool = True
    """A decision was asked for, rather than a case told."""


def advise(
    question: str,
    history: Sequence[Turn],
    index: Index,
    language: Language,
    embedder: Embedder,
    vectors: Mapping[str, Vector],
    propose: Propose | None = None,
) -> Advice | None:
    """The decision on the case that the question brings, or goes on with.

    `vectors`: what `embedder` gives for texts, where that is known already.
    """
    case = read_case(question, history, embedder, vectors)
    if case is None:
        return None
    verdict = decide_signals(case.signals)
    if verdict.rule.ask is not None and propose is not None:
        # What we read leaves the case open; a chat model may read more.
        case = _with_proposed(case, propose(question))
        verdict = decide_signals(case.signals)
    opening = explain(verdict, case.raised, index, language)
    if opening is None:
        return None
    question_back = verdict.question
    return Advice(
        opening,
        verdict.decision(case.raised),
        question_back.asks.of(language) if question_back else None,
        question_back.choices.of(language) if question_back else (),
        case.asked,
    )


def _with_proposed(case: Case, proposed: Sequence[Raised]) -> Case:
    others = set(SIDES) - case.signals if case.signals & set(SIDES) else set()
    new = [one for one in proposed if one.signal not in {*case.signals, *others}]
    signals = case.signals | {one.signal for one in new}
    return replace(case, signals=signals, raised=(*case.raised, *new))


def further(
    drafts: Sequence[Draft], citations: Citations, query: str, pattern: PatternId | None
) -> list[Draft]:
    """The first statements that are not quoted yet, and not on a side or framework not meant.

    Code and tables come along only when asked for.
    """
    wanted, side = mentions(query, "sample"), (pattern or "").partition("-")[0]
    if side in ("training", "inference"):
        drafts = [draft for draft in drafts if facet(draft.text) in ("", side)]
    drafts = [draft for draft in drafts if not other_framework(query, draft.text)]
    kept: list[Draft] = []
    said = 0
    for place, draft in enumerate(drafts):
        leads_in = any(following.is_block for following in drafts[place + 1 : place + 2])
        if draft.is_block:
            if wanted and kept and kept[-1].chunk.order == draft.chunk.order:
                kept.append(draft)
        elif said < _FURTHER and (wanted or not leads_in) and not citations.holds(draft.chunk):
            kept.append(draft)
            said += 1
    return kept
