"""Told: what the person says of the web server, where it is explicit.

Takes the person's words, gives the routes and ports that they name. A route stands with its method
or beside the word for a route, a port beside the word for it. Knows nothing about checks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.text.sentences import sentences

_PATH = r"(?P<path>/[a-z][\w-]*(?:/[\w{}<>:-]+)?/?)(?![\w./])"
_ROUTE = re.compile(
    rf"\b(?:GET|POST|PUT)\b[\s`*]*{_PATH}"
    rf"|(?:\b[Rr]outes?\b|ルート|パス)[^。.\n/]{{0,30}}?{_PATH.replace('path', 'named')}"
    rf"|{_PATH.replace('path', 'before')}[`\s]*(?:\broute\b|という?ルート|のルート|[にへ] ?POST)",
    re.ASCII,
)
_FOLDERS = re.compile(r"/(?:opt|usr|home|tmp|var|etc|root|bin|srv|mnt|app|data|lib|dev|proc)\b")
_PORT = re.compile(
    r"(?:\bport\b|ポート(?:番号)?)(?:[\s`:=はがをで]|is|number){0,6}(?P<after>\d{2,5})(?!\d)"
    r"|(?<!\d)(?P<before>\d{2,5})\s*(?:番ポート|番の?ポート|番で待ち受け|番で listen)"
    r"|\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(?P<address>\d{2,5})\b",
    re.IGNORECASE | re.ASCII,
)
_PLANNED = re.compile(
    r"\b(?:should|must|need to|want to|shall|instead|to port)\b.{0,40}$|べき", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Told:
    """The app in the person's words."""

    routes: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    is_open: bool = False
    """It binds to 0.0.0.0."""
    quote: str = ""
    """The first sentence that says so."""


def told_app(words: str) -> Told:
    """Routes and ports that the words name; none of a wish or a rule (“must it be port 8080?”)."""
    routes: dict[str, None] = {}
    ports: dict[str, None] = {}
    quote = ""
    for start, end in sentences(words):
        sentence = words[start:end]
        before = len(routes) + len(ports)
        for found in _ROUTE.finditer(sentence):
            path = found["path"] or found["named"] or found["before"]
            if not _FOLDERS.match(path) and not _is_planned(sentence, found):
                routes[path.rstrip("/")] = None
        if routes:  # others of a list: “routes: /ping and /predict”
            for path in re.findall(r"(?<![\w/.:])/(?:ping|invocations)\b", sentence):
                routes[path] = None
        for found in _PORT.finditer(sentence):
            if not _is_planned(sentence, found):
                ports[found["after"] or found["before"] or found["address"]] = None
        if not quote and len(routes) + len(ports) > before:
            quote = sentence.strip()
    return Told(tuple(routes), tuple(ports), "0.0.0.0" in words, quote)  # noqa: S104 read, not bound


def _is_planned(sentence: str, found: re.Match[str]) -> bool:
    return _PLANNED.search(sentence[: found.start()][-60:]) is not None
