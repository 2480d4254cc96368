"""A workspace on the loopback device that speaks Slack's Web API and Socket Mode.

Real sockets: HTTP for the API and the response URLs, WebSocket for events. It is as strict as the
real one where the bot could go wrong: arguments that it does not know, texts and blocks beyond the
limits, channels and threads that do not exist, streams in the wrong state. It delivers again what
is not acknowledged, and tells the bot of the bot's own messages, too.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

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
    "chat.update": ({"channel", "ts", "text"}, {"blocks", "metadata"}),
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


@dataclass
class Envelope:
    """Something that was sent over the socket and is not acknowledged yet."""

    kind: str
    payload: dict[str, Any]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    sent_to: ServerConnection | None = None


class Refused(Exception):
    """Slack's error code."""


class FakeSlack:
    """Use as a context manager; `url` is what SLACK_API_URL takes."""

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
        self.connections: list[ServerConnection] = []
        self.connected = 0
        self._refusals: dict[str, list[Refusal]] = defaultdict(list)
        self._pending: dict[str, Envelope] = {}
        self._triggers: set[str] = set()
        self._clock = int(time.time() * 1_000_000)
        self._lock = threading.RLock()

    # Life.

    def __enter__(self) -> FakeSlack:
        self._http = _Server(("127.0.0.1", 0), _handler(self))
        self._ws = serve(self._serve_socket, "127.0.0.1", 0, close_timeout=0.2)
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        threading.Thread(target=self._ws.serve_forever, daemon=True).start()
        port = self._ws.socket.getsockname()[1]
        self._socket_url = f"ws://127.0.0.1:{port}/link/"
        self.url = f"http://127.0.0.1:{self._http.server_port}/api/"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ws.shutdown()
        self._http.shutdown()
        self._http.server_close()

    def refuse(self, method: str, error: str, *, times: int = 1, retry_after: int = 0) -> None:
        """Let the next calls of `method` fail."""
        self._refusals[method].append(Refusal(error, times, retry_after))

    def wait(self, done: Callable[[], Any], what: str = "", seconds: float = 15.0) -> Any:
        """What `done` gives as soon as it is something."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with self._lock:
                found = done()
            if found:
                return found
            time.sleep(0.01)
        raise AssertionError(f"not within {seconds} s: {what or done}")

    # What people do.

    def say(
        self,
        text: str,
        *,
        user: str = "U1",
        channel: str = GENERAL,
        thread: str = "",
        deliver: bool = True,
        **more: Any,
    ) -> Message:
        """A message of a person; the events that Slack makes of it are delivered."""
        message: Message = {
            "type": "message", "user": user, "text": text, "ts": self.ts(), "team": TEAM, **more
        }  # fmt: skip
        if thread:
            message["thread_ts"] = thread
        with self._lock:
            self.messages[channel].append(message)
        if deliver:
            self.deliver(message, channel)
        return message

    def ask(self, text: str, **more: Any) -> Message:
        """A mention of the bot."""
        return self.say(f"<@{BOT}> {text}", **more)

    def deliver(self, message: Message, channel: str = GENERAL) -> None:
        """The events of a message, as Slack makes them: a mention is told twice."""
        kind = "im" if channel.startswith("D") else "channel"
        self.event({**message, "channel": channel, "channel_type": kind})
        if f"<@{BOT}>" in message["text"] and kind != "im":
            self.event({**message, "type": "app_mention", "channel": channel})

    def event(self, event: dict[str, Any]) -> None:
        payload = {
            "type": "event_callback", "team_id": TEAM, "api_app_id": "A1", "event": event,
            "event_id": f"Ev{uuid.uuid4().hex[:9]}", "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
        }  # fmt: skip
        self._send(Envelope("events_api", payload))

    def command(self, text: str, *, user: str = "U1", channel: str = GENERAL) -> str:
        """`/kb text`; gives the id under which what comes back is found in `replies`."""
        reply = uuid.uuid4().hex[:8]
        payload = {
            "command": "/kb", "text": text, "user_id": user, "channel_id": channel,
            "team_id": TEAM, "api_app_id": "A1", "trigger_id": self._trigger(),
            "response_url": self.url.replace("/api/", f"/respond/{reply}"),
        }  # fmt: skip
        self._send(Envelope("slash_commands", payload))
        return reply

    def click(
        self,
        action: dict[str, Any],
        message: Message | None,
        *,
        user: str = "U1",
        channel: str = GENERAL,
        reply: str = "",
    ) -> str:
        """A click on a button of `message`; None: of a private one."""
        reply = reply or uuid.uuid4().hex[:8]
        container = {"type": "message", "channel_id": channel, "is_ephemeral": message is None}
        container["message_ts"] = message["ts"] if message else self.ts()
        payload = {
            "type": "block_actions", "user": {"id": user, "team_id": TEAM}, "team": {"id": TEAM},
            "api_app_id": "A1", "container": container, "channel": {"id": channel, "name": "c"},
            "trigger_id": self._trigger(),
            "actions": [{"block_id": "b", "action_ts": "1", **action}],
            "response_url": self.url.replace("/api/", f"/respond/{reply}"),
        }  # fmt: skip
        if message:
            payload["message"] = {k: v for k, v in message.items() if k != "metadata"}
        self._send(Envelope("interactive", payload))
        return reply

    def submit(self, view: dict[str, Any], text: str | None, *, user: str = "U1") -> None:
        """The modal `view` is sent with `text`."""
        state = {"values": {"comment": {"text": {"type": "plain_text_input", "value": text}}}}
        payload = {
            "type": "view_submission", "user": {"id": user, "team_id": TEAM},
            "team": {"id": TEAM}, "api_app_id": "A1",
            "view": {**view, "id": "V1", "state": state, "hash": "1"},
        }  # fmt: skip
        self._send(Envelope("interactive", payload))

    # What came of it.

    def thread(self, root: str, channel: str = GENERAL) -> list[Message]:
        """The bot's messages in a thread."""
        with self._lock:
            return [m for m in self.messages[channel] if is_bot(m) and m.get("thread_ts") == root]

    def answers(self, root: str, channel: str = GENERAL) -> list[Message]:
        """Its answers in a thread that are written for good."""
        return [
            message
            for message in self.thread(root, channel)
            if message.get("metadata", {}).get("event_type") == "kb_answer"
        ]

    def answer(self, message: Message, channel: str = GENERAL) -> Message:
        """The one answer to a message, awaited."""
        root = message.get("thread_ts", message["ts"])

        def mine() -> list[Message]:
            return [
                answer
                for answer in self.answers(root, channel)
                if answer["metadata"]["event_payload"]["to"] == message["ts"]
            ]

        self.wait(mine, f"an answer to {message['text'][:40]!r}")
        return mine()[0]

    def called(self, method: str) -> list[Call]:
        with self._lock:
            return [call for call in self.calls if call.method == method]

    @property
    def unacknowledged(self) -> int:
        return len(self._pending)

    def settle(self, seconds: float = 0.3) -> None:
        """Wait until everything is acknowledged and nothing has been called for a while."""
        self.wait(lambda: not self._pending, "acknowledgements")
        quiet = time.monotonic()
        while time.monotonic() - quiet < seconds:
            with self._lock:
                if self.calls and self.calls[-1].at > quiet:
                    quiet = self.calls[-1].at
            time.sleep(0.02)

    # The socket.

    def cut(self) -> None:
        """The network breaks: no goodbye, and what was not acknowledged comes again."""
        for connection in list(self.connections):
            connection.socket.shutdown(2)

    def _serve_socket(self, connection: ServerConnection) -> None:
        with self._lock:
            self.connections.append(connection)
            self.connected += 1
        try:
            connection.send(json.dumps({"type": "hello", "num_connections": 1}))
            for envelope in list(self._pending.values()):
                self._push(envelope)
            for text in connection:
                if str(text).startswith("{"):
                    self._acknowledge(json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            with self._lock:
                self.connections.remove(connection)

    def _acknowledge(self, answer: dict[str, Any]) -> None:
        with self._lock:
            self._pending.pop(answer["envelope_id"], None)

    def _send(self, envelope: Envelope) -> None:
        with self._lock:
            self._pending[envelope.id] = envelope
        self._push(envelope)

    def _push(self, envelope: Envelope) -> None:
        with self._lock:
            if not self.connections:
                return  # it waits for the next connection
            connection = self.connections[-1]
            envelope.sent_to = connection
        text = {
            "envelope_id": envelope.id, "type": envelope.kind, "payload": envelope.payload,
            "accepts_response_payload": envelope.kind != "events_api",
        }  # fmt: skip
        try:
            connection.send(json.dumps(text))
        except (ConnectionClosed, OSError):
            return  # likewise

    # The Web API.

    def call(self, method: str, arguments: dict[str, Any], token: str) -> tuple[int, int, Any]:
        """Status, seconds to wait, answer."""
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
        threading.Thread(target=self.event, args=(event,), daemon=True).start()

    def _chat_postEphemeral(self, given: dict[str, Any]) -> dict[str, Any]:
        self.ephemerals.append(given)
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
        return {"messages": thread[: int(given.get("limit", 1_000))], "has_more": False}

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
            if unknown or why or len(self.replies[reply]) == 5:
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


def is_bot(message: Message) -> bool:
    return message.get("user") == BOT


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def _handler(slack: FakeSlack) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            name = self.path.rsplit("/", 1)[-1]
            if self.path.startswith("/respond/"):
                status, said = slack.respond(name, json.loads(body))
                self._reply(status, said.encode())
                return
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            status, wait, answer = slack.call(name, self._arguments(body), token)
            if answer.get("error") == "broken_connection":
                self.close_connection = True
                return
            self._reply(status, json.dumps(answer).encode(), wait)

        def _arguments(self, body: bytes) -> dict[str, Any]:
            if "json" in (self.headers.get("Content-Type") or ""):
                given: dict[str, Any] = json.loads(body or b"{}")
                return given
            form = {k: v[0] for k, v in parse_qs(body.decode(), keep_blank_values=True).items()}
            nested = ("blocks", "view", "metadata", "prompts")
            return {k: json.loads(v) if k in nested else v for k, v in form.items() if k != "token"}

        def _reply(self, status: int, body: bytes, wait: int = 0) -> None:
            self.send_response(status)
            if wait:
                self.send_header("Retry-After", str(wait))
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
