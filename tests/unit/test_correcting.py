"""Complaints that say what was meant."""

from __future__ import annotations

import pytest

from kb.reading.followup import corrected, corrects, meant
from kb.reading.reading import Reading
from kb.records import Act
from kb.returning import corrects_question
from kb.text.language import language
from tests.unit.kb_fixtures import turns


def reading(text: str, act: Act = "complaint") -> Reading:
    return Reading(text, language(text), act)


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("いや、推論のほうの話なんですけど。", "complaint"),
        ("ちがいます、推論エンドポイントのことを聞いています。", "revision"),
        ("No, I was asking about the endpoint.", "complaint"),
        ("I meant the pipeline label, not the other one.", "revision"),
    ],
)
def test_says_what_was_meant(text: str, act: Act) -> None:
    assert corrects_question(text, reading(text, act))


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("それ違くない？", "complaint"),
        ("That is wrong.", "complaint"),
        ("who can I ask?", "help"),
        ("やっぱり apt は要らない", "revision"),
        ("How do I ask for a bigger limit?", "question"),
    ],
)
def test_says_nothing_of_it(text: str, act: Act) -> None:
    assert not corrects_question(text, reading(text, act))


def test_what_is_not_meant_is_left_out() -> None:
    assert "port" not in meant("I meant the label, not the port")
    assert "label" in meant("I meant the label, not the port")
    assert meant("それ違くない？") == ""
    assert not corrects("Where do I put the label?")


def test_a_side_takes_the_place_of_the_other() -> None:
    asked = corrected("学習のログはどこに出ますか？", (), "推論の話です。")
    assert asked.startswith("推論のログ")
    asked = corrected("Which label is needed?", (), "I meant the pipeline label")
    assert asked.startswith("Which label is needed?")
    assert "pipeline" in asked


@pytest.mark.parametrize(
    ("before", "last", "text", "query"),
    [
        (
            "How large may the response of an endpoint be?",
            "and if it's 90 MB?",
            "I meant the request, not the response",
            "How large may the request of an endpoint be? and if it's 90 MB?",
        ),
        (
            "学習ジョブが OOM で落ちます",
            "その場合インスタンスは？",
            "いや聞いてるのは共有メモリのほう",
            "学習ジョブが OOM で落ちます 共有メモリ",
        ),
        ("", "ログはどこ？", "知りたいのはメトリクスのほうです", "ログはどこ? メトリクス"),
        ("", "ログはどこ？", "ログじゃなくてメトリクスの話です", "メトリクスはどこ?"),
    ],
)
def test_what_was_meant_takes_the_place_of_what_was_not(
    before: str, last: str, text: str, query: str
) -> None:
    assert corrects(text)
    assert corrected(last, turns(*filter(None, [before])), text).replace("？", "?") == query
