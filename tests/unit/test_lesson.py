"""A step as its reader sees it: the notes' own words, each with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import OnboardingError
from kb.messages import message
from kb.path.lesson import read_lesson, step_as_text
from kb.path.onboarding import Step, read_steps
from kb.records import Language
from kb.search.index import Index
from tests.onboarding import write_path

SAVED = "学習コードは、できたモデルを `/opt/ml/model` に置きます。"
VARIABLE = "置き場所は環境変数 `SM_MODEL_DIR` でも分かります。"


@pytest.fixture
def steps(knowledge: Path) -> tuple[Step, ...]:
    return read_steps(write_path(knowledge, notes=knowledge))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_sentence_is_a_quote_at_its_place(
    steps: tuple[Step, ...], index: Index, language: Language
) -> None:
    for step in steps:
        lesson = read_lesson(step, index, language)
        told = [s for part in lesson.parts for s in (*part.opening, *part.more)]
        told += [question.explanation for question in lesson.questions]
        assert told
        for sentence in told:
            (number,) = sentence.citations
            citation = lesson.citations[number - 1]
            assert citation.number == number
            text = index.documents[citation.document].text
            assert text[citation.start : citation.end] == citation.quote
            assert citation.quote in sentence.text
            assert citation.based_on


def test_a_lesson_opens_each_section_and_keeps_the_rest(
    steps: tuple[Step, ...], index: Index
) -> None:
    lesson = read_lesson(steps[2], index, "ja")
    assert lesson.title == "ふたつとも"
    assert [part.heading for part in lesson.parts] == [
        "学習の結果はどこに置くか",
        "ライブラリを足すには",
    ]
    assert [sentence.text for sentence in lesson.parts[0].opening] == [SAVED]
    assert [(s.marker, s.text) for s in lesson.parts[0].more] == [("- ", VARIABLE)]
    image, code = lesson.parts[1].more
    assert image.text.startswith("OS のパッケージも要るなら")
    assert code.text.startswith("```dockerfile\nFROM python:3.11")
    assert [c.number for c in lesson.citations] == [1, 2, 3, 4, 5]
    assert not lesson.stale


def test_a_question_is_explained_by_the_statement_it_names(
    steps: tuple[Step, ...], index: Index
) -> None:
    where, variable = read_lesson(steps[0], index, "ja").questions
    assert (where.choices, where.right) == (("/tmp", "/opt/ml/model"), 2)
    assert where.explanation.text == SAVED
    assert variable.explanation.text == VARIABLE


def test_a_section_that_has_no_english_yet_is_quoted_in_japanese(
    steps: tuple[Step, ...], index: Index
) -> None:
    (part,) = read_lesson(steps[1], index, "en").parts
    assert (part.opening[0].lead + part.opening[0].text).startswith(
        "A Japanese source says: ライブラリを足すだけなら"
    )


def test_what_the_index_does_not_hold_is_left_out(steps: tuple[Step, ...], index: Index) -> None:
    known, gone = steps[2], ("no-such-section", "add-library")
    lesson = read_lesson(known.model_copy(update={"sections": gone}), index, "ja")
    assert len(lesson.parts) == 1
    assert lesson.stale
    late = steps[0].checks[1].model_copy(update={"statement": 9})
    step = steps[0].model_copy(update={"checks": (steps[0].checks[0], late)})
    assert [q.id for q in read_lesson(step, index, "ja").questions] == ["where"]


def test_a_check_of_a_section_that_is_gone_is_not_asked(
    steps: tuple[Step, ...], index: Index
) -> None:
    check = steps[1].checks[0].model_copy(update={"section": "gone"})
    step = steps[1].model_copy(update={"sections": ("gone",), "checks": (check,)})
    lesson = read_lesson(step, index, "ja")
    assert (lesson.parts, lesson.questions) == ((), ())
    text = step_as_text((step,), index, 1, "ja").text
    assert message("onboarding_missing", "ja") in text


def test_a_bot_walks_a_step_question_by_question(steps: tuple[Step, ...], index: Index) -> None:
    first = step_as_text(steps, index, 1, "ja")
    assert first.text == (
        "**ステップ 1 / 3 · モデルを保存する**\n\n**学習の結果はどこに置くか**\n\n"
        f"{SAVED} [1]\n\n**確認 1 / 2** モデルはどこに置きますか？"
    )
    assert first.choices == ("/tmp", "/opt/ml/model")
    assert [citation.quote for citation in first.citations] == [SAVED]

    wrong = step_as_text(steps, index, 1, "ja", [1])
    assert wrong.text == (
        f"違います。正しい答え：/opt/ml/model\n\n{SAVED} [1]\n\n"
        "**確認 2 / 2** 置き場所を教える変数は？"
    )
    assert wrong.choices == ("SM_MODEL_DIR", "$HOME", "ありません")

    right = step_as_text(steps, index, 1, "ja", [1, 1])
    done = message("onboarding_next", "ja", number=1)
    assert right.text == f"正解です。\n\n{VARIABLE} [1]\n\n{done}"
    assert right.choices == ()
    assert [(c.number, c.quote) for c in right.citations] == [(1, VARIABLE)]


def test_the_last_step_says_so(steps: tuple[Step, ...], index: Index) -> None:
    text = step_as_text(steps, index, 3, "en", [2]).text
    assert text.endswith(message("onboarding_finished", "en"))
    assert text.startswith(message("onboarding_right", "en"))


def test_a_stale_step_says_so(steps: tuple[Step, ...], index: Index) -> None:
    step = steps[0].model_copy(update={"reviewed": "0" * 12})
    assert message("onboarding_stale", "en") in step_as_text([step], index, 1, "en").text


@pytest.mark.parametrize(
    ("number", "answers", "sentence"),
    [
        (0, [], "There is no step 0; the path has steps 1 to 3."),
        (4, [], "There is no step 4; the path has steps 1 to 3."),
        (1, [3], "Question 1 of step 1 has choices 1 to 2, and 3 came."),
        (1, [1, 0], "Question 2 of step 1 has choices 1 to 3, and 0 came."),
        (1, [1, 1, 1], "Step 1 has 2 questions, 3 answers came."),
    ],
)
def test_what_is_not_there_is_one_sentence(
    steps: tuple[Step, ...], index: Index, number: int, answers: list[int], sentence: str
) -> None:
    with pytest.raises(OnboardingError) as error:
        step_as_text(steps, index, number, "ja", answers)
    assert str(error.value) == sentence
