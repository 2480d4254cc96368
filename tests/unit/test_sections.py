"""The section discriminant: a closed form that can be checked by hand, saved and loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb.search.sections import SHRINKAGE, Sections


def test_it_is_fishers_discriminant_of_one_dimension() -> None:
    """Means 0 and 4; within them ±1, so the variance is 4 / (4 - 2) = 2, shrunk 2 + 3 × 2 = 8.

    Score of class μ: (μ − c)(q − (μ + c) / 2) / 8 with c = 2, asked at q = 2.5.
    """
    assert SHRINKAGE == 3
    vectors = np.array([[-1.0], [1.0], [3.0], [5.0]], np.float32)
    sections = Sections.fit(vectors, ["low", "low", "high", "high"])
    scores = sections.scores(np.array([2.5], np.float32))
    assert list(scores) == ["high", "low"]
    assert scores == pytest.approx({"high": -0.125, "low": -0.375})


def test_a_direction_that_tells_nothing_counts_less_than_one_that_does() -> None:
    """Texts of a section differ along the first axis, sections along the second."""
    vectors = np.array([[-9, 1], [9, 1], [-9, -1], [9, -1]], np.float32)
    sections = Sections.fit(vectors, ["up", "up", "down", "down"])
    near_a_text_of_the_other = np.array([9.0, -0.2], np.float32)
    assert next(iter(sections.scores(near_a_text_of_the_other))) == "down"
    assert next(iter(sections.scores(np.array([-30.0, 0.2], np.float32)))) == "up"


def test_it_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).normal(size=(12, 5)).astype(np.float32)
    sections = Sections.fit(vectors, [f"note:{n % 3}" for n in range(12)])
    sections.save(tmp_path)
    again = Sections.load(tmp_path)
    assert again.scores(vectors[0]) == sections.scores(vectors[0])


@pytest.mark.parametrize("groups", [[], ["only"]])
def test_no_section_and_a_single_one_are_no_special_case(groups: list[str]) -> None:
    sections = Sections.fit(np.ones((len(groups), 4), np.float32), groups)
    assert list(sections.scores(np.zeros(4, np.float32))) == groups
