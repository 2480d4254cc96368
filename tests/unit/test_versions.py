"""Index versions: how they differ, moving between them, and how the last fetch went."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from ingest.__main__ import main
from kb.errors import IndexDamaged, KbError
from kb.search.embedding import BundledEmbedder
from kb.search.index import IndexStore
from kb.search.versions import (
    Change,
    difference,
    in_use,
    last_fetch,
    locked,
    manifest,
    note_fetch,
    point_to,
    roll_back,
    versions,
)
from tests.conftest import folder_source, ingest, write_knowledge

NOTE = "ja/training.md"


@pytest.fixture
def two(tmp_path: Path, embedder: BundledEmbedder) -> Path:
    """An index folder with two versions: a note changed, a document gone, another one new."""
    knowledge = write_knowledge(tmp_path / "knowledge")
    ingest([folder_source(knowledge)], tmp_path / "index", embedder)
    note = knowledge / NOTE
    note.write_text(note.read_text(encoding="utf-8").replace("/opt/ml/model", "/opt/ml/modell"))
    (knowledge / "README.md").unlink()
    (knowledge / "new.md").write_text("# New\n\nA new page about rain.\n")
    ingest([folder_source(knowledge)], tmp_path / "index", embedder)
    return tmp_path / "index"


def test_difference_names_what_is_new_gone_and_changed(two: Path) -> None:
    new, old = versions(two)
    found = {Path(change.document).name: change for change in difference(two, old, new)}
    assert {name: change.state for name, change in found.items()} == {
        "training.md": "changed",
        "README.md": "removed",
        "new.md": "added",
    }
    changed: Change = found["training.md"]
    assert changed.document.endswith(NOTE)
    assert changed.new_chunks == changed.lost_chunks > 0
    assert found["new.md"].lost_chunks == found["README.md"].new_chunks == 0
    assert difference(two, new, new) == []


def test_rollback_is_seen_by_an_open_store_at_once(two: Path) -> None:
    new, old = versions(two)
    store = IndexStore(two)
    assert store.current().version == in_use(two) == new
    assert roll_back(two) == old
    assert store.current().version == in_use(two) == old
    assert roll_back(two, new) == new
    assert store.current().version == new


def test_a_rollback_that_cannot_be_done_changes_nothing(two: Path) -> None:
    new, old = versions(two)
    with pytest.raises(KbError, match=f"no index version “v0”; there are: {new}, {old}"):
        roll_back(two, "v0")
    (two / "versions" / old / "chunks.jsonl").unlink()
    with pytest.raises(IndexDamaged):
        roll_back(two, old)
    assert in_use(two) == new


def test_rollback_waits_for_no_ingest(two: Path) -> None:
    with locked(two), pytest.raises(KbError, match="Another ingest"):
        roll_back(two)
    assert roll_back(two)


def test_a_page_that_looks_for_an_ingest_stops_none(
    two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (two / "LOCK").open()
    fcntl.flock(page, fcntl.LOCK_SH)
    pauses: list[float] = []

    def looked(seconds: float) -> None:
        pauses.append(seconds)
        page.close()

    monkeypatch.setattr("kb.search.versions.time.sleep", looked)
    assert roll_back(two)
    assert len(pauses) == 1


def test_from_the_oldest_there_is_no_way_back(two: Path) -> None:
    point_to(two, versions(two)[-1])
    with pytest.raises(KbError, match="no older index version"):
        roll_back(two)


def test_manifest_of_a_version(two: Path) -> None:
    assert manifest(two, in_use(two))["documents"] == 4
    with pytest.raises(KbError, match="no index version"):
        manifest(two, "")


def test_the_last_fetch_is_known_also_when_nothing_was_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    knowledge = write_knowledge(tmp_path / "knowledge")
    sources = tmp_path / "sources.yaml"
    row = "  - {{id: {0}, kind: folder, path: {1}}}\n"
    listed = row.format("ours", knowledge) + row.format("theirs", tmp_path / "theirs")
    sources.write_text(f"sources:\n{listed}")
    monkeypatch.setenv("KB_SOURCES", str(sources))
    monkeypatch.setenv("KB_INDEX_DIR", str(tmp_path / "index"))
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "page.md").write_text("# Page\n\nA page about snow.\n")
    assert main([]) == 0
    published = in_use(tmp_path / "index")
    noted = last_fetch(tmp_path / "index")
    assert {name: row["state"] for name, row in noted.items()} == {
        "ours": "fetched",
        "theirs": "fetched",
    }
    (tmp_path / "theirs" / "page.md").unlink()
    (tmp_path / "theirs").rmdir()
    assert main([]) == 0
    assert in_use(tmp_path / "index") == published
    noted = last_fetch(tmp_path / "index")
    assert noted["theirs"]["state"] == "kept"
    assert noted["theirs"]["reason"]
    assert noted["theirs"]["tried"] >= noted["theirs"]["fetched"]
    assert main(["--source", "ours"]) == 0
    assert last_fetch(tmp_path / "index")["theirs"]["state"] == "kept"
    assert main(["--dry-run"]) == 0
    capsys.readouterr()


def test_a_note_of_a_fetch_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    assert last_fetch(tmp_path) == {}
    (tmp_path / "last-fetch.json").write_text("{half")
    assert last_fetch(tmp_path) == {}
    note_fetch(tmp_path, [{"id": "a", "state": "fetched"}], partly=True)
    assert last_fetch(tmp_path)["a"]["state"] == "fetched"
