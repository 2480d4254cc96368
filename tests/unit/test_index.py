"""Opening an index version: what is there, what is missing, what is damaged."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from pathlib import Path

import pytest

from kb.errors import DocumentUnknown, IndexDamaged, IndexMissing
from kb.search import vectors as vectors_module
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


POINTERS: dict[str, bytes | None] = {
    "gone": None,
    "empty": b"",
    "dangling": b"v-gone\n",
    "garbage": b"\xff\xfe\x00",
    "a way out": b"../versions\n",
}


def point(folder: Path, content: bytes | None) -> None:
    """Replace the pointer as a person or a broken disk would."""
    pointer = folder / "CURRENT"
    pointer.unlink(missing_ok=True)
    if content is not None:
        pointer.write_bytes(content)


@pytest.mark.parametrize("content", POINTERS.values(), ids=POINTERS)
def test_a_reader_goes_on_with_the_open_version_and_recovers(
    copied: Path, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    store = IndexStore(copied)
    opened = store.current()
    name = in_use(copied)
    assert store.notice("en") == ""
    point(copied, content)
    assert store.current() is opened
    assert store.current() is opened
    assert len(caplog.records) == 1, "warned once"
    assert name in store.notice("en")
    point(copied, name.encode())
    assert store.current() is opened
    assert store.notice("en") == ""


@pytest.mark.parametrize("content", POINTERS.values(), ids=POINTERS)
def test_a_new_reader_takes_the_newest_whole_version_and_says_so(
    copied: Path, content: bytes | None
) -> None:
    name = in_use(copied)
    point(copied, content)
    store = IndexStore(copied)
    assert store.current().version == name
    assert name in store.notice("ja")


def damaged(file: Path, how: str) -> None:
    """One damage of a file."""
    data = bytearray(file.read_bytes())
    if how == "delete":
        file.unlink()
        return
    if how == "flip" and data:
        data[len(data) // 2] ^= 1
    file.write_bytes(b"" if how == "empty" else data[: len(data) // 2] if how == "cut" else data)


def test_every_damage_of_every_file_is_one_sentence(copied: Path) -> None:
    folder = version(copied)
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.stat().st_size]
    assert len(files) > 8
    for file in files:
        before = file.read_bytes()
        for how in ("flip", "cut", "delete", "empty"):
            damaged(file, how)
            with pytest.raises(IndexDamaged, match="run `"):
                Index(folder)
            with pytest.raises(IndexDamaged):
                IndexStore(copied).current()
            file.write_bytes(before)
    assert IndexStore(copied).current().version == folder.name


def test_a_reader_leaves_no_byte_changed_and_no_copy_behind(copied: Path) -> None:
    index = IndexStore(copied).current()
    assert index.vectors.count() == len(index.chunks)
    copies = set(Path(tempfile.gettempdir()).glob(f"kb-chroma-{os.getpid()}-*"))
    index.vectors.close()
    left = set(Path(tempfile.gettempdir()).glob(f"kb-chroma-{os.getpid()}-*"))
    assert len(copies - left) == 1
    Index(version(copied))  # raises when something differs


def test_copies_of_processes_that_were_killed_are_removed(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "kb-chroma-999999999-x").mkdir()
    index = IndexStore(copied).current()
    assert index.vectors.count()
    index.vectors.close()
    assert list(tmp_path.glob("kb-chroma-*")) == []


def test_while_one_opens_a_version_the_others_go_on_with_the_old_one(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = IndexStore(copied)
    old = store.current()
    opens, go, whole = threading.Event(), threading.Event(), version(copied)

    def slow(folder: Path, chroma_url: str = "") -> Index:
        opens.set()
        assert go.wait(30)
        return Index(folder, chroma_url)

    monkeypatch.setattr("kb.search.index.in_use", lambda _: "another")
    monkeypatch.setattr("kb.search.index.version_folder", lambda *_: whole)
    monkeypatch.setattr("kb.search.index.Index", slow)
    (copied / "CURRENT").write_text("another\n")
    found: list[Index] = []
    opener = threading.Thread(target=lambda: found.append(store.current()))
    opener.start()
    assert opens.wait(30)
    assert store.current() is old
    go.set()
    opener.join()
    assert found[0] is not old
    assert store.current() is found[0]


def test_two_first_questions_at_once_make_one_copy(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = Index(version(copied)).vectors
    copies: list[Path] = []
    copying, go = threading.Event(), threading.Event()

    def slow(chroma: Path) -> Path:
        copying.set()
        assert go.wait(30)
        copies.append(original(chroma))
        return copies[-1]

    original = vectors_module._copied
    monkeypatch.setattr(vectors_module, "_copied", slow)
    askers = [threading.Thread(target=vectors.count) for _ in range(2)]
    for asker in askers:
        asker.start()
    assert copying.wait(30)
    go.set()
    for asker in askers:
        asker.join()
    assert len(copies) == 1
    vectors.close()
    assert not copies[0].exists()
