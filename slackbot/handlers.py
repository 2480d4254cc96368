"""Handlers: Bolt's events to the bot. Plain functions; each hands over and returns."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App, BoltContext, Respond

from kb.messages import message
from kb.records import Language
from slackbot import clicks
from slackbot.bot import Bot

Body = dict[str, Any]

_EXAMPLES: tuple[tuple[Language, int], ...] = (("ja", 1), ("ja", 2), ("en", 2), ("en", 4))
"""Questions offered in the agent view: Slack does not say there which language a person reads."""


def attach(app: App, bot: Bot) -> None:
    """Let `bot` hear what `app` receives."""

    def give_bot(context: BoltContext, body: Body, next: Callable[[], None]) -> None:
        """Runs before Slack is told that the event has arrived."""
        context["bot"] = bot
        event = body.get("event")
        if isinstance(event, dict) and event.get("type") in ("app_mention", "message"):
            bot.receive(event, str(body.get("team_id") or ""))
        next()

    app.middleware(give_bot)
    app.event("app_mention")(on_message)
    app.event("message")(on_message)
    app.event("app_home_opened")(on_home_opened)
    app.command("/kb")(on_command)
    app.action(re.compile("^kb_ask_"))(on_ask)
    app.action("kb_vote")(on_vote)
    app.action("kb_add_comment")(on_add_comment)
    app.view("kb_comment")(on_comment)
    app.action("kb_more")(on_more)
    app.action("kb_share")(on_share)
    app.action("kb_help")(on_help)


def on_message(event: Body, body: Body, context: BoltContext) -> None:
    _bot(context).hear(event, str(body.get("team_id") or ""))


def on_home_opened(event: Body, context: BoltContext) -> None:
    if event.get("tab") == "messages":
        # No thread_ts: with one, Slack ignores the call in the agent view.
        _bot(context).parts.client.assistant_threads_setSuggestedPrompts(
            channel_id=event["channel"], title=message("slack_prompts", "ja"), prompts=prompts()
        )


def on_command(ack: Ack, command: Body, respond: Respond, context: BoltContext) -> None:
    ack()
    asked = str(command.get("text") or "").strip()
    # A command that is not acknowledged before the socket breaks comes again.
    if _bot(context).once("command", str(command["trigger_id"])):
        _bot(context).ask_privately(asked, command["user_id"], respond)


def on_ask(ack: Ack, body: Body, respond: Respond, context: BoltContext) -> None:
    ack()
    clicks.ask(_bot(context), body, respond)


def on_vote(ack: Ack, body: Body, respond: Respond, context: BoltContext) -> None:
    ack()
    clicks.vote(_bot(context), body, respond)


def on_add_comment(ack: Ack, body: Body, context: BoltContext) -> None:
    ack()
    clicks.add_comment(_bot(context), body)


def on_comment(ack: Ack, body: Body, context: BoltContext) -> None:
    ack()
    clicks.comment(_bot(context), body)


def on_more(ack: Ack, body: Body, respond: Respond, context: BoltContext) -> None:
    ack()
    clicks.more(_bot(context), body, respond)


def on_share(ack: Ack, body: Body, respond: Respond, context: BoltContext) -> None:
    ack()
    clicks.share(_bot(context), body, respond)


def on_help(ack: Ack, body: Body, context: BoltContext) -> None:
    ack()
    clicks.call_for_help(_bot(context), body)


def prompts() -> list[dict[str, str]]:
    """The suggested questions, as Slack takes them."""
    texts = [message(f"ui_example_{number}", language) for language, number in _EXAMPLES]
    return [{"title": text, "message": text} for text in texts]


def _bot(context: BoltContext) -> Bot:
    bot: Bot = context["bot"]
    return bot
