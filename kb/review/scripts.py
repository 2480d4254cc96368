"""What a shell script does: where its servers listen, what it builds for, what it pushes.

Takes a `Paste` and the parameters of a check, gives `Spot` values. Knows nothing about wording.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kb.review.paste import Paste
from kb.review.spots import Spot, line_replaced

SHEBANG = re.compile(r"#!\s*/\S*(?:/|env\s+(?:-\S+\s+)?)(?:ba|da|z|a|k)?sh\b")
_SERVER = re.compile(
    r"(?:^|[\s(;&|)])(?:\S*/)?(gunicorn|uvicorn|hypercorn|waitress-serve|flask(?= run))\s(.*)"
)
_NO_START = re.compile(r"^\s*(?:\S*/)?(?:pip[\d.]*|uv|conda|apt-get|pkill|killall|echo|which)\b")
_PORT = re.compile(
    r"(?:--port[= ]|\s-p[= ]?|(?:--bind|\s-b|--listen)[= ]?[\"']?[^\s:]*:)[\"']?(\d{2,5})\b"
)
_LOOPBACK = re.compile(r"(?<![\w.])(?:127\.0\.0\.1|localhost)(?![\w.])")
_HOST = re.compile(
    r"--host\b|--bind\b|\s-b|\s-h\b|--uds|--fd|unix:|0\.0\.0\.0|\s-c\b|--config\b|\$"
)
_PROXY = re.compile(r"\b(?:nginx|envoy|haproxy|caddy|traefik)\b")
_BUILD = re.compile(r"\bdocker (?:buildx )?build\b|DOCKER_DEFAULT_PLATFORM=")
_ARM = re.compile(
    r"(--platform[= ]\s*[\"']?|DOCKER_DEFAULT_PLATFORM=[\"']?)"
    r"(?:linux/)?(?:arm64|aarch64)(?:/v8)?(?![\w,/])"
)
_GRAVITON = r"graviton|\b[cmrtx]\d+g[dn]*\.|\bg5g\b|(?:aarch64|arm64) (?:instance|endpoint)"
_LOGIN = re.compile(
    r"docker login|get-login|ecr-login|credHelper|login-action|podman login|\bcrane auth"
)


@dataclass(frozen=True, slots=True)
class _Command:
    """One command, its continued lines as one."""

    first: int
    last: int
    text: str


def is_script(text: str) -> bool:
    """It begins as a shell script does."""
    return bool(SHEBANG.match(text.lstrip()))


def _commands(paste: Paste) -> Iterator[_Command]:
    first, joined = 1, ""
    for number, line in enumerate(paste.lines, 1):
        if not joined:
            first = number
        if line.rstrip().endswith("\\"):
            joined += line.rstrip()[:-1] + " "
            continue
        text, joined = joined + line, ""
        if text.strip() and not text.lstrip().startswith("#"):
            yield _Command(first, number, text)


def _spot(
    paste: Paste, command: _Command, sign: re.Pattern[str], better: str, **values: str
) -> Spot:
    """The line of a command that has a sign, and that line with the sign replaced."""
    for number in range(command.first, command.last + 1):
        line = paste.lines[number - 1]
        if sign.search(line):
            new = sign.sub(better, line, count=1)
            return line_replaced(number, line, new, **values)
    return Spot(command.first, paste.lines[command.first - 1], {"better": "", **values})


def script_binds(paste: Paste, what: str, port: str = "8080") -> Iterator[Spot]:
    """A server that a script starts: on another `port`, on `loopback` only, or with no host."""
    if _PROXY.search(paste.text):
        return
    for command in _commands(paste):
        server = _SERVER.search(command.text)
        if server is None or _NO_START.match(command.text):
            continue
        options = " " + server[2]
        found = _PORT.search(options)
        if what == "loopback" and _LOOPBACK.search(options):
            yield _spot(paste, command, _LOOPBACK, "0.0.0.0")  # noqa: S104 advice
        elif what == "port" and found and found[1] != port and "BIND_TO_PORT" not in paste.text:
            sign = re.compile(rf"(?<=[:= ]){found[1]}\b")
            yield _spot(paste, command, sign, port, port=found[1])
        elif what == "none" and server[1] != "flask" and not _HOST.search(options):
            if re.search(r"(?:UVICORN_HOST|GUNICORN_CMD_ARGS)=", paste.text):
                continue
            host = f"-b 0.0.0.0:{port}" if server[1] == "gunicorn" else "--host 0.0.0.0"
            host += "" if found or server[1] == "gunicorn" else f" --port {port}"
            yield _spot(paste, command, re.compile(rf"\b{server[1]}\b"), f"{server[1]} {host}")
        else:
            continue
        return


def builds_for_arm(paste: Paste) -> Iterator[Spot]:
    """A build for ARM alone, where nobody says that it is for Graviton."""
    if paste.says(_GRAVITON) or re.search(_GRAVITON, paste.text, re.IGNORECASE):
        return
    for command in _commands(paste):
        if _BUILD.search(command.text) and _ARM.search(command.text):
            yield _spot(paste, command, _ARM, r"\g<1>linux/amd64")
            return


def pushes_without_login(paste: Paste) -> Iterator[Spot]:
    """A whole script that pushes to ECR and never logs in."""
    if not is_script(paste.text) or _LOGIN.search(paste.text) or "dkr.ecr" not in paste.text:
        return
    for command in _commands(paste):
        if re.search(r"\bdocker (?:image )?push\b|\bbuild\b.*\s--push\b", command.text):
            yield Spot(command.first, paste.lines[command.first - 1])
            return
