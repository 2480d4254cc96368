"""Each provider of requirements-chat.txt, set up from settings and asked once over its protocol."""

from __future__ import annotations

from typing import Any

import pytest

from kb.records import Usage
from kb.settings import Settings
from kb.writer.model import load_model
from tests.fake_openai import FakeOpenAI, Reply
from tests.fake_providers import TOKENS_IN, TOKENS_OUT, FakeProviders

RULES = "Say yes."
ASKED = [("system", RULES), ("human", "Well?")]
CLAUDE = "anthropic.claude-sonnet-4-20250514-v1:0"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "test-test-test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "OLLAMA_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("package", "name", "path"),
    [
        ("langchain_anthropic", "anthropic:claude-any", "/v1/messages"),
        ("langchain_aws", f"bedrock_converse:{CLAUDE}", "/model/"),
        ("langchain_aws", "bedrock_converse:meta.llama3-70b-instruct-v1:0", "/model/"),
        ("langchain_ollama", "ollama:qwen3", "/api/chat"),
    ],
)
def test_a_provider_answers_and_counts(package: str, name: str, path: str) -> None:
    pytest.importorskip(package)
    spent: list[Usage] = []
    with FakeProviders("はい、yes.") as server:
        settings = Settings(chat_model=name, chat_base_url=server.base_url)
        assert load_model(settings).ask(ASKED, spent.append) == "はい、yes."
    assert spent == [Usage(1, TOKENS_IN, TOKENS_OUT)]
    [(asked, _)] = server.asked
    assert asked.startswith(path)


def test_an_openai_compatible_server_answers_and_counts() -> None:
    pytest.importorskip("langchain_openai")
    spent: list[Usage] = []
    with FakeOpenAI(Reply("はい、yes.", usage=(TOKENS_IN, TOKENS_OUT))) as server:
        settings = Settings(chat_model="openai:any", chat_base_url=server.base_url)
        assert load_model(settings).ask(ASKED, spent.append) == "はい、yes."
    assert spent == [Usage(1, TOKENS_IN, TOKENS_OUT)]


@pytest.mark.parametrize(
    ("package", "name", "system"),
    [
        (
            "langchain_anthropic",
            "anthropic:claude-any",
            [{"type": "text", "text": RULES, "cache_control": {"type": "ephemeral"}}],
        ),
        (
            "langchain_aws",
            f"bedrock_converse:{CLAUDE}",
            [{"text": RULES}, {"cachePoint": {"type": "default"}}],
        ),
        (
            "langchain_aws",
            "bedrock_converse:meta.llama3-70b-instruct-v1:0",
            [{"text": RULES}],
        ),
    ],
)
def test_rules_are_marked_for_the_cache_of_those_that_have_one(
    package: str, name: str, system: list[dict[str, Any]]
) -> None:
    pytest.importorskip(package)
    with FakeProviders("yes.") as server:
        settings = Settings(chat_model=name, chat_base_url=server.base_url)
        load_model(settings).ask(ASKED, lambda usage: None)
    assert server.asked[0][1]["system"] == system
