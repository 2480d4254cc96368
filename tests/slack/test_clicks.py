"""The buttons and the modal under an answer, over real sockets."""

from __future__ import annotations

from dataclasses import replace

from kb.messages import message
from kb.records import Answer, Turn
from kb.store.feedback import FeedbackStore
from slackbot.bot import Bot
from slackbot.limits import RateLimit
from tests.slack.block_kit import controls, texts
from tests.slack.conftest import GROUP, Asked, Start
from tests.slack.fake_slack import FakeSlack
from tests.slack.payloads import decided, long
from tests.slack.test_conversation import button
from tests.slack.web_api import GENERAL, Message

MODEL = "学習したモデルはどこに保存する？"
MODEL_EN = "Where do I save the trained model?"


def vote(answer: Message, which: str) -> dict[str, str]:
    """What a click on 👍 or 👎 tells."""
    (buttons,) = [
        element
        for block in answer["blocks"]
        for element in block.get("elements", [])
        if element["type"] == "feedback_buttons"
    ]
    name = "positive_button" if which == "up" else "negative_button"
    return {"type": "feedback_buttons", "action_id": "kb_vote", "value": buttons[name]["value"]}


def ask_back(answer: Answer) -> Answer:
    return replace(
        answer,
        clarify="学習ですか、推論ですか？",
        choices=("学習したモデルはどこに保存する？", "推論コンテナの話です"),
    )


def many_sources(answer: Answer) -> Answer:
    (first, *_) = answer.citations
    return replace(
        answer, citations=tuple(replace(first, number=number + 1) for number in range(13))
    )


def test_a_good_vote_is_kept_and_thanked_for(
    slack: FakeSlack, bot: Bot, feedback: FeedbackStore
) -> None:
    answer = slack.answer(slack.ask(MODEL))
    slack.click(vote(answer, "up"), answer, user="U2")
    (thanks,) = slack.wait(lambda: slack.ephemerals, "thanks")
    assert (thanks["user"], thanks["text"]) == ("U2", message("slack_thanks", "ja"))
    assert thanks["thread_ts"] == answer["thread_ts"]
    (entry,) = feedback.entries()
    assert [(v.person, v.vote, v.comment) for v in entry.votes] == [("U2", "up", "")]
    slack.click(button(thanks, "kb_add_comment"), answer, user="U2")
    (view,) = slack.wait(lambda: slack.views, "a modal")
    slack.submit(view, " 助かりました ", user="U2")
    slack.wait(lambda: feedback.entries()[0].votes[0].comment == "助かりました", "the comment")


def test_a_bad_vote_is_kept_and_asks_why(
    slack: FakeSlack, bot: Bot, feedback: FeedbackStore
) -> None:
    answer = slack.answer(slack.ask(MODEL_EN))
    slack.click(vote(answer, "down"), answer)
    (view,) = slack.wait(lambda: slack.views, "a modal")
    assert view["title"]["text"] == message("slack_comment_title", "en")
    slack.settle()
    (entry,) = feedback.entries()
    assert [(v.vote, v.comment) for v in entry.votes] == [("down", "")], "kept without a comment"
    slack.submit(view, "The path is wrong.")
    slack.wait(lambda: feedback.entries()[0].votes[0].comment == "The path is wrong.", "a comment")
    assert len(feedback.entries()[0].votes) == 1


def test_a_comment_may_stay_empty(slack: FakeSlack, bot: Bot, feedback: FeedbackStore) -> None:
    answer = slack.answer(slack.ask(MODEL))
    slack.click(vote(answer, "down"), answer)
    (view,) = slack.wait(lambda: slack.views, "a modal")
    slack.submit(view, None)
    slack.settle()
    assert [v.comment for v in feedback.entries()[0].votes] == [""]


def test_a_vote_counts_after_a_restart(
    slack: FakeSlack, start: Start, feedback: FeedbackStore
) -> None:
    start()
    answer = slack.answer(slack.ask(MODEL))
    start()
    slack.click(vote(answer, "up"), answer)
    slack.wait(lambda: feedback.entries()[0].votes, "a vote")


