"""The form that a message asks for, alone or beside something else."""

from __future__ import annotations

import pytest

from kb.pattern.own_reader import own_reader
from kb.reading.reading import Reader
from kb.reading.wish import Wish, find_wish, names_length
from kb.records import Turn
from tests.unit.kb_fixtures import Notes

HISTORY = (
    Turn("user", "GDAL を apt で入れて学習したい。PyTorch です。"),
    Turn("assistant", "**学習パターン 1（AWS イメージの拡張）** が合います。"),
)


@pytest.fixture(scope="module")
def reader(notes: Notes) -> Reader:
    return own_reader(notes.embedder)


def wish(reader: Reader, text: str) -> Wish | None:
    return find_wish(text, reader.read(text, HISTORY), lambda piece: reader.read(piece, HISTORY))


@pytest.mark.parametrize(
    ("text", "form", "lines", "language", "rest"),
    [
        ("結論を英語で2行にして", "lines", 2, "en", ""),
        ("Thanks. Shorter: one sentence.", "lines", 1, None, ""),
        ("ログはどこに出ますか？ 2行で。", "lines", 2, None, "ログはどこに出ますか？"),
        ("Where do the logs go? Two lines, please.", "lines", 2, None, "Where do the logs go?"),
        (
            "How large may it be? Answer in Japanese please.",
            None,
            None,
            "ja",
            "How large may it be?",
        ),
    ],
)
def test_wish(
    reader: Reader,
    text: str,
    form: str | None,
    lines: int | None,
    language: str | None,
    rest: str,
) -> None:
    found = wish(reader, text)
    assert found is not None
    assert (found.form, found.lines, found.language) == (form, lines, language)
    assert found.rest == rest


@pytest.mark.parametrize("text", ["ログはどこに出ますか？", "Where do the logs go, please?"])
def test_no_wish(reader: Reader, text: str) -> None:
    assert wish(reader, text) is None


def test_length() -> None:
    assert names_length("３行で")
    assert names_length("in one sentence")
    assert not names_length("先頭の 3 文字")
    assert not names_length("line 3 of the Dockerfile")
