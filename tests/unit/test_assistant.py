"""Question to answer, end to end on a part of our notes: what every answer keeps to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kb.assistant import Assistant
from kb.errors import IndexMissing
from kb.records import Answer, Turn
from kb.search.index import IndexStore
from kb.text.language import prose_language
from tests.unit.kb_fixtures import Notes, groups, holds, quoted

ANSWERED = [
    "学習ジョブを停止したとき SIGTERM から SIGKILL まで何秒ある？",
    "How many seconds between SIGTERM and SIGKILL when a training job is stopped?",
    "推論コンテナの SIGTERM は何秒？",
    "GPU のイメージに NVIDIA ドライバは必要？",
    "Do I need an NVIDIA driver in a GPU image?",
    "AWS イメージを拡張して学習ジョブを動かす手順は？",
    "リアルタイムと非同期推論の上限の違いは？",
    'exec: "train": executable file not found in $PATH と出る',
    "SAGEMAKER_PROGRAM と entry_point はどちらが優先？",
    "ﾊﾟﾀｰﾝ1 の手順",
]
DECLINED = [
    "What is the weather in Tokyo?",
    "SageMaker の料金はいくら？",
    "Vertex AI で学習するには？",
]
STRANGE = {
    "empty": "",
    "blank": " \n\t　",
    "only marks": "？！…。",
    "emoji": "🤖🤖🤖",
    "zero width": "\u200b\u200d\ufeff",
    "control characters": "\x00\x07\x1b[31m",
    "a single letter": "a",
    "digits": "12345",
    "right to left": "\u202eكيف حالك",
    "Markdown": "# **a** | b |\n|---|---|\n```",
    "HTML": "<script>alert(1)</script>",
    "a path": "../../etc/passwd",
    "40,000 characters": "=" * 40_000,
    "40,000 brackets": "([{" + " " * 39_994 + "}])",
}


# --- the contract ---------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ANSWERED)
def test_every_sentence_is_cited_and_every_quote_stands_where_it_says(
    notes: Notes, question: str
) -> None:
    answer = notes.ask(question)
    assert not answer.declined
    assert answer.reason is None
    assert answer.sentences
    assert all(sentence.citations for sentence in answer.sentences)
    assert all(sentence.supported for sentence in answer.sentences)
    numbers = [citation.number for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {n for sentence in answer.sentences for n in sentence.citations} == set(numbers)
    for citation in answer.citations:
        assert citation.quote == quoted(citation, notes.index)
        assert citation.url
        assert f"[{citation.number}]" in answer.answer
    assert answer.question == question
    assert answer.model == "extractive"
    assert answer.index_version == notes.index.version
    assert answer.seconds > 0
    assert answer.id


@pytest.mark.parametrize("question", [*ANSWERED, *DECLINED])
def test_the_language_of_the_question_is_the_language_of_the_answer(
    notes: Notes, question: str
) -> None:
    wanted = "en" if question.isascii() else "ja"
    answer = notes.ask(question)
    assert answer.language == wanted
    assert prose_language(answer.answer) == wanted


def test_the_language_can_be_chosen(notes: Notes) -> None:
    answer = notes.assistant.ask("SIGTERM 120", language="en")
    assert answer.language == "en"
    assert prose_language(answer.answer) == "en"


@pytest.mark.parametrize("question", DECLINED)
def test_a_declined_answer_cites_nothing_and_offers_three_questions(
    notes: Notes, question: str
) -> None:
    answer = notes.ask(question)
    assert answer.declined
    assert answer.reason in ("out_of_scope", "not_in_sources")
    assert answer.citations == ()
    assert "[1]" not in answer.answer
    assert len(set(answer.suggestions)) == 3


def test_a_question_that_was_offered_is_answered(notes: Notes) -> None:
    for suggestion in notes.ask(DECLINED[0]).suggestions:
        assert not notes.ask(suggestion).declined, suggestion


def test_what_is_streamed_is_what_counts_in_the_end(notes: Notes) -> None:
    *pieces, answer = notes.assistant.stream(ANSWERED[0], id="mine")
    assert isinstance(answer, Answer)
    assert answer.id == "mine"
    assert len(pieces) > 1
    assert "".join(str(piece) for piece in pieces) == answer.answer


# --- strange questions ----------------------------------------------------------------------------


@pytest.mark.parametrize("question", STRANGE.values(), ids=STRANGE)
def test_a_strange_question_gets_a_polite_answer(notes: Notes, question: str) -> None:
    answer = notes.ask(question)
    assert answer.declined or answer.act in ("greeting", "thanks", "help", "capabilities")
    assert answer.citations == ()
    assert not answer.declined or "SageMaker" in answer.answer or "apt" in answer.answer


def test_zero_width_characters_and_widths_change_no_answer(notes: Notes) -> None:
    plain = notes.ask(ANSWERED[0])
    odd = notes.ask(
        "\ufeff学習\u200bジョブを停止したとき\u200d ＳＩＧＴＥＲＭ から SIGKILL まで何秒ある?"
    )
    assert not plain.declined
    assert odd.answer == plain.answer


def test_of_a_long_paste_both_ends_are_read(notes: Notes) -> None:
    log = "=" * 5_000
    for question in (
        f"学習ジョブを停止すると SIGTERM は何秒？\n{log}",
        f"{log}\n学習ジョブを停止すると SIGTERM は何秒？",
    ):
        assert "train-sigterm" in groups(notes.ask(question))


def test_an_instruction_planted_in_a_document_has_no_effect(notes: Notes) -> None:
    answer = notes.ask(
        "When do I run rolldeck promote for the canary endpoint of my SageMaker image?"
    )
    assert "ystem prompt" not in answer.answer
    assert "gnore all" not in answer.answer


# --- conversations --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "question", "section", "word"),
    [
        ("学習の SIGTERM の猶予は何秒？", "推論だと？", "inf-sigterm", "30 秒"),
        (
            "推論コンテナの停止時に SIGTERM でモデルを保存するには？",
            "学習は？",
            "train-sigterm",
            "120 秒",
        ),
        (
            "How long after SIGTERM is a serving container killed?",
            "and for training?",
            "train-sigterm",
            "120",
        ),
        ("GPU のイメージにドライバは必要？", "なぜ？", "start-gpu-driver", "ホスト"),
    ],
)
def test_a_follow_up_is_answered_with_the_turn_before(
    notes: Notes, before: str, question: str, section: str, word: str
) -> None:
    answer = notes.ask(question, before)
    assert answer.trace is not None
    assert answer.trace.rewritten or answer.act == "why"
    assert groups(answer)[0] == section
    assert holds(answer, word)


def test_a_change_of_subject_is_answered_by_itself(notes: Notes) -> None:
    alone = notes.ask("GPU のイメージに NVIDIA ドライバは必要？")
    after = notes.ask("GPU のイメージに NVIDIA ドライバは必要？", "学習ジョブを停止すると？")
    assert after.answer == alone.answer
    assert after.trace is not None
    assert not after.trace.rewritten


def test_the_weather_is_declined_after_any_question(notes: Notes) -> None:
    answer = notes.ask(
        "What is the weather in Tokyo?", "What happens when a training job is stopped?"
    )
    assert answer.declined
    assert answer.reason == "out_of_scope"


def test_a_question_without_words_takes_the_language_of_the_turn_before(notes: Notes) -> None:
    assert notes.ask("???", "What happens when a training job is stopped?").language == "en"
    assert notes.ask("？？？", "学習ジョブを停止すると？").language == "ja"


def test_empty_turns_before_do_no_harm(notes: Notes) -> None:
    history = [Turn("user", ""), Turn("assistant", ""), Turn("assistant", "x" * 50_000)]
    assert not notes.assistant.ask(ANSWERED[0], history).declined


def test_without_the_notes_that_prove_it_no_decision_is_given(notes: Notes) -> None:
    answer = notes.ask("AWS イメージを拡張した学習イメージに apt の MeCab が要る。どのパターン？")
    assert answer.decision is None
    assert answer.pattern is None
    assert answer.clarify is None


# --- state ----------------------------------------------------------------------------------------


def test_eight_threads_get_the_answers_of_one(notes: Notes) -> None:
    questions = (ANSWERED + DECLINED) * 2
    once = {question: _said(notes.ask(question)) for question in questions}
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(notes.ask, questions))
    assert [_said(answer) for answer in together] == [once[question] for question in questions]


def _said(answer: Answer) -> Answer:
    """The answer without what differs from one time to the next."""
    return replace(answer, id="", seconds=0.0, trace=None)


def test_without_an_index_one_sentence_says_what_to_do(notes: Notes) -> None:
    assistant = Assistant(IndexStore(notes.index_dir / "nowhere"), notes.embedder)
    with pytest.raises(IndexMissing, match=r"make ingest"):
        assistant.ask("学習ジョブを停止すると？")
