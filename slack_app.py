"""The Slack bot: put together, started, stopped. Start with `make slack`.

Socket Mode by default, which needs no public address. Over HTTP:
`uvicorn --factory slack_app:http_app`. Exit codes: 0 stopped by a signal; 1 not started, one
sentence on standard error.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any, TypeVar

from slack_bolt import App
from slack_bolt.adapter.asgi import SlackRequestHandler
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)
from slack_sdk.socket_mode.builtin import SocketModeClient

from kb.errors import KbError, SettingsError
from kb.settings import read_settings
from kb.text.secrets import without_secrets
from kb.wiring import open_assistant, open_feedback, open_store
from slackbot.bot import Bot, Parts
from slackbot.handlers import attach
from slackbot.open_questions import OpenQuestions
from slackbot.settings import SlackSettings, read_slack_settings
from slackbot.stream import code

LOG = logging.getLogger("kb.slack")
T = TypeVar("T")
Asgi = Callable[..., Awaitable[None]]

_CHECK = 60.0
"""Seconds between two looks at whether Slack still takes our tokens."""
_REVOKED = frozenset(
    {"account_inactive", "invalid_auth", "not_authed", "token_expired", "token_revoked"}
)
_LISTENERS = 20
"""Threads that hear: while some wait for Slack, another must acknowledge a click in 3 seconds."""


def main() -> int:
    """Serve over the socket until a signal comes, then finish the answers under way."""
    log_without_secrets()
    try:
        slack = read_slack_settings("bot_token", "app_token")
        bot = open_bot(slack)
        app = open_app(bot)
        socket = SocketModeHandler(app, slack.app_token.get_secret_value())
        _asked(socket.client.connect, "SLACK_APP_TOKEN", slack)
    except KbError as error:
        print(error, file=sys.stderr)  # noqa: T201 the command line's voice
        return 1
    stopped = Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    LOG.info("listening as %s", bot.parts.user)
    bot.recover()
    refused = ""
    while not refused and not stopped.wait(_CHECK):
        refused = revoked(bot, socket.client, slack)
    if refused:
        print(refused, file=sys.stderr)  # noqa: T201 the command line's voice
    hang_up(socket.client)
    finish(app, bot)
    LOG.info("stopped")
    return 1 if refused else 0


def revoked(bot: Bot, client: SocketModeClient, slack: SlackSettings) -> str:
    """One sentence when Slack takes one of the tokens no more, for good; else nothing."""
    checks: list[tuple[str, Callable[[], Any]]] = [("SLACK_BOT_TOKEN", bot.parts.hasty.auth_test)]
    if not client.is_connected():
        token = slack.app_token.get_secret_value()
        opened = partial(bot.parts.hasty.apps_connections_open, app_token=token)
        checks.append(("SLACK_APP_TOKEN", opened))
    for name, check in checks:
        try:
            check()
        except SlackApiError as error:
            if code(error) in _REVOKED:
                return (
                    f"Slack refuses {name} ({code(error)}); copy it anew from api.slack.com/apps."
                )
        except (SlackClientError, OSError) as error:
            LOG.info("tokens not checked: %s", code(error))
    return ""


def hang_up(client: SocketModeClient) -> None:
    """Take nothing more, acknowledge what was taken, then close: what is left comes again."""
    client.closed = True
    client.message_processor.shutdown()  # type: ignore[no-untyped-call]
    client.message_workers.shutdown()
    client.close()


def finish(app: App, bot: Bot) -> None:
    """Hear out what Slack was told is received, then give the answers under way."""
    app.listener_runner.listener_executor.shutdown(wait=True)
    bot.close()


def http_app() -> Asgi:
    """The bot as an ASGI app that answers on /slack/events, for uvicorn behind HTTPS."""
    log_without_secrets()
    try:
        slack = read_slack_settings("bot_token", "signing_secret")
        bot = open_bot(slack)
    except KbError as error:
        raise SystemExit(str(error)) from error
    app = open_app(bot, slack.signing_secret.get_secret_value())
    handle = SlackRequestHandler(app)

    async def serve(scope: Any, receive: Asgi, send: Asgi) -> None:
        async def say(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                bot.recover()
            if message["type"] == "lifespan.shutdown.complete":
                finish(app, bot)  # now: after this word uvicorn ends the process by the signal
            await send(message)

        await handle(scope, receive, say)

    return serve


def open_bot(slack: SlackSettings) -> Bot:
    """A bot as the settings describe it; raises KbError when a part cannot be opened."""
    settings = read_settings()
    store = open_store(settings)
    hasty = open_client(slack, patient=False)
    known = _asked(hasty.auth_test, "SLACK_BOT_TOKEN", slack)
    return Bot(
        Parts(
            assistant=open_assistant(settings, store),
            documents=lambda: store.current().documents,
            feedback=open_feedback(settings),
            client=open_client(slack, patient=True),
            hasty=hasty,
            user=str(known["user_id"]),
            help_group=slack.help_group,
            per_minute=slack.questions_per_minute,
            open_questions=OpenQuestions(settings.index_dir.parent / "slack-open"),
        )
    )


def open_client(slack: SlackSettings, *, patient: bool) -> WebClient:
    """A client of the Web API. `patient`: waits and tries again when Slack says so."""
    handlers = [
        ConnectionErrorRetryHandler(max_retry_count=2),
        RateLimitErrorRetryHandler(max_retry_count=5),
        ServerErrorRetryHandler(max_retry_count=2),
    ]
    return WebClient(
        slack.bot_token.get_secret_value(),
        base_url=slack.api_url,
        timeout=20 if patient else 5,
        retry_handlers=handlers if patient else [],
    )


def open_app(bot: Bot, signing_secret: str = "") -> App:
    """The Bolt app that hands over to `bot`."""
    app = App(
        client=bot.parts.client,
        listener_executor=ThreadPoolExecutor(_LISTENERS, thread_name_prefix="hear"),
        signing_secret=signing_secret or "none",  # not looked at in Socket Mode
        request_verification_enabled=bool(signing_secret),
    )
    attach(app, bot)
    return app


def _asked(call: Callable[[], T], token: str, slack: SlackSettings) -> T:
    """What Slack answers; raises SettingsError with one sentence when it refuses."""
    try:
        return call()
    except SlackApiError as error:
        raise SettingsError(
            f"Slack refuses {token} ({code(error)}); copy it anew from api.slack.com/apps, and "
            "install the app again if its scopes have changed."
        ) from error
    except OSError as error:
        raise SettingsError(
            f"Slack cannot be reached at {slack.api_url} ({error}); check the network, the proxy "
            "(HTTPS_PROXY) and SLACK_API_URL."
        ) from error


class _WithoutSecrets(logging.Formatter):
    """Log lines in which no token can be read, wherever it came from."""

    def format(self, record: logging.LogRecord) -> str:
        return without_secrets(super().format(record))


def log_without_secrets() -> None:
    """Log to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(_WithoutSecrets("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


if __name__ == "__main__":
    sys.exit(main())
