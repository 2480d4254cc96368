"""The golden questions are sound, and the assistant answers them no worse than was accepted."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from evals.evaluate import (
    KINDS,
    SPLITS,
    Baseline,
    Item,
    Outcome,
    flips,
    read_baseline,
    slices,
    summarize,
)
from evals.metrics import folded
from ingest.evidence import read_evidence
from ingest.notes import read_note
from kb.records import LANGUAGES, PATTERNS
from tests.eval.conftest import HERE, PROJECT

NOTES = PROJECT / "notes"
BASELINE = HERE / "baseline.json"
_DECLINED = {None, "out_of_scope", "not_in_sources", "unsafe"}


def note_files(language: str) -> list[Path]:
    return sorted((NOTES / language).glob("*.md"))


# --- the file ------------------------------------------------------------------------------------


def test_there_are_enough_and_half_are_japanese(golden: list[Item]) -> None:
    languages = Counter(item.language for item in golden)
    assert len(golden) >= 200
    assert set(languages) == set(LANGUAGES)
    assert abs(languages["ja"] - languages["en"]) <= 2


def test_a_third_is_set_aside(golden: list[Item]) -> None:
    splits = Counter(item.split for item in golden)
    assert set(splits) == set(SPLITS)
    assert 0.3 <= splits["test"] / len(golden) <= 0.4


def test_a_thread_is_in_one_split(golden: list[Item]) -> None:
    splits = {(item.thread, item.split) for item in golden if item.thread}
    assert len(splits) == len({thread for thread, _ in splits}) >= 60


def test_every_kind_is_asked_in_both_languages_and_splits(golden: list[Item]) -> None:
    assert {item.kind for item in golden} == set(KINDS)
    asked = {(item.kind, item.language, item.split) for item in golden}
    assert asked == {(k, lang, split) for k in KINDS for lang in LANGUAGES for split in SPLITS}


def test_ids_and_questions_are_unique(golden: list[Item]) -> None:
    assert len({item.id for item in golden}) == len(golden)
    asked = Counter((folded(item.question), item.history) for item in golden)
    assert [question for (question, _), count in asked.items() if count > 1] == []


def test_fields_fit_together(golden: list[Item]) -> None:
    for item in golden:
        assert re.fullmatch(r"[a-z_]+-(?:ja|en)-\d{3}", item.id), item.id
        assert item.id.startswith(f"{item.kind}-{item.language}-"), item.id
        assert item.declined in _DECLINED, item.id
        assert item.pattern in (None, *PATTERNS), item.id
        assert item.history or item.kind != "followup", item.id
        assert bool(item.facts) == (item.declined is None), item.id
        assert bool(item.evidence) == (item.declined is None) or item.kind == "thread", item.id
        assert bool(item.thread) == (item.kind == "thread"), item.id
        assert all(fact and all(map(folded, fact)) for fact in item.facts), item.id


def test_no_fact_is_told_by_the_question_itself(golden: list[Item]) -> None:
    """Else an answer that repeats the question would count as right."""
    told = [
        item.id
        for item in golden
        if item.facts
        and all(any(folded(a) in folded(item.question) for a in f) for f in item.facts)
    ]
    assert told == []


def test_evidence_is_known_and_held_by_a_section_in_each_language(golden: list[Item]) -> None:
    needed = {identity for item in golden for identity in item.evidence}
    assert needed - set(read_evidence(NOTES / "evidence.yaml")) == set()
    for language in LANGUAGES:
        notes = [read_note(file.read_text(encoding="utf-8")) for file in note_files(language)]
        cited = {i for n in notes for s in n.sections for st in s.statements for i in st.evidence}
        assert needed - cited == set(), language


def test_golden_questions_are_not_those_beside_our_notes(golden: list[Item]) -> None:
    """They are written by other people, from the reader's side."""
    beside = {
        folded(question)
        for language in LANGUAGES
        for file in note_files(language)
        for section in read_note(file.read_text(encoding="utf-8")).sections
        for question, _ in section.questions
    }
    assert [item.id for item in golden if folded(item.question) in beside] == []


# --- the answers ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    accepted = read_baseline(BASELINE)
    assert accepted is not None, "nothing has been accepted yet; run `make eval-accept`"
    return accepted


MARGIN = 0.03
"""What a set-aside slice may lose against the accepted baseline: two or three items of it."""


def test_every_answer_is_in_the_language_of_its_question(outcomes: list[Outcome]) -> None:
    assert [o.id for o in outcomes if not o.mirrored and o.split == "tune"] == []
    assert summarize(slices(outcomes)["test"])["mirrored"] >= 1 - MARGIN


@pytest.mark.parametrize("metric", ["all facts", "found@5"])
def test_what_is_set_aside_is_as_good_as_accepted_within_a_margin(
    metric: str, outcomes: list[Outcome], baseline: Baseline
) -> None:
    accepted = baseline.slices["test"][metric]
    assert accepted is not None
    assert summarize(slices(outcomes)["test"])[metric] >= accepted - MARGIN


def test_no_item_flipped_to_worse(outcomes: list[Outcome], baseline: Baseline) -> None:
    """If this is meant, look at the report of `make eval` and accept it with `make eval-accept`."""
    worse, _ = flips(outcomes, baseline.items)
    assert worse == []


def test_the_baseline_covers_the_golden_questions(golden: list[Item], baseline: Baseline) -> None:
    assert set(baseline.items) == {item.id for item in golden if item.split == "tune"}
    assert baseline.sources == ("notes",)


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("metric", ["refusal precision", "refusal recall"])
def test_refusals_are_as_good_as_accepted(
    split: str, metric: str, outcomes: list[Outcome], baseline: Baseline
) -> None:
    accepted = baseline.slices[split][metric]
    assert accepted is not None
    assert summarize(slices(outcomes)[split])[metric] >= accepted - (
        1e-4 if split == "tune" else MARGIN
    )
