"""Where a server listens: the hosts and ports of what a container starts.

Takes a `Paste` and the parameters of a check, gives `Spot` values. Knows nothing about wording.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator

from kb.review.dockerfile import Instruction
from kb.review.paste import Paste
from kb.review.spots import Spot, at, line_replaced, replaced

_SERVERS = re.compile(r"\b(?:uvicorn|gunicorn|hypercorn|flask|waitress-serve|daphne)\b")
_PORT = re.compile(
    r"(?:--port[= ]|\s-p[= ]?|--bind[= ]\S*:|\s-b[= ]?\S*:|--listen[= ]\S*:)(\d{2,5})\b"
)
_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|\blocalhost\b)")
_HOST = re.compile(
    r"--host\b|--bind\b|\s-b\b|\s-h\b|--uds|--fd|unix:|\[::\]|0\.0\.0\.0|-c\b|--config\b|\$"
)
_BIND_VARIABLE = re.compile(r"SAGEMAKER_BIND_TO_PORT")


def _commands(paste: Paste) -> Iterator[Instruction]:
    """What starts a web server: ENTRYPOINT, CMD, or a script that the file writes."""
    for one in (paste.dockerfile.last("ENTRYPOINT"), paste.dockerfile.last("CMD")):
        if one is not None:
            yield one
    for one in paste.dockerfile.all("RUN", "COPY"):
        written = one.body or ("printf" in one.value or "echo" in one.value)
        if written and _SERVERS.search(one.script):
            yield one


def _is_behind_proxy(paste: Paste) -> bool:
    return bool(re.search(r"\b(?:nginx|envoy|haproxy|caddy|traefik)\b", paste.text))


def server_port_is_other(paste: Paste, port: str) -> Iterator[Spot]:
    """A port that is given to a server and is not the one that is called."""
    if _is_behind_proxy(paste) or _BIND_VARIABLE.search(paste.text):
        return
    for one in _commands(paste):
        for found in _PORT.finditer(" " + " ".join(one.arguments) + f" {one.body}"):
            if found[1] != port and found[1] not in ("80800",):
                sign = re.compile(rf"\b{found[1]}\b")
                line, quote = one.line_with(sign)
                yield line_replaced(line, quote, sign.sub(port, quote), port=found[1])
                return
    if any(port in one.script for one in _commands(paste)):
        return
    for one in paste.dockerfile.all("ENV"):
        if found_port := re.search(
            r"\b(?:PORT|UVICORN_PORT|FLASK_RUN_PORT)[= ](\d{2,5})\b", one.value
        ):
            sign = re.compile(rf"\b{found_port[1]}\b")
            if found_port[1] != port:
                line, quote = one.line_with(sign)
                yield line_replaced(line, quote, sign.sub(port, quote), port=found_port[1])
                return


def exposes_other_port(paste: Paste, port: str) -> Iterator[Spot]:
    """EXPOSE of other ports alone, and the right one nowhere in the file. To change the line would
    mend nothing.
    """
    if "inference" not in paste.sides:
        return  # many a tool is exposed in other images
    if re.search(rf"\b{port}\b|SAGEMAKER_BIND_TO_PORT", paste.text):
        return
    for one in paste.dockerfile.all("EXPOSE"):
        if re.search(r"\d", one.value):
            yield at(one, port=one.value)


def binds_to_loopback(paste: Paste) -> Iterator[Spot]:
    """A server that is told to listen on 127.0.0.1."""
    if _is_behind_proxy(paste):
        return
    for one in _commands(paste):
        if _LOOPBACK.search(one.script) and _SERVERS.search(one.script):
            line, quote = one.line_with(_LOOPBACK)
            yield line_replaced(line, quote, _LOOPBACK.sub("0.0.0.0", quote))  # noqa: S104 advice


def server_has_no_host(paste: Paste) -> Iterator[Spot]:
    """A server that is started without a host: its own default is 127.0.0.1."""
    if _is_behind_proxy(paste) or re.search(
        r"UVICORN_HOST|GUNICORN_CMD_ARGS|FLASK_RUN_HOST", paste.text
    ):
        return
    for one in _commands(paste):
        words = " ".join(one.arguments)
        server = re.search(r"\b(uvicorn|gunicorn|flask run)\b", words)
        if server and one.keyword in ("ENTRYPOINT", "CMD") and not _HOST.search(words):
            host = "-b 0.0.0.0:8080" if server[1] == "gunicorn" else "--host 0.0.0.0 --port 8080"
            kept = re.sub(r"\s--port[= ]\d+|\s-p \d+", "", words)
            better = (
                kept.replace(server[1], f"{server[1]} {host}")
                if server[1] == "flask run"
                else f"{kept} {host}"
            )
            line = f"{one.keyword} {json.dumps(shlex.split(better), ensure_ascii=False)}"
            yield replaced(one, line, better=line)
