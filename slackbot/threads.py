"""Threads: which messages are questions for the bot, and what was said before them.

Takes events and messages as Slack sends them, gives frozen values. The thread is the conversation:
its history is read from Slack, so that a restart forgets nothing. Knows nothing about how answers
come about or look.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.records import Language, Turn
from kb.text.language import language

Event = Mapping[str, Any]

_SPOKEN = frozenset({None, "file_share", "thread_broadcast"})
"""Kinds of messages that people write; the others tell of edits, deletions, joins and so on."""
_TURNS = 12
ANSWER, QUESTION, HELP = "kb_answer", "kb_question", "kb_help"
"""What the bot's own messages are, kept in their metadata."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a person, in its thread."""

    channel: str
    ts: str
    thread: str
    """`ts` of the message that the thread hangs on; its own when it opens one."""
    person: str
    team: str
    text: str
    """As the person reads it: no mention of the bot, no escapes."""
    direct: bool
    mentioned: bool
    to_another: bool
    """Begins with the mention of somebody else."""

    @property
    def opens(self) -> bool:
        return self.ts == self.thread


def heard(event: Event, bot: str, team: str) -> Said | None:
    """What a person said; None for bots, the bot itself, edits and everything without words."""
    person, text = str(event.get("user") or ""), str(event.get("text") or "")
    if event.get("subtype") not in _SPOKEN or event.get("edited") or event.get("hidden"):
        return None
    if event.get("bot_id") or person in ("", bot, "USLACKBOT") or not event.get("ts"):
        return None
    return Said(
        channel=str(event["channel"]),
        ts=str(event["ts"]),
        thread=str(event.get("thread_ts") or event["ts"]),
        person=person,
        team=str(event.get("team") or team),
        text=readable(text, bot),
        direct=event.get("channel_type") == "im" or str(event["channel"]).startswith("D"),
        mentioned=_mentions(text, bot),
        to_another=bool(re.match(rf"\s*<(?:@(?!{bot}\b)|!subteam)", text)),
    )


def _mentions(text: str, person: str) -> bool:
    return f"<@{person}>" in text or f"<@{person}|" in text


_CONTROL = re.compile(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>")


def readable(text: str, bot: str = "") -> str:
    """Slack's text as a person reads it."""

    def shown(found: re.Match[str]) -> str:
        kind, name, label = found.groups()
        if kind == "@" and name == bot:
            return " "
        if kind == "":
            return label or name
        sign = "#" if kind == "#" else "@"
        return f"{sign}{(label or name.partition('^')[0]).lstrip('@#')}"

    return html.unescape(_CONTROL.sub(shown, text)).strip()


def is_ours(root: Event, bot: str) -> bool:
    """Whether the bot started the thread: it opened it, or was asked by the message that did."""
    return root.get("user") == bot or _mentions(str(root.get("text") or ""), bot)


def answered(messages: Sequence[Event], ts: str) -> bool:
    """Whether the thread holds the bot's answer to the message `ts` already."""
    return any(_payload(message, ANSWER).get("to") == ts for message in messages)


def broken_off(messages: Sequence[Event], ts: str, bot: str) -> str:
    """`ts` of a preview that was never finished, the newest after the message `ts`; else empty."""
    previews = (
        str(message.get("ts"))
        for message in messages
        if message.get("user") == bot and not _kind(message)
        if _moment(message.get("ts")) > _moment(ts)
    )
    return max(previews, key=_moment, default="")


def handed_over(messages: Sequence[Event]) -> bool:
    """Whether people were called into the thread: then the bot speaks when it is mentioned."""
    return any(_kind(message) == HELP for message in messages)


def history(messages: Sequence[Event], said: Said, bot: str) -> list[Turn]:
    """The turns before `said`: questions to the bot and its answers, the oldest first."""
    ours = said.direct or bool(messages) and is_ours(messages[0], bot)
    turns = [
        turn
        for message in messages
        if _moment(message.get("ts")) < _moment(said.ts)
        for turn in _turns(message, bot, ours=ours)
    ]
    return turns[-_TURNS:]


def _turns(message: Event, bot: str, *, ours: bool) -> list[Turn]:
    text = str(message.get("text") or "")
    if message.get("user") == bot or message.get("bot_id"):
        if _kind(message) == QUESTION:
            return [Turn("user", str(_payload(message, QUESTION).get("question") or ""))]
        return [Turn("assistant", readable(text))] if _kind(message) == ANSWER else []
    said = heard({"channel": "", **message}, bot, "")
    asked = said and said.text and (said.mentioned or (ours and not said.to_another))
    return [Turn("user", said.text)] if said and asked else []


def metadata(kind: str, **payload: str) -> dict[str, Any]:
    """What a message of the bot carries, unseen, so that its thread can be read again."""
    return {"event_type": kind, "event_payload": payload}


def _kind(message: Event) -> str:
    return str((message.get("metadata") or {}).get("event_type") or "")


def _payload(message: Event, kind: str) -> Mapping[str, Any]:
    metadata = message.get("metadata") or {}
    return metadata.get("event_payload") or {} if metadata.get("event_type") == kind else {}


def _moment(ts: object) -> tuple[int, int]:
    """A `ts` as numbers: as text, one with more digits would come before one with fewer."""
    seconds, _, rest = str(ts or "0").partition(".")
    return int(seconds or 0), int(rest or 0)


def language_of(text: str) -> Language:
    """The language of a question; Japanese when it has no words."""
    return language(text) if re.search(r"[^\W\d_]", text) else "ja"
