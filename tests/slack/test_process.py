"""The process: what it needs to start, how it stops, what it never says. Also over HTTP."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import uvicorn

import slack_app
from kb.errors import SettingsError
from slackbot.settings import SlackSettings, read_slack_settings
from tests.slack.fake_slack import FakeSlack
from tests.slack.web_api import APP_TOKEN, BOT, BOT_TOKEN

ROOT = Path(__file__).parents[2]
MODEL = "学習したモデルはどこに保存する？"
SECRET = "very-secret-signing"
Run = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def run(slack: FakeSlack, index_dir: Path, tmp_path: Path) -> Iterator[Run]:
    """`python slack_app.py`, or another command, with the settings given."""
    started: list[subprocess.Popen[str]] = []

    def start(*command: str, **settings: str) -> subprocess.Popen[str]:
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SLACK_", "KB_"))
        }
        process = subprocess.Popen(
            [sys.executable, *(command or [str(ROOT / "slack_app.py")])],
            cwd=tmp_path,
            env={
                **own,
                "PYTHONPATH": str(ROOT),
                "KB_INDEX_DIR": str(index_dir),
                "KB_DATABASE_URL": f"sqlite:///{tmp_path}/feedback.db",
                "SLACK_API_URL": slack.url,
                **settings,
            },
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


TOKENS = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}


def said(process: subprocess.Popen[str]) -> str:
    _, error = process.communicate(timeout=30)
    return error


def test_without_tokens_it_says_which_and_where_to_get_them(run: Run) -> None:
    process = run()
    error = said(process)
    assert process.returncode == 1
    assert error.count("\n") == 1, "one sentence"
    assert "SLACK_BOT_TOKEN" in error
    assert "OAuth & Permissions" in error
    assert "SLACK_APP_TOKEN" in error
    assert "connections:write" in error


def test_a_signal_finishes_the_answers_under_way(run: Run, slack: FakeSlack) -> None:
    process = run(**TOKENS)
    slack.wait(lambda: slack.connected, "a connection", 30)
    asked = [slack.ask(MODEL, user=f"U{number}") for number in range(12)]
    slack.wait(lambda: slack.unacknowledged == 0 and slack.all_statuses, "acknowledgements")
    process.send_signal(signal.SIGTERM)
    log = said(process)
    assert process.returncode == 0
    for question in asked:
        assert len(slack.answers(question["ts"])) == 1, "acknowledged, so nobody else answers it"
    assert "Traceback" not in log
    assert "very-secret" not in log
    assert "ticket=" not in log.replace("ticket=…", "")


def test_what_was_acknowledged_is_answered_though_slack_is_slow(run: Run, slack: FakeSlack) -> None:
    """The signal comes between the acknowledgement and the answer's turn."""
    process = run(**TOKENS)
    slack.wait(lambda: slack.connected, "a connection", 30)
    slack.slow["assistant.threads.setStatus"] = 4
    asked = slack.ask(MODEL)
    slack.wait(lambda: slack.unacknowledged == 0, "an acknowledgement")
    process.send_signal(signal.SIGTERM)
    log = said(process)
    assert len(slack.answers(asked["ts"])) == 1, log


