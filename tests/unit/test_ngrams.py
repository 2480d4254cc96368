"""A text as weighted sequences of characters, each with its place."""

from __future__ import annotations

import math

import pytest

from kb.text.ngrams import ngrams, uniform, weigh


def grams(text: str) -> set[str]:
    return {gram for gram, _, _ in ngrams(uniform(text))}


def test_sequences_stay_within_a_word_and_mark_its_ends() -> None:
    assert grams("apt x") >= {" a", "apt", " apt", "pt ", " x", " x "}
    assert not any("t x" in gram for gram in grams("apt x"))


def test_a_blank_between_ascii_and_japanese_makes_no_difference() -> None:
    assert grams("apt で入れる") == grams("ＡＰＴで入れる")


def test_a_sequence_has_its_place() -> None:
    text = "we use R"
    assert {text[start:end] for gram, start, end in ngrams(text) if gram == "use"} == {"use"}
    assert {text[start:end] for gram, start, end in ngrams(text) if gram == " r "} == set()
    assert {text[start:end] for gram, start, end in ngrams(uniform(text)) if gram == " r "}


@pytest.mark.parametrize("text", ["Ａpt", "ｶﾞｲﾄﾞ", "㍿ ①", "", "é\u0301"])
def test_uniform_keeps_the_length(text: str) -> None:
    assert len(uniform(text)) == len(text)


def test_weights_are_of_length_one_and_grow_with_rarity_and_number() -> None:
    weights = weigh("ab ab cd", {" ab": 1.0, " cd": 1.0, "xyz": 9.0})
    twice = 1 + math.log(2)
    length = math.hypot(twice, 1.0)
    assert weights == pytest.approx({" ab": twice / length, " cd": 1 / length})
    assert weigh("nothing known", {}) == {}
