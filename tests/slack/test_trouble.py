"""What goes wrong between Slack and the bot, over real sockets: nothing is lost, nothing twice."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from kb.errors import IndexMissing
from kb.messages import message
from slackbot.bot import Bot
from tests.slack.conftest import Asked, Start
from tests.slack.fake_slack import FakeSlack
from tests.slack.web_api import BOT, GENERAL

MODEL = "学習したモデルはどこに保存する？"
MODEL_EN = "Where do I save the trained model?"


# The same again, and what nobody asked.


def test_a_message_delivered_eleven_times_is_answered_once(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    asked = slack.ask(MODEL)
    for _ in range(10):
        slack.deliver(asked)
    slack.answer(asked)
    slack.settle()
    assert len(assistant.asked) == 1
    assert len(slack.thread(asked["ts"])) == 1


def test_a_command_delivered_twice_is_answered_once(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    reply = slack.command(MODEL, times=3)
    slack.wait(lambda: len(slack.replies[reply]) == 2, "the question and its answer")
    slack.settle()
    assert len(assistant.asked) == 1
    assert len(slack.replies[reply]) == 2


def test_a_duplicate_that_comes_hours_later_finds_the_answer_in_the_thread(
    slack: FakeSlack, start: Start, assistant: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    start()
    asked = slack.ask(MODEL)
    slack.answer(asked)
    start()  # a process that has not seen the message
    later = time.time() + 3 * 3600
    monkeypatch.setattr("slackbot.bot.time.time", lambda: later)
    slack.deliver(asked)
    slack.settle()
    assert len(slack.thread(asked["ts"])) == 1
    assert len(assistant.asked) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"bot_id": "B2"},
        {"bot_id": "B2", "subtype": "bot_message"},
        {"user": BOT},
        {"user": "USLACKBOT"},
        {"edited": {"user": "U1", "ts": "1.0"}},
        {"subtype": "channel_join"},
        {"subtype": "message_deleted", "hidden": True},
        {"user": ""},
    ],
)
def test_bots_edits_and_announcements_are_not_answered(
    slack: FakeSlack, bot: Bot, assistant: Asked, change: dict[str, object]
) -> None:
    slack.say(f"<@{BOT}> {MODEL}", **change)
    slack.say(MODEL, channel="D1", **change)
    slack.settle()
    assert assistant.asked == []


def test_an_edited_question_is_not_answered_again(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    asked = slack.ask(MODEL)
    slack.answer(asked)
    changed = {**asked, "text": f"<@{BOT}> {MODEL_EN}", "edited": {"user": "U1", "ts": "1.0"}}
    slack.event(
        {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "channel": GENERAL,
            "ts": slack.ts(),
            "message": changed,
            "previous_message": asked,
        }
    )
    slack.event({**changed, "type": "app_mention", "channel": GENERAL})
    slack.settle()
    assert len(assistant.asked) == 1


# Too much.


def test_who_asks_too_much_gets_one_polite_notice(
    slack: FakeSlack, start: Start, assistant: Asked
) -> None:
    start(per_minute=2)
    for _ in range(6):
        slack.ask(MODEL)
    other = slack.ask(MODEL, user="U2")
    slack.answer(other)
    slack.settle()
    assert len(assistant.asked) == 3, "two of the one, one of the other"
    (notice,) = slack.ephemerals
    assert notice["user"] == "U1"
    assert "thread_ts" not in notice, "there it would not be seen"
    assert notice["channel"] == GENERAL
    assert "秒ほどお待ちいただいて" in notice["text"]


def test_fifty_questions_at_once_get_one_answer_each(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    with ThreadPoolExecutor(10) as people:
        asked = list(people.map(lambda n: slack.ask(MODEL, user=f"U{n % 20}"), range(50)))
    for question in asked:
        slack.answer(question)
    slack.settle()
    assert len(assistant.asked) == 50
    for question in asked:
        (answer,) = slack.thread(question["ts"])
        assert answer["metadata"]["event_payload"]["to"] == question["ts"]
        assert "/opt/ml/model" in answer["text"]
    assert len(slack.messages[GENERAL]) == 100, "nothing outside of the threads"
    waiting = [status for *_, status in slack.all_statuses if "お待ちのご質問" in status]
    assert waiting, "who has to wait is told"
    assert slack.statuses == {}


def test_where_there_is_no_status_a_queue_is_told_by_a_notice(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    slack.refuse("assistant.threads.setStatus", "unknown_method", times=100)
    assistant.pause = 0.1
    asked = [slack.ask(MODEL) for _ in range(6)]
    for question in asked:
        slack.answer(question)
    notices = [notice["text"] for notice in slack.ephemerals]
    assert message("slack_queued", "ja", ahead=1) in notices
    assert len(notices) == 2, "four are answered at once, two wait"


# The stream.


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_when_a_stream_expires_the_answer_is_written_whole(
    slack: FakeSlack,
    bot: Bot,
    assistant: Asked,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
) -> None:
    monkeypatch.setattr("slackbot.stream._PAUSE", 0.05)
    slack.stream_seconds = seconds
    assistant.pause = 0.06
    asked = slack.ask(MODEL_EN)
    answer = slack.answer(asked)
    slack.settle()
    errors = {call.error for call in slack.calls if "Stream" in call.method}
    assert "message_not_in_streaming_state" in errors
    assert sum(bool(call.error) for call in slack.called("chat.appendStream")) <= 1, "given up"
    assert "/opt/ml/model" in answer["text"]
    assert "SM_MODEL_DIR" in answer["text"]
    assert len(slack.thread(asked["ts"])) == 1
    assert slack.called("chat.postMessage") == [], "written over the preview"


@pytest.mark.parametrize(
    "error", ["unknown_method", "feature_not_enabled", "missing_scope", "ratelimited"]
)
def test_without_streams_the_answer_comes_whole(slack: FakeSlack, bot: Bot, error: str) -> None:
    slack.refuse("chat.startStream", error, times=100, retry_after=30)
    asked = slack.ask(MODEL)
    began = time.monotonic()
    answer = slack.answer(asked)
    assert time.monotonic() - began < 5, "nobody waits for a preview"
    assert "/opt/ml/model" in answer["text"]
    slack.settle()
    assert len(slack.thread(asked["ts"])) == 1


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("chat.stopStream", "internal_error"),
        ("chat.update", "cant_update_message"),
        ("chat.update", "msg_too_long"),
        ("chat.update", "edit_window_closed"),
    ],
)
def test_a_preview_that_cannot_be_replaced_goes(
    slack: FakeSlack, bot: Bot, method: str, error: str
) -> None:
    slack.refuse(method, error)
    asked = slack.ask(MODEL)
    answer = slack.answer(asked)
    slack.settle()
    assert "/opt/ml/model" in answer["text"]
    assert answer["blocks"]
    assert len(slack.thread(asked["ts"])) == 1, "the preview is gone"


# The Web API.


def test_when_the_connection_breaks_at_the_last_step_the_answer_is_posted_anew(
    slack: FakeSlack, bot: Bot
) -> None:
    slack.refuse("chat.update", "broken_connection", times=3)
    asked = slack.ask(MODEL)
    answer = slack.answer(asked)
    slack.settle()
    assert "/opt/ml/model" in answer["text"]
    assert len(slack.thread(asked["ts"])) == 1, "the preview is gone"


def test_when_slack_says_later_the_answer_comes_later(slack: FakeSlack, bot: Bot) -> None:
    slack.refuse("chat.startStream", "unknown_method")
    slack.refuse("chat.postMessage", "ratelimited", retry_after=1)
    asked = slack.ask(MODEL)
    slack.answer(asked)
    slack.settle()
    first, second = slack.called("chat.postMessage")
    assert first.error == "ratelimited"
    assert second.at - first.at >= 1
    assert len(slack.thread(asked["ts"])) == 1


@pytest.mark.parametrize("error", ["msg_too_long", "invalid_blocks", "msg_blocks_too_long"])
def test_blocks_that_slack_refuses_leave_the_text(slack: FakeSlack, bot: Bot, error: str) -> None:
    slack.refuse("chat.startStream", "unknown_method")
    slack.refuse("chat.postMessage", error)
    asked = slack.ask(MODEL)
    answer = slack.answer(asked)
    assert "/opt/ml/model" in answer["text"]
    assert "https://docs.example/training" in answer["text"], "sources, too"
    assert "blocks" not in answer


def test_a_private_answer_whose_blocks_slack_refuses_leaves_the_text(
    slack: FakeSlack, bot: Bot
) -> None:
    slack.refuse("respond", "invalid_blocks", times=3)  # the question, its text, the answer
    reply = slack.command(MODEL)
    slack.wait(lambda: slack.replies[reply], "the text of the answer")
    (answer,) = slack.replies[reply]
    assert "/opt/ml/model" in answer["text"]
    assert "https://docs.example/training" in answer["text"], "sources, too"
    assert "blocks" not in answer


def test_a_channel_that_is_gone_ends_in_the_log(
    slack: FakeSlack, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    slack.refuse("chat.startStream", "channel_not_found", times=100)
    slack.refuse("chat.postMessage", "channel_not_found", times=1)
    slack.ask(MODEL)
    slack.wait(lambda: "answer not posted in C1: channel_not_found" in caplog.text, "a line")
    slack.answer(slack.ask(MODEL_EN))


def test_a_server_error_is_tried_again(slack: FakeSlack, bot: Bot) -> None:
    """The client meets a broken connection, too: the fake closes it without an answer."""
    slack.refuse("chat.startStream", "unknown_method")
    slack.refuse("chat.postMessage", "broken_connection")
    asked = slack.ask(MODEL)
    slack.answer(asked)
    slack.settle()
    assert len(slack.thread(asked["ts"])) == 1


def test_a_thread_that_cannot_be_read_is_answered_without_its_history(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    root = slack.say("hello")
    slack.refuse("conversations.replies", "missing_scope", times=100)
    asked = slack.ask(MODEL, thread=root["ts"])
    slack.answer(asked)
    assert assistant.asked[0][1] == []


def test_a_thread_known_as_ours_goes_on_though_it_cannot_be_read(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    root = slack.ask(MODEL)
    slack.answer(root)
    slack.answer(slack.say(MODEL_EN, thread=root["ts"]))
    slack.refuse("conversations.replies", "internal_error")
    slack.answer(slack.say(MODEL, thread=root["ts"]))
    assert len(assistant.asked) == 3


def test_while_slack_makes_others_wait_a_command_is_acknowledged(
    slack: FakeSlack, bot: Bot
) -> None:
    root = slack.ask(MODEL)
    slack.answer(root)
    slack.slow["conversations.replies"] = 3
    replies = [slack.say(MODEL, thread=root["ts"], user=f"U{number}") for number in range(8)]
    reply = slack.command(MODEL_EN)
    slack.wait(lambda: slack.replies[reply], "a word at once", 2)
    for said in replies:
        slack.answer(said)


# The socket.


def test_a_socket_that_is_cut_loses_nothing(slack: FakeSlack, bot: Bot, assistant: Asked) -> None:
    assistant.pause = 0.02
    asked = [slack.ask(MODEL) for _ in range(3)]
    slack.cut()
    asked += [slack.ask(MODEL_EN) for _ in range(3)]
    slack.wait(lambda: slack.connected >= 2, "a new connection")
    asked += [slack.ask(MODEL) for _ in range(3)]
    for question in asked:
        slack.answer(question)
    slack.settle()
    for question in asked:
        assert len(slack.thread(question["ts"])) == 1


def test_slack_may_ask_to_connect_anew(slack: FakeSlack, bot: Bot) -> None:
    slack.connections[-1].send('{"type": "disconnect", "reason": "refresh_requested"}')
    slack.wait(lambda: slack.connected >= 2, "a new connection")
    slack.answer(slack.ask(MODEL))


# The assistant.


def test_a_failing_assistant_says_one_sentence_and_logs_the_rest(
    slack: FakeSlack, bot: Bot, assistant: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    assistant.error = RuntimeError("the database password is hunter2")
    asked = slack.ask(MODEL_EN)
    reply = slack.command(MODEL)
    answer = slack.answer(asked)
    slack.wait(lambda: len(slack.replies[reply]) == 2, "status and sentence")
    assert answer["text"] == message("failed", "en")
    assert slack.replies[reply][1]["text"] == message("failed", "ja")
    assert "hunter2" not in str(slack.messages)
    assert "hunter2" in caplog.text
    assistant.error = None
    slack.answer(slack.ask(MODEL))


def test_without_an_index_a_sentence_says_what_to_do(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    assistant.error = IndexMissing("no index")
    assert "make ingest" in slack.answer(slack.ask(MODEL))["text"]


def test_a_failing_database_takes_no_answer_away(
    slack: FakeSlack, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def record_answer(self, *args: object, **named: object) -> bool:
            raise RuntimeError("no space left")

        def close(self) -> None:
            pass

    start(feedback=Broken())
    caplog.set_level(logging.ERROR)
    slack.answer(slack.ask(MODEL))
    slack.wait(lambda: "answer not kept" in caplog.text, "a line in the log")
