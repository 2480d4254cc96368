"""A restart: what was acknowledged is answered, once; a revoked token is the end."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import slack_app
from slackbot.bot import Bot
from slackbot.open_questions import OpenQuestions
from tests.slack.conftest import Asked
from tests.slack.fake_slack import FakeSlack
from tests.slack.test_process import MODEL, TOKENS, run, said, settings  # noqa: F401 fixtures

Start = Callable[..., Bot]


def test_a_question_that_a_kill_left_open_is_answered_once(
    run: Any,  # noqa: F811
    slack: FakeSlack,
    tmp_path: Path,
    index_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = tmp_path / "own" / "index"
    own.parent.mkdir()
    own.symlink_to(index_dir)
    process = run(**TOKENS, KB_INDEX_DIR=str(own))
    slack.wait(lambda: slack.connected, "a connection", 60)
    slack.slow["assistant.threads.setStatus"] = 30
    asked = slack.ask(MODEL)
    slack.wait(lambda: slack.unacknowledged == 0, "an acknowledgement")
    process.kill()
    process.wait()
    slack.slow.clear()
    assert slack.answers(asked["ts"]) == []
    (kept,) = (own.parent / "slack-open").glob("*.jsonl")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    for _ in range(2):
        before = slack.connected
        again = run(**TOKENS, KB_INDEX_DIR=str(own))
        slack.wait(lambda before=before: slack.connected > before, "a connection", 60)
        slack.answer(asked)
        again.terminate()
        said(again)
    assert len(slack.answers(asked["ts"])) == 1
    assert list((own.parent / "slack-open").glob("*.jsonl")) == []


def event(ts: float, text: str = "<@UBOT> q") -> dict[str, Any]:
    return {"type": "message", "channel": "C1", "ts": f"{ts:.6f}", "user": "U1", "text": text}


def test_open_questions_come_back_of_the_dead_only_and_once(tmp_path: Path) -> None:
    now = time.time()
    living, dead = OpenQuestions(tmp_path), OpenQuestions(tmp_path)
    living.add(event(now - 1), "T1")
    dead.add(event(now - 2), "T1")
    dead.add(event(now - 3), "T1")
    dead.add(event(now - 4_000), "T1")
    dead.done("C1", event(now - 3)["ts"])
    assert dead._file is not None
    dead._file.write('{"event": {"cut')
    dead._file.close()  # as a kill does, and with it the lock
    after = OpenQuestions(tmp_path)
    assert [e["ts"] for e, _ in after.left_behind()] == [event(now - 2)["ts"]]
    assert OpenQuestions(tmp_path).left_behind() == []
    after.done("C1", event(now - 2)["ts"])
    after.close()
    living.done("C1", event(now - 1)["ts"])
    living.close()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_costs_no_answer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    questions = OpenQuestions(tmp_path / "file")
    questions.add(event(time.time()), "T1")
    questions.done("C1", "1")
    questions.close()


def test_a_preview_that_was_broken_off_is_written_over(
    slack: FakeSlack, start: Start, assistant: Asked, tmp_path: Path
) -> None:
    asked = slack.ask(MODEL, deliver=False)
    preview = slack.call(
        "chat.postMessage",
        {"channel": "C1", "thread_ts": asked["ts"], "text": "The train"},
        TOKENS["SLACK_BOT_TOKEN"],
    )[2]
    dead = OpenQuestions(tmp_path / "open")
    dead.add({**asked, "type": "app_mention", "channel": "C1"}, "T1")
    assert dead._file is not None
    dead._file.close()
    bot = start(open_questions=OpenQuestions(tmp_path / "open"))
    bot.recover()
    assert slack.answer(asked)["ts"] == preview["ts"]


@pytest.mark.parametrize("name", TOKENS)
def test_a_revoked_token_ends_the_process(
    settings: None,  # noqa: F811
    slack: FakeSlack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
) -> None:
    monkeypatch.setenv("KB_DATABASE_URL", f"sqlite:///{tmp_path}/f.db")
    monkeypatch.setattr(slack_app, "_CHECK", 0.2)
    monkeypatch.setattr(slack_app.signal, "signal", lambda *_: None)
    opened = Bot.recover

    def revoke(bot: Bot) -> None:
        opened(bot)
        if name == "SLACK_BOT_TOKEN":
            slack.refuse("auth.test", "token_revoked", times=99)
        else:
            slack.refuse("apps.connections.open", "token_revoked", times=99)
            slack.cut()

    monkeypatch.setattr(Bot, "recover", revoke)
    assert slack_app.main() == 1
    error = capsys.readouterr().err
    assert f"Slack refuses {name} (token_revoked)" in error
    assert "very-secret" not in error
