"""Chat models are set up from settings, and keys stay where they belong."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from kb.errors import SettingsError
from kb.settings import Settings
from kb.text.secrets import without_secrets
from kb.writer import chat
from kb.writer.chat import PINNED, open_chat_model
from kb.writer.generate import WriterGaveUp
from tests.fake_openai import FakeOpenAI, error
from tests.unit.generate_fixtures import GOOD, STOP, World, world

__all__ = ["world"]  # a fixture


def test_temperature_is_zero_and_a_model_that_refuses_it_is_asked_without(world: World) -> None:
    refusal = error(400, "Unsupported value: 'temperature' does not support 0.0 with this model.")
    with FakeOpenAI(refusal, GOOD) as server:
        writer = world.writer(server)
        assert world.write(server, STOP, writer=writer).written.sentences
        assert world.write(server, STOP, writer=writer).written.sentences
    assert [asked.body.get("temperature") for asked in server.asked] == [0.0, None, None]


@pytest.mark.parametrize(
    ("model", "package"), [("ibm:granite", "langchain-ibm"), ("upstage:solar", "langchain-upstage")]
)
def test_missing_provider_package_gives_the_command(model: str, package: str) -> None:
    with pytest.raises(SettingsError, match=f"pip install {package}`") as caught:
        open_chat_model(Settings(chat_model=model))
    assert str(caught.value).count("\n") == 0


def test_the_pinned_providers_are_installed_from_their_file() -> None:
    file = Path(__file__).parents[2] / "requirements-chat.txt"
    names = re.findall(r"^(langchain-\w+)==", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(names) == set(PINNED)
    for missing in (ImportError("no such module"), ImportError("pip install langchain-openai")):
        command = chat._installs(missing, "openai:gpt-4o")
        assert command == ".venv/bin/pip install -r requirements-chat.txt"


@pytest.mark.parametrize("model", ["nope:gpt", "some-model"])
def test_unknown_provider_is_explained(model: str) -> None:
    with pytest.raises(SettingsError, match=r"provider:model, for example bedrock_converse"):
        open_chat_model(Settings(chat_model=model))


def test_missing_key_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="refused the set-up") as caught:
        open_chat_model(Settings(chat_model="openai:gpt-4o"))
    assert str(caught.value).count("\n") == 0


def test_local_servers_need_no_key_and_a_given_one_is_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeOpenAI(GOOD) as server:
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        world.write(server, STOP)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-12345678")
        world.write(server, STOP)
    assert [asked.headers["authorization"] for asked in server.asked] == [
        "Bearer none",
        "Bearer sk-test-12345678",
    ]


def test_keys_of_providers_may_stand_in_the_env_file(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "")  # so that it is put back afterwards
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-of-the-file\n", encoding="utf-8")
    with FakeOpenAI(GOOD) as server:
        world.write(server, STOP)
    assert server.asked[0].headers["authorization"] == "Bearer sk-of-the-file"


def test_keys_and_userinfo_never_reach_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "verysecretkey")
    caplog.set_level(logging.INFO)
    with FakeOpenAI(error(401, "wrong key verysecretkey for http://ann:pa55word@host/")) as server:
        server.base_url = server.base_url.replace("127", "ann:pa55word@127")
        with pytest.raises(WriterGaveUp) as caught:
            world.write(server, STOP)
    assert server.asked[0].headers["authorization"] == "Basic YW5uOnBhNTV3b3Jk"
    for secret in ("verysecretkey", "pa55word"):
        assert secret not in caplog.text
        assert secret not in str(caught.value)
    assert "401" in caplog.text


def test_secrets_are_taken_out_of_any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SERVICE_TOKEN", "hunter2hunter2")
    text = without_secrets("Bearer abc.def-123 sk-proj-99999999 hunter2hunter2 http://u:p@h/x")
    assert text == "… … … http://h/x"
