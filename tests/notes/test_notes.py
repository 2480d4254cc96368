"""The notes keep their form: both languages say the same, with evidence, and invent no name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from ingest.evidence import Evidence, read_evidence, with_footnotes
from ingest.notes import Note, NoteSection, Statement, read_note
from kb.records import LANGUAGES
from tests.notes.identifiers import (
    Allowed,
    Known,
    block_names,
    code_spans,
    contract_names,
    numbers,
    plain_names,
    unknown_parts,
)

NOTES = Path(__file__).parents[2] / "notes"
ALLOWED = Path(__file__).with_name("allowed.yaml")
TOPICS = sorted(file.stem for file in (NOTES / "en").glob("*.md"))
_SDK_CLASS = re.compile(
    r"(?a)\b(?:Estimator|ModelTrainer|ModelBuilder|SourceCode|InferenceSpec|InputData|ScriptProcessor"
    r"|FrameworkProcessor|PyTorchModel|MultiDataModel|LocalSession)\b"
)
_SDK_VERSION = re.compile(r"v[23]\b|\bSDK [23]\b")
_UNSURE = re.compile(
    r"not confirmed|not been confirmed|(?:could|can) not be (?:confirmed|read|found)|was found"
    r"|second-hand|visible only|確認でき|未確認|見つか|読め|二次",
    re.IGNORECASE,
)
_PINNED = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+/(?:blob|tree|raw)/([^/]+)")


@dataclass(frozen=True)
class Place:
    """A statement and where it stands."""

    language: str
    topic: str
    section: NoteSection
    statement: Statement

    def __str__(self) -> str:
        return f"{self.language}/{self.topic}.md {self.section.id}: {self.statement.span.text[:60]}"


@cache
def text_of(language: str, topic: str) -> str:
    return (NOTES / language / f"{topic}.md").read_text(encoding="utf-8")


@cache
def note_of(language: str, topic: str) -> Note:
    return read_note(text_of(language, topic))


@cache
def evidence() -> dict[str, Evidence]:
    return read_evidence(NOTES / "evidence.yaml")


@cache
def known() -> Known:
    return Known(held_by(evidence()))


def held_by(identities: object) -> list[str]:
    """Claims and quoted identifiers of entries."""
    entries = [evidence()[identity] for identity in identities]  # type: ignore[attr-defined]
    return [text for entry in entries for text in (entry.claim, *entry.identifiers)]


def places() -> Iterator[Place]:
    for language in LANGUAGES:
        for topic in TOPICS:
            for section in note_of(language, topic).sections:
                for statement in section.statements:
                    yield Place(language, topic, section, statement)


@pytest.fixture(scope="module")
def allowed() -> Allowed:
    return Allowed(ALLOWED)


# --- both languages ------------------------------------------------------------------------------


def test_both_languages_have_the_same_files() -> None:
    assert [file.stem for file in sorted((NOTES / "ja").glob("*.md"))] == TOPICS


@pytest.mark.parametrize("topic", TOPICS)
def test_sections_are_the_same_in_the_same_order(topic: str) -> None:
    japanese, english = (note_of(language, topic).sections for language in LANGUAGES)
    assert [s.id for s in japanese] == [s.id for s in english]


@pytest.mark.parametrize("topic", TOPICS)
def test_statements_are_parallel(topic: str) -> None:
    japanese, english = (note_of(language, topic).sections for language in LANGUAGES)
    for ja, en in zip(japanese, english, strict=True):
        assert _form(ja) == _form(en), f"{topic}.md, section {ja.id}"


def _form(section: NoteSection) -> list[tuple[frozenset[str], bool, list[str]]]:
    """Evidence, kind of list and attached blocks, statement by statement."""
    return [
        (frozenset(s.evidence), s.marker[:1].isdigit(), [kind for kind, _ in s.blocks])
        for s in section.statements
    ]


@pytest.mark.parametrize("topic", TOPICS)
def test_tables_have_the_same_size(topic: str) -> None:
    for ja, en in zip(*(note_of(language, topic).sections for language in LANGUAGES), strict=True):
        assert _tables(ja) == _tables(en), f"{topic}.md, section {ja.id}"


def _tables(section: NoteSection) -> list[tuple[int, int]]:
    tables = [span.text for s in section.statements for kind, span in s.blocks if kind == "table"]
    return [(len(table.split("\n")), table.split("\n")[0].count("|")) for table in tables]


@pytest.mark.parametrize("topic", TOPICS)
def test_code_is_the_same_apart_from_its_comments(topic: str) -> None:
    for ja, en in zip(*(note_of(language, topic).sections for language in LANGUAGES), strict=True):
        assert _code(ja) == _code(en), f"{topic}.md, section {ja.id}"


def _code(section: NoteSection) -> list[str]:
    blocks = [span.text for s in section.statements for kind, span in s.blocks if kind == "code"]
    return [
        re.sub(r"[ \t]*(?:#(?!!).*|[(（][^()（）\n]*[)）])$", "", block, flags=re.MULTILINE)
        for block in blocks
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_sections_and_their_ids_are_unique(language: str) -> None:
    ids = [section.id for topic in TOPICS for section in note_of(language, topic).sections]
    assert len(ids) >= 150
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", identity) for identity in ids)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_section_has_questions_and_statements(language: str) -> None:
    for topic in TOPICS:
        for section in note_of(language, topic).sections:
            where = f"{language}/{topic}.md, section {section.id}"
            asked = [question for question, _ in section.questions]
            assert 4 <= len(asked) <= 10, where
            assert len(set(asked)) == len(asked), where
            assert 2 <= len(section.statements) <= 6, where


def test_every_statement_is_short_enough_to_be_quoted() -> None:
    longest = {"ja": 170, "en": 330}
    long = [str(p) for p in places() if len(p.statement.span.text) > longest[p.language]]
    assert long == []


# --- evidence ------------------------------------------------------------------------------------


def test_every_statement_has_evidence_from_the_list() -> None:
    for place in places():
        assert place.statement.evidence, place
        assert set(place.statement.evidence) <= set(evidence()), place


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("topic", TOPICS)
def test_footnotes_are_in_step(language: str, topic: str) -> None:
    text = text_of(language, topic)
    assert with_footnotes(text, evidence()) == text, "run `python -m ingest footnotes`"


def test_every_entry_is_complete() -> None:
    for entry in evidence().values():
        assert entry.claim.strip(), entry.id
        assert entry.source.strip(), entry.id
        assert entry.status in {"checked", "measured", "inference", "unverified"}, entry.id
        assert entry.urls or entry.status == "unverified", f"{entry.id} has no place to look"


def test_every_repository_link_is_pinned_to_a_full_commit() -> None:
    texts = [" ".join(entry.urls) for entry in evidence().values()]
    texts += [text_of(language, topic) for language in LANGUAGES for topic in TOPICS]
    commits = [commit for text in texts for commit in _PINNED.findall(text)]
    assert commits
    assert [c for c in commits if not re.fullmatch(r"[0-9a-f]{40}", c)] == []


def test_what_is_not_confirmed_says_so() -> None:
    unverified = {entry.id for entry in evidence().values() if entry.status == "unverified"}
    silent = [
        f"{place} [{', '.join(sorted(unverified & set(place.statement.evidence)))}]"
        for place in places()
        if unverified & set(place.statement.evidence)
        and not _UNSURE.search(place.statement.span.text)
    ]
    assert silent == []


def test_a_statement_that_names_an_sdk_class_says_which_major_version() -> None:
    named = (place for place in places() if _SDK_CLASS.search(place.statement.span.text))
    assert [str(p) for p in named if not _SDK_VERSION.search(p.statement.span.text)] == []


# --- identifiers ---------------------------------------------------------------------------------


def test_no_statement_names_what_the_evidence_does_not_hold(allowed: Allowed) -> None:
    invented = []
    for place in places():
        tables = [span.text for kind, span in place.statement.blocks if kind == "table"]
        for text in (place.statement.span.text, *tables):
            names = [*code_spans(text), *plain_names(text)]
            parts = [
                p for name in names for p in unknown_parts(name, known(), allowed, place.section.id)
            ]
            invented += [f"{part} — {place}" for part in parts]
    assert invented == []


def test_no_code_block_names_what_the_evidence_does_not_hold(allowed: Allowed) -> None:
    invented = []
    for place in places():
        for kind, span in place.statement.blocks:
            names = block_names(span.text) if kind == "code" else []
            parts = [
                p for name in names for p in unknown_parts(name, known(), allowed, place.section.id)
            ]
            invented += [f"{part} — {place}" for part in parts]
    assert invented == []


def test_variables_and_paths_stand_in_evidence_that_the_section_cites(allowed: Allowed) -> None:
    elsewhere = []
    for place in places():
        cited = Known(
            held_by(dict.fromkeys(i for s in place.section.statements for i in s.evidence))
        )
        for name in contract_names(place.statement.span.text):
            if not cited.holds(name) and not allowed.holds(name, place.section.id):
                elsewhere.append(f"{name} — {place}")
    assert elsewhere == []


def test_numbers_stand_in_the_evidence_that_the_statement_cites(allowed: Allowed) -> None:
    elsewhere = []
    for place in places():
        cited = Known(held_by(place.statement.evidence))
        tables = [span.text for kind, span in place.statement.blocks if kind == "table"]
        for text in (place.statement.span.text, *tables):
            for number in numbers(text):
                if not cited.holds(number) and not allowed.holds(number, place.section.id):
                    elsewhere.append(f"{number} — {place}")
    assert elsewhere == []


def test_the_allow_list_is_short_and_needed(allowed: Allowed) -> None:
    test_no_statement_names_what_the_evidence_does_not_hold(allowed)
    test_no_code_block_names_what_the_evidence_does_not_hold(allowed)
    test_variables_and_paths_stand_in_evidence_that_the_section_cites(allowed)
    test_numbers_stand_in_the_evidence_that_the_statement_cites(allowed)
    assert all(reason.strip() for reason in allowed.reasons)
    assert allowed.unused() == []
