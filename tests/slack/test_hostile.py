"""Hostile words, over real sockets: answered within the limits, and they mention nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slackbot.bot import Bot
from tests.slack.block_kit import controls, texts, unescaped
from tests.slack.conftest import Asked
from tests.slack.fake_slack import FakeSlack

HOSTILE = [
    "<!channel> <!here> <!everyone|everyone>",
    "<@U2> <@U3|bob> <#C2|others> <!subteam^S1|@team>",
    "<https://evil.example/x|click> <mailto:a@b.example|mail> https://evil.example",
    "&lt;!channel&gt; &amp;lt;!channel&amp;gt;",
    "*bold* _it_ ~no~ `code` ```block``` > quote",
    "![x](https://evil.example/x.png) [y](javascript:alert(1)) <script>",
    "学習モデル" * 8_000,
    "&" * 300,
    "<" * 300,
    "🎉🚀🙇",
    "\u200b\u200c\u200d\u2060\ufeff",
    "\u202e<!channel>\u202c",
    "",
    "a" * 300,
]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:20] for text in HOSTILE])
def test_hostile_words_are_answered_and_mention_nobody(
    slack: FakeSlack, bot: Bot, assistant: Asked, text: str
) -> None:
    # The answer holds what was asked, as a model that is talked into it might write.
    said = (text * 10)[:3_000]
    assistant.change = lambda answer: replace(
        answer, answer=f"{said}\n\n- {said}\n\n| {said} |\n|---|\n\n```\n{said}\n```", sentences=(),
        suggestions=(said[:200],) if said else (), clarify=said or None,
    )  # fmt: skip
    asked = slack.ask(text)
    private = slack.command(text)
    slack.answer(asked)
    slack.wait(lambda: len(slack.replies[private]) >= 2, "status and answer")
    slack.settle()
    assert not [call for call in slack.calls if call.error], "everything was within the limits"
    parts = [*slack.thread(asked["ts"]), *slack.replies[private]]
    assert len(slack.answers(asked["ts"])) == len(slack.thread(asked["ts"]))
    for part in parts:
        for shown in [part["text"], *texts(part.get("blocks", []))]:
            assert "<" not in unescaped(shown)
            assert ">" not in unescaped(shown).replace("\n>", "")
            assert all(control.startswith("<http") for control in controls(shown)), shown[:500]
    for call in slack.called("chat.startStream"):
        assert controls(call.arguments["markdown_text"]) == []
