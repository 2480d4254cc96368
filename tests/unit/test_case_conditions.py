"""Conditions of an answer as surfaces show them."""

from __future__ import annotations

from dataclasses import replace

from kb.pattern.conditions import case_of, conditions, dropping, name_of
from kb.records import Condition
from tests.unit.test_conversations import ANSWER

OLD = replace(ANSWER, understood=(), patterns=())
SIDED = Condition("os_packages", "apt", side="inference")


def test_an_answer_that_does_not_say_shows_what_raised_its_decision() -> None:
    assert conditions(OLD) == (Condition("os_packages", "from apt"),)
    assert conditions(replace(OLD, decision=None)) == ()


def test_what_was_understood_counts_and_unknown_signals_are_left_out() -> None:
    understood = (SIDED, Condition("of_another_release", "x"))
    assert conditions(replace(OLD, understood=understood)) == (SIDED,)


def test_a_condition_is_named_with_its_side_and_taken_back_in_words() -> None:
    assert name_of(SIDED, "en") == "OS packages, tools or certificates (inference)"
    assert dropping(SIDED, "en") == "Drop the condition “OS packages, tools or certificates”"


def test_the_case_opens_in_the_form_without_what_was_dropped() -> None:
    assert case_of(OLD) == "training,os_packages"
    dropped = (Condition("own_base", "x", state="dropped"), SIDED)
    both = replace(OLD, understood=dropped, patterns=("training-1", "inference-1"))
    assert case_of(both) == "training,inference,os_packages"
