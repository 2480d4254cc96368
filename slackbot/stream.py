"""Stream: an answer shown as it comes, and written for good when it is whole.

The stream is a preview. What counts is written afterwards in its place, so a stream that expires,
is refused, or does not exist in an older workspace costs nothing but the preview.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from slackbot.blocks import Message
from slackbot.mrkdwn import finished, preview

LOG = logging.getLogger("kb.slack")

_PAUSE = 0.8
"""Seconds between two pieces; Slack takes about a hundred a minute from all threads together."""
_LONGEST = 11_000
"""Characters of a preview; Slack takes 12,000."""
_REFUSED = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"}
)


@dataclass(frozen=True, slots=True)
class Place:
    """A thread, and who is answered in it."""

    channel: str
    thread: str
    person: str
    team: str


class Preview:
    """An answer on its way. `hasty`: a client that does not wait when Slack says “later”."""

    def __init__(
        self,
        client: WebClient,
        hasty: WebClient,
        place: Place,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._hasty = hasty
        self._place = place
        self._clock = clock
        self._raw = self._sent = self.ts = ""
        self._due = 0.0
        self._open = True

    def show(self, piece: str) -> None:
        """Take a piece of Markdown; show it when it is time to."""
        self._raw += piece
        if not self._open or self._clock() < self._due:
            return
        more = self._more(finished(self._raw))
        if more:
            self._send(more)

    def _more(self, markdown: str) -> str:
        """What the preview lacks of `markdown`, as far as it may be long."""
        shown = preview(markdown)[:_LONGEST]
        return shown[len(self._sent) :] if shown.startswith(self._sent) else ""

    def _send(self, more: str) -> None:
        try:
            if self.ts:
                self._hasty.chat_appendStream(
                    channel=self._place.channel, ts=self.ts, markdown_text=more
                )
            else:
                started = self._hasty.chat_startStream(
                    channel=self._place.channel,
                    thread_ts=self._place.thread,
                    recipient_user_id=self._place.person,
                    recipient_team_id=self._place.team,
                    markdown_text=more,
                )
                self.ts = str(started["ts"])
            self._sent += more
            self._due = self._clock() + _PAUSE
        except SlackApiError as error:
            wait = seconds_to_wait(error)
            self._due = self._clock() + wait
            self._open = wait > 0
            LOG.info("no preview: %s", code(error))
        except (SlackClientError, OSError) as error:
            self._open = False
            LOG.info("no preview: %s", error)

    def close(self) -> str:
        """End the stream. Gives the `ts` of the message to write over; empty when there is none."""
        if self.ts:
            try:
                more = self._more(self._raw) if self._open else ""
                self._client.chat_stopStream(
                    channel=self._place.channel, ts=self.ts, markdown_text=more or None
                )
            except (SlackClientError, OSError) as error:
                LOG.info("stream not stopped: %s", code(error))
        return self.ts


def write(
    client: WebClient, place: Place, messages: Sequence[Message], metadata: Any, *, over: str = ""
) -> str:
    """Post `messages` in the thread, the first one in the place of the message `over`.

    Gives the `ts` of the first. Raises SlackApiError when Slack does not take them in any form.
    """
    first, *rest = messages
    ts = _update(client, place, first, metadata, over) if over else ""
    ts = ts or _post(client, place, first, metadata)
    for message in rest:
        _post(client, place, message, metadata)
    return ts


def _update(client: WebClient, place: Place, message: Message, metadata: Any, over: str) -> str:
    """Write over a message; empty when it cannot be, and then it is gone."""
    try:
        client.chat_update(
            channel=place.channel,
            ts=over,
            text=message.text,
            blocks=message.blocks,
            metadata=metadata,
            parse="none",  # unlike chat.postMessage, it looks for names by default
        )
        return over
    except (SlackClientError, OSError) as error:
        LOG.warning("preview not replaced: %s", code(error))
    take_back(client, place.channel, over)
    return ""


def take_back(client: WebClient, channel: str, ts: str) -> None:
    """Delete a message of the bot, as far as Slack lets it."""
    try:
        client.chat_delete(channel=channel, ts=ts)
    except (SlackClientError, OSError) as error:
        LOG.warning("message not deleted: %s", code(error))


def _post(client: WebClient, place: Place, message: Message, metadata: Any) -> str:
    try:
        return _post_once(client, place, message, metadata)
    except SlackApiError as error:
        if code(error) not in _REFUSED or not message.blocks:
            raise
        LOG.warning("blocks not taken: %s", code(error))
        tss = [_post_once(client, place, Message(piece), metadata) for piece in message.pieces()]
        return tss[0]


def _post_once(client: WebClient, place: Place, message: Message, metadata: Any) -> str:
    posted = client.chat_postMessage(
        channel=place.channel,
        thread_ts=place.thread or None,
        text=message.text,
        blocks=message.blocks or None,
        metadata=metadata,
        unfurl_links=False,
        unfurl_media=False,
    )
    return str(posted["ts"])


def code(error: Exception) -> str:
    """Slack's word for an error; for the log, never for a person."""
    if isinstance(error, SlackApiError):
        return str(error.response.get("error") or error.response.status_code)
    return f"{type(error).__name__}: {error}"


def seconds_to_wait(error: SlackApiError) -> float:
    """How long Slack asks to wait; 0 when it refuses for another reason."""
    if error.response.status_code != 429:
        return 0.0
    headers = {name.lower(): value for name, value in error.response.headers.items()}
    return float(headers.get("retry-after", 1))
