"""A katakana word is known by the English word that it was taken from."""

from __future__ import annotations

import pytest

from kb.text.sounds import likeness, sound


@pytest.mark.parametrize(
    ("kana", "english"),
    [
        ("クラスタ", "cluster"),
        ("リリース", "release"),
        ("サーバー", "server"),
        ("イメージ", "image"),
        ("スケジューラ", "scheduler"),
        ("チェックポイント", "checkpoint"),
        ("ファームウェア", "firmware"),
        ("ユーザー", "user"),
        ("バージョン", "version"),
        ("レジストリ", "registry"),
        ("スレッド", "thread"),
        ("クォータ", "quota"),
    ],
)
def test_words_that_were_taken_over_sound_alike(kana: str, english: str) -> None:
    assert likeness(kana, english) >= 60


@pytest.mark.parametrize(
    ("kana", "english"),
    [("クラスタ", "release"), ("リリース", "registry"), ("タグ", "together"), ("ログ", "login")],
)
def test_other_words_do_not(kana: str, english: str) -> None:
    assert likeness(kana, english) == 0


@pytest.mark.parametrize("word", ["", "a", "ア", "ー", "ッ", "気温", "…"])
def test_what_has_no_two_sounds_is_like_nothing(word: str) -> None:
    assert sound(word) == ("", "")
    assert likeness(word, word) == 0
