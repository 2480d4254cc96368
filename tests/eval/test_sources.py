"""The questions on other documents: what counts as right, and their figures."""

from __future__ import annotations

import pytest

from evals.intervals import wilson
from evals.metrics import fact_share
from evals.sources import (
    DATA,
    GIT,
    MORE,
    WORLD,
    Outcome,
    Question,
    figures,
    read_questions,
)
from tests.unit.world import world


def outcome(question: Question, *, cited: bool = True, declined: bool = False) -> Outcome:
    return Outcome(question, cited, cited, 1.0, False, declined, 0.1, "")


def test_a_third_of_the_questions_is_set_aside_in_both_languages() -> None:
    questions = [*read_questions(WORLD), *read_questions(GIT)]
    assert len(questions) >= 150
    aside = [q for q in questions if q.split == "test"]
    assert 0.25 <= len(aside) / len(questions) <= 0.4
    assert 0.4 <= sum(q.language == "ja" for q in questions) / len(questions) <= 0.6
    assert len({q.id for q in questions}) == len(questions)


def test_every_document_that_a_question_names_is_in_the_world() -> None:
    documents = world().documents
    for question in (*read_questions(WORLD), *read_questions(MORE)):
        for end in question.documents:
            assert any(name.endswith(end) for name in documents), (question.id, end)


def test_the_questions_for_fitting_have_their_facts_in_the_right_document() -> None:
    questions = read_questions(MORE)
    assert all(question.split == "tune" for question in questions)
    assert not {q.id for q in questions} & {q.id for q in read_questions(WORLD)}
    for question in questions:
        texts = [d.text for name, d in world().documents.items() if question.names(name)]
        assert fact_share("\n".join(texts), question.facts) == 1.0, question.id


def test_what_is_to_be_shown_stands_in_a_right_document() -> None:
    for question in read_questions(WORLD):
        if question.shows:
            texts = [d.text for name, d in world().documents.items() if question.names(name)]
            assert any(question.shows in text for text in texts), question.id


def test_a_question_that_no_document_answers_counts_for_declining_only() -> None:
    asked = Question("a", "en", "prose", "?", "tune", ("x.md",))
    absent = Question("b", "en", "absent", "?", "tune")
    found = figures([outcome(asked), outcome(absent, cited=False, declined=True)])
    assert found["cited"] == (1.0, 1)
    assert found["declined"] == (1.0, 1)


def test_the_interval_is_wilson_s() -> None:
    low, high = wilson(8, 10)
    assert (low, high) == pytest.approx((0.490, 0.943), abs=1e-3)


def test_nothing_of_the_world_is_ours() -> None:
    assert not (DATA / "world" / "notes").exists()
