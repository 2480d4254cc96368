"""Quotes as plain text: what stands together is a sentence."""

from __future__ import annotations

from kb.proof.align import align
from kb.proof.claims import clauses
from kb.proof.links import links
from kb.proof.quoted import quoted
from kb.proof.words import read_words

TABLE = """Limits of each plan:
| plan | jobs | time-out |
|---|---|---|
| Basic | 2 | 6 hours |
| Team | 10 | 24 hours |"""


def test_a_row_is_a_sentence_with_the_names_of_its_columns() -> None:
    assert quoted(TABLE).splitlines() == [
        "Limits of each plan:",
        "Basic, jobs 2, time-out 6 hours",
        "Team, jobs 10, time-out 24 hours",
    ]


def test_a_wrapped_paragraph_is_one_line_and_an_item_another() -> None:
    assert quoted("One line\ngoes on.\n\n- first\n- second `x`") == (
        "One line goes on.\n- first\n- second x"
    )


def test_a_table_without_names_of_columns_is_kept() -> None:
    assert quoted("| a | 1 |\n| b | 2 |") == "a, 1\nb, 2"


def _links(sentence: str, quote: str) -> dict[str, float]:
    return links(align(read_words(sentence), read_words(quoted(quote)), directed=True))


def test_a_value_of_another_row_is_apart() -> None:
    own = _links("`team_plan` allows 10 jobs.", TABLE.replace("Team", "`team_plan`"))
    other = _links("`team_plan` allows 2 jobs.", TABLE.replace("Team", "`team_plan`"))
    assert own["firm apart in sentence"] == 0.0
    assert other["any firm apart in sentence"] == 1.0


def test_facts_of_two_sentences_joined_are_apart() -> None:
    quote = "`/ping` takes 2 seconds. `/invocations` takes 60 seconds."
    assert _links("`/ping` takes 2 seconds.", quote)["any firm apart in clause"] == 0.0
    assert _links("`/ping` takes 60 seconds.", quote)["any firm apart in clause"] == 1.0


def test_a_clause_ends_at_a_japanese_comma_before_a_latin_name() -> None:
    assert clauses("SIGKILL は捕まえられませんが、SIGTERM は捕まえられます。") == [
        "SIGKILL は捕まえられませんが",
        "SIGTERM は捕まえられます",
    ]
    assert clauses("a,b stays, c goes.") == ["a,b stays", "c goes"]
