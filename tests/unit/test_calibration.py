"""What a similarity means is measured on each index version."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb.search.calibration import Calibration, calibrate, strangers

MODEL = "multilingual-e5-small"


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


@pytest.fixture
def own() -> np.ndarray:
    """Forty questions around one direction of their own."""
    rows = np.random.default_rng(0).normal(0, 0.3, (40, 384))
    rows[:, 0] += 4.0
    return unit(rows)


def test_strangers_stand_at_nought_and_the_index_s_own_above(own: np.ndarray) -> None:
    made = calibrate({("questions", "en"): own}, MODEL)
    mean, spread = made.strangers["questions"]
    assert made.standing("questions", mean) == pytest.approx(0.0)
    assert made.standing("questions", mean + 2 * spread) == pytest.approx(2.0)
    assert made.standing("questions", 1.0) > 2


def test_the_direction_tells_own_questions_from_strangers(own: np.ndarray) -> None:
    made = calibrate({("questions", "en"): own}, MODEL)
    assert np.mean([made.topic(row) for row in own]) == pytest.approx(1.0, abs=0.05)
    assert np.mean([made.topic(row) for row in strangers()]) == pytest.approx(-1.0, abs=0.05)


def test_a_few_questions_give_no_direction(own: np.ndarray) -> None:
    assert calibrate({("questions", "en"): own[:5]}, MODEL).topic(own[0]) == 0.0


def test_another_model_s_vectors_are_not_held_against_ours(own: np.ndarray) -> None:
    assert calibrate({("questions", "en"): own}, "other").strangers == {}


def test_it_is_kept_with_the_version(own: np.ndarray, tmp_path: Path) -> None:
    made = calibrate({("questions", "en"): own}, MODEL)
    made.save(tmp_path)
    kept = Calibration.load(tmp_path)
    assert kept.strangers == made.strangers
    assert kept.topic(own[0]) == made.topic(own[0])
