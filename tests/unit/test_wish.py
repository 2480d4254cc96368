"""The form that a message asks for, alone or beside something else."""

from __future__ import annotations

import pytest

from kb.pattern.own_reader import own_reader
from kb.reading.reading import Reader
from kb.reading.wish import Wish, asks_length, find_wish
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
    ("text", "forms", "lines", "language", "rest"),
    [
        ("結論を英語で2行にして", ("lines",), 2, "en", ""),
        ("Thanks. Shorter: one sentence.", ("lines",), 1, None, ""),
        ("ログはどこに出ますか？ 2行で。", ("lines",), 2, None, "ログはどこに出ますか？"),
        ("Where do the logs go? Two lines, please.", ("lines",), 2, None, "Where do the logs go?"),
        ("手順だけ英語で、Slack 用に", ("steps", "slack"), None, "en", ""),
        ("表で4行まで、英語", ("table",), 4, "en", ""),
        ("もう少し詳しく、表で", ("detail", "table"), None, None, ""),
        ("Slack用に3行で", ("lines", "slack"), 3, None, ""),
        ("the steps in Japanese for Slack?", ("steps", "slack"), None, "ja", ""),
        ("make it shorter and put it into a table", ("table",), 3, None, ""),
        ("ok but in two sentences and in Japanese", ("lines",), 2, "ja", ""),
        ("as bullet points for Slack, max 4", ("lines", "slack"), 4, None, ""),
        ("もうちょい詳しく", ("detail",), None, None, ""),
        ("Slackに貼れるように", ("slack",), None, None, ""),
        ("チャットに貼れる形で英語で", ("slack",), None, "en", ""),
        (
            "How large may it be? Answer in Japanese please.",
            (),
            None,
            "ja",
            "How large may it be?",
        ),
    ],
)
def test_wish(
    reader: Reader,
    text: str,
    forms: tuple[str, ...],
    lines: int | None,
    language: str | None,
    rest: str,
) -> None:
    found = wish(reader, text)
    assert found is not None
    assert (found.forms, found.lines, found.language) == (forms, lines, language)
    assert found.rest == rest


@pytest.mark.parametrize("text", ["ログはどこに出ますか？", "Where do the logs go, please?"])
def test_no_wish(reader: Reader, text: str) -> None:
    assert wish(reader, text) is None


def test_length() -> None:
    assert asks_length("３行で")
    assert asks_length("in one sentence")
    assert asks_length("Where do the logs go? Two lines, please.")
    assert not asks_length("関数は load と predict の二つ。print も出ない")
    assert not asks_length("先頭の 3 文字")
    assert not asks_length("line 3 of the Dockerfile")
