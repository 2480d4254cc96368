"""What words leave open is settled by the pattern that a message means."""

from __future__ import annotations

import numpy as np
import pytest

from kb.pattern.settle import settle
from kb.reading.named import Told, sided, words_of
from kb.records import SIDES, Side


def told(signal: str, likely: float, words: str = "") -> Told:
    side: Side | None = next((side for side in SIDES if side == signal), None)
    return Told(signal, words or signal, 0, "holds", side, likely, likely)


def names(conditions: tuple[Told, ...]) -> set[str]:
    return {one.signal for one in conditions}


def test_what_is_sure_stays() -> None:
    holding = (told("training", 0.99), told("os_packages", 0.999))
    assert names(settle(holding, (), {"none": 0.9, "training-1": 0.05})) == names(holding)


def test_what_is_meant_decides_between_unsure_conditions() -> None:
    holding = (told("training", 0.99), told("pip_packages", 0.95))
    near = (told("os_packages", 0.4),)
    assert names(settle(holding, near, {"training-1": 0.9, "none": 0.05})) == {
        "training", "pip_packages", "os_packages",
    }  # fmt: skip
    assert names(settle(holding, near, {"training-1": 0.1, "none": 0.8})) == names(holding)


def test_an_unsure_condition_goes_where_nothing_means_it() -> None:
    holding = (told("training", 0.99), told("own_base", 0.55), told("pip_packages", 0.9))
    found = settle(holding, (), {"none": 0.9, "training-2": 0.02})
    assert names(found) == {"training", "pip_packages"}


def test_two_sides_are_told_apart_by_their_clauses() -> None:
    text = "training on our base, inference with apt"
    conditions = [
        Told("training", "training", 0, "holds", "training", 0.9),
        Told("own_base", "our base", 12, "holds", None, 0.9),
        Told("inference", "inference", 22, "holds", "inference", 0.9),
        Told("os_packages", "apt", 37, "holds", None, 0.9),
    ]
    sides = {one.signal: one.side for one in sided(text, conditions)}
    assert (sides["own_base"], sides["os_packages"]) == ("training", "inference")


def test_words_are_whole() -> None:
    text = "need libsndfile_dev, ok"
    spans = ((0, 4), (5, 12), (12, 15), (15, 19), (19, 20), (21, 23))
    scores = np.array([-6, -6, 2.0, -6, -6, -6], np.float32)
    assert words_of(text, spans, scores) == ("libsndfile_dev", 5)


@pytest.mark.parametrize(
    ("text", "found", "words"),
    [
        ("独自の Go 製サーバーを内蔵しており", "製サーバーを内", "製サーバーを内蔵"),
        ("読み込まれる libsndfile1 が無い", "れる libsndfile1", "libsndfile1"),
        ("実行時に pip で入れられないので", "pip で入", "pip で入れられないので"),
        ("ここで apt が要る", "ここで apt", "ここで apt"),
    ],
)
def test_japanese_words_are_not_cut(text: str, found: str, words: str) -> None:
    at = text.index(found)
    around = [(0, at), (at, at + len(found)), (at + len(found), len(text))]
    spans = [span for span in around if span[0] < span[1]]
    scores = np.array([2.0 if span[0] == at else -9.0 for span in spans])
    assert words_of(text, spans, scores)[0] == words
