"""What the first screen offers where the index holds documents that are not our notes."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.search.embedding import BundledEmbedder
from tests.app.conftest import Start
from tests.conftest import folder_source, ingest


def test_without_our_notes_the_examples_are_headings_of_what_is_there(
    start: Start, tmp_path: Path, embedder: BundledEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    knowledge = tmp_path / "wiki"
    knowledge.mkdir()
    text = "# Release\n\n## Who may release on a Friday\n\nNobody releases on a Friday.\n"
    (knowledge / "release.md").write_text(text, encoding="utf-8")
    ingest([folder_source(knowledge)], tmp_path / "index", embedder)
    monkeypatch.setenv("KB_INDEX_DIR", str(tmp_path / "index"))
    app = start()
    assert not app.exception
    offered = [b.label for b in app.button if (b.key or "").startswith("example_")]
    assert offered == ["Who may release on a Friday"]
