"""A second round of search for what a chat model misses, and the form that is wished."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.messages import message
from kb.reading.reading import Form, Reading
from kb.search.retrieve import Retrieval, retrieve
from kb.search.several import fused
from tests.fake_openai import FakeOpenAI, Reply, error
from tests.unit.generate_fixtures import GOOD, PING, STOP, World, say, world

__all__ = ["world"]  # a fixture

MISSING = Reply("NOT_IN_SOURCES: How long may a container take to answer /ping?")


class Search:
    """Finds only the part on health checks; remembers what it was asked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.queries: list[str] = []

    def __call__(self, query: str) -> Retrieval:
        self.queries.append(query)
        return retrieve(self.world.index, self.world.embedder, query, "en")


def test_what_is_missing_is_searched_for_once_and_answered(world: World) -> None:
    search = Search(world)
    answer = say("A serving container has 2 seconds to answer `/ping` [{0}].", "GET /ping")
    with FakeOpenAI(MISSING, answer) as server:
        outcome = world.write(server, PING, find=search)
    assert search.queries == ["How long may a container take to answer /ping?"]
    assert outcome.streamed == "A serving container has 2 seconds to answer `/ping` [1]."
    assert outcome.written.sentences[0].supported
    assert outcome.written.usage.calls == 2


def test_there_are_two_rounds_at_most(world: World) -> None:
    search = Search(world)
    with FakeOpenAI(MISSING) as server:
        outcome = world.write(server, PING, find=search)
    assert outcome.written.declined
    assert outcome.streamed == ""
    assert (len(search.queries), len(server.asked)) == (1, 2)


@pytest.mark.parametrize("text", ["NOT_IN_SOURCES", "Not covered by the sources: the price."])
def test_nothing_to_search_for_is_no_second_round_or_the_question_itself(
    world: World, text: str
) -> None:
    search = Search(world)
    with FakeOpenAI(Reply(text)) as server:
        outcome = world.write(server, PING, find=search)
    assert outcome.written.declined
    assert search.queries == ([] if text == "NOT_IN_SOURCES" else [PING])


def test_a_second_round_that_fails_leaves_the_honest_refusal(world: World) -> None:
    with FakeOpenAI(MISSING, error(500)) as server:
        outcome = world.write(server, PING, find=Search(world))
    assert outcome.written.declined
    assert len(server.asked) == 3


def test_at_most_twelve_sections_go_to_the_model(world: World) -> None:
    found = retrieve(world.index, world.embedder, STOP, "ja")
    hits = tuple(replace(found.hits[0], group=str(n), score=1 - n / 100) for n in range(9))
    more = tuple(replace(found.hits[0], group=f"b{n}", score=1 - n / 100) for n in range(9))
    both = fused([replace(found, hits=hits), replace(found, hits=more)], most=12)
    assert len(both.hits) == 12
    assert {hit.group[0] for hit in both.hits[:4]} >= {"0", "b"}


@pytest.mark.parametrize(
    ("form", "lines", "words"),
    [
        ("table", None, "as a Markdown table"),
        ("steps", None, "as a numbered list of steps"),
        ("lines", 2, "in 2 lines at most"),
        ("english", None, ""),
        (None, None, ""),
    ],
)
def test_the_form_that_a_question_wishes_goes_to_the_model(
    world: World, form: Form | None, lines: int | None, words: str
) -> None:
    reading = Reading(STOP, "ja", "question", form=form, lines=lines)
    with FakeOpenAI(GOOD) as server:
        world.write(server, STOP, reading=reading)
    asked = server.asked[0].messages[-1]["content"]
    wish = "The person wants the answer"
    assert (f"{wish} {words}" in asked) if words else (wish not in asked)
    assert "Today is 20" in asked


def test_an_answer_names_its_prompts_and_what_it_cost(world: World) -> None:
    counted = replace(GOOD, usage=(1200, 80))
    with FakeOpenAI(counted) as server:
        answer = world.assistant(server).ask(STOP)
    assert answer.trace is not None
    assert set(answer.trace.prompts) == {"answer", "question"}
    usage = answer.trace.usage
    assert (usage.calls, usage.tokens_in, usage.tokens_out) == (1, 1200, 80)
    assert not usage.is_estimate


def test_a_failed_model_costs_what_it_was_asked(world: World) -> None:
    with FakeOpenAI(Reply("Turtles. " * 9)) as server:
        answer = world.assistant(server).ask(STOP)
    assert answer.notice == message("fell_back", "ja")
    assert answer.trace is not None
    assert answer.trace.usage.calls == 2
    assert answer.trace.usage.is_estimate
    assert answer.trace.usage.tokens_in > 500
