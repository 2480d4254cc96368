"""The bot: a message that it hears to an answer in its thread.

Takes what people say and click, gives calls of Slack's Web API. It holds what must not be done
twice or too often, and nothing that a restart would miss: threads are read from Slack. Knows
nothing about Bolt, sockets or tokens.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from kb.assistant import Assistant
from kb.errors import IndexDamaged, IndexMissing, KbError
from kb.messages import message
from kb.records import Answer, Document, Language, Turn
from slackbot import threads
from slackbot.blocks import Message, answer_messages, plain, received
from slackbot.expiring import Expiring
from slackbot.limits import Queue, RateLimit
from slackbot.open_questions import OpenQuestions
from slackbot.stream import Place, Preview, code, write
from slackbot.threads import Event, Said, language_of

LOG = logging.getLogger("kb.slack")

_HOURS = 3600.0
_SEEN = 24 * _HOURS
"""Slack delivers an event again for hours."""
_LATE = 10.0
"""Seconds after which a message may have been answered by a process before this one."""
_WORKERS = 4
_PAGE = 999
"""Messages of a thread in one call; Slack gives fewer than 1,000."""

Respond = Callable[..., Any]
"""Bolt's way to answer a command or a click by its response_url."""


class Feedback(Protocol):
    """Where answers and votes are kept."""

    def record_answer(
        self,
        answer: Answer,
        *,
        history: Sequence[Turn],
        person: str,
        surface: Literal["browser", "slack", "cli"],
    ) -> bool: ...

    def record_vote(
        self, answer_id: str, *, person: str, vote: Literal["up", "down"], comment: str = ""
    ) -> bool: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What a bot works with."""

    assistant: Assistant
    documents: Callable[[], Mapping[str, Document]]
    """The documents of the index version in use."""
    feedback: Feedback
    client: WebClient
    """Waits and tries again when Slack says so."""
    hasty: WebClient
    """Does not."""
    user: str
    """The bot's own user id."""
    help_group: str = ""
    per_minute: int = 6
    open_questions: OpenQuestions = field(default_factory=OpenQuestions)
    """What was received and is not answered yet."""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, and the turns before it."""

    answer: Answer
    history: tuple[Turn, ...]

    def turns(self) -> tuple[Turn, ...]:
        """The conversation up to this answer."""
        asked = Turn("user", self.answer.question)
        return (*self.history, asked, Turn("assistant", self.answer.answer))


class Bot:
    """Answers in threads. Safe to share between threads of the process."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._queue = Queue(_WORKERS)
        self._limit = RateLimit(parts.per_minute)
        self._noticed: Expiring[str, bool] = Expiring(10_000, 60)
        self._seen: Expiring[tuple[str, ...], bool] = Expiring(50_000, _SEEN)
        self._ours: Expiring[tuple[str, str], bool] = Expiring(10_000, _SEEN)
        self._given: Expiring[str, Given] = Expiring(1_000, _SEEN)

    # What people do.

    def receive(self, event: Event, team: str) -> None:
        """Keep what a person said, before Slack is told that it has arrived."""
        said = threads.heard(event, self.parts.user, team)
        if said and not self._seen.get((said.channel, said.ts)) and not self._is_others(said):
            self.parts.open_questions.add(event, team)

    def recover(self) -> None:
        """Answer what a process before this one was killed over."""
        for event, team in self.parts.open_questions.left_behind():
            LOG.info("a question of the process before is still open")
            self.hear(event, team, again=True)

    def hear(self, event: Event, team: str, *, again: bool = False) -> None:
        """A message or a mention. Both come for the same words; only one is answered.

        `again`: a process before this one may have answered it, wholly or in part.
        """
        said = threads.heard(event, self.parts.user, team)
        if said is None or self._seen.get((said.channel, said.ts)) or self._is_others(said):
            return
        taken = self._hear(said, again)
        if taken is False:
            self.parts.open_questions.done(said.channel, said.ts)

    def _hear(self, said: Said, again: bool) -> bool | None:
        """Whether it will be answered; None when another thread sees to that."""
        spoken_to = said.direct or said.mentioned
        if spoken_to and not self.once(said.channel, said.ts):
            return None
        late = again or time.time() - float(said.ts) > _LATE
        messages = self.thread(said) if late or not said.opens else []
        if not spoken_to:
            if not self._is_ours(said, messages):
                return False
            if not self.once(said.channel, said.ts):
                return None
        if threads.answered(messages, said.ts):
            return False
        if not again and self.is_too_much(_beside(said), language_of(said.text)):
            return False
        over = threads.broken_off(messages, said.ts, self.parts.user) if again else ""
        self.ask(said, messages, over=over)
        return True

    def is_too_much(self, place: Place, spoken: Language) -> bool:
        """Whether the person has to wait, and is told so; if not, the question is counted."""
        wait = self._limit.wait(place.person)
        if wait and self._noticed.add(place.person, value=True):
            self.whisper(place, plain(_slow_down(wait, spoken)))
        return wait > 0

    def ask(self, said: Said, messages: Sequence[Event], *, over: str = "") -> None:
        """Answer in its turn. `messages`: the thread before; `over`: a message to write over."""
        place = Place(said.channel, said.thread, said.person, said.team)
        history = threads.history(messages, said, self.parts.user)
        self._queue.put(
            partial(self._answer, said, history, place, over), partial(self._announce, said)
        )

    def ask_privately(
        self, question: str, person: str, respond: Respond, history: tuple[Turn, ...] = ()
    ) -> bool:
        """Answer so that only the asker sees it; False when the asker has to wait."""
        spoken = language_of(question)
        wait = self._limit.wait(person)
        if wait:
            reply(respond, plain(_slow_down(wait, spoken)))
            return False
        self._queue.put(
            partial(self._answer_privately, question, history, person, respond),
            lambda ahead: reply(respond, received(question, ahead, spoken)),
        )
        return True

    def once(self, *key: str) -> bool:
        """True the first time within hours; duplicates and double clicks are False."""
        return self._seen.add(key, value=True)

    def again(self, *key: str) -> None:
        """What should be done once was not done after all; the next click may."""
        self._seen.drop(key)

    def thread(self, said: Said) -> list[Event]:
        """The messages of the thread, its root first; none when Slack does not give them."""
        messages: list[Event] = []
        cursor = ""
        try:
            while True:  # the oldest come first, what was said last is on the last page
                page = self.parts.client.conversations_replies(
                    channel=said.channel,
                    ts=said.thread,
                    limit=_PAGE,
                    cursor=cursor or None,
                    include_all_metadata=True,
                )
                messages += page.get("messages") or []
                before = cursor
                cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
                if cursor in ("", before):
                    return _once_each(messages)
        except (SlackClientError, OSError) as error:
            LOG.warning("thread not read: %s", code(error))
            return []

    def given(self, identity: str) -> Given | None:
        """An answer that this process gave lately."""
        return self._given.get(identity)

    def close(self) -> None:
        """Finish the answers under way, and keep them."""
        self._queue.close()
        self.parts.open_questions.close()
        self.parts.feedback.close()

    # How an answer comes about.

    def _is_others(self, said: Said) -> bool:
        """Whether it needs no look at the thread to see that people talk to each other."""
        if said.direct or said.mentioned:
            return False
        known = self._ours.get((said.channel, said.thread))
        return said.opens or said.to_another or known is False

    def _is_ours(self, said: Said, messages: Sequence[Event]) -> bool:
        """Whether the bot speaks in the thread unasked: it started it, and no person was called."""
        if not messages:  # Slack does not give them now; it may have before
            return self._ours.get((said.channel, said.thread)) is True
        ours = threads.is_ours(messages[0], self.parts.user)
        self._ours.add((said.channel, said.thread), ours)
        return ours and not threads.handed_over(messages)

    def _announce(self, said: Said, ahead: int) -> None:
        """Say at once that the question has arrived, and how many come before it."""
        spoken = language_of(said.text)
        waiting = message("slack_queued", spoken, ahead=ahead) if ahead else ""
        try:
            self.parts.hasty.assistant_threads_setStatus(
                channel_id=said.channel,
                thread_ts=said.thread,
                status=waiting or message("ui_searching", spoken),
            )
        except (SlackClientError, OSError) as error:
            LOG.info("no status: %s", code(error))
            if waiting:
                self.whisper(_beside(said), plain(waiting))

    def _answer(self, said: Said, history: list[Turn], place: Place, over: str) -> None:
        preview = Preview(self.parts.client, self.parts.hasty, place)
        try:
            # A preview that was broken off by a kill stands there already.
            show = preview.show if not over else lambda piece: None
            answer = self._streamed(said.text, history, show)
            self._keep(answer, history, said.person)  # first: a vote may follow at once
            shown = self.messages(answer, direct=said.direct)
        except Exception as error:  # noqa: BLE001 a person gets one sentence, the log the rest
            shown = [plain(failure(error, language_of(said.text)))]
        metadata = threads.metadata(threads.ANSWER, to=said.ts)
        try:
            write(self.parts.client, place, shown, metadata, over=preview.close() or over)
            self.parts.open_questions.done(said.channel, said.ts)
        except (SlackClientError, OSError) as error:
            LOG.error("answer not posted in %s: %s", place.channel, code(error))

    def _streamed(self, question: str, history: list[Turn], show: Callable[[str], None]) -> Answer:
        for part in self.parts.assistant.stream(question, history):
            if isinstance(part, Answer):
                return part
            show(part)
        raise AssertionError("a stream ends with its answer")

    def _answer_privately(
        self, question: str, history: tuple[Turn, ...], person: str, respond: Respond
    ) -> None:
        try:
            answer = self.parts.assistant.ask(question, history)
            self._keep(answer, history, person)
            shown = self.messages(answer, private=True)
        except Exception as error:  # noqa: BLE001 a person gets one sentence, the log the rest
            shown = [plain(failure(error, language_of(question)))]
        for part in shown:
            reply(respond, part)

    def messages(
        self, answer: Answer, *, direct: bool = False, private: bool = False
    ) -> list[Message]:
        """The answer as Slack messages. Where only the asker reads, nobody can be called."""
        can_call = bool(self.parts.help_group) and not (direct or private)
        return answer_messages(answer, self.documents(), help_button=can_call, share=private)

    def documents(self) -> Mapping[str, Document]:
        """Those of the index in use; none when it has gone since the answer was given."""
        try:
            return self.parts.documents()
        except KbError:
            return {}

    def _keep(self, answer: Answer, history: Sequence[Turn], person: str) -> None:
        self._given.add(answer.id, Given(replace(answer, trace=None), tuple(history)))
        try:
            self.parts.feedback.record_answer(
                answer, history=history, person=person, surface="slack"
            )
        except Exception:  # the answer stands, whatever the database says
            LOG.exception("answer not kept")

    # Small things to say.

    def whisper(self, place: Place, said: Message) -> None:
        """A message that only the person sees, in the thread."""
        try:
            self.parts.client.chat_postEphemeral(
                channel=place.channel,
                user=place.person,
                thread_ts=place.thread or None,
                text=said.text,
                blocks=said.blocks,
            )
        except (SlackClientError, OSError) as error:
            LOG.warning("notice not posted: %s", code(error))


