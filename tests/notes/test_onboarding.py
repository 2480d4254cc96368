"""The onboarding order leads through sections that exist, in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.notes.test_notes import LANGUAGES, NOTES, TOPICS, note_of


@pytest.fixture(scope="module")
def steps() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(
        (NOTES / "onboarding.yaml").read_text(encoding="utf-8")
    )
    return loaded


def test_there_are_about_a_dozen_steps_with_ids_of_their_own(steps: list[dict[str, Any]]) -> None:
    ids = [step["id"] for step in steps]
    assert 10 <= len(steps) <= 14
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", identity) for identity in ids)
    assert all(set(step) == {"id", "title", "sections"} for step in steps)


def test_every_step_has_a_title_in_both_languages(steps: list[dict[str, Any]]) -> None:
    for step in steps:
        assert set(step["title"]) == set(LANGUAGES), step["id"]
        assert re.search(r"[ぁ-んァ-ヶ一-龠]", step["title"]["ja"]), step["id"]
        assert step["title"]["en"].isascii(), step["id"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_reads_two_to_four_sections_that_exist(
    language: str, steps: list[dict[str, Any]]
) -> None:
    known = {section.id for topic in TOPICS for section in note_of(language, topic).sections}
    for step in steps:
        assert 2 <= len(step["sections"]) <= 4, step["id"]
        assert set(step["sections"]) <= known, step["id"]


def test_no_section_is_read_twice(steps: list[dict[str, Any]]) -> None:
    read = [section for step in steps for section in step["sections"]]
    assert len(set(read)) == len(read)
