"""Links: whether the places that our evidence and sources point to still exist.

Takes the evidence list and the list of sources, gives a `Verdict` a link. Knows nothing about
documents, notes or the index. A host that cannot be reached costs one attempt and one line,
however many links lead to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote, urldefrag, urlsplit

import httpx

from ingest.evidence import Evidence
from ingest.sources import Source

WORKERS = 4
"""Requests under way at once; more would be rude to one host, and most links lead to one."""
PATIENCE = 10.0
"""Seconds that connecting, or a silence within an answer, may take."""
_GONE = (404, 410)
_UNTOLD = (401, 403, 408, 425, 429)
"""Statuses that tell about the caller, not about the page."""
_AGENT = {"User-Agent": "knowledge-base link check"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one link."""

    url: str
    state: str
    """`alive`, `dead`, `unsure` (the host answers, but does not tell), `unreached` (no answer)."""
    reason: str = ""
    used: tuple[str, ...] = ()
    """Evidence ids and `source ID`s that point there."""

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


def links_of(evidence: Iterable[Evidence], sources: Iterable[Source]) -> dict[str, tuple[str, ...]]:
    """Every address once, without its fragment, with all who use it."""
    used: dict[str, dict[str, None]] = {}
    for entry in evidence:
        for url in entry.urls:
            used.setdefault(urldefrag(url).url, {})[entry.id] = None
    for source in sources:
        for url in _addresses(source):
            used.setdefault(urldefrag(url).url, {})[f"source {source.id}"] = None
    return {url: tuple(users) for url, users in used.items()}


def _addresses(source: Source) -> list[str]:
    """The page of a source; of a repository on GitHub each pinned path."""
    if source.kind == "git" and urlsplit(source.url).hostname == "github.com":
        base = f"{source.url.removesuffix('.git').rstrip('/')}/tree/{source.commit}"
        return [f"{base}/{quote(path)}" for path in source.paths]
    return [source.url] if source.url.startswith(("http://", "https://")) else []


def check(
    links: Mapping[str, Sequence[str]],
    *,
    patience: float = PATIENCE,
    done: Callable[[], None] = lambda: None,
) -> list[Verdict]:
    """Ask for every link, in the order given. The first of each host tells whether it answers."""
    by_host: dict[str, list[str]] = {}
    for url in links:
        by_host.setdefault(urlsplit(url).netloc, []).append(url)
    answers: dict[str, tuple[str, str]] = {}
    with (
        httpx.Client(timeout=patience, follow_redirects=True, headers=_AGENT) as client,
        ThreadPoolExecutor(WORKERS) as pool,
    ):

        def ask(url: str) -> tuple[str, str]:
            answer = _ask(client, url)
            done()
            return answer

        first = [urls[0] for urls in by_host.values()]
        answers.update(zip(first, pool.map(ask, first), strict=True))
        reached = [urls for urls in by_host.values() if answers[urls[0]][0] != "unreached"]
        rest = [url for urls in reached for url in urls[1:]]
        answers.update(zip(rest, pool.map(ask, rest), strict=True))
    for urls in by_host.values():
        for url in urls:
            answers.setdefault(url, answers[urls[0]])
    return [Verdict(url, *answers[url], tuple(links[url])) for url in links]


def _ask(client: httpx.Client, url: str) -> tuple[str, str]:
    """State and reason: HEAD, then GET where HEAD does not say that all is well."""
    try:
        if client.head(url).is_success:
            return "alive", ""
        with client.stream("GET", url) as response:  # the body is not needed
            return _state(response.status_code)
    except httpx.TooManyRedirects:
        return "dead", "it redirects in a circle"
    except httpx.TransportError as error:
        return "unreached", str(error) or type(error).__name__
    except httpx.InvalidURL:
        return "dead", "it is no valid address"


def _state(status: int) -> tuple[str, str]:
    if status < 300:
        return "alive", ""
    if status in _GONE or (400 <= status < 500 and status not in _UNTOLD):
        return "dead", str(status)
    return "unsure", str(status)


def lines_of(verdicts: Sequence[Verdict]) -> list[str]:
    """Lines for a person: dead links, hosts without an answer, links that stay unsure, the sum."""
    lines = [
        f"dead  {v.url} ({v.reason}), used by {_users(v)}" for v in verdicts if v.state == "dead"
    ]
    silent: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.state == "unreached":
            silent.setdefault(verdict.host, []).append(verdict)
    lines += [
        f"no answer  {host} ({found[0].reason}): {len(found)} links not checked"
        for host, found in silent.items()
    ]
    lines += [f"unsure  {v.url} ({v.reason})" for v in verdicts if v.state == "unsure"]
    counts = {state: sum(v.state == state for v in verdicts) for state in ("alive", "dead")}
    left = len(verdicts) - sum(counts.values())
    lines.append(f"{counts['alive']} links alive, {counts['dead']} dead, {left} not told.")
    return lines


def _users(verdict: Verdict) -> str:
    shown = ", ".join(verdict.used[:6])
    return f"{shown} and {len(verdict.used) - 6} more" if len(verdict.used) > 6 else shown
