"""The person's own words in an answer: whole, short, and read as they were written."""

from __future__ import annotations

import pytest

from kb.pattern.explain import shown


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("only model_fn\nand predict_fn", "only `model_fn` and `predict_fn`"),
        ("model_fnだけ", "`model_fn`だけ"),
        ("`__init__.py` and a<b>", "`__init__.py` and `a<b>`"),
        ("apt が要る", "apt が要る"),
    ],
)
def test_signs_of_markdown_are_kept_as_code(words: str, line: str) -> None:
    assert shown(words) == line


def test_long_words_end_in_an_ellipsis() -> None:
    assert shown("x" * 60) == "x" * 47 + "…"
