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
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from tests.slack.web_api import BOT, GENERAL, TEAM, Call, Message, Workspace, is_bot


@dataclass
class Envelope:
    """Something that was sent over the socket and is not acknowledged yet."""

    kind: str
    payload: dict[str, Any]
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    sent_to: ServerConnection | None = None


class FakeSlack(Workspace):
    """Use as a context manager; `url` is what SLACK_API_URL takes."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: list[ServerConnection] = []
        self.connected = 0
        self.at_work: list[Callable[[], None]] = []
        """Wait for a bot to finish what it has begun."""
        self._pending: dict[str, Envelope] = {}

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

    def command(
        self, text: str, *, user: str = "U1", channel: str = GENERAL, times: int = 1
    ) -> str:
        """`/kb text`, delivered so often; gives the id of what comes back in `replies`."""
        reply = uuid.uuid4().hex[:8]
        payload = {
            "command": "/kb", "text": text, "user_id": user, "channel_id": channel,
            "team_id": TEAM, "api_app_id": "A1", "trigger_id": self._trigger(),
            "response_url": self.url.replace("/api/", f"/respond/{reply}"),
        }  # fmt: skip
        for _ in range(times):
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
        container["message_ts"] = message["ts"] if message else reply
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

    def settle(self) -> None:
        """Wait until everything is acknowledged, and the bots have nothing more to do."""
        calls = -1
        while calls != len(self.calls) or self._pending:
            calls = len(self.calls)
            self.wait(lambda: not self._pending, "acknowledgements")
            for finish in self.at_work:
                finish()

    # The socket.

    def cut(self) -> None:
        """The network breaks: no goodbye, and what was not acknowledged comes again."""
        for connection in list(self.connections):
            connection.socket.shutdown(2)

    def _serve_socket(self, connection: ServerConnection) -> None:
        with self._lock:
            self.connections.append(connection)
            waiting = list(self._pending.values())  # what comes from now on is sent to it anyway
        try:
            connection.send(json.dumps({"type": "hello", "num_connections": 1}))
            for envelope in waiting:
                self._push(envelope)
            with self._lock:
                self.connected += 1
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
