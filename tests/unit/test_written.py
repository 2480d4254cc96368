"""What a chat model wrote, sentence by sentence, and the quotes behind it."""

from __future__ import annotations

import pytest

from kb.messages import message
from kb.writer.citing import CitationFilter, Cited
from tests.fake_openai import FakeOpenAI, Reply
from tests.unit.generate_fixtures import (
    DOCKERFILE,
    GOOD,
    PING,
    STOP,
    STOP_EN,
    World,
    good,
    say,
    world,
)

__all__ = ["world"]  # a fixture


def test_answer_streams_with_numbers_and_ends_in_exact_quotes(world: World) -> None:
    with FakeOpenAI(GOOD) as server:
        outcome = world.write(server, STOP)
    assert len(outcome.pieces) > 20
    assert outcome.streamed == (
        "停止するとコンテナは SIGTERM を受け取り、120 秒後に SIGKILL で終了させられます [1]。"
        "SIGKILL は捕捉できません [2]。途中のモデルは `/opt/ml/model` に保存しておきます [3]。"
    )
    assert outcome.quotes == [
        [
            "ジョブを停止するとコンテナは SIGTERM を受け取り、"
            "120 秒後に SIGKILL で終了させられます。"
        ],
        ["SIGKILL は捕まえられません。"],
        ["SIGTERM を捕まえて途中のモデルを `/opt/ml/model` に保存しておけば、結果は失われません。"],
    ]
    for citation in outcome.written.citations.all:
        text = world.index.documents[citation.document].text
        assert text[citation.start : citation.end] == citation.quote
    assert [s.text for s in outcome.written.sentences if not s.supported] == []
    assert outcome.written.citations.all[0].based_on == ("https://docs.example/stop#L1-L9",)


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_size_of_the_pieces_changes_nothing(world: World, size: int) -> None:
    with FakeOpenAI(Reply(good, size=size)) as server:
        outcome = world.write(server, STOP)
    assert outcome.streamed.count("[") == 3
    assert len(outcome.written.citations.all) == 3


def test_passage_is_quoted_by_its_sentence(world: World) -> None:
    reply = say(
        "A serving container has 2 seconds to answer `/ping` [{0}]. It listens on port 8080 [{0}].",
        "GET /ping",
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, PING)
    assert outcome.quotes == [
        [
            "The endpoint sends `GET /ping` to it, and the container\n"
            "has 2 seconds to answer with status 200."
        ],
        ["A serving container listens on port 8080."],
    ]


def test_quote_grows_to_the_sentences_that_are_needed(world: World) -> None:
    reply = say(
        "A serving container listens on port 8080 and has 2 seconds to answer `GET /ping` [{0}].",
        "GET /ping",
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, PING)
    ((quote,),) = outcome.quotes
    assert quote.startswith("A serving container listens on port 8080. The endpoint sends")
    assert quote.endswith("with status 200.")


def test_japanese_answer_from_an_english_source(world: World) -> None:
    reply = say(
        "推論コンテナは `/ping` に 2 秒以内にステータス 200 を返す必要があります [{0}]。"
        "`/invocations` には 120 秒以内に応答します [{0}]。",
        "GET /ping",
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, "推論コンテナの /ping は何秒以内に答えればよいですか")
    right, wrong = outcome.written.sentences
    assert right.supported
    assert not wrong.supported
    assert not wrong.text.endswith(message("unproven", "ja")), "whoever shows it says so, once"
    assert "must be answered within 60" in outcome.quotes[1][0]


def test_contradictions_are_marked_and_the_rest_stays(world: World) -> None:
    reply = say(
        "The container gets SIGTERM and, 120 seconds later, SIGKILL [{0}]. "
        "SIGKILL can be caught [{1}]. SIGKILL follows SIGTERM after 30 seconds [{0}].",
        "120 seconds",
        "cannot be caught",
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, STOP_EN)
    assert [sentence.supported for sentence in outcome.written.sentences] == [True, False, False]


