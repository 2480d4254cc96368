"""Answers of a chat model as they come, and what happens when it fails.

The model is a scripted server (tests/fake_openai.py) behind the real client library; the index is
built by ingest from a tiny knowledge base.
"""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cli.serialize import to_json
from kb.messages import message
from kb.records import Answer, Turn
from kb.search.retrieve import retrieve
from kb.writer.generate import Asked as Asking
from kb.writer.generate import WriterGaveUp
from tests.fake_openai import FakeOpenAI, Reply, error
from tests.unit.generate_fixtures import GOOD, STOP, World, good, say, world

__all__ = ["world"]  # a fixture


@pytest.mark.parametrize(
    "text", ["NOT_IN_SOURCES", "`NOT_IN_SOURCES`.", "資料には記載が見つかりませんでした。"]
)
def test_model_may_say_that_the_sources_lack_it(world: World, text: str) -> None:
    with FakeOpenAI(Reply(text)) as server:
        outcome = world.write(server, STOP)
    assert outcome.written.declined
    assert "NOT_IN" not in outcome.streamed
    assert len(server.asked) == 1


RUBBISH = Reply("I am a language model and I like turtles. " * 3)
FAILURES = {
    "rate limit": error(429),
    "server error": error(500),
    "overloaded": error(503),
    "clean cut": Reply("停止すると SIGTERM が届き、12", finish=None),
    "clean cut at a full stop": Reply(good, finish=None),
    "broken connection": Reply("停止すると SIGTERM が届き、12", reset=True),
    "cut by the limit of tokens": Reply(good, finish="length"),
    "held back by a filter": Reply("停止すると", finish="content_filter"),
    "no citation": RUBBISH,
    "unknown ids only": Reply("停止すると SIGTERM が届きます [zz7z]。"),
    "numbers only": Reply("停止すると SIGTERM が届きます [1]。"),
    "empty": Reply(""),
    "nothing proven": say("月は緑のチーズでできています [{0}]。", "120 秒後"),
    "another language": say(
        "When a job is stopped the container gets SIGTERM and, 120 seconds later, SIGKILL [{0}].",
        "120 秒後",
    ),
    "not JSON": Reply(raw=b"<html>Bad gateway</html>", headers={"Content-Type": "text/html"}),
    "not JSON in the stream": Reply(
        raw=b"data: {oops\n\n", headers={"Content-Type": "text/event-stream"}
    ),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_one_retry_then_the_answer(world: World, failure: Reply) -> None:
    waits: list[float] = []
    with FakeOpenAI(failure, GOOD) as server:
        outcome = world.write(server, STOP, writer=world.writer(server, waits=waits))
    assert len(server.asked) == 2
    assert len(outcome.written.sentences) == 3
    assert waits == [0.5]


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_the_second_failure_is_the_last(world: World, failure: Reply) -> None:
    with FakeOpenAI(failure) as server, pytest.raises(WriterGaveUp):
        world.write(server, STOP)
    assert len(server.asked) == 2


def test_what_was_shown_of_a_failed_try_is_not_shown_again(world: World) -> None:
    with FakeOpenAI(Reply("停止すると SIGTERM が届き、", finish=None), GOOD) as server:
        outcome = world.write(server, STOP)
    assert outcome.streamed == "停止すると SIGTERM が届き、"
    assert len(outcome.texts) == 3


def test_after_rubbish_the_model_is_reminded_of_the_rules(world: World) -> None:
    with FakeOpenAI(RUBBISH, GOOD, error(500), GOOD) as server:
        world.write(server, STOP)
        world.write(server, STOP)
    reminded = ["could not be used" in asked.messages[-1]["content"] for asked in server.asked]
    assert reminded == [False, True, False, False]


def test_stall_is_noticed_although_the_connection_lives(world: World) -> None:
    with FakeOpenAI(Reply("停止すると", stall=True), GOOD) as server:
        started = time.monotonic()
        outcome = world.write(server, STOP, writer=world.writer(server, timeout=0.4))
        seconds = time.monotonic() - started
    assert len(outcome.texts) == 3
    assert server.asked[1].at - server.asked[0].at >= 0.4
    assert seconds < 15


def test_slow_stream_is_no_stall(world: World) -> None:
    with FakeOpenAI(Reply(good, size=8, pause=0.1)) as server:
        outcome = world.write(server, STOP, writer=world.writer(server, timeout=1.0))
    assert time.monotonic() - server.asked[0].at > 1.0
    assert len(server.asked) == 1
    assert len(outcome.texts) == 3


@pytest.mark.parametrize(("asked_for", "waited"), [("2", 2.0), ("60", 5.0), ("0.1", 0.5)])
def test_retry_after_is_honoured_up_to_five_seconds(
    world: World, asked_for: str, waited: float
) -> None:
    waits: list[float] = []
    with FakeOpenAI(error(429, Retry_After=asked_for), GOOD) as server:
        world.write(server, STOP, writer=world.writer(server, waits=waits))
    assert waits == [waited]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_no_retry_where_it_cannot_help(world: World, status: int) -> None:
    with FakeOpenAI(error(status), GOOD) as server, pytest.raises(WriterGaveUp):
        world.write(server, STOP)
    assert len(server.asked) == 1


def test_nobody_listens(world: World) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    waits: list[float] = []
    with FakeOpenAI(GOOD) as server:
        server.base_url = f"http://127.0.0.1:{port}/v1"
        with pytest.raises(WriterGaveUp):
            world.write(server, STOP, writer=world.writer(server, waits=waits))
    assert server.asked == []
    assert waits == [0.5]


def test_stopping_the_answer_hangs_up(world: World) -> None:
    with FakeOpenAI(Reply("停止すると SIGTERM が届きます。" * 200, pause=0.01)) as server:
        writer = world.writer(server)
        retrieval = retrieve(world.index, world.embedder, STOP, "ja")
        question = Asking(STOP, (), world.index, "ja", world.embedder)
        stream = writer.write(question, retrieval)
        next(stream)
        before = threading.active_count()
        stream.close()
        assert server.closed_by_client.wait(5)
    assert threading.active_count() <= before


def test_assistant_gives_the_models_answer(world: World) -> None:
    with FakeOpenAI(GOOD) as server:
        *pieces, answer = world.assistant(server).stream(STOP)
    assert isinstance(answer, Answer)
    row = to_json(answer)
    assert (row["model"], row["notice"], row["declined"]) == ("openai:fake", "", False)
    assert "".join(str(piece) for piece in pieces).count("[") == 3
    assert [sentence["citations"] for sentence in row["sentences"]] == [[1], [2], [3]]
    for citation in row["citations"]:
        text = world.index.documents[citation["document"]].text
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_assistant_falls_back_to_the_sources_with_one_sentence(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeOpenAI(error(500, "disk full on host db-7")) as server:
        answer = world.assistant(server).ask(STOP)
    assert answer.notice == message("fell_back", "ja")
    assert answer.model == "extractive"
    assert answer.citations
    assert "db-7" not in json.dumps(to_json(answer), ensure_ascii=False)
    assert "db-7" in caplog.text
    assert {record.name for record in caplog.records if record.levelno >= logging.WARNING} == {"kb"}


def test_assistant_declines_when_the_model_finds_nothing(world: World) -> None:
    with FakeOpenAI(Reply("NOT_IN_SOURCES")) as server:
        answer = world.assistant(server).ask(STOP)
    assert (answer.declined, answer.reason) == (True, "not_in_sources")
    assert answer.citations == ()
    assert answer.suggestions
    assert answer.model == "openai:fake"


def test_torch_is_never_imported_for_a_chat_model(world: World) -> None:
    program = """
import json, sys
from pathlib import Path
from kb.settings import Settings
from kb.wiring import open_assistant

folder, url, question = sys.argv[1:]
settings = Settings(chat_model="openai:fake", chat_base_url=url, index_dir=Path(folder))
answer = open_assistant(settings).ask(question)
heavy = [name for name in ("torch", "transformers", "sentence_transformers") if name in sys.modules]
print(json.dumps([answer.model, heavy, "langchain_openai" in sys.modules]))
"""
    folder = Path(world.index.documents[next(iter(world.index.documents))].id).parents[2] / "index"
    root = Path(__file__).resolve().parents[2]
    with FakeOpenAI(GOOD) as server:
        done = subprocess.run(
            [sys.executable, "-c", program, str(folder), server.base_url, STOP],
            cwd=root,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    assert json.loads(done.stdout) == ["openai:fake", [], True]


def test_a_request_on_the_last_answer_acts_on_what_the_model_wrote(world: World) -> None:
    with FakeOpenAI(GOOD) as server:
        assistant = world.assistant(server)
        written = assistant.ask(STOP)
        history = [Turn("user", STOP), Turn("assistant", written.answer)]
        shorter = assistant.ask("1行でお願いします", history)
    assert shorter.act == "form"
    assert [s.text for s in shorter.sentences] == [written.sentences[0].text]
    assert len(server.asked) == 1
