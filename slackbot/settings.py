"""Settings of the Slack bot: read once from the environment and .env, then passed as a value.

Takes environment variables that begin with SLACK_. Gives a frozen `SlackSettings`; tokens are
wrapped, so that no log and no traceback shows them.
"""

from __future__ import annotations

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from kb.errors import SettingsError
from kb.settings import wrong_setting


class SlackSettings(BaseSettings):
    """Two tokens are needed for Socket Mode; token and signing secret for HTTP."""

    model_config = SettingsConfigDict(
        env_prefix="SLACK_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    bot_token: SecretStr = SecretStr("")
    """xoxb-…: what the bot may do."""
    app_token: SecretStr = SecretStr("")
    """xapp-…, with the scope connections:write: opens the socket."""
    signing_secret: SecretStr = SecretStr("")
    """Proves that an HTTP request comes from Slack; not needed in Socket Mode."""
    help_group: str = Field(default="", pattern=r"^(?:S[A-Z0-9]{2,})?$")
    """Id of the user group that “ask a person” tags; empty: no such button."""
    questions_per_minute: int = Field(default=6, ge=1, le=600)
    """Of one person; more get a polite notice."""
    api_url: str = Field(default="https://slack.com/api/", pattern=r"^https?://.+/$")
    """GovSlack has an address of its own."""


_WHERE = {
    "bot_token": (
        "xoxb-",
        "SLACK_BOT_TOKEN (begins with xoxb-: api.slack.com/apps, your app, OAuth & Permissions)",
    ),
    "app_token": (
        "xapp-",
        "SLACK_APP_TOKEN (begins with xapp-: api.slack.com/apps, your app, Basic Information, "
        "App-Level Tokens, with the scope connections:write)",
    ),
    "signing_secret": (
        "",
        "SLACK_SIGNING_SECRET (api.slack.com/apps, your app, Basic Information, App Credentials)",
    ),
}


def read_slack_settings(*needed: str) -> SlackSettings:
    """The settings, with the tokens named by `needed`; raises SettingsError with one sentence."""
    try:
        settings = SlackSettings()
    except ValidationError as error:
        raise wrong_setting(error, "SLACK_") from error
    missing = []
    for name in needed:
        begins, where = _WHERE[name]
        secret: SecretStr = getattr(settings, name)
        value = secret.get_secret_value()
        if not value or not value.startswith(begins):
            missing.append(where)
    if missing:
        raise SettingsError(
            f"The Slack bot cannot start without {' and '.join(missing)}; "
            "set it in the environment or in .env. docs/slack.md says how to make the app."
        )
    return settings