@pytest.fixture
def settings(slack: FakeSlack, index_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For `main` in this process; pytest keeps its own log."""
    monkeypatch.setattr(slack_app, "log_without_secrets", lambda: None)
    monkeypatch.setenv("KB_INDEX_DIR", str(index_dir))
    monkeypatch.setenv("SLACK_API_URL", slack.url)
    for name, token in TOKENS.items():
        monkeypatch.setenv(name, token)


@pytest.mark.parametrize("wrong", TOKENS)
def test_a_refused_token_is_named_and_not_shown(
    settings: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    monkeypatch.setenv(wrong, f"{TOKENS[wrong][:4]}-9-very-secret")
    assert slack_app.main() == 1
    error = capsys.readouterr().err
    assert f"Slack refuses {wrong} (invalid_auth)" in error
    assert "very-secret" not in error
    assert error.count("\n") == 1


def test_an_address_that_nobody_answers_is_named(
    settings: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:9/api/")
    assert slack_app.main() == 1
    assert "Slack cannot be reached at http://127.0.0.1:9/api/" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"SLACK_BOT_TOKEN": "xapp-mixed-up", "SLACK_APP_TOKEN": "xoxb-mixed-up"}, ["xoxb-"]),
        ({**TOKENS, "SLACK_APP_TOKEN": "xoxb-mixed-up"}, ["SLACK_APP_TOKEN", "xapp-"]),
        ({**TOKENS, "SLACK_QUESTIONS_PER_MINUTE": "x"}, ["SLACK_QUESTIONS_PER_MINUTE", "'x'"]),
        ({**TOKENS, "SLACK_HELP_GROUP": "@team"}, ["SLACK_HELP_GROUP", "'@team'"]),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_named(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], names: list[str]
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        read_slack_settings("bot_token", "app_token")
    assert all(name in str(raised.value) for name in names)
    assert "mixed-up" not in str(raised.value)


def test_tokens_are_read_from_env_files_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"SLACK_BOT_TOKEN={BOT_TOKEN}\nSLACK_APP_TOKEN={APP_TOKEN}\n")
    settings = read_slack_settings("bot_token", "app_token")
    assert settings.bot_token.get_secret_value() == BOT_TOKEN
    assert "very-secret" not in f"{settings!r} {settings} {settings.model_dump()}"


def test_no_token_gets_into_the_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    slack_app.log_without_secrets()
    try:
        raise ValueError(
            f"sent {BOT_TOKEN} and xoxe.xoxp-1-Mi0y to wss://x.example/?ticket=abc&a=1"
        )
    except ValueError:
        logging.getLogger("slack_sdk").exception("with %s", APP_TOKEN)
    shown = capsys.readouterr().err
    assert "with …" in shown
    assert "sent … and …" in shown
    assert "ticket=…&a=1" in shown
    assert "secret" not in shown


@pytest.fixture
def http(
    slack: FakeSlack, index_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """The address of the bot behind uvicorn, as the README starts it."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setenv("SLACK_SIGNING_SECRET", SECRET)
    monkeypatch.setenv("SLACK_API_URL", slack.url)
    monkeypatch.setenv("KB_INDEX_DIR", str(index_dir))
    monkeypatch.setenv("KB_DATABASE_URL", f"sqlite:///{tmp_path}/feedback.db")
    monkeypatch.setattr(slack_app, "log_without_secrets", lambda: None)
    config = uvicorn.Config("slack_app:http_app", factory=True, port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    slack.wait(lambda: server.started, "a server", 30)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/slack/events"
    server.should_exit = True
    thread.join(10)


def post(url: str, body: str, kind: str, secret: str = SECRET) -> httpx.Response:
    """A request as Slack signs it."""
    now = str(int(time.time()))
    signed = hmac.new(secret.encode(), f"v0:{now}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": kind,
        "X-Slack-Request-Timestamp": now,
        "X-Slack-Signature": f"v0={signed}",
    }
    return httpx.post(url, content=body.encode(), headers=headers, trust_env=False)


def test_over_http_a_signed_request_is_answered_and_no_other(http: str, slack: FakeSlack) -> None:
    asked = slack.ask(MODEL, deliver=False)
    event = {**asked, "type": "app_mention", "channel": "C1"}
    payload: dict[str, Any] = {"type": "event_callback", "team_id": "T1", "event": event}
    body = json.dumps({**payload, "authorizations": [{"user_id": BOT, "team_id": "T1"}]})
    assert post(http, body, "application/json", "guessed").status_code == 401
    assert httpx.post(http, content=body.encode(), trust_env=False).status_code == 401
    assert post(http, body, "application/json").status_code == 200
    assert "/opt/ml/model" in slack.answer(asked)["text"]
    form = {
        "command": "/kb", "text": MODEL, "user_id": "U1", "channel_id": "C1", "team_id": "T1",
        "trigger_id": "1.2.3",
        "response_url": slack.url.replace("/api/", "/respond/r1"),
    }  # fmt: skip
    assert post(http, urlencode(form), "application/x-www-form-urlencoded").status_code == 200
    slack.wait(lambda: len(slack.replies["r1"]) == 2, "status and answer")
    challenge = json.dumps({"type": "url_verification", "challenge": "c1"})
    assert "c1" in post(http, challenge, "application/json").text


UVICORN = ("-m", "uvicorn", "--factory", "slack_app:http_app")


def test_http_needs_the_signing_secret(run: Run) -> None:
    process = run(*UVICORN, SLACK_BOT_TOKEN=BOT_TOKEN)
    error = said(process)
    assert process.returncode == 1
    assert "SLACK_SIGNING_SECRET" in error
    assert error.count("\n") == 1, "one sentence"


def test_over_http_a_signal_finishes_the_answers_under_way(run: Run, slack: FakeSlack) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_SIGNING_SECRET": SECRET}
    process = run(*UVICORN, "--port", str(port), **settings)
    slack.wait(lambda: _listens(port), "a server", 30)
    slack.slow["assistant.threads.setStatus"] = 3
    asked = slack.ask(MODEL, deliver=False)
    event = {**asked, "type": "app_mention", "channel": "C1"}
    body = json.dumps({"type": "event_callback", "team_id": "T1", "event": event})
    assert post(f"http://127.0.0.1:{port}/slack/events", body, "application/json").is_success
    process.send_signal(signal.SIGTERM)
    log = said(process)
    assert len(slack.answers(asked["ts"])) == 1, log
    assert "Traceback" not in log


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_settings_have_defaults() -> None:
    assert SlackSettings().questions_per_minute == 6
