"""Signals to an outcome or a question back: one of them always, and the stronger condition wins."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from kb.pattern.decide import Verdict, decide_signals
from kb.pattern.patterns import load_model
from kb.records import SIDES, Raised

IDS = [signal.id for signal in load_model().signals]
SUBSETS = 4
"""Every combination of so many signals is tried; of larger ones a sample."""


def decides_once(verdict: Verdict) -> bool:
    """One outcome or one question; the last rule of the path decided, and it alone fits."""
    fits = [step.rule for step in verdict.path if step.fits]
    one = (verdict.outcome is None) != (verdict.question is None)
    return one and fits == [verdict.rule.id] == [verdict.path[-1].rule]


def test_every_combination_has_one_outcome_or_one_question() -> None:
    for size in range(SUBSETS + 1):
        for signals in combinations(IDS, size):
            assert decides_once(decide_signals(signals)), signals


def test_so_have_large_ones() -> None:
    chance = random.Random(4)  # the same ones each time
    for _ in range(5_000):
        signals = chance.sample(IDS, chance.randint(SUBSETS + 1, len(IDS)))
        assert decides_once(decide_signals(signals)), signals


def test_with_a_side_the_outcome_is_of_that_side() -> None:
    for signals in combinations(sorted(set(IDS) - set(SIDES)), 2):
        for side in SIDES:
            outcome = decide_signals({*signals, side}).outcome
            assert outcome is None or outcome.id == "none" or outcome.id.startswith(side)


def test_an_unknown_signal_fails_by_name() -> None:
    with pytest.raises(KeyError, match="apt"):
        decide_signals({"apt"})


@pytest.mark.parametrize(
    ("signals", "outcome"),
    [
        ("training pip_packages", "none"),
        ("pip_packages", "none"),
        ("inference pip_packages private_index no_internet", "none"),
        ("training shell_entry", "none"),
        ("processing", "none"),
        ("llm", "none"),
        ("multi_model gpu", "none"),
        ("inference tensorflow_serving pip_packages no_internet", "none"),
        ("training distributed aws_image_complete", "none"),
        ("training no_internet aws_image_complete", "none"),
        ("training pip_packages no_internet", "training-1"),
        ("training pip_packages private_index network_isolation", "training-1"),
        ("training pip_packages slow_start", "training-1"),
        ("training os_packages pip_packages", "training-1"),
        ("distributed", "training-1"),
        ("training debugger", "training-1"),
        ("training own_base os_packages", "training-2"),
        ("training own_base distributed", "training-2"),
        ("training own_build", "training-2"),
        ("training version_missing os_packages", "training-2"),
        ("training small_image", "training-2"),
        ("training other_language own_base", "training-3"),
        ("training unchanged_image own_base pip_packages", "training-3"),
        ("training full_control", "training-3"),
        ("inference os_packages serverless", "inference-1"),
        ("inference slow_start", "inference-1"),
        ("inference own_base handlers", "inference-2"),
        ("multi_model", "inference-2"),
        ("inference training_only handlers", "inference-2"),
        ("own_server", "inference-3"),
        ("own_server own_base", "inference-3"),
        ("inference small_image", "inference-3"),
        ("inference other_language", "inference-3"),
        ("llm own_base", "inference-3"),
        ("inference unchanged_image", "inference-3"),
    ],
)
def test_the_stronger_condition_wins(signals: str, outcome: str) -> None:
    found = decide_signals(signals.split()).outcome
    assert found is not None
    assert found.id == outcome


@pytest.mark.parametrize(
    ("signals", "question", "number"),
    [
        ("os_packages", "side", "1"),
        ("own_base", "side", "2"),
        ("other_language", "side", "3"),
        ("training inference os_packages", "side", "1"),
        ("small_image", "side", ""),
        ("training_only", "side", ""),
        ("training some_packages", "kind", ""),
        ("training version_unknown", "version", ""),
        ("", "need", ""),
        ("training", "need", ""),
    ],
)
def test_what_is_missing_is_asked_for(signals: str, question: str, number: str) -> None:
    verdict = decide_signals(signals.split())
    assert verdict.question is not None
    assert verdict.question.id == question
    assert verdict.number == number


@pytest.mark.parametrize("question", load_model().questions, ids=lambda question: question.id)
def test_each_choice_of_a_question_leads_on(question: object) -> None:
    asked = load_model().question[question.id]  # type: ignore[attr-defined]
    before = {"side": ["os_packages"], "kind": ["some_packages"], "version": ["version_unknown"]}
    for signal in asked.raises:
        after = decide_signals([*before.get(asked.id, []), signal])
        assert after.question is None or after.question.id != asked.id


def test_a_decision_names_what_decided_first() -> None:
    verdict = decide_signals({"training", "pip_packages", "own_base"})
    raised = [Raised("training", "学習"), Raised("pip_packages", "pip"), Raised("own_base", "社内")]
    decision = verdict.decision(raised)
    assert decision is not None
    assert [one.signal for one in decision.raised] == ["own_base", "pip_packages", "training"]
    assert decision.rule == "own-base"
    assert decide_signals(set()).decision() is None


@pytest.mark.parametrize(
    ("signals", "pattern"),
    [
        ({"handlers"}, "none"),
        ({"inference", "handlers", "own_base"}, "inference-2"),
        ({"llm", "own_build"}, "inference-2"),
        ({"llm", "version_missing"}, "inference-2"),
        ({"training", "no_internet", "aws_image_fits"}, "none"),
        ({"training", "no_internet", "aws_image_fits", "pip_packages"}, "training-1"),
        ({"inference", "multi_model", "aws_image_complete"}, "none"),
    ],
)
def test_what_weighs_more(signals: set[str], pattern: str) -> None:
    outcome = decide_signals(signals).outcome
    assert outcome is not None
    assert outcome.id == pattern
