"""Clicks: what the buttons and the modal under an answer do.

Takes the bot, and the payload of a click as Slack sends it. Knows nothing about Bolt.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackClientError

from kb.messages import message
from kb.records import Language
from slackbot import threads
from slackbot.blocks import (
    Ballot,
    Block,
    Message,
    chosen,
    comment_modal,
    help_message,
    more_sources,
    plain,
    shared_question,
    thanks,
)
from slackbot.bot import Bot, Respond, reply
from slackbot.mrkdwn import escape
from slackbot.stream import Place, code, take_back, write
from slackbot.threads import Said, language_of

LOG = logging.getLogger("kb.slack")
Body = Mapping[str, Any]


def ask(bot: Bot, body: Body, respond: Respond) -> None:
    """A choice, a suggestion or a next question: asked as if the person had typed it."""
    identity, _, text = _value(body).partition(" ")
    place = _place(body)
    click = ("ask", place.channel, _clicked(body), text)
    if not bot.once(*click):
        return
    if _is_private(body):
        before = bot.given(identity)
        if not bot.ask_privately(text, place.person, respond, before.turns() if before else ()):
            bot.again(*click)
        return
    if bot.is_too_much(place, language_of(text)):
        bot.again(*click)
        return
    said = chosen(text, language_of(text))
    metadata = threads.metadata(threads.QUESTION, question=text)
    try:
        ts = write(bot.parts.client, place, [said], metadata)
    except (SlackClientError, OSError) as error:
        LOG.error("choice not posted in %s: %s", place.channel, code(error))
        bot.again(*click)
        return
    asked = Said(
        channel=place.channel,
        ts=ts,
        thread=place.thread,
        person=place.person,
        team=place.team,
        text=text,
        direct=place.channel.startswith("D"),
        mentioned=True,  # a click speaks to the bot
        to_another=False,
    )
    bot.ask(asked, bot.thread(asked))


def vote(bot: Bot, body: Body, respond: Respond) -> None:
    """👍 is kept and thanked for; 👎 asks at once what was wrong."""
    ballot = Ballot.read(_value(body))
    if ballot.vote == "down":
        _open_modal(bot, body, comment_modal(ballot))  # first: Slack waits three seconds for it
    bot.parts.feedback.record_vote(ballot.answer, person=_person(body), vote=ballot.vote)
    if ballot.vote == "up":
        _whisper(bot, body, respond, thanks(ballot))


def add_comment(bot: Bot, body: Body) -> None:
    _open_modal(bot, body, comment_modal(Ballot.read(_value(body))))


def comment(bot: Bot, body: Body) -> None:
    """The modal was sent: the same vote again, with its comment."""
    view = body["view"]
    ballot = Ballot.read(view["private_metadata"])
    text = str(view["state"]["values"]["comment"]["text"].get("value") or "").strip()
    if text:
        bot.parts.feedback.record_vote(
            ballot.answer, person=_person(body), vote=ballot.vote, comment=text
        )


def more(bot: Bot, body: Body, respond: Respond) -> None:
    """The sources beyond the first ten, in a modal."""
    given = bot.given(_value(body))
    if given is None:
        _whisper(bot, body, respond, plain(message("slack_forgotten", _spoken(body))))
        return
    _open_modal(bot, body, more_sources(given.answer, bot.documents()))


def share(bot: Bot, body: Body, respond: Respond) -> None:
    """A private answer becomes a thread of the channel."""
    given = bot.given(_value(body))
    if given is None:
        reply(respond, plain(message("slack_forgotten", _spoken(body))))
        return
    answer = given.answer
    if not bot.once("share", _person(body), answer.id):
        return
    place = _place(body)
    opening = shared_question(place.person, answer.question, answer.language)
    about = threads.metadata(threads.QUESTION, question=answer.question[:1_000])
    root = ""
    try:
        root = write(bot.parts.client, Place(place.channel, "", place.person, ""), [opening], about)
        thread = Place(place.channel, root, place.person, place.team)
        about = threads.metadata(threads.ANSWER, to=root)
        write(bot.parts.client, thread, bot.messages(answer), about)
    except (SlackClientError, OSError) as error:
        LOG.warning("not shared in %s: %s", place.channel, code(error))
        if root:
            take_back(bot.parts.client, place.channel, root)
        reply(respond, plain(message("slack_not_shared", answer.language)))
        bot.again("share", _person(body), answer.id)
        return
    respond(delete_original=True)


def call_for_help(bot: Bot, body: Body) -> None:
    """Tag the group with the question and what was found; once for each answer."""
    place = _place(body)
    if not bot.once("help", place.channel, _clicked(body)):
        return
    spoken, identity, question = _value(body).split(" ", 2)
    given = bot.given(identity)
    said = help_message(
        bot.parts.help_group,
        place.person,
        escape(question),
        bot.messages(given.answer)[0].text if given else str(body["message"].get("text") or ""),
        "en" if spoken == "en" else "ja",
    )
    try:
        write(bot.parts.client, place, [said], threads.metadata(threads.HELP))
    except (SlackClientError, OSError) as error:
        LOG.error("help not called in %s: %s", place.channel, code(error))
        bot.again("help", place.channel, _clicked(body))


def _whisper(bot: Bot, body: Body, respond: Respond, said: Message) -> None:
    """Under a message of the thread in the thread, under a private one by its response_url."""
    if _is_private(body):
        reply(respond, said)
    else:
        bot.whisper(_place(body), said)


def _open_modal(bot: Bot, body: Body, view: Block) -> None:
    try:
        bot.parts.hasty.views_open(trigger_id=body["trigger_id"], view=view)
    except (SlackClientError, OSError) as error:
        LOG.warning("modal not opened: %s", code(error))


def _is_private(body: Body) -> bool:
    return bool(body.get("container", {}).get("is_ephemeral"))


def _person(body: Body) -> str:
    return str(body["user"]["id"])


def _value(body: Body) -> str:
    return str(body["actions"][0]["value"])


def _clicked(body: Body) -> str:
    return str(body["container"]["message_ts"])


def _place(body: Body) -> Place:
    said = body.get("message") or {}
    thread = said.get("thread_ts") or said.get("ts") or ""
    team = (body.get("team") or {}).get("id") or body["user"].get("team_id") or ""
    return Place(str(body["channel"]["id"]), str(thread), _person(body), str(team))


def _spoken(body: Body) -> Language:
    """The language of the button that was clicked."""
    return language_of(str(body["actions"][0].get("text", {}).get("text") or ""))
