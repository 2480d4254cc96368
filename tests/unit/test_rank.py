"""The order of what was found: a linear score, and which side of the house a text is on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb.search import rank


@pytest.mark.parametrize(
    ("text", "facet"),
    [
        ("学習ジョブの後始末", "training"),
        ("How many hyperparameters may a job have?", "training"),
        ("/ping は何秒以内？", "inference"),
        ("Which port does an endpoint use?", "inference"),
        ("学習と推論で同じイメージを使える？", ""),
        ("How do I push an image?", ""),
        ("", ""),
    ],
)
def test_a_text_is_on_training_on_inference_or_on_neither(text: str, facet: str) -> None:
    assert rank.facet(text) == facet


def test_facets_differ_only_where_both_sides_are_clear() -> None:
    assert rank.facets_differ("学習ジョブ", "エンドポイント") == 1
    assert rank.facets_differ("学習ジョブ", "training job") == 0
    assert rank.facets_differ("学習ジョブ", "イメージの push") == 0


def test_the_score_is_linear() -> None:
    nothing = dict.fromkeys(rank.FEATURES, 0.0)
    weights = json.loads(Path(rank.__file__).with_name("rank_weights.json").read_text())
    assert set(weights) == set(rank.FEATURES)
    assert rank.score(nothing) == 0
    for name, weight in weights.items():
        assert rank.score({**nothing, name: 2.0}) == pytest.approx(2 * weight)


def test_what_the_searches_say_counts_for_a_group() -> None:
    nothing = dict.fromkeys(rank.FEATURES, 0.0)
    for name in ("question", "lexical", "coverage", "fused"):
        assert rank.score({**nothing, name: 1.0}) > 0


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("Dockerfile for training pattern 1", "Training pattern 3 > A Dockerfile", 1.0),
        ("学習パターン 1 の Dockerfile", "学習パターン3：すべて自分で書く", 1.0),
        ("パターン1と2の違いは？", "学習パターン2：自前のイメージ", 0.0),
        ("patterns 1 or 3?", "Pattern 3", 0.0),
        ("Dockerfile please", "Pattern 3", 0.0),
        ("pattern 1", "What a container must do", 0.0),
    ],
)
def test_the_number_of_another_pattern_is_told(one: str, other: str, differ: float) -> None:
    assert rank.numbers_differ(one, other) == differ
