"""The interval of a share, against values worked out by hand."""

from __future__ import annotations

import math

import pytest

from evals.intervals import Share, share_of


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_wilson(hits: int, n: int, low: float, high: float) -> None:
    assert Share("x", hits, n).interval == pytest.approx((low, high), abs=1e-4)


def test_of_nothing_there_is_no_share() -> None:
    empty = share_of("x", [])
    assert math.isnan(empty.value)
    assert math.isnan(empty.interval[0])
    assert str(empty) == "x: nothing to measure"


def test_a_share_says_of_how_many() -> None:
    assert str(share_of("x", [True, False])).startswith("x: 0.500  (1 of 2; ")
