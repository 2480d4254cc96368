"""Similarities in two languages come onto one scale."""

from __future__ import annotations

import numpy as np
import pytest

from kb.search.languages import MODEL, lifts

QUERY = np.zeros(384, np.float32)


def test_the_language_that_is_farther_is_lifted() -> None:
    near = {"ja": [0.90, 0.88, 0.86], "en": [0.84, 0.82, 0.80]}
    sizes = {"ja": 10_000, "en": 10_000}
    lift = lifts(QUERY, "statements", near, sizes, "another model")  # type: ignore[arg-type]
    assert lift["ja"] == 0
    assert lift["en"] == pytest.approx(0.06, abs=0.002)


def test_a_few_texts_tell_little_of_how_far_a_language_is() -> None:
    near = {"ja": [0.90, 0.88, 0.86], "en": [0.84, 0.82, 0.80]}
    lift = lifts(QUERY, "statements", near, {"ja": 10_000, "en": 3}, "other")  # type: ignore[arg-type]
    assert 0 < lift["en"] < 0.002


def test_of_one_language_alone_nothing_is_lifted() -> None:
    lift = lifts(QUERY, "statements", {"ja": [0.9], "en": []}, {"ja": 1, "en": 0}, MODEL)
    assert lift == {"ja": 0.0, "en": 0.0}
