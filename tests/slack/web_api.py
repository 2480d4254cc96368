"""The Web API of the workspace on loopback: what is kept, and what each method does and refuses."""

from __future__ import annotations

import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.slack.block_kit import ALL_BLOCKS, reasons, size, view_reasons

BOT, BOT_ID, TEAM = "UBOT", "BBOT", "T1"
BOT_TOKEN, APP_TOKEN = "xoxb-1111-very-secret", "xapp-1-very-secret"
GENERAL, OTHERS, ELSEWHERE = "C1", "C2", "C9"
"""Two channels with the bot, one without."""
Message = dict[str, Any]

_ARGUMENTS: dict[str, tuple[set[str], set[str]]] = {
    "auth.test": (set(), {"team_id"}),
    "apps.connections.open": (set(), set()),
    "chat.postMessage": (
        {"channel", "text"},
        {"thread_ts", "blocks", "metadata", "unfurl_links", "unfurl_media"},
    ),
    "chat.postEphemeral": ({"channel", "user", "text"}, {"thread_ts", "blocks"}),
    "chat.update": ({"channel", "ts", "text", "parse"}, {"blocks", "metadata"}),
    "chat.delete": ({"channel", "ts"}, set()),
    "chat.startStream": (
        {"channel", "thread_ts"},
        {"markdown_text", "recipient_user_id", "recipient_team_id"},
    ),
    "chat.appendStream": ({"channel", "ts", "markdown_text"}, set()),
    "chat.stopStream": ({"channel", "ts"}, {"markdown_text", "blocks", "metadata"}),
    "assistant.threads.setStatus": ({"channel_id", "thread_ts", "status"}, {"loading_messages"}),
    "assistant.threads.setSuggestedPrompts": ({"channel_id", "prompts"}, {"title", "thread_ts"}),
    "conversations.replies": ({"channel", "ts"}, {"limit", "include_all_metadata", "cursor"}),
    "views.open": ({"trigger_id", "view"}, set()),
}


@dataclass(frozen=True)
class Call:
    """One call of the Web API."""

    method: str
    arguments: dict[str, Any]
    at: float
    """Seconds on the monotonic clock."""
    error: str = ""


@dataclass
class Refusal:
    """An answer that the next calls of a method get."""

    error: str
    times: int
    retry_after: int = 0


class Refused(Exception):
    """Slack's error code."""


def is_bot(message: Message) -> bool:
    return message.get("user") == BOT


