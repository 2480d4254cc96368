"""A local HTTP server that speaks the streaming chat APIs of Anthropic, Bedrock and Ollama.

It says one text to whatever it is asked, and keeps path and body of each request. Written after the
providers' published formats; the client libraries that parse it are the real ones.
"""

from __future__ import annotations

import json
import struct
from binascii import crc32
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import Loopback

TOKENS_IN, TOKENS_OUT = 21, 4


class FakeProviders(Loopback):
    """The server; `asked` holds path and body of each request."""

    def __init__(self, text: str) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.asked.append((self.path, body))
                kind, events = _speak(self.path, text)
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.end_headers()
                for event in events:
                    self.wfile.write(event)

            def log_message(self, *arguments: object) -> None:
                pass

        super().__init__(Handler)
        self.base_url = f"http://127.0.0.1:{self.port}"


def _speak(path: str, text: str) -> tuple[str, Iterator[bytes]]:
    if path.startswith("/model/"):
        return "application/vnd.amazon.eventstream", _bedrock(text)
    if path.endswith("/api/chat"):
        return "application/x-ndjson", _ollama(text)
    return "text/event-stream", _anthropic(text)


def _anthropic(text: str) -> Iterator[bytes]:
    message = {
        "id": "m", "type": "message", "role": "assistant", "model": "fake", "content": [],
        "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": TOKENS_IN, "output_tokens": 0},
    }  # fmt: skip
    block = {"type": "text", "text": ""}
    for event in (
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": c}}
            for c in text
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"input_tokens": TOKENS_IN, "output_tokens": TOKENS_OUT},
        },
        {"type": "message_stop"},
    ):
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _ollama(text: str) -> Iterator[bytes]:
    base = {"model": "fake", "created_at": "2026-11-30T00:00:00Z"}
    for character in text:
        said = {"role": "assistant", "content": character}
        yield json.dumps({**base, "message": said, "done": False}).encode() + b"\n"
    counts = {"prompt_eval_count": TOKENS_IN, "eval_count": TOKENS_OUT}
    last = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    yield json.dumps({**base, **last, **counts}).encode() + b"\n"


def _bedrock(text: str) -> Iterator[bytes]:
    yield _aws_event("messageStart", {"role": "assistant"})
    for character in text:
        delta = {"delta": {"text": character}, "contentBlockIndex": 0}
        yield _aws_event("contentBlockDelta", delta)
    yield _aws_event("contentBlockStop", {"contentBlockIndex": 0})
    yield _aws_event("messageStop", {"stopReason": "end_turn"})
    usage = {
        "inputTokens": TOKENS_IN,
        "outputTokens": TOKENS_OUT,
        "totalTokens": TOKENS_IN + TOKENS_OUT,
    }
    yield _aws_event("metadata", {"usage": usage, "metrics": {"latencyMs": 1}})


def _aws_event(name: str, payload: Mapping[str, Any]) -> bytes:
    """A message of AWS's event stream: lengths, checksum, headers, payload, checksum."""
    headers = b"".join(
        bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for key, value in {
            ":event-type": name,
            ":content-type": "application/json",
            ":message-type": "event",
        }.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack(">I", crc32(prelude)) + headers + body
    return message + struct.pack(">I", crc32(message))
