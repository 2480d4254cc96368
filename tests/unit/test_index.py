"""Opening an index version: what is there, what is missing, what is damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kb.errors import DocumentUnknown, IndexDamaged, IndexMissing
from kb.search.index import Index, IndexStore
from kb.search.versions import in_use


@pytest.fixture
def copied(index_dir: Path, tmp_path: Path) -> Path:
    """An index of one's own, to be damaged."""
    return Path(shutil.copytree(index_dir, tmp_path / "index"))


def version(folder: Path) -> Path:
    return folder / "versions" / in_use(folder)


def test_documents_and_chunks_come_as_they_were_stored(index: Index) -> None:
    kinds = {document.kind for document in index.documents.values()}
    assert kinds == {"note", "markdown", "dockerfile"}
    for chunk in index.chunks.values():
        assert index.document(chunk.document).text[chunk.start : chunk.end] == chunk.text
        assert isinstance(chunk.heading, tuple)
        assert isinstance(chunk.lines, tuple)


def test_a_group_holds_the_section_in_both_languages_in_reading_order(index: Index) -> None:
    group = index.groups["note:model-dir"]
    assert {chunk.language for chunk in group} == {"ja", "en"}
    places = [(chunk.document, chunk.start) for chunk in group]
    assert places == sorted(places)


def test_lexical_search_finds_the_group(index: Index) -> None:
    assert index.lexical.search(["sm_model_dir"], 1)[0][0] == "note:model-dir"


def test_an_unknown_document_is_answered_with_near_ones(index: Index) -> None:
    known = next(name for name in index.documents if name.endswith("README.md"))
    with pytest.raises(DocumentUnknown) as error:
        index.document(known.replace("README", "REDME"))
    assert f"Did you mean {known}" in str(error.value)
    with pytest.raises(DocumentUnknown, match="holds no document “雨”."):
        index.document("雨")


def test_an_empty_folder_says_how_to_build_an_index(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="There is no index in .* yet; run `make ingest`"):
        IndexStore(tmp_path).current()


@pytest.mark.parametrize(
    "part", ["manifest.json", "documents.jsonl", "chunks.jsonl", "lexical/tokens.json", "lexical"]
)
def test_a_version_with_a_part_missing_says_what_to_do(copied: Path, part: str) -> None:
    lost = version(copied) / part
    shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    with pytest.raises(IndexDamaged, match="run `"):
        IndexStore(copied).current()


@pytest.mark.parametrize("part", ["manifest.json", "documents.jsonl", "chunks.jsonl"])
def test_a_version_that_is_cut_off_says_what_to_do(copied: Path, part: str) -> None:
    file = version(copied) / part
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(IndexDamaged, match="run `"):
        IndexStore(copied).current()


def test_a_version_of_another_format_is_not_opened(copied: Path) -> None:
    file = version(copied) / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**manifest, "format": "0"}), encoding="utf-8")
    with pytest.raises(IndexDamaged, match="has format 0, expected"):
        IndexStore(copied).current()


def test_a_pointer_to_nowhere_says_how_to_go_back(copied: Path) -> None:
    (copied / "CURRENT").write_text("v-gone\n", encoding="utf-8")
    with pytest.raises(IndexDamaged, match="v-gone is incomplete; run `python -m ingest rollback`"):
        IndexStore(copied).current()
