"""What a message asks now: its last question or complaint, with the subject it needs."""

from __future__ import annotations

import pytest

from kb.answer.order import in_order, is_opposite
from kb.answer.wanted import direction
from kb.reading.error_lines import find_error_lines
from kb.reading.followup import before, with_subject
from kb.reading.parts import find_parts
from kb.reading.queries import focus, queries
from kb.records import Chunk, Hit
from kb.search.wordings import Shown
from tests.unit.kb_fixtures import turns

LONG = [
    (
        "I built the image and it starts. I logged in to the registry of AWS. "
        "Now docker push to my own ECR says no basic auth credentials.",
        "Now docker push to my own ECR says no basic auth credentials.",
    ),
    (
        "自前のイメージを作りました。学習は問題なく終わります。"
        "次に推論エンドポイントを作ったら /ping が失敗します。何を確認すればいいですか？",
        "次に推論エンドポイントを作ったら /ping が失敗します。何を確認すればいいですか？",
    ),
    (
        "ModelTrainer では学習できています。データもあります。"
        "ところで SIGTERM から SIGKILL まで何秒ですか？",
        "ところで SIGTERM から SIGKILL まで何秒ですか？",
    ),
    (
        "The endpoint fails to extract the model data archive. I packed the download of the hub.",
        "The endpoint fails to extract the model data archive.",
    ),
]


@pytest.mark.parametrize(("message", "asked"), LONG)
def test_the_last_question_or_complaint_is_searched_for_by_itself(message: str, asked: str) -> None:
    parts = find_parts(message)
    assert focus(message, parts) == asked
    found = queries(message, (), "question", parts, find_error_lines(message, parts))
    assert found.texts[:2] == (message, asked)


@pytest.mark.parametrize("message", ["How do I push an image to ECR?", "なんで？", ""])
def test_a_message_of_one_sentence_has_no_focus(message: str) -> None:
    assert focus(message, find_parts(message)) == ""


def test_what_stood_before_is_tried_with_a_short_question_only() -> None:
    talk = turns("model.tar.gz の中身はどう並べますか？")
    assert "model.tar.gz" in before("codeフォルダはなくてもいい？", talk)
    assert before("ところで、ECR に push するには？", talk) == ""
    assert before("codeフォルダはなくてもいい？", ()) == ""
    long = "推論エンドポイントで独自コンテナのログをCloudWatchへ出力する権限とロールの設定は？"
    assert before(long, talk) == ""


def test_a_question_that_leans_is_searched_for_behind_the_subject() -> None:
    talk = turns("What is the difference between the Training Toolkit and my own container?")
    found = with_subject("and which one supports distributed training?", talk)
    assert "toolkit" in found
    assert found.endswith("and which one supports distributed training?")


@pytest.mark.parametrize(
    ("text", "told"),
    [("ECRにpushしたい", "push"), ("the pull fails", "pull"), ("pull, then push", ""), ("GPU", "")],
)
def test_an_image_goes_one_way(text: str, told: str) -> None:
    assert direction(text) == told


def hit(group: str, heading: str, score: float) -> Hit:
    chunk = Chunk(
        id=group, group=group, document="notes/en/a.md", kind="statement", text="Text.",
        start=0, end=5, search_text="Text.", heading=(heading,), lines=(1, 1), language="en",
    )  # fmt: skip
    return Hit(group, score, (chunk,))


def order(hits: list[Hit], question: str, shown: Shown | None = None) -> list[str]:
    return [one.group for one in in_order(hits, question, shown or Shown())]


def test_the_side_and_the_direction_asked_about_go_first() -> None:
    serving = hit("serving", "How long does a serving container have to shut down?", 1.0)
    job = hit("job", "How do I save the model when a training job is stopped?", 0.6)
    assert order([serving, job], "seconds to SIGKILL in a training container?") == [
        "job",
        "serving",
    ]
    pull, push = hit("pull", "Why can't I pull?", 1.0), hit("push", "Build and push", 0.2)
    assert order([pull, push], "docker push is refused") == ["push", "pull"]
    assert order([pull, push], "docker pull is refused") == ["pull", "push"]
    assert is_opposite("Why can't I pull?", "docker push is refused")


def test_an_error_that_nobody_reports_stays_behind_what_fits() -> None:
    error, layout = hit("error", "Broken links", 1.0), hit("layout", "Layout of the archive", 0.5)
    shown = Shown({"error": "absent"})
    assert order([error, layout], "How do I lay out the archive?", shown) == ["layout", "error"]
    assert order([error, layout], "The archive fails", shown) == ["error", "layout"]
    far = hit("layout", "Layout of the archive", 0.05)
    assert order([error, far], "Are links in the archive a problem?", shown) == ["error", "layout"]
