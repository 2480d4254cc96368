"""Links are asked politely, and only what is really gone counts as dead."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.__main__ import main
from ingest.evidence import Evidence
from ingest.links import check, lines_of, links_of
from ingest.sources import Source


class Site(BaseHTTPRequestHandler):
    """Answers by path; counts what was asked and how much at once."""

    asked: Counter[str] = Counter()
    now = 0
    most = 0
    lock = threading.Lock()

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        with Site.lock:
            Site.asked[f"{self.command} {self.path}"] += 1
            Site.now += 1
            Site.most = max(Site.most, Site.now)
        time.sleep(0.02 if self.path.startswith("/many") else 0)
        with Site.lock:
            Site.now -= 1
        if self.path == "/slow":
            time.sleep(1.0)
        status = {"/gone": 404, "/private": 403, "/busy": 429, "/broken": 500, "/moved": 302}.get(
            self.path, 405 if self.path == "/no-head" and self.command == "HEAD" else 200
        )
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/fine")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[str]:
    Site.asked, Site.most = Counter(), 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def nowhere() -> str:
    """An address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def states(base: str, *paths: str) -> dict[str, str]:
    verdicts = check({base + path: ["T1"] for path in paths}, patience=0.5)
    return {verdict.url.removeprefix(base): verdict.state for verdict in verdicts}


def test_only_what_is_gone_is_dead(site: str) -> None:
    paths = ("/fine", "/gone", "/private", "/busy", "/broken", "/moved")
    assert states(site, *paths) == {
        "/fine": "alive",
        "/gone": "dead",
        "/private": "unsure",
        "/busy": "unsure",
        "/broken": "unsure",
        "/moved": "alive",
    }


def test_get_follows_only_where_head_fails(site: str) -> None:
    assert states(site, "/fine", "/no-head") == {"/fine": "alive", "/no-head": "alive"}
    assert Site.asked["GET /fine"] == 0
    assert Site.asked["GET /no-head"] == 1


def test_a_slow_page_does_not_hold_up_the_rest(site: str) -> None:
    assert states(site, "/fine", "/slow") == {"/fine": "alive", "/slow": "unreached"}


def test_at_most_four_requests_are_under_way(site: str) -> None:
    assert set(states(site, *(f"/many/{i}" for i in range(30))).values()) == {"alive"}
    assert Site.most <= 4


def test_a_silent_host_costs_one_attempt_and_one_line(site: str, nowhere: str) -> None:
    found = {f"{nowhere}/{i}": ["T1"] for i in range(200)} | {f"{site}/gone": ["T2", "source a"]}
    started = time.perf_counter()
    lines = lines_of(check(found, patience=0.5))
    assert time.perf_counter() - started < 5
    assert lines[0] == f"dead  {site}/gone (404), used by T2, source a"
    assert lines[1].startswith(f"no answer  {nowhere.removeprefix('http://')} (")
    assert lines[1].endswith(": 200 links not checked")
    assert lines[2:] == ["0 links alive, 1 dead, 200 not told."]


def test_each_address_is_asked_once_without_its_fragment() -> None:
    evidence = [
        Evidence("T1", "c", "checked", "s", urls=("https://a/b#L1", "https://a/b#L2")),
        Evidence("T2", "c", "checked", "s", urls=("https://a/b",)),
    ]
    pinned = Source(
        "samples", "git", url="https://github.com/o/r.git", commit="0" * 40, paths=("x y", "z")
    )
    page = Source("page", "web", url="https://a/c")
    folder = Source("notes", "folder", path="notes")
    assert links_of(evidence, [pinned, page, folder]) == {
        "https://a/b": ("T1", "T2"),
        f"https://github.com/o/r/tree/{'0' * 40}/x%20y": ("source samples",),
        f"https://github.com/o/r/tree/{'0' * 40}/z": ("source samples",),
        "https://a/c": ("source page",),
    }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KB_SOURCES", str(tmp_path / "sources.yaml"))
    (tmp_path / "sources.yaml").write_text("sources:\n  - {id: notes, kind: folder, path: notes}\n")
    return tmp_path


def evidence_file(folder: Path, *urls: str) -> None:
    entry = f"- {{id: T1, claim: c, status: checked, source: s, urls: [{', '.join(urls)}]}}\n"
    (folder / "evidence.yaml").write_text(entry)


def test_the_command_fails_on_a_dead_link_only(
    site: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence_file(project, f"{site}/fine", f"{site}/private")
    assert main(["links", str(project)]) == 0
    evidence_file(project, f"{site}/fine", f"{site}/gone")
    assert main(["links", str(project)]) == 1
    assert f"dead  {site}/gone (404), used by T1" in capsys.readouterr().out.replace("\n", "")


def test_without_a_network_there_is_one_sentence(
    nowhere: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evidence_file(project, f"{nowhere}/a", f"{nowhere}/b")
    assert main(["links", str(project)]) == 1
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "no network" in printed.err
    assert "dead" not in printed.out
