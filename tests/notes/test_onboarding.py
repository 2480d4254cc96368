"""The onboarding path, its check questions and the notes fit together, in both languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from ingest.onboarding import problems, read_groups, stale
from kb.path.onboarding import Check, Step, Text, read_steps
from kb.records import LANGUAGES
from tests.notes.identifiers import code_spans, numbers, plain_names
from tests.notes.test_notes import NOTES, TOPICS, NoteSection, note_of

_JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
_FULL_WIDTH = re.compile(r"[０-９Ａ-Ｚａ-ｚ]")


@pytest.fixture(scope="module")
def steps() -> tuple[Step, ...]:
    return read_steps(NOTES / "onboarding.yaml")


def checks(steps: tuple[Step, ...]) -> Iterator[Check]:
    return (check for step in steps for check in step.checks)


def sections(language: str) -> dict[str, NoteSection]:
    return {s.id: s for topic in TOPICS for s in note_of(language, topic).sections}


def test_there_are_about_a_dozen_steps_of_two_to_four_sections(steps: tuple[Step, ...]) -> None:
    assert 10 <= len(steps) <= 14
    assert all(2 <= len(step.sections) <= 4 for step in steps)


def test_no_section_is_read_twice(steps: tuple[Step, ...]) -> None:
    read = [section for step in steps for section in step.sections]
    assert len(set(read)) == len(read)


def test_every_section_and_statement_named_exists_in_both_languages(
    steps: tuple[Step, ...],
) -> None:
    assert problems(steps, read_groups(NOTES)) == []


def test_every_step_was_reviewed_since_its_notes_changed(steps: tuple[Step, ...]) -> None:
    assert stale(steps, read_groups(NOTES)) == [], (
        "read the questions of these steps again, then: python -m ingest onboarding --reviewed"
    )


def test_every_step_asks_two_or_three_questions(steps: tuple[Step, ...]) -> None:
    assert {len(step.checks) for step in steps} <= {2, 3}
    ids = [check.id for check in checks(steps)]
    assert len(set(ids)) == len(ids)


def test_no_statement_explains_two_questions(steps: tuple[Step, ...]) -> None:
    places = [(check.section, check.statement) for check in checks(steps)]
    assert len(set(places)) == len(places)


def test_questions_are_in_their_language(steps: tuple[Step, ...]) -> None:
    for check in checks(steps):
        for text in (check.question, *check.choices):
            assert not _JAPANESE.search(text.en), check.id
            assert not _FULL_WIDTH.search(text.ja), check.id
        assert _JAPANESE.search(check.question.ja), check.id
        assert check.question.ja.endswith("？"), check.id
        assert check.question.en.endswith("?"), check.id


def test_titles_are_in_their_language(steps: tuple[Step, ...]) -> None:
    for step in steps:
        assert _JAPANESE.search(step.title.ja), step.id
        assert step.title.en.isascii(), step.id


def test_choices_differ(steps: tuple[Step, ...]) -> None:
    for check in checks(steps):
        for language in LANGUAGES:
            said = [_in(choice, language) for choice in check.choices]
            assert len(set(said)) == len(said), check.id


def test_both_languages_name_the_same_things(steps: tuple[Step, ...]) -> None:
    """Commands, paths, variables and packages are written alike in both."""
    name = re.compile(r"(?a)[\w./-]*[a-z0-9][_./][\w./=-]*\w|--[a-z][\w=-]*|\b[A-Z]{2,}\b")
    for check in checks(steps):
        texts = (check.question, *check.choices)
        japanese, english = (
            {found for text in texts for found in name.findall(_in(text, language))}
            for language in LANGUAGES
        )
        assert japanese == english, check.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_right_answer_names_nothing_that_its_section_does_not(
    language: str, steps: tuple[Step, ...]
) -> None:
    """What a right answer names or counts is read in the section that explains it."""
    held = sections(language)
    unread = []
    for check in checks(steps):
        section = held[check.section]
        told = " ".join(
            text
            for statement in section.statements
            for text in (statement.span.text, *(span.text for _, span in statement.blocks))
        )
        right = _in(check.choices[check.right - 1], language)
        asked = _in(check.question, language)
        names = [*code_spans(right), *plain_names(right), *numbers(right)]
        unread += [f"{check.id}: {n}" for n in names if n not in told and n not in asked]
    assert unread == []


def test_the_place_of_the_right_answer_gives_nothing_away(steps: tuple[Step, ...]) -> None:
    every = list(checks(steps))
    places = Counter(check.right for check in every)
    assert max(places.values()) <= len(every) / 2
    for language in LANGUAGES:
        lengths = [[len(_in(c, language)) for c in check.choices] for check in every]
        longest = sum(
            row[check.right - 1] == max(row) for check, row in zip(every, lengths, strict=True)
        )
        assert longest <= len(every) / 2, f"in {language} the longest choice is too often right"


def _in(text: Text, language: str) -> str:
    return text.ja if language == "ja" else text.en
