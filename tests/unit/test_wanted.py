"""What a question asks for, as far as the first sentence depends on it."""

from __future__ import annotations

import pytest

from kb.answer.wanted import asks_number, frameworks, other_framework


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("How many hyperparameters may a job have?", True),
        ("What is the maximum payload?", True),
        ("停止してから何秒で kill される？", True),
        ("値の上限は？", True),
        ("Why does my container stop?", False),
        ("requirements.txt はどこに置く？", False),
    ],
)
def test_a_number_is_asked_for(question: str, number: bool) -> None:
    assert asks_number(question) is number


def test_frameworks_are_known_by_their_usual_names() -> None:
    assert frameworks("sklearn と PyTorch") == {"scikit-learn", "pytorch"}
    assert frameworks("a container") == frozenset()


@pytest.mark.parametrize(
    ("question", "sentence", "other"),
    [
        ("Our XGBoost image", "The PyTorch images end with 2.6.", True),
        ("Our XGBoost image", "PyTorch and XGBoost images differ.", False),
        ("Our XGBoost image", "Images hold the toolkit.", False),
        ("Our image", "The PyTorch images end with 2.6.", False),
        ("The Hugging Face image", "The PyTorch images end with 2.6.", False),
    ],
)
def test_a_sentence_on_another_framework_alone_is_none_for_this_case(
    question: str, sentence: str, other: bool
) -> None:
    assert other_framework(question, sentence) is other
