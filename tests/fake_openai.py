"""A local HTTP server that speaks the streaming chat API of OpenAI, as the test tells it to.

It is a real server on the loopback device, so that the client library, its time-outs and its
parser are the ones that run in production. Each request takes the next `Reply` of the script; the
last one repeats.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any

from tests.loopback import Loopback

_SECTION = re.compile(
    r'<section title="[^"]*" heading="[^"]*" language="\w+">\n(.*?)\n</section>', re.DOTALL
)
_SOURCE = re.compile(r"^\[(\w{4})\] (.*?)(?=\n\[\w{4}\] |\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Asked:
    """One request, as the server got it."""

    body: dict[str, Any]
    headers: dict[str, str]
    at: float
    """Seconds on the monotonic clock."""

    @property
    def messages(self) -> list[dict[str, str]]:
        return list(self.body["messages"])

    @property
    def sources(self) -> list[tuple[str, str]]:
        """Id and text of the sources that came with the question."""
        sections = _SECTION.finditer(self.messages[-1]["content"])
        return [
            (found[1], found[2]) for section in sections for found in _SOURCE.finditer(section[1])
        ]

    @property
    def is_check(self) -> bool:
        """Whether the call asks for verdicts on claims."""
        return '<claim number="1">' in self.messages[-1]["content"]

    @property
    def is_read(self) -> bool:
        """Whether the call asks what a message is."""
        return "<conversation>" in self.messages[-1]["content"]

    @property
    def all_supported(self) -> str:
        """The verdicts that nobody minds."""
        numbers = re.findall(r'<claim number="(\d+)">', self.messages[-1]["content"])
        claims = [{"number": int(n), "verdict": "supported", "words": ""} for n in numbers]
        return json.dumps({"claims": claims, "answered": True})

    def id_of(self, words: str) -> str:
        """The id of the source that holds `words`; fails when there is not exactly one."""
        found = [identity for identity, text in self.sources if words in text]
        assert len(found) == 1, f"{len(found)} sources hold {words!r}"
        return found[0]


@dataclass(frozen=True)
class Reply:
    """How one request is answered."""

    text: str | Callable[[Asked], str] = ""
    size: int = 3
    """Characters a piece; small ones cut ids and addresses in two."""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Sent as the whole body instead of a stream."""
    finish: str | None = "stop"
    """None: the stream ends without saying why."""
    stall: bool = False
    """After the text only comments come, which keep the connection alive and the client waiting."""
    reset: bool = False
    """After the text the connection breaks."""
    pause: float = 0.0
    """Seconds before each piece."""
    usage: tuple[int, int] | None = None
    """Tokens in and out, as a provider counts them."""
    gate: threading.Event | None = None
    """The last piece waits for it."""


def error(status: int, text: str = "no", **headers: str) -> Reply:
    """An error as OpenAI reports it."""
    body = json.dumps({"error": {"message": text, "type": "error", "code": status}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=named, raw=body)


class FakeOpenAI(Loopback):
    """The server; `asked` holds what it was asked, in order."""

    def __init__(
        self, *script: Reply, scripted_checks: bool = False, scripted_reads: bool = True
    ) -> None:
        """`scripted_checks`, `scripted_reads`: calls that check an answer, or read a message, take
        their turn in the script, too; a call that reads gets nothing of use otherwise.
        """
        self._script: Sequence[Reply] = script
        self._scripted_checks = scripted_checks
        self._scripted_reads = scripted_reads
        self.asked: list[Asked] = []
        self.checks: list[Asked] = []
        """Calls that check an answer; all of its claims are found to be supported."""
        self.closed_by_client = threading.Event()
        """A client hung up before the stream was over."""
        self._over = threading.Event()
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                fake._answer(self)

            def log_message(self, *arguments: object) -> None:
                pass

        super().__init__(Handler)
        self.base_url = f"http://127.0.0.1:{self.port}/v1"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()  # a reply that is still on its way ends
        super().__exit__(kind, error, trace)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        asked = Asked(body, headers, time.monotonic())
        with self._lock:
            checks = not self._scripted_checks and asked.is_check
            if checks:
                self.checks.append(asked)
                reply = Reply(asked.all_supported)
            elif not self._scripted_reads and asked.is_read:
                reply = Reply("{}")
            else:
                reply = self._script[min(len(self.asked), len(self._script) - 1)]
                self.asked.append(asked)
        handler.close_connection = True
        try:
            if reply.raw is not None:
                self._send_whole(handler, reply)
            else:
                self._send_stream(handler, reply, asked)
        except (BrokenPipeError, ConnectionResetError):
            self.closed_by_client.set()

    def _send_whole(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        assert reply.raw is not None
        handler.send_response(reply.status)
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.raw)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(reply.raw)

    def _send_stream(self, handler: BaseHTTPRequestHandler, reply: Reply, asked: Asked) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header("Connection", "close")
        handler.end_headers()
        text = reply.text(asked) if callable(reply.text) else reply.text
        _event(handler, {"role": "assistant", "content": ""})
        for at in range(0, len(text), reply.size):
            if reply.pause and self._over.wait(reply.pause):
                return
            if reply.gate is not None and at + reply.size >= len(text):
                while not reply.gate.wait(0.02) and not self._over.is_set():
                    pass
            _event(handler, {"content": text[at : at + reply.size]})
        if reply.stall:
            self._keep_alive(handler)
            return
        if reply.reset:
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        if reply.finish is not None:
            _event(handler, {}, reply.finish, usage=reply.usage)
            _chunk(handler, b"data: [DONE]\n\n")
        handler.wfile.write(b"0\r\n\r\n")

    def _keep_alive(self, handler: BaseHTTPRequestHandler) -> None:
        while not self._over.wait(0.02):
            _chunk(handler, b": keep-alive\n\n")


def _event(
    handler: BaseHTTPRequestHandler,
    delta: dict[str, str],
    finish: str | None = None,
    *,
    usage: tuple[int, int] | None = None,
) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event: dict[str, Any] = {
        "id": "x", "object": "chat.completion.chunk", "model": "fake", "choices": [choice]
    }  # fmt: skip
    if usage is not None:
        given, written = usage
        counts = {"prompt_tokens": given, "completion_tokens": written}
        event["usage"] = {**counts, "total_tokens": given + written}
    _chunk(handler, b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n")


def _chunk(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    handler.wfile.flush()
