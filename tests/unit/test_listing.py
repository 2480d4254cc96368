"""Lists for a browser: complete, in both languages, and nothing in them comes alive."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from kb.gaps.gaps import Asked, Gap, Section
from kb.records import Document, Language
from kb.search.versions import Change
from kb.store.entries import Entry
from screens.html.listing import (
    Row,
    changes_html,
    documents_html,
    gap_html,
    short_gaps_html,
    source_html,
    version_html,
)

EVIL = '<img src=x onerror="alert(1)">'


def asked(question: str, times: int, *comments: str) -> Asked:
    entry = Entry(
        id="a", asked_at=datetime.now(UTC), surface="browser", person="p", language="ja",
        question=question, history=(), answer="", sentences=(), citations=(), declined=True,
        reason="not_in_sources", clarify=None, pattern=None, decision=None, model="extractive",
        index_version="v1", seconds=0.1,
    )  # fmt: skip
    return Asked(question, question, (), "ja", "not_in_sources", times, comments, entry)


GAP = Gap(
    "gap-1",
    "open",
    (asked(EVIL, 3, f"{EVIL}\nline"), asked("& more", 2)),
    (Section(f'notes/"{EVIL}.md', EVIL, 3, 9), Section("notes/x.md", "", 0, 4)),
)
DOCUMENT = Document(EVIL, "notes", EVIL, "text", "markdown", "en", commit="0123456789abcdef")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_what_people_and_sources_wrote_stays_text(language: Language) -> None:
    last = {"id": EVIL, "state": "kept", "reason": EVIL, "problems": [EVIL]}
    held = {"version": EVIL, "created": "2026-11-25T10:11:12", "documents": 1, "chunks": 2_000}
    for page in (
        gap_html(GAP, language),
        short_gaps_html([GAP], language),
        source_html(last, language, EVIL),
        documents_html([Row(DOCUMENT, 1, 2)], language),
        changes_html([Change(EVIL, "added", 1, 0)], language),
        version_html(held, language, EVIL, used=True),
    ):
        assert "<img" not in page
        assert "&lt;img" in page


def test_a_gap_counts_and_links() -> None:
    page = gap_html(GAP, "en")
    assert "asked 5 × · no source: 5" in page
    assert "<li>&amp; more</li>" in page
    assert "start=3&amp;end=9&amp;language=en" in page
    assert ">notes/x.md</a>" in page  # a section without a heading goes by its document


@pytest.mark.parametrize(
    ("last", "good"),
    [
        ({"state": "fetched"}, True),
        ({"state": "unchanged"}, True),
        ({"state": "fetched", "problems": ["page.md: broken"]}, False),
        ({"state": "kept", "reason": "no answer"}, False),
        ({"state": "failed", "reason": "no answer"}, False),
    ],
)
def test_a_fetch_that_went_wrong_stands_out(last: dict[str, Any], good: bool) -> None:
    page = source_html({"id": "guide", "reason": "", "problems": [], **last}, "en", "today 10:11")
    assert ("kb-good" in page) is good
    assert ("kb-bad" in page) is not good
    assert "today 10:11" in page


def test_a_document_shows_its_commit_and_what_is_not_known() -> None:
    page = documents_html([Row(DOCUMENT, 12, None)], "en")
    assert "commit 0123456" in page
    assert '<td data-name="Passages">12</td>' in page
    assert '<td data-name="Cited by answers">–</td>' in page


def test_no_difference_is_said() -> None:
    assert "Nothing differs." in changes_html([], "en")


def test_a_gated_version_says_how_many_questions_it_answers() -> None:
    held = {"version": "v1", "created": "", "documents": 1, "chunks": 2}
    page = version_html({**held, "eval": {"items": 10, "wrong": ["a"]}}, "en", "today", used=False)
    assert "9 of 10 golden questions" in page
    assert "kb-badge" not in page
