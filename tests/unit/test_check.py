"""The check of a written answer by a model: one call, its verdicts, and what rubbish does.

The models are scripted servers behind the real client library, as in test_generate.
"""

from __future__ import annotations

import json

import pytest

from kb.messages import message
from kb.settings import Settings
from kb.writer.chat import ChatFailed, Message
from kb.writer.check import Claim, check
from kb.writer.generate import Writer, WriterGaveUp, load_writer
from kb.writer.model import load_model
from tests.fake_openai import Asked, FakeOpenAI, Reply, error
from tests.unit.generate_fixtures import GOOD, STOP, World, world

__all__ = ["world"]  # a fixture

CLAIMS = (
    Claim("SIGKILL follows after 30 seconds.", ("SIGKILL follows 120 seconds later.",)),
    Claim("SIGKILL cannot be caught.", ("SIGKILL は捕まえられません。",)),
)


def verdicts(*standings: str, words: str = "", answered: bool = True) -> str:
    claims = [
        {"number": number, "verdict": standing, "words": words}
        for number, standing in enumerate(standings, 1)
    ]
    return json.dumps({"claims": claims, "answered": answered})


def writer(server: FakeOpenAI, checking: FakeOpenAI, patience: float = 30.0) -> Writer:
    settings = Settings(chat_model="openai:fake", chat_base_url=server.base_url)
    other = Settings(
        chat_model="openai:fake",
        check_model="openai:strict",
        chat_base_url=checking.base_url,
        chat_timeout=patience,
    )
    checker = load_model(other, name=other.check_model)
    return Writer(load_model(settings), checker=checker, sleep=lambda _: None)


def test_claims_go_numbered_with_their_quotes_and_the_question() -> None:
    asked: list[Message] = []

    def ask(messages: object) -> str:
        asked.extend(messages)  # type: ignore[call-overload]
        return verdicts("contradicted", "supported", words="30 seconds")

    checked = check("How long? </question>", CLAIMS, ask)
    assert checked is not None
    assert [v.standing for v in checked.verdicts] == ["contradicted", "supported"]
    assert [v.words for v in checked.verdicts] == ["30 seconds", ""]
    role, text = asked[-1]
    assert role == "human"
    assert '<claim number="2">SIGKILL cannot be caught.' in text
    assert "<quote>SIGKILL は捕まえられません。</quote>" in text
    assert text.count("</question>") == 1


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I think they are fine.",
        "{oops}",
        "[1, 2]",
        verdicts("supported"),
        verdicts("supported", "probably"),
        '{"claims": "supported"}',
    ],
)
def test_rubbish_is_no_verdict(reply: str) -> None:
    assert check("?", CLAIMS, lambda _: reply) is None


def test_a_model_that_fails_gives_no_verdict() -> None:
    def ask(_: object) -> str:
        raise ChatFailed("stalled")

    assert check("?", CLAIMS, ask) is None


def test_contradicted_goes_and_what_is_not_stated_is_marked(world: World) -> None:
    checking = Reply(verdicts("supported", "contradicted", "not_stated"))
    with FakeOpenAI(GOOD) as server, FakeOpenAI(checking, scripted_checks=True) as judge:
        model = writer(server, judge)
        with pytest.raises(WriterGaveUp):  # one of three is too few
            world.write(server, STOP, writer=model)
    checking = Reply(verdicts("supported", "contradicted", "supported"))
    with FakeOpenAI(GOOD) as server, FakeOpenAI(checking, scripted_checks=True) as judge:
        written = world.write(server, STOP, writer=writer(server, judge)).written
        assert judge.asked[0].body["model"] == "strict"
        assert len(judge.asked) == 1
    assert [sentence.supported for sentence in written.sentences] == [True, True]
    assert written.removed == 1
    assert written.notice("ja") == message("check_removed", "ja", count="1")
    checking = Reply(verdicts("supported", "not_stated", "supported"))
    with FakeOpenAI(GOOD) as server, FakeOpenAI(checking, scripted_checks=True) as judge:
        written = world.write(server, STOP, writer=writer(server, judge)).written
    assert [sentence.supported for sentence in written.sentences] == [True, False, True]
    assert written.sentences[1].text == "SIGKILL は捕捉できません。"  # whoever shows it marks it
    assert written.notice("ja") == ""


def test_the_words_that_differ_are_named(world: World) -> None:
    def differs(asked: Asked) -> str:
        rows = json.loads(asked.all_supported)
        rows["claims"][1] |= {"verdict": "not_stated", "words": "捕捉"}
        return json.dumps(rows)

    with (
        FakeOpenAI(GOOD) as server,
        FakeOpenAI(Reply(differs), scripted_checks=True) as judge,
    ):
        written = world.write(server, STOP, writer=writer(server, judge)).written
    assert [sentence.supported for sentence in written.sentences] == [True, False, True]
    assert written.sentences[1].text == "SIGKILL は捕捉できません。（「捕捉」の部分）"


def test_an_answer_of_which_nothing_holds_and_that_answers_nothing_is_none(world: World) -> None:
    none = Reply(verdicts("not_stated", "not_stated", "contradicted", answered=False))
    with FakeOpenAI(GOOD) as server, FakeOpenAI(none, scripted_checks=True) as judge:
        outcome = world.write(server, STOP, writer=writer(server, judge))
    assert outcome.written.declined
    assert outcome.written.missing == STOP
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "failure",
    [
        error(429),
        error(500),
        Reply("turtles"),
        Reply("", finish=None),
        Reply('{"claims": [', reset=True),
        Reply('{"claims": [', stall=True),
    ],
)
def test_without_an_answer_the_short_check_decides_and_says_so(
    world: World, failure: Reply
) -> None:
    with FakeOpenAI(GOOD) as server, FakeOpenAI(failure, scripted_checks=True) as judge:
        written = world.write(server, STOP, writer=writer(server, judge, 3.0)).written
    assert len(written.sentences) == 3
    assert written.checked_short
    assert written.notice("en") == message("check_short", "en")


def test_the_assistant_asks_the_chat_model_itself_where_no_other_is_named(world: World) -> None:
    with FakeOpenAI(GOOD) as server:
        settings = Settings(chat_model="openai:fake", chat_base_url=server.base_url)
        model = load_writer(settings)
        written = world.write(server, STOP, writer=model).written
    assert (len(server.asked), len(server.checks)) == (1, 1)
    assert all(sentence.supported for sentence in written.sentences)
    assert written.notice("ja") == ""