def test_sentences_without_a_source_are_marked_and_talk_goes(world: World) -> None:
    reply = say(
        "ご質問ありがとうございます。"
        "停止すると SIGTERM が届き、120 秒後に SIGKILL で終了します[{0}]。"
        "SIGKILL は 5 分前にメールで予告されます [zz9z] [1]。",
        "120 秒後",
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, STOP)
    assert outcome.texts == [
        "停止すると SIGTERM が届き、120 秒後に SIGKILL で終了します。",
        "SIGKILL は 5 分前にメールで予告されます。",
    ]
    assert [(s.supported, s.citations) for s in outcome.written.sentences] == [
        (True, (1,)),
        (False, ()),
    ]
    assert "zz9z" not in outcome.streamed
    assert outcome.streamed.count("[1]") == 1


def test_a_source_that_adds_to_a_sentence_is_cited_with_the_one_that_proves_it(
    world: World,
) -> None:
    reply = say(
        "SIGKILL は捕まえられないので [{0}]、"
        "SIGTERM を捕まえて途中のモデルを `/opt/ml/model` に保存しておきます [{1}]。",
        "捕まえられません",
        "失われません",
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, STOP)
    assert len(outcome.quotes[0]) == 2


def test_neighbour_lends_its_source_only_to_what_it_proves(world: World) -> None:
    reply = say(
        "A serving container listens on port 8080. It was invented in Paris in 1999. "
        "It has 2 seconds to answer `GET /ping` [{0}].",
        "GET /ping",
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, PING)
    assert [len(quotes) for quotes in outcome.quotes] == [1, 0, 1]
    assert [s.supported for s in outcome.written.sentences] == [True, False, True]


def test_a_sentence_without_a_source_is_held_against_all_of_them(world: World) -> None:
    reply = say(
        "SIGKILL は捕まえられません。\n\n120 秒後に SIGKILL で終了させられます [{0}]。", "120 秒後"
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, STOP)
    assert outcome.quotes[0] == ["SIGKILL は捕まえられません。"]
    assert [s.text for s in outcome.written.sentences if not s.supported] == []


@pytest.mark.parametrize("close", ["（{0}）", "({0})", "（ {0}、{0} ）"])
def test_ids_in_round_brackets_are_understood(world: World, close: str) -> None:
    with FakeOpenAI(say(f"SIGKILL は捕まえられません{close}。", "捕まえられません")) as server:
        outcome = world.write(server, STOP)
    assert outcome.streamed == "SIGKILL は捕まえられません [1]。"
    assert outcome.written.sentences[0].supported


def test_an_id_with_one_wrong_letter_is_understood() -> None:
    def cited(*known: str) -> list[object]:
        sieve = CitationFilter(known)
        return [*sieve.feed("It is [k7we]."), *sieve.close()]

    assert Cited(("k7wd",)) in cited("k7wd", "m3xq")
    assert not any(isinstance(part, Cited) for part in cited("k7wd", "k7wf"))


def test_what_the_sources_do_not_cover_is_said_without_a_source_or_a_mark(world: World) -> None:
    reply = say(
        "停止すると SIGTERM が届き、120 秒後に SIGKILL で終了します [{0}]。"
        "資料に記載がない点：停止の料金。",
        "120 秒後",
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, STOP)
    assert [(s.supported, s.citations) for s in outcome.written.sentences] == [
        (True, (1,)),
        (None, ()),
    ]
    assert outcome.texts[1] == "資料に記載がない点：停止の料金。"


def test_names_of_the_person_may_stand_in_copied_code(world: World) -> None:
    block = "```dockerfile\nFROM {image}\nCOPY train /opt/program/train\n```"
    own, other = (block.format(image=i) for i in ("my-base:3.10-slim", "evil:3.10-slim"))
    question = f"{DOCKERFILE}. Our image is my-base."
    for shown, right in ((own, True), (other, False)):
        text = f"SageMaker runs `docker run IMAGE train` [{{1}}].\n\n{shown}\n[{{0}}]\n"
        with FakeOpenAI(say(text, "FROM", "in the same way")) as server:
            outcome = world.write(server, question)
        assert outcome.written.sentences[1].supported is right


def test_only_sources_that_prove_the_sentence_are_cited(world: World) -> None:
    reply = say(
        "SIGKILL は捕まえられません [{0}, {1}]。", "docker run IMAGE train", "捕まえられません"
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, STOP)
    assert outcome.quotes == [["SIGKILL は捕まえられません。"]]


