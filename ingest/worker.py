"""Worker: documents of others are read in a process of their own, which can be stopped.

Takes a `RawDocument`, gives the `Document` and its `Chunk` values, or raises ParseError: a file
that ends its parser, or takes more time, memory or text than a document may, costs itself alone.
What comes back is JSON, so that nothing in a document is run here. The worker has no model and none
of the secrets of the environment; it asks for the tokens of a text. Limits are no sandbox: they
stop what a document makes our parsers do, not a program that has taken one over.
"""

from __future__ import annotations

import json
import logging
import math
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from ingest.chunk import Count, chunk
from ingest.fetch import RawDocument
from ingest.parse import Parsed, parse
from kb.errors import ParseError
from kb.records import Chunk, Document
from kb.search.rows import to_chunk

CPU_SECONDS = 10
"""Computing time of a document; an ordinary megabyte of log takes one."""
MEMORY = 2 * 1024**3
"""Bytes of address space of the worker; a PDF of 10 MB takes a tenth."""
PATIENCE = 120.0
"""Seconds by the clock that a document may take in all, on a machine that does other work too."""
_MOST = 128 * 1024**2
"""Bytes of one message of the worker."""
_ROOT = str(Path(__file__).parents[1])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from ingest.worker import serve; serve()"
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "PYTHONUTF8")
_SIZE = struct.Struct("<Q")


class Worker:
    """The process, started with its first document and again after one that ended it."""

    def __init__(self, count: Count) -> None:
        """`count`: the model tokens of a text."""
        self._count = count
        self._process: subprocess.Popen[bytes] | None = None
        self._deadline = 0.0

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def parse(
        self, raw: RawDocument, source: str, *, title: str = "", commit: str = "", fetched: str = ""
    ) -> Document:
        """The document; raises ParseError. `chunks` then gives what it is cut into."""
        about = {"title": title, "commit": commit, "fetched": fetched}
        named = {"id": raw.id, "name": raw.name, "kind": raw.kind}
        self._deadline = time.monotonic() + PATIENCE
        request = json.dumps({"raw": named, "source": source, "about": about}).encode()
        return Document(**self._asked(request, raw.data)["document"])

    def chunks(self) -> list[Chunk]:
        """The chunks of the document that was parsed last; raises ParseError."""
        self._deadline = time.monotonic() + PATIENCE
        return [to_chunk(row) for row in self._asked(b"{}")["chunks"]]

    def _asked(self, *frames: bytes) -> dict[str, Any]:
        try:
            for frame in frames:
                self._send(frame)
            while "count" in (answer := json.loads(self._receive())):
                self._send(json.dumps(self._count(answer["count"])).encode())
        except TimeoutError as error:  # an OSError, too: it goes first
            self._stop()
            raise ParseError(f"it was not read within {PATIENCE:g} s, left out") from error
        except (OSError, EOFError) as error:
            raise ParseError(self._why()) from error
        if "error" in answer:
            raise ParseError(answer["error"])
        found: dict[str, Any] = answer
        return found

    def _send(self, frame: bytes) -> None:
        """Raises BrokenPipeError when the worker has ended."""
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(_SIZE.pack(len(frame)) + frame)
        process.stdin.flush()

    def _receive(self) -> bytes:
        (size,) = _SIZE.unpack(self._read(_SIZE.size))
        if size > _MOST:
            raise EOFError
        return self._read(size)

    def _read(self, size: int) -> bytes:
        process = self._running()
        assert process.stdout is not None
        parts = bytearray()
        while len(parts) < size:
            left = self._deadline - time.monotonic()
            if not select.select([process.stdout], [], [], max(0.0, left))[0]:
                raise TimeoutError
            piece = os.read(process.stdout.fileno(), min(size - len(parts), 1 << 20))
            if not piece:
                raise EOFError
            parts += piece
        return bytes(parts)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _START, _ROOT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=kept,
                start_new_session=True,  # Ctrl-C is for the one who started it
            )
        return self._process

    def _why(self) -> str:
        """Why the worker has ended, in the words of the table."""
        code = self._stop()
        if code == -signal.SIGXCPU:
            return f"it took more than {CPU_SECONDS} s of computing time, left out"
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"reading it ended the program ({name}), left out"

    def _stop(self) -> int:
        """Let the worker go; gives its exit code, negative for a signal."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
        try:
            code = process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        assert process.stdout is not None
        process.stdout.close()
        return code


def serve() -> None:
    """What the worker does: parse and cut one document after another until nobody asks."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "r+b") as nothing:  # what a library prints is no answer
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    logging.disable()
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, MEMORY)

    def tokens(text: str) -> int:
        _write(answers, {"count": text})
        return int(json.loads(_next(requests) or b"0"))

    parsed: Parsed | None = None
    while (request := _next(requests)) is not None:
        asked = json.loads(request)
        if asked:
            _limit(resource.RLIMIT_CPU, math.ceil(time.process_time()) + CPU_SECONDS)
            data = _next(requests) or b""
        try:
            if asked:
                parsed = None
                raw = RawDocument(data=data, **asked["raw"])
                parsed = parse(raw, asked["source"], **asked["about"])
                answer: dict[str, Any] = {"document": asdict(parsed.document)}
            else:
                assert parsed is not None
                answer = {"chunks": [asdict(found) for found in chunk(parsed, tokens)]}
        except ParseError as error:
            answer = {"error": str(error)}
        except MemoryError:
            answer = {"error": f"it needs more than {MEMORY // 1024**3} GB of memory, left out"}
        except Exception as error:  # noqa: BLE001 whatever it is, it is the document's
            answer = {"error": f"it cannot be read ({type(error).__name__})"}
        _write(answers, answer)


def _limit(what: int, most: int) -> None:
    with suppress(ValueError, OSError):  # not every system has every limit
        resource.setrlimit(what, (most, resource.getrlimit(what)[1]))


def _write(answers: IO[bytes], answer: dict[str, Any]) -> None:
    frame = json.dumps(answer).encode()
    answers.write(_SIZE.pack(len(frame)) + frame)
    answers.flush()


def _next(requests: IO[bytes]) -> bytes | None:
    """The next frame; None when nobody asks any more."""
    size = requests.read(_SIZE.size)
    return requests.read(_SIZE.unpack(size)[0]) if len(size) == _SIZE.size else None
