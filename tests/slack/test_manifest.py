"""The manifest asks for what the code needs, and for no more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from slack_bolt import App

from slackbot.handlers import attach, prompts

ROOT = Path(__file__).parents[2]
MANIFEST: dict[str, Any] = json.loads((ROOT / "slack_manifest.json").read_text(encoding="utf-8"))
CODE = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "slackbot").glob("*.py"))
# Scopes by what they allow: methods of the Web API, and events.
METHODS = {
    "chat_": "chat:write",
    "assistant_threads_setStatus": "chat:write",
    "assistant_threads_setSuggestedPrompts": "assistant:write",
    "conversations_replies": "channels:history groups:history im:history mpim:history",
    "views_": "",
    "auth_test": "",
}
EVENTS = {
    "app_home_opened": "",
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
}


def listeners() -> App:
    app = App(token="xoxb-x", signing_secret="x", token_verification_enabled=False)
    attach(app, bot=None)  # type: ignore[arg-type]
    return app


def test_the_scopes_are_those_that_the_code_needs() -> None:
    called = set(re.findall(r"(?:client|hasty)\s*\.(\w+)\(", CODE))
    assert len(called) >= 10
    needed = set()
    for method in called:
        (scopes,) = {scope for name, scope in METHODS.items() if method.startswith(name)}
        needed |= set(scopes.split())
    for event in MANIFEST["settings"]["event_subscriptions"]["bot_events"]:
        needed |= set(EVENTS[event].split())
    needed |= {"commands"} if MANIFEST["features"]["slash_commands"] else set()
    needed |= {"assistant:write"} if "agent_view" in MANIFEST["features"] else set()
    assert sorted(MANIFEST["oauth_config"]["scopes"]["bot"]) == sorted(needed)


def test_every_event_and_command_has_its_listener() -> None:
    events = {event.split(".")[0] for event in EVENTS}
    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == set(EVENTS)
    handlers = (ROOT / "slackbot" / "handlers.py").read_text(encoding="utf-8")
    assert set(re.findall(r'app\.event\("(\w+)"\)', handlers)) == events
    assert re.findall(r'app\.command\("(.+?)"\)', handlers) == [
        command["command"] for command in MANIFEST["features"]["slash_commands"]
    ]
    assert len(listeners()._listeners) == len(
        re.findall(r"^    app\.(?!middleware)", handlers, re.M)
    )


def test_buttons_and_the_socket_are_switched_on() -> None:
    settings = MANIFEST["settings"]
    assert settings["interactivity"] == {"is_enabled": True}
    assert settings["socket_mode_enabled"] is True
    home = MANIFEST["features"]["app_home"]
    assert home["messages_tab_enabled"] is True
    assert home["messages_tab_read_only_enabled"] is False


def test_it_is_a_new_app_with_the_questions_of_the_code() -> None:
    features = MANIFEST["features"]
    assert "assistant_view" not in features
    assert features["agent_view"]["suggested_prompts"] == prompts()


def test_it_keeps_the_lengths_of_the_manifest_schema() -> None:
    about, features = MANIFEST["display_information"], MANIFEST["features"]
    assert set(about) <= {"name", "description", "long_description", "background_color"}
    assert set(features) <= {"app_home", "bot_user", "agent_view", "slash_commands"}
    assert len(about["name"]) <= 35
    assert len(about["description"]) <= 140
    assert 175 <= len(about["long_description"]) <= 4_000
    assert re.fullmatch("#[0-9a-f]{6}", about["background_color"])
    assert len(features["bot_user"]["display_name"]) <= 80
    assert len(features["agent_view"]["agent_description"]) <= 300
    assert len(features["agent_view"]["suggested_prompts"]) <= 4
    for command in features["slash_commands"]:
        assert set(command) <= {"command", "description", "usage_hint", "should_escape"}
        assert len(command["description"]) <= 2_000