def test_lead_in_takes_the_citations_of_its_list(world: World) -> None:
    reply = say(
        "停止の流れは次のとおりです：\n\n1. SIGTERM が届きます [{0}]。\n"
        "2. 120 秒後に SIGKILL で終了させられます [{0}]。\n\n次に進むには：\n\n以上です。",
        "120 秒後",
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, STOP)
    assert [(s.marker, s.citations) for s in outcome.written.sentences] == [
        ("", (1,)),
        ("1. ", (1,)),
        ("1. ", (1,)),
    ]
    assert outcome.markdown.startswith("停止の流れは次のとおりです： [1]\n\n1. SIGTERM")


def test_list_of_names_is_in_no_language(world: World) -> None:
    text = "停止時に使うものです：\n- `SIGTERM`, `SIGKILL` [{0}]\n- `/opt/ml/model` [{1}]"
    with FakeOpenAI(say(text, "120 秒後", "失われません")) as server:
        outcome = world.write(server, STOP)
    assert len(server.asked) == 1
    assert outcome.texts[:2] == ["停止時に使うものです：", "`SIGTERM`, `SIGKILL`"]


def test_items_are_read_with_a_lead_in_that_denies(world: World) -> None:
    reply = say(
        "These cannot be caught:\n- SIGKILL [{0}]\n- SIGTERM [{1}]\n\n"
        "These can be caught:\n- SIGTERM [{1}]",
        "cannot be caught",
        "Catch SIGTERM",
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, STOP_EN)
    proven = [sentence.supported for sentence in outcome.written.sentences]
    # The third is for the check by a model: the source does not say so in words.
    assert (proven[:2], proven[3:]) == ([True, True], [True, True])


def test_code_is_kept_whole_and_held_against_its_source(world: World) -> None:
    block = "```dockerfile\nFROM python:3.10-slim\nCOPY train {path}\n```"
    right, wrong = (block.format(path=path) for path in ("/opt/program/train", "/usr/evil"))
    text = f"Put `train` on the `PATH`:\n\n{right}\n[{{0}}]\n\nor so:\n\n{wrong}\n[{{0}}]\n"
    with FakeOpenAI(say(text, "FROM python")) as server:
        outcome = world.write(server, DOCKERFILE)
    assert f"{right}\n[1]\n" in outcome.streamed
    assert outcome.texts[1] == right
    assert outcome.texts[3] == wrong
    proven = {sentence.text: sentence.supported for sentence in outcome.written.sentences}
    assert proven[outcome.texts[1]]
    assert not proven[outcome.texts[3]]
    assert outcome.quotes[1][0].startswith("```dockerfile\nFROM python:3.10-slim\nCOPY train")


def test_code_without_a_source_is_kept_when_it_is_copied(world: World) -> None:
    text = "Put `train` on the `PATH` [{0}]:\n\n```\nRUN chmod +x /opt/program/train\n```\n"
    with FakeOpenAI(say(text + "\n```\nrm -rf /\n```", "FROM python")) as server:
        outcome = world.write(server, DOCKERFILE)
    assert outcome.texts[1:] == ["```\nRUN chmod +x /opt/program/train\n```"]


def test_addresses_of_the_model_never_reach_anyone(world: World) -> None:
    reply = say(
        "SIGKILL は[捕まえられません](https://evil.example/?q=1) [{0}](https://evil.example)。"
        "![x](https://evil.example/t.png) 詳しくは https://evil.example/a を見てください [{0}]。\n"
        "[1]: https://evil.example\n",
        "捕まえられません",
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, STOP)
    for shown in (outcome.streamed, outcome.markdown):
        assert "evil" not in shown
        assert "http" not in shown
    assert outcome.texts[0] == "SIGKILL は捕まえられません。"


def test_thoughts_are_not_shown(world: World) -> None:
    reply = say(
        "<think>The user asks about [{0}]</think>SIGKILL は捕捉できません [{0}]。", "捕まえられ"
    )
    with FakeOpenAI(reply) as server:
        outcome = world.write(server, STOP)
    assert outcome.streamed == "SIGKILL は捕捉できません [1]。"