def reply(respond: Respond, said: Message) -> None:
    """Answer a command or a click, so that only the person sees it.

    Never in the place of the original: for a click that is the message with the button, and for a
    command there is none.
    """
    try:
        done = respond(
            text=said.text,
            blocks=said.blocks or None,
            response_type="ephemeral",
            replace_original=False,
            unfurl_links=False,
            unfurl_media=False,
        )
    except (SlackClientError, OSError) as error:
        LOG.warning("reply not sent: %s", code(error))
        return
    if done.status_code >= 400:
        LOG.warning("reply not taken: %s %s", done.status_code, done.body)
        for piece in said.pieces() if said.blocks else ():  # as `write` does in a thread
            reply(respond, Message(piece))


def failure(error: Exception, spoken: Language) -> str:
    """One sentence about `error` for a person; the log gets the details."""
    if isinstance(error, IndexMissing | IndexDamaged):
        LOG.warning("%s: %s", type(error).__name__, error)
        return message("slack_no_index", spoken)
    LOG.error("failed", exc_info=error)
    return message("failed", spoken)


def _once_each(messages: Sequence[Event]) -> list[Event]:
    """Slack gives the root with every page."""
    return list({str(message.get("ts")): message for message in messages}.values())


def _beside(said: Said) -> Place:
    """Where a notice is seen: Slack shows none in a thread that has no reply yet."""
    return Place(said.channel, "" if said.opens else said.thread, said.person, said.team)


def _slow_down(wait: float, spoken: Language) -> str:
    return message("slack_slow_down", spoken, seconds=math.ceil(wait))
