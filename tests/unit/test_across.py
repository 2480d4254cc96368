"""Words of a question in the words of a page in the other language."""

from __future__ import annotations

from pathlib import Path

from kb.search.across import Across, pairs_in, save, sounds_of

WORDS = sounds_of(
    ["cluster", "release", "checkpoint", "gpu", "チェックポイント", "クラスタ", "ノード"]
)


def test_a_katakana_word_leads_to_the_latin_one_that_sounds_like_it() -> None:
    found = Across(WORDS, ()).counterparts("リリースの手順")
    assert found["リリース"] == {"release"}
    assert "手順" not in found


def test_a_latin_word_leads_to_the_katakana_one() -> None:
    assert Across(WORDS, ()).counterparts("old checkpoints")["checkpoint"] == {"チェックポイント"}


def test_a_compound_is_met_by_its_two_halves() -> None:
    found = Across(WORDS, ()).counterparts("クラスタリリース")
    assert {"cluster", "release"} <= found["クラスタリリース"]


def test_a_word_that_no_document_has_leads_nowhere() -> None:
    assert Across(WORDS, ()).counterparts("ホテル hotel") == {}


def test_names_that_stand_side_by_side_are_each_other() -> None:
    text = "tsubaki（椿）を使う\n| 大型枠 | big slot / large slot | 33 GPU 以上 |\n"
    assert set(pairs_in(text)) == {
        ("tsubaki", "椿"),
        ("大型枠", "big slot"),
        ("大型枠", "large slot"),
    }
    across = Across({}, pairs_in(text))
    assert across.counterparts("who may use tsubaki?") == {"tsubaki": {"椿"}}
    assert across.names_in("椿の大型枠") == ["椿", "大型枠"]
    assert across.names_in("tsubakix") == []


def test_brackets_in_one_language_pair_nothing() -> None:
    assert list(pairs_in("the cluster (tsubaki) and 基盤（土台）, f(x), 図（a|b）")) == []


def test_pairs_are_kept_with_the_version(tmp_path: Path) -> None:
    save(WORDS, [("椿", "tsubaki"), ("椿", "tsubaki")], tmp_path)
    kept = Across.load(tmp_path)
    assert kept.counterparts("椿") == {"椿": {"tsubaki"}}
    assert kept.counterparts("リリース")["リリース"] == {"release"}