class Workspace:
    """Channels, messages and streams, changed by calls of the Web API."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.channels = {GENERAL, OTHERS, "D1", "D2"}
        self.messages: dict[str, list[Message]] = defaultdict(list)
        self.ephemerals: list[dict[str, Any]] = []
        self.replies: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.statuses: dict[tuple[str, str], str] = {}
        self.all_statuses: list[tuple[str, str, str]] = []
        self.prompts: dict[str, list[dict[str, str]]] = {}
        self.views: list[dict[str, Any]] = []
        self.streams: dict[str, float] = {}
        self.stream_seconds = 300.0
        self.slow: dict[str, float] = {}
        """Seconds that a method takes."""
        self._refusals: dict[str, list[Refusal]] = defaultdict(list)
        self._triggers: set[str] = set()
        self._clock = int(time.time() * 1_000_000)
        self._lock = threading.RLock()
        self._socket_url = ""

    def event(self, event: dict[str, Any]) -> None:
        """Tell the app what happened."""
        raise NotImplementedError

    def refuse(self, method: str, error: str, *, times: int = 1, retry_after: int = 0) -> None:
        """Let the next calls of `method` fail."""
        self._refusals[method].append(Refusal(error, times, retry_after))

    def call(self, method: str, arguments: dict[str, Any], token: str) -> tuple[int, int, Any]:
        """Status, seconds to wait, answer."""
        time.sleep(self.slow.get(method, 0))
        with self._lock:
            refusal = self._refusal(method)
            try:
                if refusal:
                    raise Refused(refusal.error)
                answer = {"ok": True, **self._answer(method, arguments, token)}
                error = ""
            except Refused as refused:
                error = str(refused)
                answer = {"ok": False, "error": error.partition(":")[0], "detail": error}
            self.calls.append(Call(method, arguments, time.monotonic(), error))
        if error == "ratelimited":
            return 429, refusal.retry_after if refusal else 1, answer
        return 200, 0, answer

    def _refusal(self, method: str) -> Refusal | None:
        for refusal in self._refusals[method]:
            if refusal.times > 0:
                refusal.times -= 1
                return refusal
        return None

    def _answer(self, method: str, given: dict[str, Any], token: str) -> dict[str, Any]:
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
            raise Refused("invalid_auth")
        if method not in _ARGUMENTS:
            raise Refused("unknown_method")
        needed, optional = _ARGUMENTS[method]
        if needed - set(given) or set(given) - needed - optional:
            raise Refused(f"invalid_arguments: {sorted(given)}")
        channel = given.get("channel", given.get("channel_id"))
        if channel is not None and channel not in self.channels:
            raise Refused("channel_not_found")
        self._check_texts(method, given)
        action: Callable[[dict[str, Any]], dict[str, Any]] = getattr(
            self, "_" + method.replace(".", "_")
        )
        return action(given)

    def _check_texts(self, method: str, given: dict[str, Any]) -> None:
        most = 4_000 if method == "chat.update" else 40_000
        if len(given.get("text", "")) > most or len(given.get("markdown_text", "")) > 12_000:
            raise Refused("msg_too_long")
        if "blocks" in given:
            why = reasons(given["blocks"])
            if why:
                raise Refused(f"invalid_blocks: {why}")
            if size(given["blocks"]) > ALL_BLOCKS:
                raise Refused("msg_blocks_too_long")
        if "text" in given and not given["text"] and not given.get("blocks"):
            raise Refused("no_text")

    def _auth_test(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"user_id": BOT, "bot_id": BOT_ID, "team_id": TEAM, "user": "kb", "team": "t"}

    def _apps_connections_open(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"url": f"{self._socket_url}?ticket={uuid.uuid4().hex}&app_id=A1"}

    def _chat_postMessage(self, given: dict[str, Any]) -> dict[str, Any]:
        return {"ts": self._posted(given)["ts"], "channel": given["channel"]}

    def _posted(self, given: dict[str, Any]) -> Message:
        thread = given.get("thread_ts")
        if thread and self._find(given["channel"], thread) is None:
            raise Refused("thread_not_found")
        shown = {k: given[k] for k in ("text", "blocks", "metadata", "thread_ts") if k in given}
        message: Message = {
            "type": "message", "user": BOT, "bot_id": BOT_ID, "ts": self.ts(), "team": TEAM, **shown
        }  # fmt: skip
        self.messages[given["channel"]].append(message)
        self.statuses.pop((given["channel"], thread or ""), None)
        self._tell(given["channel"], message)
        return message

    def _tell(self, channel: str, message: Message) -> None:
        """The bot hears its own messages."""
        kind = "im" if channel.startswith("D") else "channel"
        event = {**message, "channel": channel, "channel_type": kind}
        self.event(event)

    def _chat_postEphemeral(self, given: dict[str, Any]) -> dict[str, Any]:
        thread = given.get("thread_ts")
        if not thread or any(m.get("thread_ts") == thread for m in self.messages[given["channel"]]):
            self.ephemerals.append(given)  # in a thread without a reply nobody sees it
        return {"message_ts": self.ts()}

    def _chat_update(self, given: dict[str, Any]) -> dict[str, Any]:
        message = self._own(given)
        if message["ts"] in self.streams and self._streaming(message["ts"]):
            raise Refused("streaming_state_conflict")
        before = dict(message)
        message.update({k: given[k] for k in ("text", "blocks", "metadata") if k in given})
        changed = {
            "type": "message", "subtype": "message_changed", "hidden": True, "ts": self.ts(),
            "message": dict(message), "previous_message": before,
        }  # fmt: skip
        self._tell(given["channel"], changed)
        return {"ts": message["ts"], "channel": given["channel"]}

    def _chat_delete(self, given: dict[str, Any]) -> dict[str, Any]:
        self.messages[given["channel"]].remove(self._own(given))
        return {"ts": given["ts"]}

    def _own(self, given: dict[str, Any]) -> Message:
        message = self._find(given["channel"], given["ts"])
        if message is None:
            raise Refused("message_not_found")
        if not is_bot(message):
            raise Refused("cant_update_message")
        return message

    def _chat_startStream(self, given: dict[str, Any]) -> dict[str, Any]:
        if not given["channel"].startswith("D"):
            for name in ("recipient_user_id", "recipient_team_id"):
                if not given.get(name):
                    raise Refused(f"missing_{name}")
        text = given.get("markdown_text", "")
        message = self._posted({**given, "text": text})
        self.streams[message["ts"]] = time.monotonic()
        return {"ts": message["ts"], "channel": given["channel"]}

    def _streaming(self, ts: str) -> bool:
        return time.monotonic() - self.streams.get(ts, float("-inf")) < self.stream_seconds

    def _chat_appendStream(self, given: dict[str, Any]) -> dict[str, Any]:
        message = self._own(given)
        if not self._streaming(message["ts"]):
            raise Refused("message_not_in_streaming_state")
        message["text"] += given.get("markdown_text", "")
        return {"ts": message["ts"], "channel": given["channel"]}

    def _chat_stopStream(self, given: dict[str, Any]) -> dict[str, Any]:
        answer = self._chat_appendStream(given)
        del self.streams[given["ts"]]
        return answer

    def _assistant_threads_setStatus(self, given: dict[str, Any]) -> dict[str, Any]:
        if self._find(given["channel_id"], given["thread_ts"]) is None:
            raise Refused("invalid_thread_ts")
        self.statuses[given["channel_id"], given["thread_ts"]] = given["status"]
        self.all_statuses.append((given["channel_id"], given["thread_ts"], given["status"]))
        return {}

    def _assistant_threads_setSuggestedPrompts(self, given: dict[str, Any]) -> dict[str, Any]:
        if "thread_ts" not in given:  # with it, the agent view ignores the call and says nothing
            if not 1 <= len(given["prompts"]) <= 4:
                raise Refused("invalid_arguments: prompts")
            self.prompts[given["channel_id"]] = given["prompts"]
        return {}

    def _conversations_replies(self, given: dict[str, Any]) -> dict[str, Any]:
        root = given["ts"]
        if self._find(given["channel"], root) is None:
            raise Refused("thread_not_found")
        if not 1 <= int(given.get("limit", 1_000)) <= 1_000:
            raise Refused("invalid_limit")
        thread = [
            message
            for message in self.messages[given["channel"]]
            if root in (message["ts"], message.get("thread_ts"))
        ]
        if given.get("include_all_metadata") not in (True, "1", "true"):
            thread = [{k: v for k, v in m.items() if k != "metadata"} for m in thread]
        thread.sort(key=lambda message: message["ts"])
        first, *rest = thread
        start, most = int(given.get("cursor") or 0), int(given.get("limit", 1_000)) - 1
        more = start + most < len(rest)
        return {
            "messages": [first, *rest[start : start + most]],  # the root with every page
            "has_more": more,
            "response_metadata": {"next_cursor": str(start + most) if more else ""},
        }

    def _views_open(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["trigger_id"] not in self._triggers:
            raise Refused("invalid_trigger_id")
        self._triggers.remove(given["trigger_id"])
        view = given["view"]
        why = view_reasons(view)
        if why:
            raise Refused(f"invalid_arguments: {why}")
        self.views.append(view)
        return {"view": view}

    def respond(self, reply: str, given: dict[str, Any]) -> tuple[int, str]:
        """What comes to a response URL: five times at most, and in the limits of a message."""
        with self._lock:
            known = {"text", "blocks", "response_type", "replace_original", "delete_original"}
            unknown = set(given) - known - {"unfurl_links", "unfurl_media"}
            why = reasons(given.get("blocks", []))
            if self._refusal("respond") or unknown or why or len(self.replies[reply]) == 5:
                return 400, f"invalid_payload {unknown} {why}"
            self.replies[reply].append(given)
            return 200, "ok"

    def _find(self, channel: str, ts: str) -> Message | None:
        return next((m for m in self.messages[channel] if m["ts"] == ts), None)

    def ts(self) -> str:
        """A moment that no other message has."""
        with self._lock:
            self._clock = max(self._clock + 1, int(time.time() * 1_000_000))
            return f"{self._clock // 1_000_000}.{self._clock % 1_000_000:06d}"

    def _trigger(self) -> str:
        trigger = uuid.uuid4().hex
        self._triggers.add(trigger)
        return trigger
