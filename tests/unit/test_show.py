"""A request to see a thing gives the thing: exact, at its lines, and at most 60 of them."""

from __future__ import annotations

import pytest

from kb.answer.quotes import Citations
from kb.answer.show import LINES, show
from kb.records import Hit, Sentence
from tests.unit.world import world


def shown(query: str, *hits: Hit) -> tuple[list[Sentence] | None, Citations]:
    citations = Citations(world())
    return show(query, hits, world().names.naming(query), world(), "ja", citations), citations


@pytest.mark.parametrize(
    ("query", "file", "first", "last"),
    [
        ("学習用のDockerfile見せて", "docker/train/Dockerfile", "# syntax=", ""),
        ("labelcheck の Dockerfile を見せて", "labelcheck/Dockerfile", "FROM ", ""),
        ("debugステージだけ見せて", "docker/train/Dockerfile", "FROM runtime AS debug", ""),
        ("give me the prune function", "checkpoint.py", "    def prune(self) -> None:", ""),
        ("show the StopFlag class", "kawasemi/train.py", "class StopFlag:", ""),
        ("full file of run_train.sh pls", "run_train.sh", "#!/usr/bin/env bash", ""),
        ("show me train.yaml", "configs/train.yaml", "model:", ""),
    ],
)
def test_what_is_named_is_shown(query: str, file: str, first: str, last: str) -> None:
    sentences, citations = shown(query)
    assert sentences
    (citation,) = citations.all
    assert citation.document.endswith(file)
    assert citation.quote.startswith(first)
    assert sentences[0].text.startswith("```")
    assert citation.quote in sentences[0].text
    document = world().documents[citation.document]
    assert document.text[citation.start : citation.end] == citation.quote


def test_of_a_long_file_the_first_lines_and_where_to_read_on() -> None:
    sentences, citations = shown("kawasemi/train.py の全文を見せて")
    assert sentences
    assert citations.all[0].quote.count("\n") == LINES - 1
    assert f"L{LINES + 1}" in sentences[-1].text
    assert sentences[-1].supported is None


def test_a_table_is_shown_from_the_first_hit_that_has_one() -> None:
    table = next(c for cs in world().by_document.values() for c in cs if c.kind == "table")
    sentences, citations = shown("単価の表を見せて", Hit(table.group, 1.0, (table,)))
    assert sentences
    assert citations.all[0].quote == table.text


def test_nothing_is_shown_that_nobody_asked_to_see() -> None:
    assert shown("train.yaml の学習率は？")[0] is None
    assert shown("天気を見せて")[0] is None
