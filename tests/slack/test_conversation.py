"""What a person and the bot say to each other, over real sockets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient

from kb.messages import message
from kb.records import Turn
from kb.store.feedback import FeedbackStore
from slackbot import bot as bot_module
from slackbot import clicks
from slackbot.bot import Bot
from slackbot.stream import Place
from tests.slack.block_kit import controls
from tests.slack.conftest import Asked, Start
from tests.slack.fake_slack import FakeSlack
from tests.slack.web_api import GENERAL

MODEL = "学習したモデルはどこに保存する？"
MODEL_EN = "Where do I save the trained model?"
SLOW = "First, build the image. Then tag & push it. Give a <name. Wait for it. Train at last."
APT = "OS のパッケージも要るときは？"


def test_a_mention_is_answered_in_its_thread(slack: FakeSlack, bot: Bot) -> None:
    asked = slack.ask(MODEL)
    answer = slack.answer(asked)
    assert "/opt/ml/model" in answer["text"]
    assert answer["thread_ts"] == asked["ts"]
    slack.settle()
    assert len(slack.thread(asked["ts"])) == 1
    assert len(slack.messages[GENERAL]) == 2, "nothing outside of the thread"


def test_the_status_comes_first_and_the_stream_before_the_answer(
    slack: FakeSlack, bot: Bot
) -> None:
    asked = slack.ask(MODEL)
    slack.answer(asked)
    called = [call.method for call in slack.calls if {"ts", "thread_ts"} & set(call.arguments)]
    assert called == [
        "assistant.threads.setStatus", "chat.startStream", "chat.stopStream", "chat.update",
    ]  # fmt: skip
    assert slack.all_statuses == [(GENERAL, asked["ts"], message("ui_searching", "ja"))]
    assert slack.statuses == {}, "an answer takes the status away"


def test_what_comes_slowly_is_shown_as_it_comes(
    slack: FakeSlack, bot: Bot, assistant: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slackbot.stream._PAUSE", 0.1)
    assistant.pause = 0.05
    assistant.change = lambda answer: replace(answer, answer=SLOW, sentences=())
    slack.answer(slack.ask(MODEL_EN))
    (start,), (stop,) = slack.called("chat.startStream"), slack.called("chat.stopStream")
    parts = [start, *slack.called("chat.appendStream"), stop]
    assert len(parts) >= 4
    assert [call.error for call in parts] == [""] * len(parts)
    assert start.arguments["markdown_text"].strip() == "First, build the image.", "a whole sentence"
    streamed = "".join(call.arguments.get("markdown_text", "") for call in parts)
    assert streamed.strip() == SLOW.replace("&", "&amp;").replace("<", "&lt;")


def test_a_direct_message_is_answered_in_its_thread(slack: FakeSlack, bot: Bot) -> None:
    asked = slack.say(MODEL, channel="D1")
    answer = slack.answer(asked, "D1")
    assert answer["thread_ts"] == asked["ts"]
    slack.settle()
    assert len(slack.messages["D1"]) == 2


def test_a_message_to_nobody_is_left_alone(slack: FakeSlack, bot: Bot, assistant: Asked) -> None:
    slack.say(MODEL)
    slack.say(f"<@U2> {MODEL}")
    slack.settle()
    assert assistant.asked == []
    assert slack.called("chat.postMessage") == []


def test_a_thread_of_the_bot_goes_on_without_a_mention(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    first = slack.ask("ライブラリを足すには？")
    slack.answer(first)
    second = slack.say(APT, thread=first["ts"], user="U2")
    answer = slack.answer(second)
    assert "イメージを拡張" in answer["text"]
    (_, _), (question, history) = assistant.asked
    assert question == APT
    assert history[0] == Turn("user", "ライブラリを足すには？")
    assert history[1].role == "assistant"
    assert "requirements.txt" in history[1].content
    assert len(history) == 2
    slack.answer(slack.say("環境変数では？", thread=first["ts"]))


def test_in_a_thread_of_people_only_a_mention_is_answered(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    root = slack.say("モデルの保存先で悩んでいます")
    slack.say(MODEL, thread=root["ts"], user="U2")
    slack.settle()
    assert assistant.asked == []
    asked = slack.ask(MODEL, thread=root["ts"], user="U2")
    slack.answer(asked)
    slack.say("なるほど、ありがとう！ 次はどうする？", thread=root["ts"])
    slack.settle()
    assert [question for question, _ in assistant.asked] == [MODEL]
    assert assistant.asked[0][1] == [], "what people say to each other is no question"
    slack.say("どうだろう", thread=root["ts"])
    slack.settle()
    looks = slack.called("conversations.replies")
    assert len(looks) == 2, "once for the thread, once for the mention"


def test_a_reply_to_somebody_else_is_left_alone(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    first = slack.ask(MODEL)
    slack.answer(first)
    slack.say("<@U2> これで合ってる？", thread=first["ts"])
    slack.settle()
    assert len(assistant.asked) == 1


def test_a_restart_forgets_nothing(slack: FakeSlack, start: Start, assistant: Asked) -> None:
    start()
    first = slack.ask("ライブラリを足すには？")
    slack.answer(first)
    start()  # a process that knows nothing of the first one
    second = slack.say(APT, thread=first["ts"])
    slack.answer(second)
    assert [turn.content for turn in assistant.asked[-1][1] if turn.role == "user"] == [
        "ライブラリを足すには？"
    ]


def test_the_agent_view_offers_questions(slack: FakeSlack, bot: Bot) -> None:
    slack.event({"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "home"})
    slack.event({"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "messages"})
    prompts = slack.wait(lambda: slack.prompts.get("D1"), "prompts")
    assert len(prompts) == 4
    assert len(slack.called("assistant.threads.setSuggestedPrompts")) == 1
    asked = slack.say(prompts[0]["message"], channel="D1")
    assert slack.answer(asked, "D1")


def test_a_command_is_answered_for_its_asker_alone(slack: FakeSlack, bot: Bot) -> None:
    reply = slack.command(MODEL, user="U2")
    slack.wait(lambda: len(slack.replies[reply]) == 2, "status and answer")
    status, answer = slack.replies[reply]
    assert status["text"] == f"*質問* {MODEL}"
    assert not any(said.get("replace_original") for said in (status, answer))
    assert "/opt/ml/model" in answer["text"]
    assert {said["response_type"] for said in (status, answer)} == {"ephemeral"}
    slack.settle()
    assert slack.messages == {}


def test_a_command_without_a_question_says_how_to_ask(slack: FakeSlack, bot: Bot) -> None:
    reply = slack.command("  ")
    slack.wait(lambda: len(slack.replies[reply]) == 2, "status and answer")
    assert slack.replies[reply][1]["text"] == message("empty_question", "ja")


def test_a_private_answer_can_be_shared(slack: FakeSlack, bot: Bot) -> None:
    reply = slack.command(MODEL, user="U2")
    slack.wait(lambda: len(slack.replies[reply]) == 2, "status and answer")
    share = button(slack.replies[reply][1], "kb_share")
    slack.click(share, None, user="U2", reply=reply)
    slack.click(share, None, user="U2", reply=reply)  # a double click
    root = slack.wait(lambda: slack.messages[GENERAL][:1], "a shared question")[0]
    slack.wait(lambda: slack.answers(root["ts"]), "the answer in its thread")
    slack.wait(lambda: len(slack.replies[reply]) == 3, "no copy left")
    assert slack.replies[reply][2]["delete_original"] is True
    slack.settle()
    assert len(slack.messages[GENERAL]) == 2
    assert MODEL in root["text"]
    assert controls(root["text"]) == ["<@U2>"]
    follow_up = slack.say("環境変数では？", thread=root["ts"])
    slack.answer(follow_up)


def test_what_could_not_be_shared_leaves_nothing_behind(
    slack: FakeSlack, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    reply = slack.command(MODEL, user="U2")
    slack.wait(lambda: len(slack.replies[reply]) == 2, "status and answer")
    share = button(slack.replies[reply][1], "kb_share")
    real, written = clicks.write, list[Place]()

    def second_fails(client: WebClient, place: Place, *given: Any) -> str:
        written.append(place)
        if len(written) == 2:
            raise OSError("the connection is gone")
        return real(client, place, *given)

    monkeypatch.setattr(clicks, "write", second_fails)
    slack.click(share, None, user="U2", reply=reply)
    slack.wait(lambda: len(slack.replies[reply]) == 3, "a sentence")
    assert slack.replies[reply][2]["text"] == message("slack_not_shared", "ja")
    assert slack.messages[GENERAL] == []
    slack.click(share, None, user="U2", reply=reply)
    slack.wait(lambda: len(slack.replies[reply]) == 4, "shared")
    slack.settle()
    assert len(slack.messages[GENERAL]) == 2


def test_a_thread_of_many_pages_is_read_to_its_end(
    slack: FakeSlack, bot: Bot, assistant: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot_module, "_PAGE", 3)
    first = slack.ask(MODEL)
    slack.answer(first)
    for _ in range(3):
        slack.answer(slack.say("環境変数では？", thread=first["ts"]))
    slack.answer(slack.say("最後の質問は？", thread=first["ts"]))
    history = [turn.content for turn in assistant.asked[-1][1] if turn.role == "user"]
    assert history == [MODEL, *["環境変数では？"] * 3]


def test_where_the_bot_is_no_member_sharing_says_so(slack: FakeSlack, bot: Bot) -> None:
    reply = slack.command(MODEL_EN, channel="C9")
    slack.wait(lambda: len(slack.replies[reply]) == 2, "status and answer")
    slack.click(button(slack.replies[reply][1], "kb_share"), None, channel="C9", reply=reply)
    slack.wait(lambda: len(slack.replies[reply]) == 3, "a sentence")
    assert slack.replies[reply][2]["text"] == message("slack_not_shared", "en")
    slack.channels.add("C9")  # /invite
    slack.click(button(slack.replies[reply][1], "kb_share"), None, channel="C9", reply=reply)
    root = slack.wait(lambda: slack.messages["C9"][:1], "a shared question")[0]
    slack.wait(lambda: slack.answers(root["ts"], "C9"), "the answer in its thread")


def test_answers_are_kept_with_question_person_and_index(
    slack: FakeSlack, bot: Bot, feedback: FeedbackStore
) -> None:
    first = slack.ask(MODEL, user="U2")
    slack.answer(first)
    slack.answer(slack.say("環境変数では？", thread=first["ts"], user="U2"))
    slack.wait(lambda: len(feedback.entries()) == 2, "two entries")
    one, two = feedback.entries()
    assert (one.question, one.person, one.surface) == (MODEL, "U2", "slack")
    assert one.index_version
    assert two.history[0] == Turn("user", MODEL)


def test_fixed_sentences_follow_the_language_of_the_answer(slack: FakeSlack, bot: Bot) -> None:
    asked = slack.ask(MODEL_EN)
    shown = str(slack.answer(asked)["blocks"])
    assert "Sources (" in shown
    assert "Ask a person" in shown
    assert "出典" not in shown
    assert slack.all_statuses[0][2] == message("ui_searching", "en")


def test_links_are_not_unfurled(slack: FakeSlack, bot: Bot, assistant: Asked) -> None:
    slack.refuse("chat.startStream", "method_not_supported_for_channel_type")
    slack.answer(slack.ask(MODEL))
    (posted,) = slack.called("chat.postMessage")
    assert posted.arguments["unfurl_links"] is False
    assert posted.arguments["unfurl_media"] is False


def button(message: dict, action: str) -> dict:  # type: ignore[type-arg]
    """The button of a message, as a click on it is told."""
    (found,) = [
        element
        for block in message["blocks"]
        for element in block.get("elements", [])
        if element.get("action_id") == action
    ]
    return {name: found[name] for name in ("type", "action_id", "value", "text") if name in found}
