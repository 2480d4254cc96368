"""Which messages are questions, and what they say."""

from __future__ import annotations

from typing import Any

import pytest

from kb.records import Turn
from slackbot.threads import (
    ANSWER,
    HELP,
    QUESTION,
    answered,
    handed_over,
    heard,
    history,
    is_ours,
    language_of,
    metadata,
    readable,
)

BOT = "UBOT"


def said(text: str, ts: str = "10.1", **more: Any) -> dict[str, Any]:
    return {"user": "U1", "text": text, "ts": ts, "channel": "C1", **more}


def by_bot(text: str, ts: str, kind: str, **payload: str) -> dict[str, Any]:
    return {"user": BOT, "text": text, "ts": ts, "metadata": metadata(kind, **payload)}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@UBOT> where?", "where?"),
        ("where <@UBOT|kb> now?", "where   now?"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;", "&lt;"),
        ("see <https://a.example/x?a=1&amp;b=2>", "see https://a.example/x?a=1&b=2"),
        ("see <https://a.example/x|the page>", "see the page"),
        ("<!channel> <!here|here> <!subteam^S1|@team> <#C1|c>", "@channel @here @team #c"),
        ("<@U2> says", "@U2 says"),
        ("", ""),
    ],
)  # fmt: skip
def test_text_as_a_person_reads_it(text: str, shown: str) -> None:
    assert readable(text, BOT) == shown


def test_a_message_knows_its_thread_and_whom_it_speaks_to() -> None:
    opening = heard(said("<@UBOT> hi"), BOT, "T1")
    assert opening
    assert (opening.thread, opening.opens, opening.mentioned) == ("10.1", True, True)
    reply = heard(said("<@U2> hi", thread_ts="9.1"), BOT, "T1")
    assert reply
    assert (reply.thread, reply.opens, reply.mentioned) == ("9.1", False, False)
    assert reply.to_another
    assert heard(said("<!subteam^S1|@team> hi"), BOT, "T1").to_another  # type: ignore[union-attr]
    assert not heard(said("thanks <@U2>"), BOT, "T1").to_another  # type: ignore[union-attr]
    direct = heard(said("hi", channel="D1"), BOT, "T1")
    assert direct
    assert direct.direct


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast"])
def test_a_message_with_a_file_or_shown_in_the_channel_is_a_message(subtype: str) -> None:
    assert heard(said("hi", subtype=subtype), BOT, "T1")


def test_a_thread_is_ours_when_we_began_it_or_were_asked_to() -> None:
    assert is_ours(by_bot("shared", "1.1", QUESTION), BOT)
    assert is_ours(said("well <@UBOT> …"), BOT)
    assert not is_ours(said("well <@UBOTTOM> …"), BOT)


def test_history_is_what_was_asked_and_answered() -> None:
    thread = [
        said("<@UBOT> a &amp; b?", "1.1"),
        by_bot("*A* &amp; B [1]", "1.2", ANSWER, to="1.1"),
        said("<@U2> look", "1.3"),
        by_bot("Chosen: c", "1.4", QUESTION, question="c"),
        by_bot("C", "1.5", ANSWER, to="1.4"),
        by_bot("help!", "1.6", HELP),
        said("d?", "1.7"),
        {**said("I am a bot", "1.75"), "bot_id": "B2"},
        said("<@UBOT> e?", "1.8"),
        said("later", "1.9"),
    ]
    now = heard(said("<@UBOT> e?", "1.8", thread_ts="1.1"), BOT, "T1")
    assert now
    assert history(thread, now, BOT) == [
        Turn("user", "a & b?"),
        Turn("assistant", "*A* & B [1]"),
        Turn("user", "c"),
        Turn("assistant", "C"),
        Turn("user", "d?"),
    ]


def test_history_keeps_the_last_turns() -> None:
    thread = [said(f"q{number}", f"{number}.0", channel="D1") for number in range(1, 40)]
    now = heard(said("now", "100.0", channel="D1", thread_ts="1.0"), BOT, "T1")
    assert now
    turns = history(thread, now, BOT)
    assert len(turns) == 12
    assert turns[-1].content == "q39"


def test_moments_are_compared_as_numbers() -> None:
    now = heard(said("now", "1000.5", channel="D1", thread_ts="999.1"), BOT, "T1")
    assert now
    assert history([said("before", "999.1", channel="D1")], now, BOT) == [Turn("user", "before")]


def test_a_thread_tells_what_was_answered_and_handed_over() -> None:
    thread = [said("?", "1.1"), by_bot("!", "1.2", ANSWER, to="1.1")]
    assert answered(thread, "1.1")
    assert not answered(thread, "1.3")
    assert not handed_over(thread)
    assert handed_over([*thread, by_bot("help", "1.3", HELP)])


def test_words_tell_the_language_and_no_words_are_japanese() -> None:
    assert language_of("where?") == "en"
    assert language_of("どこ？") == "ja"
    assert language_of("🎉 1234") == "ja"
