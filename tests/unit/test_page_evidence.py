"""The addresses behind a statement as a page names them."""

from __future__ import annotations

from screens.html.evidence import lines_text


def test_lines_that_meet_are_one_range() -> None:
    assert lines_text([(26, 29), (29, 29)], "ja") == "26–29 行目"
    assert lines_text([(76, 76), (16, 20), (18, 22)], "en") == "lines 16–22, 76"
    assert lines_text([(3, 3), (5, 5)], "ja") == "3, 5 行目"
    assert lines_text([(7, 7)], "en") == "line 7"
    assert lines_text([], "en") == ""
