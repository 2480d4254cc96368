"""Retrieval over a part of our notes: fusion, languages, spellings, neighbours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.records import Chunk, Hit, Language
from kb.search.retrieve import _merge_neighbours, fuse, retrieve
from kb.text.tokens import search_tokens
from tests.unit.kb_fixtures import Notes


def found(notes: Notes, question: str, language: Language = "ja") -> list[str]:
    """The sections, best first."""
    hits = retrieve(notes.index, notes.embedder, question, language).hits
    return [hit.group.removeprefix("note:") for hit in hits]


# --- fusion ---------------------------------------------------------------------------------------


def test_reciprocal_rank_fusion_by_hand() -> None:
    fused = fuse(
        {"questions": ["a", "b"], "lexical": ["b", "c"]}, {"questions": 1.0, "lexical": 0.5}, k=10
    )
    assert [group for group, _ in fused] == ["b", "a", "c"]
    assert dict(fused) == pytest.approx({"a": 1 / 11, "b": 1 / 12 + 0.5 / 11, "c": 0.5 / 12})


def test_a_tie_is_broken_by_name_so_that_answers_repeat() -> None:
    fused = fuse({"x": ["b"], "y": ["a"]}, {"x": 1.0, "y": 1.0})
    assert [group for group, _ in fused] == ["a", "b"]


def test_nothing_found_is_nothing_fused() -> None:
    assert fuse({"x": [], "y": []}, {"x": 1.0, "y": 1.0}) == []


# --- hits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "section"),
    [
        ("学習ジョブを停止すると何が起きる？", "train-sigterm"),
        ("endpoint container shutdown grace period", "inf-sigterm"),
        ("GPU のイメージにドライバは必要？", "start-gpu-driver"),
        ('exec: "train": executable file not found in $PATH', "err-train-not-found"),
        ("ペイロードの上限", "inf-limits"),
    ],
)
def test_the_section_that_answers_is_found_first(notes: Notes, question: str, section: str) -> None:
    assert found(notes, question)[0] == section


def test_scores_fall_from_one_and_k_is_kept(notes: Notes) -> None:
    hits = retrieve(notes.index, notes.embedder, "SIGTERM", "ja", k=3).hits
    scores = [hit.score for hit in hits]
    assert len(hits) == 3
    assert scores[0] == 1
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


@pytest.mark.parametrize("question", ["学習ジョブの停止と SIGTERM", "stop a training job: SIGTERM"])
def test_a_section_in_two_languages_is_one_hit_in_the_language_asked_for(
    notes: Notes, question: str
) -> None:
    for language in ("ja", "en"):
        hits = retrieve(notes.index, notes.embedder, question, language).hits
        (hit,) = [hit for hit in hits if hit.group == "note:train-sigterm"]
        assert {chunk.language for chunk in hit.chunks} == {language}
        assert len({chunk.document for chunk in hit.chunks}) == 1
        assert len({hit.group for hit in hits}) == len(hits)


def test_what_only_the_other_language_holds_is_found_all_the_same(notes: Notes) -> None:
    hits = retrieve(
        notes.index, notes.embedder, "Which script runs, SAGEMAKER_PROGRAM or entry_point?", "en"
    ).hits
    assert hits[0].group == "note:train2-script-choice"
    assert {chunk.language for chunk in hits[0].chunks} == {"ja"}


def test_the_chunks_of_a_hit_stand_in_reading_order(notes: Notes) -> None:
    for hit in retrieve(notes.index, notes.embedder, "SIGTERM 学習", "ja").hits:
        starts = [chunk.start for chunk in hit.chunks]
        assert starts == sorted(starts)


# --- identifiers and spellings --------------------------------------------------------------------


@pytest.mark.parametrize(
    "question", ["SAGEMAKER_PROGRAM", "sagemaker program", "`sagemaker_program`", "entry_point"]
)
def test_an_identifier_is_found_whole_and_split(notes: Notes, question: str) -> None:
    groups = [group for group, _ in notes.index.lexical.search(search_tokens(question), 3)]
    assert "note:train2-script-choice" in groups


def test_a_camel_case_name_is_found_by_its_words(notes: Notes) -> None:
    whole = notes.index.lexical.search(search_tokens("StopTrainingJob"), 1)
    split = notes.index.lexical.search(search_tokens("stop training job"), 1)
    assert whole[0][0] == split[0][0] == "note:train-sigterm"


@pytest.mark.parametrize(
    ("typed", "section"),
    [
        ("ﾊﾟﾀｰﾝ1の手順", "train1-steps"),
        ("ＳＩＧＴＥＲＭ　学習ジョブ　停止", "train-sigterm"),
        ("セージメーカーの学習ジョブを停止したときの SIGTERM", "train-sigterm"),
        ("セイジメイカーの推論コンテナ停止", "inf-sigterm"),
        ("sagmaker training job stop SIGTERM", "train-sigterm"),
    ],
)
def test_other_spellings_find_the_same(notes: Notes, typed: str, section: str) -> None:
    assert found(notes, notes.assistant.query(typed))[0] == section


def test_a_typo_is_mended_in_the_query_and_identifiers_keep_their_case(notes: Notes) -> None:
    assert "sagemaker" in notes.assistant.query("sagmaker で学習ジョブを止める")
    assert "SAGEMAKER_PROGRAM" in notes.assistant.query("SAGEMAKER_PROGRAM とは？")


# --- neighbours -----------------------------------------------------------------------------------


def passage(identity: str, start: int, end: int, **other: object) -> Hit:
    chunk = Chunk(
        id=identity,
        document="guide.md",
        kind="passage",
        start=start,
        end=end,
        text="x" * (end - start),
        search_text="",
        heading=("Guide", "Part"),
        lines=(1, 2),
        language="en",
        group=identity,
    )
    return Hit(identity, 1.0, (replace(chunk, **other),))  # type: ignore[arg-type]


def test_passages_that_follow_each_other_become_one_hit_in_reading_order() -> None:
    second, other, first = passage("b", 102, 200), passage("z", 500, 600), passage("a", 0, 100)
    merged = _merge_neighbours([second, other, first])
    assert [hit.group for hit in merged] == ["b", "z"]
    assert [chunk.id for chunk in merged[0].chunks] == ["a", "b"]


@pytest.mark.parametrize(
    "apart", [{"heading": ("Guide", "Other")}, {"document": "other.md"}, {"kind": "code"}]
)
def test_passages_of_other_headings_documents_and_kinds_stay_apart(
    apart: dict[str, object],
) -> None:
    assert len(_merge_neighbours([passage("a", 0, 100), passage("b", 102, 200, **apart)])) == 2


def test_passages_with_something_between_them_stay_apart() -> None:
    assert len(_merge_neighbours([passage("a", 0, 100), passage("b", 140, 200)])) == 2