def test_a_choice_is_asked_as_the_next_message(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    assistant.change = ask_back
    asked = slack.ask("どのパターンがいい？", user="U2")
    answer = slack.answer(asked)
    assert "学習ですか、推論ですか？" in str(answer["blocks"])
    assistant.change = lambda answer: answer
    choice = button(answer, "kb_ask_choice_0")
    slack.click(choice, answer, user="U2")
    slack.click(choice, answer, user="U2")  # a double click
    slack.wait(lambda: len(slack.answers(asked["ts"])) == 2, "a second answer")
    slack.settle()
    first, said, second = slack.thread(asked["ts"])
    assert said["text"] == message("slack_chosen", "ja", text=MODEL)
    assert "/opt/ml/model" in second["text"]
    question, history = assistant.asked[-1]
    assert question == MODEL
    assert [turn.role for turn in history] == ["user", "assistant"]
    assert slack.answer(slack.say("環境変数では？", thread=asked["ts"]))
    assert [turn.content for turn in assistant.asked[-1][1] if turn.role == "user"] == [
        "どのパターンがいい？",
        MODEL,
    ], "the choice is part of the conversation"


def test_a_choice_under_a_private_answer_goes_on_with_it(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    assistant.change = ask_back
    reply = slack.command("どのパターンがいい？")
    slack.wait(lambda: len(slack.replies[reply]) == 2, "status and answer")
    choice = button(slack.replies[reply][1], "kb_ask_choice_1")
    slack.click(choice, None, reply=reply)
    slack.click(choice, None, reply=reply)  # a double click
    slack.wait(lambda: len(assistant.asked) == 2, "the choice")
    slack.settle()
    assert len(assistant.asked) == 2
    assert len(slack.replies[reply]) == 4
    assert not any(said.get("replace_original") for said in slack.replies[reply]), "nothing lost"
    question, history = assistant.asked[1]
    assert question == "推論コンテナの話です"
    assert [(turn.role, turn.content[:4]) for turn in history][0] == ("user", "どのパタ")
    assert [turn.role for turn in history] == ["user", "assistant"]


def test_where_nobody_else_reads_nobody_can_be_called(slack: FakeSlack, bot: Bot) -> None:
    assert "kb_help" not in str(slack.answer(slack.say(MODEL, channel="D1"), "D1"))
    reply = slack.command(MODEL)
    slack.wait(lambda: len(slack.replies[reply]) == 2, "status and answer")
    assert "kb_help" not in str(slack.replies[reply])


def test_a_suggestion_of_a_private_answer_is_answered_privately(slack: FakeSlack, bot: Bot) -> None:
    reply = slack.command("明日の天気は？")
    slack.wait(lambda: len(slack.replies[reply]) == 2, "status and answer")
    suggestion = button(slack.replies[reply][1], "kb_ask_suggestion_0")
    slack.click(suggestion, None, reply=reply)
    slack.wait(lambda: len(slack.replies[reply]) == 4, "status and answer")
    assert "/opt/ml/model" in slack.replies[reply][3]["text"]
    assert slack.messages == {}


def test_a_decision_offers_the_next_question(slack: FakeSlack, bot: Bot, assistant: Asked) -> None:
    assistant.change = decided
    answer = slack.answer(slack.ask(MODEL))
    slack.click(button(answer, "kb_ask_next_0"), answer)
    slack.wait(lambda: len(assistant.asked) == 2, "the next question")
    assert assistant.asked[1][0] == "学習パターン1（AWS イメージの拡張）の手順は？"


def test_sources_beyond_ten_are_behind_a_button(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    assistant.change = many_sources
    answer = slack.answer(slack.ask(MODEL))
    shown = texts(answer["blocks"])
    assert sum(text.startswith("*[") for text in shown) == 10
    slack.click(button(answer, "kb_more"), answer)
    (view,) = slack.wait(lambda: slack.views, "a modal")
    assert [text[:5] for text in texts(view["blocks"])] == ["*[11]", "*[12]", "*[13]"]


def test_after_a_restart_more_sources_are_a_polite_sentence(
    slack: FakeSlack, start: Start, assistant: Asked
) -> None:
    start()
    assistant.change = many_sources
    answer = slack.answer(slack.ask(MODEL_EN))
    start()
    slack.click(button(answer, "kb_more"), answer)
    (said,) = slack.wait(lambda: slack.ephemerals, "a sentence")
    assert said["text"] == message("slack_forgotten", "en")


def test_a_person_can_be_asked(slack: FakeSlack, bot: Bot, assistant: Asked) -> None:
    asked = slack.ask(f"{MODEL} <!channel> & <@U3>", user="U2")
    answer = slack.answer(asked)
    button_ = button(answer, "kb_help")
    slack.click(button_, answer, user="U2")
    slack.wait(lambda: len(slack.thread(asked["ts"])) == 2, "a call for help")
    slack.click(button_, answer, user="U3")  # called already
    slack.settle()
    _, call = slack.thread(asked["ts"])
    shown = "\n".join(texts(call["blocks"]))
    assert MODEL in shown
    assert "/opt/ml/model" in shown
    assert controls(call["text"]) == [f"<!subteam^{GROUP}>", "<@U2>"]
    assert [c for c in controls(shown) if not c.startswith("<http")] == controls(call["text"])
    slack.say("それは SM_MODEL_DIR ですね", thread=asked["ts"], user="U9")
    slack.settle()
    assert len(assistant.asked) == 1, "people talk now; the bot waits for a mention"
    slack.answer(slack.ask("環境変数では？", thread=asked["ts"], user="U9"))


def test_without_a_group_there_is_no_such_button(slack: FakeSlack, start: Start) -> None:
    start(help_group="")
    assert "kb_help" not in str(slack.answer(slack.ask(MODEL))["blocks"])


def test_clicks_count_as_questions(slack: FakeSlack, start: Start, assistant: Asked) -> None:
    bot = start(per_minute=1)
    assistant.change = ask_back
    asked = slack.ask("どのパターンがいい？")
    answer = slack.answer(asked)
    choice = button(answer, "kb_ask_choice_0")
    slack.click(choice, answer)
    slack.wait(lambda: slack.ephemerals, "a notice")
    slack.settle()
    assert len(assistant.asked) == 1
    assert len(slack.thread(asked["ts"])) == 1, "nothing was chosen yet"
    bot._limit = RateLimit(1)  # a minute later
    slack.click(choice, answer)
    slack.wait(lambda: len(slack.answers(asked["ts"])) == 2, "the answer to the second click")


def test_a_click_in_a_channel_that_is_gone_ends_in_the_log(slack: FakeSlack, bot: Bot) -> None:
    answer = slack.answer(slack.ask(MODEL))
    slack.refuse("chat.postMessage", "is_archived", times=10)
    slack.refuse("views.open", "expired_trigger_id")
    slack.click(button(answer, "kb_help"), answer)
    slack.click(vote(answer, "down"), answer)
    slack.settle()
    assert len(slack.messages[GENERAL]) == 2


def test_help_can_be_called_again_when_slack_did_not_take_it(slack: FakeSlack, bot: Bot) -> None:
    asked = slack.ask(MODEL)
    answer = slack.answer(asked)
    slack.refuse("chat.postMessage", "internal_error")
    slack.click(button(answer, "kb_help"), answer)
    slack.settle()
    slack.click(button(answer, "kb_help"), answer)
    slack.wait(lambda: len(slack.thread(asked["ts"])) == 2, "a call for help")


def test_who_is_called_sees_the_answer_though_its_last_message_holds_none(
    slack: FakeSlack, bot: Bot, assistant: Asked
) -> None:
    assistant.change = long
    asked = slack.ask(MODEL)
    slack.answer(asked)
    slack.settle()  # its other messages
    *_, last = slack.answers(asked["ts"])
    assert "/opt/ml/model" not in str(last["blocks"][0])
    slack.click(button(last, "kb_help"), last)
    slack.settle()
    *_, call = slack.thread(asked["ts"])
    assert "/opt/ml/model" in texts(call["blocks"])[-1]


def test_the_history_holds_turns_alone(slack: FakeSlack, bot: Bot, assistant: Asked) -> None:
    first = slack.ask(MODEL)
    answer = slack.answer(first)
    slack.click(button(answer, "kb_help"), answer)
    slack.wait(lambda: len(slack.thread(first["ts"])) == 2, "a call for help")
    slack.answer(slack.ask("環境変数では？", thread=first["ts"]))
    assert assistant.asked[-1][1] == [
        Turn("user", MODEL),
        Turn("assistant", answer["text"]),
    ]
