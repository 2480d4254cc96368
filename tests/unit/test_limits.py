"""Tokens, calls, slots and the budget of a day."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb.messages import message
from kb.records import Trace, Usage
from kb.settings import Settings
from kb.store.feedback import FeedbackStore
from kb.writer.chat import ChatFailed
from kb.writer.generate import load_writer
from kb.writer.model import Budget, BudgetSpent, Limits, load_limits, load_model
from kb.writer.prompts import versions
from tests.fake_openai import FakeOpenAI, Reply
from tests.unit.answers import answer
from tests.unit.generate_fixtures import GOOD, STOP, World, world

__all__ = ["world"]  # a fixture

ASKED = [("system", "Be brief."), ("human", "Say yes.")]


def settings(server: FakeOpenAI, **changes: object) -> Settings:
    given = {"chat_model": "openai:fake", "chat_base_url": server.base_url, **changes}
    return Settings.model_validate(given)


def test_tokens_are_those_that_the_provider_counts_or_a_third_of_the_characters() -> None:
    spent: list[Usage] = []
    with FakeOpenAI(Reply("yes.", usage=(20, 3)), Reply("yes yes yes.")) as server:
        model = load_model(settings(server))
        for _ in range(2):
            model.ask(ASKED, spent.append)
    assert spent == [Usage(1, 20, 3), Usage(1, 5, 4, is_estimate=True)]
    assert sum(spent, Usage()) == Usage(2, 25, 7, is_estimate=True)


def test_when_the_budget_is_spent_nothing_is_asked_and_the_answer_says_so(world: World) -> None:
    with FakeOpenAI(Reply(GOOD.text, usage=(90, 20))) as server:
        limits = load_limits(settings(server, chat_budget=100))
        model = load_writer(settings(server), limits, checked=False)
        assistant = world.assistant(server, model)
        first, second = assistant.ask(STOP), assistant.ask(STOP)
    assert (first.model, second.model) == ("openai:fake", "extractive")
    assert second.notice == message("budget_spent", "ja")
    assert len(server.asked) == 1


def test_the_budget_counts_what_other_processes_have_stored(tmp_path: Path) -> None:
    store = FeedbackStore(f"sqlite:///{tmp_path}/feedback.db")
    trace = Trace("?", False, (), {}, Usage(2, 400, 50))
    for name in ("a", "b"):
        store.record_answer(answer(id=name, trace=trace), history=(), person="p", surface="cli")
    budget = Budget(1_000, store.tokens_since)
    assert budget.spent == 900
    budget.add(Usage(1, 950, 50))
    with pytest.raises(BudgetSpent, match="KB_CHAT_BUDGET"):
        budget.require()
    assert store.tokens_since(datetime(2999, 1, 1, tzinfo=UTC)) == 0
    [first, _] = store.entries()
    assert (first.calls, first.tokens_in, first.tokens_out) == (2, 400, 50)
    store.close()


def test_calls_beyond_the_slots_wait_and_waiting_counts() -> None:
    with FakeOpenAI(Reply("yes.", stall=True)) as server:
        limits = Limits(threading.BoundedSemaphore(1))
        slow = load_model(settings(server, chat_timeout=0.6), limits)
        stream = slow.stream(ASKED, lambda usage: None)
        assert next(stream) == "yes"
        with pytest.raises(ChatFailed, match="KB_CHAT_CONCURRENCY"):
            load_model(settings(server, chat_timeout=0.2), limits).ask(ASKED, lambda usage: None)
        assert len(server.asked) == 1


def test_a_slot_is_free_again_after_each_call() -> None:
    with FakeOpenAI(Reply("yes.")) as server:
        model = load_model(settings(server), Limits(threading.BoundedSemaphore(1)))
        for _ in range(3):
            assert model.ask(ASKED, lambda usage: None) == "yes."


def test_every_prompt_has_a_version() -> None:
    names = [file.stem for file in Path("prompts").glob("*.md")]
    assert all(version.isdigit() for version in versions(*names).values())
