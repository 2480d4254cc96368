"""Decide: signals of a case to the pattern that fits, or to one question back.

Takes the ids of signals (clicked in a form, or found in a text), gives a `Verdict`. Knows nothing
about words, indexes or how a verdict is shown. For a page without text:

    model = load_model()                     # kb.pattern.patterns
    model.in_groups()                        # groups with their signals, to draw a form
    verdict = decide_signals({"training", "os_packages"})
    verdict.outcome, verdict.question        # exactly one of them is set
    verdict.rule, verdict.path               # what decided, and every rule looked at before
    explain(verdict, (), index, "ja")        # kb.pattern.explain: proven sentences with citations
    comparison(index, "ja")                  # kb.pattern.explain: the seven outcomes side by side
    design_note(verdict, index, "ja")        # kb.pattern.explain: Markdown for a design document
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kb.pattern.patterns import Model, Outcome, Question, Rule, load_model
from kb.records import SIDES, Decision, PatternId, Raised, Side


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that was looked at on the way to the verdict."""

    rule: str
    fits: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """Exactly one of `outcome` and `question`, and how it came about."""

    signals: frozenset[str]
    """As given, and the side that they imply."""
    rule: Rule
    """The rule that decided; where only the side is open, the one that will decide."""
    path: tuple[Step, ...]
    """Every rule looked at, in order; the last one decided."""
    outcome: Outcome | None = None
    question: Question | None = None
    open: tuple[tuple[Side, PatternId], ...] = ()
    """Where only the side is open: what fits on each."""

    @property
    def side(self) -> Side:
        """The side that its statements are taken from; training where it makes no difference."""
        if self.outcome is not None and self.outcome.id.startswith("inference"):
            return "inference"
        known = [side for side in SIDES if side in self.signals]
        return known[0] if len(known) == 1 else "training"

    @property
    def number(self) -> str:
        """Where only the side is open: the number of the pattern when both agree on it."""
        numbers = {pattern[-1] for _, pattern in self.open}
        return numbers.pop() if len(numbers) == 1 else ""

    def decision(self, raised: Iterable[Raised] = ()) -> Decision | None:
        """The record that travels; the signals that decided come first."""
        if self.outcome is None:
            return None
        words = {r.signal: r for r in raised}
        ordered = sorted(words, key=lambda s: (s not in self.rule.named, s in SIDES))
        return Decision(self.outcome.id, tuple(words[s] for s in ordered), self.rule.id)


def decide_signals(signals: Iterable[str], model: Model | None = None) -> Verdict:
    """The verdict on a case. Raises KeyError for a signal that the model does not know."""
    model = model or load_model()
    given = frozenset(signals)
    implied = {model.signal[signal].implies for signal in given}
    sides = [side for side in SIDES if side in given] or [s for s in SIDES if s in implied]
    if len(sides) == 1:
        return _on_one_side(model, given | {sides[0]}, sides[0])
    return _on_both_sides(model, given)


def _on_one_side(model: Model, signals: frozenset[str], side: Side) -> Verdict:
    rule, path = _first(model, signals, side)
    if rule.ask is not None:
        return Verdict(signals, rule, path, question=model.question[rule.ask])
    pattern = rule.gives(side)
    assert pattern is not None
    return Verdict(signals, rule, path, outcome=model.outcome[pattern])


def _on_both_sides(model: Model, signals: frozenset[str]) -> Verdict:
    """The side is not known: one outcome where it makes no difference, else it is asked for."""
    bare = signals - set(SIDES)
    verdicts = {side: _on_one_side(model, bare | {side}, side) for side in SIDES}
    for verdict in verdicts.values():
        if verdict.question is not None:
            return Verdict(signals, verdict.rule, verdict.path, question=verdict.question)
    found = {side: v.outcome.id for side, v in verdicts.items() if v.outcome is not None}
    first = verdicts["training"]
    if set(found.values()) == {"none"}:
        return Verdict(signals, first.rule, first.path, outcome=first.outcome)
    return Verdict(
        signals,
        first.rule,
        first.path,
        question=model.question["side"],
        open=tuple(found.items()),
    )


def _first(model: Model, signals: frozenset[str], side: Side) -> tuple[Rule, tuple[Step, ...]]:
    """The first rule that fits; the last one always does (the model is checked for that)."""
    path: list[Step] = []
    for rule in model.rules:
        fits = rule.fits(signals, side)
        path.append(Step(rule.id, fits))
        if fits:
            return rule, tuple(path)
    raise AssertionError("the last rule takes every case")
