"""What differs between two versions, sentence by sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.search.edits import Edit, edits
from kb.search.embedding import BundledEmbedder
from kb.search.versions import Change, versions
from screens.html.listing import changes_html, source_html
from tests.conftest import folder_source, ingest, write_knowledge

BEFORE = "学習コードは、できたモデルを `/opt/ml/model` に置きます。"


@pytest.fixture
def two(tmp_path: Path, embedder: BundledEmbedder) -> Path:
    """An index folder with two versions, between which a sentence of a note changed."""
    knowledge = write_knowledge(tmp_path / "knowledge")
    ingest([folder_source(knowledge)], tmp_path / "index", embedder)
    note = knowledge / "ja" / "training.md"
    note.write_text(note.read_text(encoding="utf-8").replace("/opt/ml/model", "/opt/ml/modell"))
    ingest([folder_source(knowledge)], tmp_path / "index", embedder)
    return tmp_path / "index"


def test_a_sentence_is_shown_before_and_after_with_its_section(two: Path) -> None:
    new, old = versions(two)
    (edit,) = edits(two, old, new)
    assert edit.document.endswith("ja/training.md")
    assert edit.heading == "学習の結果はどこに置くか"
    assert edit.before.startswith(BEFORE)
    assert "/opt/ml/modell" in edit.after
    assert edits(two, new, new) == []


def test_the_page_names_section_and_sentences_and_nothing_in_them_is_live() -> None:
    changes = [Change("a.md", "changed", 1, 1), Change("b.md", "added", 1, 0)]
    edited = [Edit("a.md", "<b>", "old <img>", "new <img>"), Edit("a.md", "<b>", "", "added")]
    page = changes_html(changes, "en", edited)
    assert "&lt;b&gt;" in page
    assert "old &lt;img&gt;" in page
    assert page.count('class="kb-before"') == 1
    assert page.count('class="kb-after"') == 2
    assert "<img" not in page


def test_a_failed_fetch_says_why_in_the_language_of_the_page() -> None:
    row = {
        "id": "guide",
        "state": "failed",
        "reason": "https://x could not be reached (<gaierror>)",
        "problems": [],
        "fetched": "2026-11-20T10:11:12+00:00",
    }
    page = source_html(row, "ja", "11月20日")
    assert "取得元につながりませんでした" in page
    assert "&lt;gaierror&gt;" in page
