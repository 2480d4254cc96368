"""What is written in code, commands, data and logs: lines by pattern, routes of a web server.

Takes a `Paste` and the parameters of a check, gives `Spot` values. Knows nothing about wording.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kb.review.paste import Paste
from kb.review.spots import Edit, Spot, line_replaced
from kb.review.told import told_app

_FRAMEWORK = re.compile(
    r"\b(?:FastAPI|Flask|Starlette|Sanic|Bottle|Falcon|aiohttp|web\.Application|express|gin\.)\b|http\.server"
)
_ROUTE = re.compile(
    r"@[\w.]+\.(?:route|get|post|api_route)\(|add_url_rule\(|add_api_route\(|\bRoute\(|app\.(?:get|post)\("
)
_CUT = re.compile(
    r"(?<!:)\n\s*(?:#\s*)?(?:\.\.\.|…)[ \t]*$|^\s*(?:#\s*)?(?:\(略\)|省略|snip)\s*$", re.MULTILINE
)
"""Lines that the person left out; below a colon `...` is the body of a function."""
_RUN = re.compile(r"\b(?:app|server|application)\.run\(|\buvicorn\.run\(")


def has_line(
    paste: Paste, pattern: str, unless: str = "", says: str = "", write: str = ""
) -> Iterator[Spot]:
    """The first line that a pattern matches, unless another one is anywhere in the paste."""
    if says and not (paste.says(says) or re.search(says, paste.text, re.IGNORECASE)):
        return
    if unless and re.search(unless, paste.text):
        return
    sign = re.compile(pattern)
    for number, line in enumerate(paste.lines, 1):
        found = None if line.lstrip().startswith(("#", "//")) else sign.search(line)
        if found:
            better = sign.sub(write, line) if write else ""
            values = {"better": better.strip(), "found": found[0].strip()}
            yield Spot(number, line, values, Edit(number, number, (better,)) if write else None)
            return


def is_server(text: str) -> bool:
    """Code of a web server with routes."""
    return bool(_FRAMEWORK.search(text) and _ROUTE.search(text))


def lacks_route(paste: Paste, path: str) -> Iterator[Spot]:
    """A whole web server that has no such route."""
    text = paste.text
    if not is_server(text) or _CUT.search(text):
        return
    if path in text or re.search(r"include_router|register_blueprint|mount\(", text):
        return
    routes = [(n, line) for n, line in enumerate(paste.lines, 1) if _ROUTE.search(line)]
    others = [one for one in routes if not re.search(r"[\"']/(?:ping|invocations)[\"']", one[1])]
    posts = [one for one in others or routes if re.search(r"\.post\(|POST", one[1])]
    gets = [one for one in others or routes if one not in posts]
    wanted = posts if path == "/invocations" else gets
    for number, line in (wanted or others or routes)[:1]:
        yield Spot(number, line, {"path": path})


def told_lacks_route(paste: Paste, path: str) -> Iterator[Spot]:
    """What the person says of the app names its routes, and not this one."""
    app = told_app(paste.text)
    if app.routes and path not in app.routes:
        yield Spot(0, app.quote, {"path": path})


def told_port_is_other(paste: Paste, port: str) -> Iterator[Spot]:
    """The person says that the app listens on another port."""
    app = told_app(paste.text)
    if app.ports and port not in app.ports:
        yield Spot(0, app.quote, {"port": app.ports[0]})


def told_binds_to_loopback(paste: Paste) -> Iterator[Spot]:
    """The app is told to be on another port or on 127.0.0.1, and 0.0.0.0 is named nowhere."""
    app = told_app(paste.text)
    if app.ports and not app.is_open:
        yield Spot(0, app.quote)


def route_refuses(paste: Paste, path: str, method: str) -> Iterator[Spot]:
    """A route for another method than the one that it is called with."""
    for number, line in enumerate(paste.lines, 1):
        if f'"{path}"' not in line and f"'{path}'" not in line:
            continue
        flask = re.search(r"@[\w.]+\.route\(", line)
        if (
            flask
            and method == "POST"
            and "methods" not in line
            and not _has_twin(paste, path, number)
        ):
            better = re.sub(r"\)\s*$", ', methods=["POST"])', line)
            yield line_replaced(number, line, better)
        other = re.search(r"@[\w.]+\.(get|post|put)\(", line)
        if other and other[1].upper() != method and not _has_twin(paste, path, number):
            better = line.replace(f".{other[1]}(", f".{method.lower()}(")
            yield line_replaced(number, line, better)


def _has_twin(paste: Paste, path: str, number: int) -> bool:
    """Another route of the same path, for the other method."""
    others = [line for n, line in enumerate(paste.lines, 1) if n != number]
    return any(f'"{path}"' in line or f"'{path}'" in line for line in others if _ROUTE.search(line))


def server_runs_at(paste: Paste, what: str) -> Iterator[Spot]:
    """`app.run(…)` with another `port`, on 127.0.0.1 (`loopback`), or with no host (`none`)."""
    text = paste.text
    if re.search(r"SAGEMAKER_BIND_TO_PORT", text) or not _FRAMEWORK.search(text):
        return
    for number, line in enumerate(paste.lines, 1):
        run = _RUN.search(line)
        if not run or line.lstrip().startswith("#"):
            continue
        call = _call(paste, number, run.start())
        port = re.search(r"\bport\s*=\s*(\d+)", call)
        host = re.search(r"\bhost\s*=\s*[\"']([^\"']+)[\"']", call)
        has_host = re.search(r"\bhost\s*=|\*\*|[\"']0\.0\.0\.0[\"']|\buds=|\bfd=", call)
        if what == "port" and port and port[1] != "8080":
            where, quote = _where(paste, number, port[0])
        elif what == "loopback" and host and host[1] in ("127.0.0.1", "localhost"):
            where, quote = _where(paste, number, host[0])
        elif what == "none" and not has_host:
            where, quote = number, line
        else:
            continue
        better = _reachable(quote, run[0], adds_host=not has_host, adds_port=not port)
        yield line_replaced(where, quote, better)
        return


def _reachable(line: str, run: str, *, adds_host: bool, adds_port: bool) -> str:
    """The line of a call with the host and the port that SageMaker reaches, both in one edit."""
    line = re.sub(r"\bport\s*=\s*\d+", "port=8080", line)
    line = re.sub(r"\bhost\s*=\s*[\"'](?:127\.0\.0\.1|localhost)[\"']", 'host="0.0.0.0"', line)
    if run not in line or not adds_host:
        return line
    added = 'host="0.0.0.0"' + (", port=8080" if adds_port else "")
    if "uvicorn" in run and re.search(r"\)\s*$", line):
        return re.sub(r"\)\s*$", f", {added})", line)
    return line.replace(run, f"{run}{added}, ").replace(", )", ")")


def _call(paste: Paste, number: int, start: int) -> str:
    """A call with its arguments, over up to eight lines."""
    text = "\n".join(paste.lines[number - 1 : number + 7])[start:]
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign == ")":
            return text[: place + 1]
    return text


def _where(paste: Paste, number: int, piece: str) -> tuple[int, str]:
    for at in range(number, min(number + 8, len(paste.lines) + 1)):
        if piece in paste.lines[at - 1]:
            return at, paste.lines[at - 1]
    return number, paste.lines[number - 1]


def exits_with_zero(paste: Paste) -> Iterator[Spot]:
    """`sys.exit(0)` inside `except`: the job counts as Completed."""
    depth: int | None = None
    for number, line in enumerate(paste.lines, 1):
        indent = len(line) - len(line.lstrip())
        if depth is not None and line.strip() and indent <= depth:
            depth = None
        if re.match(r"\s*except\b.*:", line):
            depth = indent
        elif depth is not None and re.search(r"\b(?:sys\.|os\._)?exit\(0?\)", line):
            better = re.sub(r"exit\(0?\)", "exit(1)", line)
            yield line_replaced(number, line, better)
            return
