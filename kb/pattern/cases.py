"""Cases: what a person wants decided, over all that they said.

Takes the question, the turns before it and an embedder, gives a `Case` with its signals and the
words that name them, or None when the person asks for something else: a definition, a comparison,
the cause of an error, how to do something. The reader (kb.reading.reader) tells what the
conversation means as a whole; a signal more is taken only where it leaves that meaning as it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from kb.errors import PatternsError
from kb.pattern.decide import Verdict, decide_signals
from kb.pattern.patterns import load_model
from kb.reading.reader import DENIES, Embed, Reader, Reading, Vector, load_reader
from kb.records import SIDES, Raised, Turn
from kb.search.embedding import Embedder
from kb.text.fold import without_unseen
from kb.text.ngrams import uniform

_TURNS = 6
"""Earlier messages of the person that are read, the last ones."""
_LONGEST = 1_200
"""Characters of a message that are read."""
_WANTED, _SURE = 0.5, 0.8
"""Likelihoods of a decision being wanted: taken for a case; and so, whatever the scope says."""
_ASK = 1.1
"""What a question back counts more than its likelihood: it costs a person less than a wrong way."""
_DENIED = 0.3
"""Likelihood from which a message takes something back."""
_NAMED = 0.5
"""Likelihood from which a message names a signal."""
_ELLIPSIS = (
    r"(?:(?:じゃあ?|で|は|それで|and|so|then|ok|what about|how about|for)[、,]? ?)*+(?:the )?"
)
_REST = r"(?:の場合|側|のほう|の方|だと|で|なら|は|です|の|side|part|one| )*+[?？。.!]*"
_PARTS: Mapping[str, tuple[str, ...]] = {"nothing": (), "multi_model_gpu": ("multi_model", "gpu")}
"""Conditions of the fitted reader that are no single signal of the model: names in its weights."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a person wants decided."""

    signals: frozenset[str]
    raised: tuple[Raised, ...]
    """Those of them that words name."""
    asked: bool = True
    """A decision is surely wanted."""


def read_case(
    question: str,
    history: Sequence[Turn],
    embedder: Embedder,
    vectors: Mapping[str, Vector] | None = None,
    reader: Reader | None = None,
) -> Case | None:
    """The case that `question` brings or goes on with; None when no decision is wanted.

    `vectors`: what `embedder` gives for texts, where that is known already.
    """
    reader = reader or load_reader()
    embed = reader.features_by(embedder, vectors or {})
    said = [turn.content for turn in history if turn.role == "user"][-_TURNS:]
    messages = [without_unseen(message[:_LONGEST]) for message in (*said, question)]
    case, before = None, None
    for place in range(len(messages)):
        case = _read(messages[: place + 1], before, reader, embed)
        before = case or before  # a word of thanks ends no case
    return case


def _read(
    messages: Sequence[str], before: Case | None, reader: Reader, embed: Embed
) -> Case | None:
    """The case that the last message brings or goes on with; `before`: the one before it."""
    *earlier, question = messages
    if before is not None and (known := _known(question)):
        return _with(before, (known,), {known: question.strip()})
    reading = reader.read(question, earlier, embed)
    if reading.asks < _WANTED:
        return None
    named = reader.signals(question, embed)
    told = [signal for signal, likely in named.items() if likely >= _NAMED and signal != DENIES]
    sides = {*told} & set(SIDES)
    adds = bool(told) and named[DENIES] < _DENIED
    if before is not None and adds and (not sides or set(told) <= set(SIDES)):
        words = {signal: reader.words(question, signal) for signal in told}
        return replace(_with(before, told, words), asked=reading.asks >= _SURE)
    if before is not None and not sides:
        sides = {*before.signals} & set(SIDES)
    if len(sides) == 1:
        reading = replace(reading, sides=dict.fromkeys(sides, 1.0))
    signals = _with_named(_meant(reading), told)
    words = {raised.signal: raised.words for raised in before.raised} if before else {}
    for signal in signals:
        if signal in told or signal not in words:
            words[signal] = reader.words(question, signal)
    return _case(signals, words, asked=reading.asks >= _SURE)


def _meant(reading: Reading) -> frozenset[str]:
    """The signals of the likeliest condition of the likeliest outcome, with the side."""
    outcomes: dict[str, float] = defaultdict(float)
    ways: dict[str, list[tuple[float, frozenset[str]]]] = defaultdict(list)
    for condition, likely in reading.conditions.items():
        parts = _PARTS.get(condition, (condition,))
        if unknown := set(parts) - set(load_model().signal):
            raise PatternsError(
                f"The reader knows a condition that patterns.yaml does not: {', '.join(unknown)}. "
                "Fit it anew: python -m evals.fit.reader."
            )
        for side, share in reading.sides.items():
            signals = frozenset((*parts, *([side] if side else ())))
            outcome = _outcome(signals)
            outcomes[outcome] += likely * share * (_ASK if outcome == "" else 1.0)
            ways[outcome].append((likely * share, signals))
    best = max(outcomes, key=outcomes.__getitem__)
    return max(ways[best], key=lambda way: way[0])[1]


def _with_named(signals: frozenset[str], told: Iterable[str]) -> frozenset[str]:
    """The signals and those that the message names, as far as the verdict stays the same."""
    wanted = _verdict(signals)
    for signal in told:
        if signal in SIDES and signals & set(SIDES):
            continue
        found = _verdict(signals | {signal})
        if (found.rule, found.outcome, found.question) == (
            wanted.rule,
            wanted.outcome,
            wanted.question,
        ):
            signals |= {signal}
    return signals


def _with(case: Case, told: Collection[str], words: Mapping[str, str]) -> Case:
    """The case with what was told since; a side takes the place of the other one."""
    gone = set(SIDES) if len(set(SIDES) & set(told)) == 1 else set()
    said = {raised.signal: raised.words for raised in case.raised}
    said |= {signal: words[signal] for signal in told}
    return _case((case.signals - gone) | set(told), said)


def _case(signals: frozenset[str], words: Mapping[str, str], *, asked: bool = True) -> Case:
    """In the model's order; a signal without words is not shown."""
    raised = (Raised(s, words[s]) for s in load_model().signal if s in signals and words.get(s))
    return Case(signals, tuple(raised), asked)


def _known(message: str) -> str | None:
    """The signal behind a choice that was clicked, or a message that names but a side."""
    text = uniform(message).strip()
    sides = (side for side, pattern in _alone().items() if pattern.fullmatch(text))
    return _choices().get(text) or next(sides, None)


def chosen(message: str) -> str | None:
    """The signal of a choice of a question back, where the message is exactly one."""
    return _choices().get(uniform(message).strip())


@cache
def _alone() -> Mapping[str, re.Pattern[str]]:
    """Messages that ask the same for a side, or name it: “推論だと？”, “and for hosting?”."""
    return {
        signal.id: re.compile(rf"{_ELLIPSIS}(?:{signal.alone.pattern}){_REST}")
        for signal in load_model().signals
        if signal.alone is not None
    }


@cache
def _choices() -> Mapping[str, str]:
    """The signal behind each choice of a question back, by its folded text."""
    return {
        uniform(text).strip(): signal
        for question in load_model().questions
        for choices in (question.choices.ja, question.choices.en)
        for text, signal in zip(choices, question.raises, strict=True)
    }


@cache
def _verdict(signals: frozenset[str]) -> Verdict:
    return decide_signals(signals)


def _outcome(signals: frozenset[str]) -> str:
    """The id of the pattern; empty where a question back is due."""
    outcome = _verdict(signals).outcome
    return outcome.id if outcome else ""
