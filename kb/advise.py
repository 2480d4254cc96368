"""Advise: what a person says to the opening of an answer, a decision or one question back.

Takes the question, the turns before it and an index; gives `Advice`, or None where no decision is
wanted or the index cannot prove it. The signals come from the words (kb.cases), the choice from the
rules (kb.decide), the sentences from the notes (kb.explain). This is where they meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kb.cases import NOTHING, Case, read_case
from kb.compose import Citations, Draft
from kb.decide import Verdict, decide_signals
from kb.explain import Explained, explain
from kb.index import Index
from kb.lean import Lean
from kb.rank import facet
from kb.records import Decision, Language, PatternId, Raised, Turn
from kb.text import search_tokens
from kb.words import mentions

_FURTHER = 3
"""Statements that follow a decision at most: they answer what else was asked."""
Propose = Callable[[str], Sequence[Raised]]
"""Signals that a chat model finds in a question, checked; see kb.propose."""


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
    leaning: Lean = NOTHING,
    propose: Propose | None = None,
) -> Advice | None:
    """The decision on the case that the question brings, or goes on with."""
    case = read_case(
        question,
        history,
        knows=lambda word: all(map(index.lexical.knows, search_tokens(word))),
        leaning=leaning,
    )
    if case is None:
        return None
    verdict = decide_signals(case.signals)
    if verdict.rule.ask is not None and propose is not None:
        # The words that we know leave the case open; a chat model may know others.
        case = _with_proposed(case, propose(question))
        verdict = decide_signals(case.signals)
    if not case.is_own and verdict.rule.ask is not None and not _tells(verdict):
        return None
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
    known = {raised.signal for raised in case.raised}
    new = (one for one in proposed if one.signal not in known)
    return replace(case, raised=(*case.raised, *new))


def _tells(verdict: Verdict) -> bool:
    """The case names what its question back is about, so that the question makes sense."""
    return bool(set(verdict.rule.named) & verdict.signals)


def further(
    drafts: Sequence[Draft], citations: Citations, query: str, pattern: PatternId | None
) -> list[Draft]:
    """The first statements that are not quoted yet, and not on the side that is not meant.

    Code and tables come along only when asked for.
    """
    wanted, side = mentions(query, "sample"), (pattern or "").partition("-")[0]
    if side in ("training", "inference"):
        drafts = [draft for draft in drafts if facet(draft.text) in ("", side)]
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
