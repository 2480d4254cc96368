"""Replay: a local server that speaks OpenAI's streaming API and says what was recorded.

Takes replies by kind and item, answers each call with its reply, at a pace if one is wanted. A call
without a reply is refused, and kept with its prompt. Sources have new ids in each prompt, so that
those of a recorded answer are replaced by the text of their source. Knows nothing about figures.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Kind = Literal["read", "answer", "check"]
Key = tuple[str, Kind, int]
"""Item, kind of call, and which of its kind (from 1)."""
_SOURCE = re.compile(r"^\[(\w{4})\] (.*?)(?=\n\[\w{4}\] |\n</section>)", re.DOTALL | re.MULTILINE)
_CLAIM = re.compile(r'<claim number="(\d+)">(.*?)\n(?:<quote>|</claim>)', re.DOTALL)
_ASKED = re.compile(r"<(message|question)>\n(.*?)\n</\1>", re.DOTALL)
_PIECE = 3
"""Characters that count as one token."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as it came."""

    key: Key
    messages: list[dict[str, Any]]

    @property
    def last(self) -> str:
        return str(self.messages[-1]["content"])

    @property
    def sources(self) -> dict[str, str]:
        """Text by id."""
        return {found[1]: found[2] for found in _SOURCE.finditer(self.last)}

    @property
    def claims(self) -> dict[int, str]:
        return {int(found[1]): found[2] for found in _CLAIM.finditer(self.last)}


@dataclass
class Replay:
    """The server, used with `with`; `missing` and `calls` say what was asked."""

    items: Mapping[str, str]
    """Item by the text of its message or question."""
    replies: Mapping[Key, Mapping[str, Any]]
    pace: float = 0.0
    """Tokens a second; 0: at once."""
    calls: list[Call] = field(default_factory=list)
    missing: list[Call] = field(default_factory=list)

    def __enter__(self) -> Replay:
        replay = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                text = replay._reply(body["messages"])
                self.send_response(200 if text else 503)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for at in range(0, len(text), _PIECE):
                    if replay.pace:
                        time.sleep(1 / replay.pace)
                    self.wfile.write(_event({"content": text[at : at + _PIECE]}, None))
                    self.wfile.flush()
                if text:
                    self.wfile.write(_event({}, "stop") + b"data: [DONE]\n\n")

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _reply(self, messages: list[dict[str, Any]]) -> str:
        call = self._call(messages)
        self.calls.append(call)
        recorded = self.replies.get(call.key)
        if recorded is None:
            self.missing.append(call)
            return ""
        if call.key[1] == "check":
            return _verdicts(recorded, call)
        return _with_new_ids(str(recorded["reply"]), recorded.get("sources", {}), call.sources)

    def _call(self, messages: list[dict[str, Any]]) -> Call:
        last = str(messages[-1]["content"])
        kind: Kind = "read" if "<conversation>" in last else "answer"
        kind = "check" if '<claim number="' in last else kind
        found = _ASKED.search(last)
        item = self.items.get(found[2] if found else "", "?")
        number = 1 + sum(call.key[:2] == (item, kind) for call in self.calls)
        return Call((item, kind, number), messages)


def _with_new_ids(text: str, old: Mapping[str, str], new: Mapping[str, str]) -> str:
    by_text = {words: identity for identity, words in new.items()}
    for identity, words in old.items():
        if words in by_text:
            text = re.sub(rf"\b{identity}\b", by_text[words], text)
    return text


def _verdicts(recorded: Mapping[str, Any], call: Call) -> str:
    """The recorded verdicts under the numbers of this call; a claim without one gets none."""
    known = {row["claim"]: row for row in recorded["claims"]}
    rows = [
        {"number": number, "verdict": known[text]["verdict"], "words": known[text].get("words", "")}
        for number, text in call.claims.items()
        if text in known
    ]
    return json.dumps({"claims": rows, "answered": recorded.get("answered", True)})


def _event(delta: Mapping[str, str], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {"id": "x", "object": "chat.completion.chunk", "model": "recorded", "choices": [choice]}
    return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"
