"""A thing whose file is asked for, and of which no source holds one, is named first."""

from __future__ import annotations

import pytest

from kb.answer.quotes import unfenced
from kb.answer.unheld import unheld
from kb.records import Chunk, Hit, Sentence
from kb.search.names import Naming

SAMPLE = "harbour-sample"


def hit(text: str) -> Hit:
    chunk = Chunk("c", "d", "statement", 0, len(text), text, text, ("Samples",), (1, 1), "en", "g")
    return Hit("g", 1.0, (chunk,))


def names(message: str, answer: str = "It bakes the code.") -> tuple[str, ...]:
    naming = Naming(unknown=(SAMPLE,))
    return unheld(message, naming, [hit(f"`{SAMPLE}` bakes the code.")], [Sentence(answer, ())])


@pytest.mark.parametrize(
    "message",
    [
        "Show me the Dockerfile of harbour-sample",
        "What does harbour-sample's README say?",
        "print train.py of the harbour-sample",
        "harbour-sample の Dockerfile を見せて",
        "harbour-sampleのコードを見せて",
        "harbour-sample サンプルの README には何がある？",
    ],
)
def test_a_file_of_it_is_asked_for(message: str) -> None:
    assert names(message) == (SAMPLE,)


@pytest.mark.parametrize(
    "message",
    [
        "What is harbour-sample for?",
        "Is a Dockerfile needed beside harbour-sample?",
        "harbour-sample とは何ですか？",
        "Dockerfile で harbour-sample を使うには？",
    ],
)
def test_what_is_said_of_it_is_enough(message: str) -> None:
    assert names(message) == ()


def test_a_block_that_holds_it_is_the_thing() -> None:
    assert names("harbour-sample のコードを見せて", "```sh\nrun harbour-sample\n```") == ()


def test_a_word_that_no_source_sets_as_a_name_is_none() -> None:
    naming = Naming(unknown=("multi-stage",))
    said = [hit("A multi-stage build keeps images small.")]
    assert unheld("Show me a multi-stage Dockerfile", naming, said, []) == ()


@pytest.mark.parametrize("text", ["x = 1\n\ny = `2`", "FROM a\n```\nb"])
def test_a_block_without_its_fence_is_its_quote(text: str) -> None:
    fence = "````" if "```" in text else "```"
    assert unfenced(f"{fence}python\n{text}\n{fence}") == text
    assert unfenced(f"`{text}`") == f"`{text}`"
