"""The real bot, connected to a workspace on loopback, answering from the small knowledge base."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode import SocketModeHandler

from kb.assistant import Assistant
from kb.records import Answer, Turn
from kb.search.embedding import BundledEmbedder
from kb.search.index import IndexStore
from kb.store.feedback import FeedbackStore
from slack_app import finish, open_app, open_client
from slackbot.bot import Bot, Parts
from slackbot.settings import SlackSettings
from tests.slack.fake_slack import FakeSlack
from tests.slack.web_api import APP_TOKEN, BOT, BOT_TOKEN

GROUP = "S0HELP"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slack's client leaves the socket of a lost connection to the garbage collector."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))


@dataclass
class Asked:
    """The assistant, and what it was asked. It can be slow, and it can fail."""

    real: Assistant
    asked: list[tuple[str, list[Turn]]] = field(default_factory=list)
    pause: float = 0.0
    """Seconds before each word."""
    error: Exception | None = None
    change: Callable[[Answer], Answer] = lambda answer: answer
    """What other parts of the product make of an answer."""

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[str | Answer]:
        answer = self.ask(question, history)
        for word in answer.answer.split(" ") if self.pause else []:
            time.sleep(self.pause)
            yield f"{word} "
        if not self.pause:
            yield answer.answer
        yield answer

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Answer:
        self.asked.append((question, list(history)))
        if self.error:
            raise self.error
        return self.change(self.real.ask(question, history))


@pytest.fixture(autouse=True)
def no_settings_of_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No .env and no proxy of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def real_assistant(index_dir: Path, embedder: BundledEmbedder) -> Assistant:
    return Assistant(IndexStore(index_dir), embedder)


@pytest.fixture
def assistant(real_assistant: Assistant) -> Asked:
    return Asked(real_assistant)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as workspace:
        yield workspace


@pytest.fixture
def feedback(tmp_path: Path) -> FeedbackStore:
    return FeedbackStore(f"sqlite:///{tmp_path}/feedback.db")


Start = Callable[..., Bot]


@pytest.fixture
def start(
    slack: FakeSlack, assistant: Asked, feedback: FeedbackStore, index_dir: Path
) -> Iterator[Start]:
    """Connect a bot; `stop` in the test, or at its end."""
    running: list[tuple[SocketModeHandler, Bot]] = []
    store = IndexStore(index_dir)

    def run(**parts: Any) -> Bot:
        settings = SlackSettings(bot_token=BOT_TOKEN, app_token=APP_TOKEN, api_url=slack.url)
        given: dict[str, Any] = {
            "assistant": assistant,
            "documents": lambda: store.current().documents,
            "feedback": feedback,
            "client": open_client(settings, patient=True),
            "hasty": open_client(settings, patient=False),
            "user": BOT,
            "help_group": GROUP,
            "per_minute": 100,
        }
        bot = Bot(Parts(**{**given, **parts}))
        handler = SocketModeHandler(open_app(bot), APP_TOKEN, ping_interval=0.5)
        before = slack.connected
        handler.client.connect()
        slack.wait(lambda: slack.connected > before, "a connection")
        running.append((handler, bot))
        listening = handler.app.listener_runner.listener_executor
        slack.at_work.append(lambda: drain(listening))
        slack.at_work.append(lambda: drain(bot._queue._pool))
        return bot

    yield run
    for handler, bot in running:
        close(handler, slack)
        finish(handler.app, bot)
    if slack.connected > len(running):
        gc.collect()  # here, where the warning about lost sockets is expected


def drain(pool: ThreadPoolExecutor) -> None:
    """Wait for what a pool has to do: all its workers meet behind it."""
    workers = pool._max_workers
    meeting = threading.Barrier(workers)
    done = [pool.submit(meeting.wait, 20) for _ in range(workers)]
    for future in done:
        future.result()


def close(handler: SocketModeHandler, slack: FakeSlack) -> None:
    """Close the socket, without the second for which its reader waits for more."""
    handler.client.auto_reconnect_enabled = False
    slack.cut()
    handler.client.message_processor.event.set()
    handler.client.message_queue.put("")
    handler.client.close()


@pytest.fixture
def bot(start: Start) -> Bot:
    return start()
