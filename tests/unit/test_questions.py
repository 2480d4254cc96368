"""The questions in one message, what each wants, and the yes or no that an answer opens with."""

from __future__ import annotations

import pytest

from ingest.notes import read_note
from kb.answer.asked import Kind, kind_of, questions_in
from kb.answer.verdict import verdict_on, verdicts
from tests.unit.kb_fixtures import ROOT, Notes

NOTES = ROOT / "notes"


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Can I use my own image with local mode?", "yes_no"),
        ("ok, does the toolkit need gcc?", "yes_no"),
        ("ローカルモードで GPU は使えますか？", "yes_no"),
        ("requirements.txt は効きますか？はい/いいえで教えてください。", "yes_no"),
        ("Is the timeout in seconds or minutes?", "either"),
        ("how long may /ping take?", "number"),
        ("サーバーレスのイメージサイズの上限は？", "number"),
        ("Why is CMD ignored?", "why"),
        ("CMD が無視されるのはなぜ？", "why"),
        ("how do I push an image to ECR", "how"),
        ("push するコマンドを教えて", "how"),
        ("where do the logs go?", "where"),
        ("which port is called?", "which"),
        ("SM_* 変数を一覧で教えてください", "list"),
        ("show me the Dockerfile", "show"),
        ("could not open the model archive", ""),
        ("did not pass the ping health check", ""),
    ],
)
def test_the_kind_of_a_question_is_told_by_its_grammar(question: str, kind: Kind) -> None:
    assert kind_of(question) == kind


@pytest.mark.parametrize(
    ("message", "questions"),
    [
        (
            "1) Can I pass source_dir to my image? 2) which variable has the number of GPUs?",
            ("Can I pass source_dir to my image?", "which variable has the number of GPUs?"),
        ),
        (
            "(1) ローカルモードで GPU は使えますか (2) Compose v2 でも動きますか",
            ("ローカルモードで GPU は使えますか", "Compose v2 でも動きますか"),
        ),
        (
            "Does batch call /invocations, and how big can each request be?",
            ("Does batch call /invocations", "how big can each request be?"),
        ),
        (
            "ログはどこに出ますか、保存期間は変えられますか",
            ("ログはどこに出ますか", "保存期間は変えられますか"),
        ),
        ("Can I use PyTorch and is it free", ("Can I use PyTorch", "is it free")),
    ],
)
def test_several_questions_in_one_sentence_come_apart(
    message: str, questions: tuple[str, ...]
) -> None:
    assert questions_in(message) == questions


@pytest.mark.parametrize(
    "message",
    [
        "Can a training and an inference container be the same image?",
        "I build the image and how it is tagged does not matter",
        "torch 2.1) and CUDA 11.8",
        "学習と推論のイメージは同じでよいですか",
    ],
)
def test_one_question_stays_whole(message: str) -> None:
    assert questions_in(message) == (message,)


@pytest.mark.parametrize(
    ("question", "language", "verdict"),
    [
        ("Does our GPU image need an NVIDIA driver?", "en", "no"),
        ("GPU のイメージに NVIDIA ドライバは必要ですか？", "ja", "no"),
        # put the other way round, about another thing, or no yes or no asked: nothing is said
        ("Can a GPU image do without the NVIDIA driver?", "en", None),
        ("Does a GPU image on Podman need the NVIDIA driver?", "en", None),
        ("How does a GPU image get the NVIDIA driver?", "en", None),
    ],
)
def test_a_verdict_is_given_only_where_the_data_holds_it(
    notes: Notes, question: str, language: str, verdict: str | None
) -> None:
    section = [c for c in notes.index.groups["note:start-gpu-driver"] if c.language == language]
    assert verdict_on(question, section, notes.index.lexical.weight) == verdict


def test_an_answer_opens_with_its_verdict(notes: Notes) -> None:
    answer = notes.ask("Does a GPU image need the NVIDIA driver?")
    assert answer.answer.startswith("No. ")
    assert notes.ask("GPU 用のイメージに NVIDIA ドライバは必要？").answer.startswith("いいえ。")


def test_every_verdict_is_on_a_question_beside_its_section() -> None:
    ways: dict[str, set[str]] = {}
    for language in ("ja", "en"):
        for file in sorted((NOTES / language).glob("*.md")):
            for one in read_note(file.read_text(encoding="utf-8")).sections:
                asked = {question for question, _ in one.questions} | {one.heading}
                ways.setdefault(one.id, set()).update(asked)
    for name, known in verdicts().items():
        assert known.ways.keys() <= ways[name], name
        assert known.heading or known.ways, name
