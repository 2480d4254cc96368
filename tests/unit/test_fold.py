"""Folded text keeps the place of every character in the original."""

from __future__ import annotations

import pytest

from kb.text.fold import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ＡＰＴ  で\n入れる", "aptで入れる"),
        ("ｶﾞｲﾄﾞ と ﾊﾟﾀｰﾝ１", "ガイドとパターン1"),
        ("か\u3099っこう", "がっこう"),
        ("zero\u200bwidth", "zerowidth"),
        ("Which one?", "which one?"),
        ("", ""),
    ],
)
def test_widths_case_and_blanks_are_folded(text: str, folded: str) -> None:
    assert fold(text).text == folded


@pytest.mark.parametrize(
    ("text", "found", "words"),
    [
        ("まず ＡＰＴ で入れる", "apt", "ＡＰＴ"),
        ("ﾊﾟﾀｰﾝ１ですか", "パターン", "ﾊﾟﾀｰﾝ"),
        ("Python は入れたくない方針", "入れたくな", "入れたくない"),
        ("unmodifiable images", "modif", "unmodifiable"),
        ("C++ で書いた", "c++", "C++"),
    ],
)
def test_words_are_cut_from_the_original_whole(text: str, found: str, words: str) -> None:
    folded = fold(text)
    at = folded.text.index(found)
    assert folded.words(at, at + len(found)) == words
    assert words in text
