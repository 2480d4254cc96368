"""The real app in a real headless Chromium: `python -m ingest`, `streamlit run`, a browser.

Skipped, with the reason, where Playwright or Chromium is missing. What a failed test saw is kept in
test-results/.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.conftest import write_knowledge

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "test-results"
PATIENCE = 120_000
"""Milliseconds that anything may take to appear; a machine that does other work, too, is slow."""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
HOSTILE = """\
# Team images

## The nightly image

The training image `team-train` is rebuilt every night ![state](https://images.example/state.png) \
and pushed to ECR. <img src="https://images.example/raw.png"> It costs $3 to build and $4 to push.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@dataclass(frozen=True)
class Team:
    """A team's machine: its knowledge, its index, its environment."""

    folder: Path
    env: dict[str, str]

    @property
    def knowledge(self) -> Path:
        return self.folder / "knowledge"

    def ingest(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "ingest"],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    @contextmanager
    def serve(self, **env: str) -> Iterator[str]:
        """`streamlit run app.py` as `make run` does it, with nobody to answer a prompt."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
        headless = [] if sys.platform == "linux" else ["--server.headless", "true"]
        with (self.folder / "streamlit.log").open("a") as log:
            process = subprocess.Popen(
                [*command, "--server.port", str(port), *headless],
                cwd=self.folder,
                env=self.env | env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
            try:
                self._wait(process, port)
                yield f"http://localhost:{port}"
            finally:
                process.terminate()
                process.communicate(timeout=PATIENCE / 1000)

    def _wait(self, process: subprocess.Popen[bytes], port: int) -> None:
        until = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < until and process.poll() is None:
            try:
                with urlopen(f"http://localhost:{port}/_stcore/health", timeout=5):
                    return
            except (URLError, OSError):
                time.sleep(0.1)
        pytest.fail("Streamlit did not start:\n" + (self.folder / "streamlit.log").read_text())


@pytest.fixture
def team(browser: Browser, tmp_path: Path) -> Team:
    """A machine of its own, for tests that change it."""
    return new_team(tmp_path)


@cache
def _ingested() -> Path:
    """The folder of a team whose knowledge is ingested; made once, then copied for each team.

    Its paths are relative, so that they hold in every copy. Only the source `notes` may hold notes.
    """
    folder = Path(mkdtemp(prefix="kb-team-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_knowledge(folder / "knowledge")
    (folder / "knowledge" / "images.md").write_text(HOSTILE, encoding="utf-8")
    (folder / "home").mkdir()
    (folder / "sources.yaml").write_text(
        "sources:\n  - id: notes\n    kind: folder\n    path: knowledge\n"
    )
    _team(folder).ingest()
    return folder


def new_team(folder: Path) -> Team:
    """A team's machine in `folder`, its knowledge ingested."""
    shutil.copytree(_ingested(), folder, dirs_exist_ok=True)
    return _team(folder)


def _team(folder: Path) -> Team:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KB_", "STREAMLIT_")) and name not in ("DISPLAY", "WAYLAND_DISPLAY")
    }
    env = kept | {
        "HOME": str(folder / "home"),
        "KB_INDEX_DIR": str(folder / "index"),
        "KB_SOURCES": str(folder / "sources.yaml"),
        "PYTHONPATH": str(ROOT),
        "PYTHONUTF8": "1",
    }
    return Team(folder, env)


@pytest.fixture(scope="session")
def app(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app that tests only read from."""
    with new_team(tmp_path_factory.mktemp("team")).serve() as url:
        yield url


def chromium_path() -> str:
    return shutil.which("chromium") or shutil.which("chromium-browser") or ""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; skips when it or Playwright is missing, before anything is built."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = chromium_path()
    if not chromium:
        pytest.skip("no chromium on this machine (Debian: apt install chromium)")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


STILL = """() => document.querySelector('.stApp[data-test-script-state="notRunning"]') &&
  document.getAnimations().every(one => one.playState !== 'running'
    || one.effect.getComputedTiming().endTime === Infinity)"""


def still(page: Page) -> Page:
    """Wait until the page is complete and nothing fades in any more."""
    page.wait_for_function(STILL)
    return page


Open = Callable[..., "Page"]


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Open]:
    """A browser of its own at an address; nothing it asks for may leave this machine."""
    contexts, left = [], []

    def check(asked: Any) -> None:
        if urlsplit(asked.url).hostname not in ("localhost", "127.0.0.1", None):
            left.append(asked.url)

    def open_page(
        url: str,
        *,
        locale: str = "ja-JP",
        width: int = 1200,
        height: int = 900,
        theme: Any = "light",
    ) -> Page:
        context = browser.new_context(
            locale=locale, viewport={"width": width, "height": height}, color_scheme=theme
        )
        context.set_default_timeout(PATIENCE)
        context.on("request", check)
        contexts.append(context)
        page = context.new_page()
        page.on("websocket", check)
        page.goto(url)
        page.locator(".stApp h1, [data-testid=stAlert]").first.wait_for()
        return page

    yield open_page
    if getattr(request.node, "failed", False):
        RESULTS.mkdir(exist_ok=True)
        pages = [page for context in contexts for page in context.pages]
        for number, page in enumerate(pages):
            name = re.sub(r"\W+", "-", request.node.name).strip("-")
            page.screenshot(path=RESULTS / f"{name}-{number}.png")
    for context in contexts:
        context.close()
    assert left == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call" and report.failed:
        item.failed = True  # type: ignore[attr-defined]
    return report
