"""Messages that act on the last answer, or ask nothing, over a part of our notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cli.serialize import to_json
from kb.assistant import Assistant
from kb.messages import message
from kb.pattern.plain_reader import PlainReader
from kb.records import Answer, Turn
from kb.search.index import Index, IndexStore
from kb.text.language import prose_language
from tests.scripted import FORMS, ScriptedReader
from tests.unit.kb_fixtures import Notes, quoted, turns

THREADS = {
    "ja fact": "学習ジョブを停止したとき SIGTERM から SIGKILL まで何秒ある？",
    "ja table": "リアルタイムと非同期推論の上限の違いは？",
    "ja steps": "AWS イメージを拡張して学習ジョブを動かす手順は？",
    "ja error": 'exec: "train": executable file not found in $PATH と出る',
    "en fact": "How many seconds between SIGTERM and SIGKILL when a training job is stopped?",
    "en driver": "Do I need an NVIDIA driver in a GPU image?",
}
JA = [text for text in FORMS if not text.isascii()]
EN = [text for text in FORMS if text.isascii()]
SMALL = {"thanks", "greeting", "capabilities", "help"}
CASES = [(name, text) for name in THREADS for text in (EN if name.startswith("en") else JA)]


@pytest.fixture(scope="module")
def world(notes: Notes) -> Assistant:
    """An assistant that reads for real."""
    return Assistant(IndexStore(notes.index_dir), notes.embedder)


class Talk:
    """An assistant whose reader is scripted, and counts what it reads."""

    def __init__(self, notes: Notes, script: Mapping[str, Mapping[str, Any]] = FORMS) -> None:
        self.reader = ScriptedReader(notes.embedder, script)
        self.assistant = Assistant(IndexStore(notes.index_dir), notes.embedder, reader=self.reader)

    def ask(self, *messages: str) -> Answer:
        """The answer to the last message."""
        return self.assistant.ask(messages[-1], turns(*messages[:-1]))


@pytest.fixture(scope="module")
def talk(notes: Notes) -> Talk:
    return Talk(notes)


def check(answer: Answer, index: Index) -> None:
    """Every quote stands where it says; every sentence is cited, or claims nothing."""
    numbers = [citation.number for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {n for sentence in answer.sentences for n in sentence.citations} == set(numbers)
    for citation in answer.citations:
        assert citation.quote == quoted(citation, index)
    for sentence in answer.sentences:
        assert sentence.citations or sentence.supported is None
        assert sentence.supported is not False, sentence


@pytest.mark.parametrize(("thread", "text"), CASES, ids=[f"{n}: {t}" for n, t in CASES])
def test_nothing_is_searched_for_the_words_of_such_a_message(
    talk: Talk, notes: Notes, thread: str, text: str
) -> None:
    answer = talk.ask(THREADS[thread], text)
    fields = FORMS[text]
    assert answer.act == fields.get("act", "form")
    assert not answer.declined
    assert answer.pattern is None
    assert answer.patterns == ()
    check(answer, notes.index)
    standing = {citation.document for citation in talk.ask(THREADS[thread]).citations}
    if fields.get("form") in ("shorter", "lines", "slack", "table"):
        assert {citation.document for citation in answer.citations} <= standing
    if answer.act in SMALL:
        assert answer.citations == ()
        assert len(answer.answer) < 330
    other = {"english": "en", "japanese": "ja"}.get(fields.get("form", ""))
    assert answer.language == (other or thread[:2])
    assert list(to_json(answer))[:8] == [
        "id", "question", "language", "declined", "reason", "act", "understood", "pattern",
    ]  # fmt: skip


@pytest.mark.parametrize("thread", ["ja fact", "en fact"])
def test_shorter_is_the_direct_sentence(talk: Talk, thread: str) -> None:
    text = "短く" if thread.startswith("ja") else "shorter pls, just the command"
    standing, short = talk.ask(THREADS[thread]), talk.ask(THREADS[thread], text)
    assert short.sentences[0].text == standing.sentences[0].text
    assert sum(not s.text.startswith("```") for s in short.sentences) == 1


@pytest.mark.parametrize("thread", ["ja fact", "ja steps", "en fact"])
def test_as_many_lines_as_are_wanted(talk: Talk, thread: str) -> None:
    text = "3行で" if thread.startswith("ja") else "in 3 lines"
    lines = talk.ask(THREADS[thread], text).answer.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("- ") for line in lines)


def test_the_other_language_is_the_same_sections(talk: Talk) -> None:
    english = talk.ask(THREADS["ja fact"], "英語で")
    assert prose_language(english.answer) == "en"
    assert "120" in english.answer
    assert {c.document for c in english.citations} == {
        c.document.replace("/ja/", "/en/") for c in talk.ask(THREADS["ja fact"]).citations
    }
    japanese = talk.ask(THREADS["en fact"], "日本語で")
    assert prose_language(japanese.answer) == "ja"
    assert "120" in japanese.answer


def test_a_language_once_asked_for_is_kept(talk: Talk) -> None:
    assert talk.ask(THREADS["ja fact"], "英語で", "短く").language == "en"
    assert talk.ask(THREADS["ja fact"], "英語で", "あざす", "3行で").language == "en"
    assert talk.ask(THREADS["ja fact"], "英語で", THREADS["ja steps"], "短く").language == "ja"


def test_tables_and_code_are_those_of_the_sections_or_it_says_that_there_are_none(
    talk: Talk,
) -> None:
    table = talk.ask(THREADS["ja table"], "表にして")
    assert [s.text[0] for s in table.sentences] == ["|"] * len(table.sentences)
    made = talk.ask(THREADS["ja fact"], "表にして")
    assert made.answer.startswith(message("form_table_made", "ja"))
    assert made.sentences[1].text.startswith("| ")
    assert "```" in talk.ask(THREADS["ja error"], "コード例ある？").answer
    none = talk.ask(THREADS["en driver"], "any code?").answer
    assert none.startswith(message("form_no_code", "en")) != ("```" in none)


def test_steps_are_numbered_and_nothing_else(talk: Talk) -> None:
    steps = talk.ask(THREADS["ja steps"], "手順だけ")
    assert len(steps.sentences) > 2
    assert steps.answer.startswith("1. ")
    none = talk.ask(THREADS["en driver"], "steps only")
    assert none.answer.startswith(message("form_no_steps", "en"))


def test_for_slack_it_is_one_block_to_copy_with_its_sources(talk: Talk) -> None:
    pasted = talk.ask(THREADS["ja fact"], "Slackに貼れるように").sentences[1].text
    assert pasted.startswith("````text\n")
    assert "**" not in pasted
    assert message("form_slack_sources", "ja") in pasted


def test_in_detail_says_more_than_the_answer(talk: Talk) -> None:
    for thread, text in (("ja fact", "もうちょい詳しく"), ("en fact", "more detail please")):
        standing, detail = talk.ask(THREADS[thread]), talk.ask(THREADS[thread], text)
        quotes = {citation.quote for citation in standing.citations}
        more = {citation.quote for citation in detail.citations} - quotes
        assert more or message("form_no_more", standing.language) in detail.answer


def test_why_quotes_what_the_answer_rests_on(talk: Talk) -> None:
    standing, why = talk.ask(THREADS["ja fact"]), talk.ask(THREADS["ja fact"], "なんで？")
    assert why.sentences[1].text == standing.sentences[0].text
    assert "https://" in why.answer


def test_a_complaint_says_what_was_understood_and_decides_nothing(talk: Talk) -> None:
    answer = talk.ask(THREADS["ja fact"], "それ違くない？")
    assert THREADS["ja fact"] in answer.answer
    assert answer.citations == ()
    assert answer.choices
    assert not talk.ask(answer.choices[0]).declined


@pytest.mark.parametrize("text", [t for t in FORMS if FORMS[t].get("act") not in SMALL])
def test_without_an_answer_to_act_on_it_asks_for_the_question(talk: Talk, text: str) -> None:
    answer = talk.ask(text)
    assert answer.answer == message("no_standing", answer.language)
    assert not answer.declined


def test_after_a_question_that_was_declined_there_is_no_other_form(talk: Talk) -> None:
    answer = talk.ask("SageMaker の料金はいくら？", "短く")
    assert answer.answer == message("standing_declined", "ja")


def test_small_talk_between_leaves_the_answer_standing(talk: Talk) -> None:
    between = talk.ask(THREADS["ja fact"], "あざす", "なるほど", "短く")
    assert between.answer == talk.ask(THREADS["ja fact"], "短く").answer


def test_what_is_streamed_is_what_counts(talk: Talk) -> None:
    for text in ("短く", "表にして", "なんで？", "あざす"):
        *pieces, answer = talk.assistant.stream(text, turns(THREADS["ja steps"]))
        assert isinstance(answer, Answer)
        assert "".join(map(str, pieces)) == answer.answer


# --- forms on forms, complaints, back to a paste --------------------------------------------------

DOCKERFILE = """FROM python:3.10-slim
RUN pip install sagemaker-training
WORKDIR /app
ENTRYPOINT python train.py"""
PASTED = {
    "ja": f"この Dockerfile で大丈夫？\n```dockerfile\n{DOCKERFILE}\n```",
    "en": f"Is this Dockerfile fine for training?\n```dockerfile\n{DOCKERFILE}\n```",
}


@pytest.mark.parametrize(
    ("thread", "forms", "language"),
    [
        ("ja fact", ("短く", "英語で"), "en"),
        ("en fact", ("shorter pls, just the command", "日本語で"), "ja"),
        ("ja fact", ("3行で", "あざす", "英語で"), "en"),
    ],
)
def test_another_language_is_that_of_the_form_shown_last(
    talk: Talk, thread: str, forms: tuple[str, ...], language: str
) -> None:
    shown = talk.ask(THREADS[thread], forms[0])
    translated = talk.ask(THREADS[thread], *forms)
    assert translated.language == language
    assert len(translated.sentences) == len(shown.sentences)
    assert "120" in translated.answer


def test_forms_are_applied_in_order(talk: Talk, notes: Notes) -> None:
    table = talk.ask(THREADS["ja fact"], "短く", "表にして")
    assert table.sentences[-1].text.count("\n") == 2  # head, rule, one row
    check(table, notes.index)
    slack = talk.ask(THREADS["ja fact"], "Slackに貼れるように", "短く")
    assert slack.sentences[-1].text.startswith("````text")
    assert len(slack.citations) == 1
    again = talk.ask(THREADS["ja fact"], "短く", "短く")
    assert again.answer.startswith(message("form_same", "ja"))
    assert (
        message("form_same", "ja")
        in talk.ask(THREADS["ja fact"], "英語で", "日本語で", "日本語で").answer
    )


@pytest.mark.parametrize(
    ("text", "language", "rows", "shape"),
    [
        ("表で2行まで、英語", "en", 2, "|"),
        ("英語の箇条書き2つで、Slack に貼れるように", "en", 2, "````text"),
        ("as a table of three rows at most, in English", "en", 3, "|"),
    ],
)
def test_every_form_that_is_asked_for_is_applied(
    world: Assistant, notes: Notes, text: str, language: str, rows: int, shape: str
) -> None:
    answer = world.ask(text, turns(THREADS["ja fact"]))
    assert answer.language == language
    assert prose_language(answer.answer) == language
    block = answer.sentences[1].text
    assert block.startswith(shape)
    held = len(block.splitlines()) - 2 if shape == "|" else block.count("• ")
    assert 1 <= held <= rows
    check(answer, notes.index)


def test_a_table_that_is_cut_says_so(world: Assistant, notes: Notes) -> None:
    answer = world.ask("表で2行だけ", turns(THREADS["ja table"]))
    assert len(answer.sentences[0].text.splitlines()) == 4
    assert len(answer.sentences) == 2
    check(answer, notes.index)


def test_what_a_new_form_brings_in_is_not_what_the_last_one_left(talk: Talk) -> None:
    steps = talk.ask(THREADS["ja steps"], "手順だけ")
    assert talk.ask(THREADS["ja steps"], "短く", "手順だけ").answer == steps.answer


@pytest.mark.parametrize(
    ("thread", "complaint", "rest"),
    [
        ("ja fact", "その答え、質問とずれてませんか？", "GPU のイメージにドライバは必要？"),
        ("en fact", "That's not what I asked. ", "Do I need an NVIDIA driver in a GPU image?"),
    ],
)
def test_a_complaint_that_asks_on_is_answered_without_what_was_quoted(
    notes: Notes, thread: str, complaint: str, rest: str
) -> None:
    text = complaint + rest
    pieces = {
        "質問とずれてませんか？": {"act": "complaint"},
        complaint.strip(): {"act": "complaint"},
    }
    script = {**FORMS, text: {"act": "question", "queries": (text,)}, **pieces}
    talk = Talk(notes, script)
    before, answer = talk.ask(THREADS[thread]), talk.ask(THREADS[thread], text)
    assert answer.act == "complaint"
    assert answer.sentences[0].text == message("complaint_own", thread[:2], own=rest)
    check(answer, notes.index)
    assert answer.citations
    assert not {c.quote for c in answer.citations} & {c.quote for c in before.citations}
    short = "短く" if thread.startswith("ja") else "shorter pls, just the command"
    assert talk.ask(THREADS[thread], text, short).citations[0].quote == answer.citations[0].quote


def test_a_second_complaint_is_not_answered_like_the_first(talk: Talk) -> None:
    for thread, text in (("ja fact", "それ違くない？"), ("en fact", "that's wrong")):
        first = talk.ask(THREADS[thread], text)
        second = talk.ask(THREADS[thread], text, text)
        assert first.answer != second.answer
        assert not set(first.choices) & set(second.choices)


@pytest.mark.parametrize(
    ("question", "wish", "first", "second"),
    [
        ("学習ジョブの SIGTERM と SIGKILL の違いは？", "表にして", "SIGTERM", "SIGKILL"),
        ("SIGTERM and SIGKILL of a training job: what is the difference?", "as a table",
         "SIGTERM", "SIGKILL"),
    ],
)  # fmt: skip
def test_two_things_make_a_column_each(
    talk: Talk, notes: Notes, question: str, wish: str, first: str, second: str
) -> None:
    answer = talk.ask(question, wish)
    table = next(s.text for s in answer.sentences if s.text.startswith("|"))
    assert table.splitlines()[0] == f"| {first} | {second} |"
    assert {row.count(" | ") for row in table.splitlines()[2:]} == {1}
    check(answer, notes.index)


@pytest.mark.parametrize(
    ("language", "other", "back"),
    [
        (
            "ja",
            "GPU のイメージにドライバは必要？",
            "さっきのDockerfileに話を戻すと、直した全体を書いてください",
        ),
        (
            "en",
            "Do I need an NVIDIA driver?",
            "back to the Dockerfile: write the whole corrected file",
        ),
    ],
)  # fmt: skip
def test_back_to_the_paste_is_the_file_mended(
    world: Assistant, language: str, other: str, back: str
) -> None:
    answer = world.ask(back, turns(PASTED[language], other))
    assert answer.act == "paste"
    assert answer.question == back
    assert answer.sentences[0].text == message("review_mended", language)
    assert "WORKDIR /app" in answer.sentences[1].text


def test_steps_are_what_the_statements_say_to_do(talk: Talk, notes: Notes) -> None:
    for thread, text in (("ja fact", "手順だけ"), ("en fact", "steps only")):
        steps = talk.ask(THREADS[thread], text)
        assert steps.answer.startswith(message("form_steps_made", thread[:2]))
        assert all(s.marker == "1. " for s in steps.sentences[1:] if s.text[0] not in "`|")
        check(steps, notes.index)


# --- what a turn costs ----------------------------------------------------------------------------


def test_each_message_is_read_once_and_each_answer_computed_once(notes: Notes) -> None:
    talk = Talk(notes)
    history: list[Turn] = []
    for text in (THREADS["ja fact"], "短く", "あざす", "3行で", "英語で", "なんで？", "表にして"):
        answer = talk.assistant.ask(text, history)
        history += [Turn("user", text), Turn("assistant", answer.answer)]
    assert len(talk.reader.read_messages) == 7


def test_a_conversation_of_another_process_is_read_from_its_end(notes: Notes) -> None:
    talk = Talk(notes)
    talk.ask(THREADS["ja table"], "あざす", THREADS["ja fact"], "なるほど", "短く")
    read = talk.reader.read_messages
    assert read[:3] == ["短く", "なるほど", THREADS["ja fact"]]
    assert len(read) == len(set(read)) <= 5


# --- several questions in one message -------------------------------------------------------------

TWO = "停止から何秒ある？あと GPU のドライバは要る？"
MIXED = "停止から何秒ある？あと今日の天気は？"
SCRIPT = {
    TWO: {"act": "question", "queries": (THREADS["ja fact"], "GPU のイメージにドライバは必要？")},
    MIXED: {"act": "question", "queries": (THREADS["ja fact"], "今日の東京の天気は？")},
}


def test_each_part_of_a_question_opens_with_its_direct_sentence(notes: Notes) -> None:
    answer = Talk(notes, SCRIPT).ask(TWO)
    check(answer, notes.index)
    openings = [sentence for sentence in answer.sentences if not sentence.marker]
    assert len(openings) == 2
    assert "120" in openings[0].text
    assert "ドライバ" in openings[1].text
    assert answer.trace is not None
    assert {hit.group for hit in answer.trace.hits} >= {
        "note:train-sigterm",
        "note:start-gpu-driver",
    }


def test_a_part_without_a_source_says_so(notes: Notes) -> None:
    answer = Talk(notes, SCRIPT).ask(MIXED)
    assert not answer.declined
    assert "120" in answer.answer
    assert message("part_unknown", "ja", question="今日の東京の天気は？") in answer.answer


def test_the_adapter_reads_what_it_knows(notes: Notes) -> None:
    reader = PlainReader(notes.embedder)
    assert reader.read("ありがとう", ()).act == "thanks"
    assert reader.read("？？？", ()).queries == ()
    assert reader.read(THREADS["ja fact"], ()).act == "question"


# --- as it is read for real -----------------------------------------------------------------------


def test_forms_and_small_talk_are_read_for_what_they_are(notes: Notes) -> None:
    """Sixteen messages over four threads; each that is misread is searched for by its words."""
    assistant = Assistant(IndexStore(notes.index_dir), notes.embedder)
    right = []
    for thread in [text for name, text in THREADS.items() if name.startswith("ja")]:
        for text in JA[:16]:
            answer = assistant.ask(text, turns(thread))
            right.append(answer.act == FORMS[text].get("act", "form") and not answer.declined)
    assert len(right) == 64
    assert sum(right) >= 60
