"""Bad luck in an ingest: damaged versions, stops half-way, no room; and reading without writing."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ingest import publish as publishing
from ingest.publish import content_hash
from ingest.resume import Unfinished
from kb.errors import IndexDamaged, KbError
from kb.search import vectors as dense
from kb.search.embedding import BundledEmbedder, Vectors
from kb.search.index import Index, IndexStore, version_folder
from kb.search.versions import in_use, versions
from tests.conftest import RememberingEmbedder, folder_source, ingest
from tests.unit.test_ingest_command import Desk, desk  # noqa: F401 a fixture

KINDS = ("flip", "cut", "delete", "empty")


def damage(file: Path, how: str) -> None:
    data = bytearray(file.read_bytes())
    if how == "delete":
        return file.unlink()
    if how == "flip" and data:
        data[len(data) // 2] ^= 1
    file.write_bytes(b"" if how == "empty" else data[: len(data) // 2] if how == "cut" else data)
    return None


@pytest.mark.parametrize(
    ("name", "how"),
    [("chunks.jsonl", "empty"), ("documents.jsonl", "flip"), ("manifest.json", "cut")],
)
def test_a_damaged_version_is_neither_kept_nor_carried_on(desk: Desk, name: str, how: str) -> None:  # noqa: F811
    desk.run()
    whole = IndexStore(desk.index_dir).current()
    digest = content_hash([*whole.documents.values()], [*whole.chunks.values()])
    hurt = version_folder(desk.index_dir, whole.version)
    damage(hurt / name, how)
    with pytest.raises(IndexDamaged, match="run `"):
        IndexStore(desk.index_dir).current()
    code, out, _ = desk.run()
    assert code == 0
    assert whole.version in out, "said"
    now = IndexStore(desk.index_dir).current()
    assert now.version != whole.version
    assert content_hash([*now.documents.values()], [*now.chunks.values()]) == digest
    assert not hurt.exists()


def test_damaged_versions_take_no_place_of_whole_ones(desk: Desk) -> None:  # noqa: F811
    names = []
    for hours in ("two", "three", "four"):
        desk.edit(hours)
        desk.run()
        names.append(in_use(desk.index_dir))
    damage(version_folder(desk.index_dir, names[1]) / "sections.npz", "flip")
    desk.edit("five")
    desk.run()
    assert names[0] in versions(desk.index_dir)
    assert names[1] not in versions(desk.index_dir)


def test_a_rollback_skips_what_is_damaged(desk: Desk) -> None:  # noqa: F811
    names = []
    for hours in ("two", "three", "four"):
        desk.edit(hours)
        desk.run()
        names.append(in_use(desk.index_dir))
    damage(version_folder(desk.index_dir, names[1]) / "chunks.jsonl", "delete")
    assert desk.run("rollback")[0] == 0
    assert in_use(desk.index_dir) == names[0]


def test_a_reader_falls_back_to_the_version_before_and_says_so(desk: Desk) -> None:  # noqa: F811
    desk.run()
    first = in_use(desk.index_dir)
    desk.edit("three")
    desk.run()
    damage(version_folder(desk.index_dir, in_use(desk.index_dir)) / "chunks.jsonl", "flip")
    store = IndexStore(desk.index_dir)
    assert store.current().version == first
    assert first in store.notice("ja")
    assert first in store.notice("en")


class Stopping(RememberingEmbedder):
    """Stops after so many texts."""

    left = 10**9

    def passages(self, texts: Sequence[str]) -> Vectors:
        self.left -= len(texts)
        if self.left < 0:
            raise KeyboardInterrupt
        return super().passages(texts)


def test_a_stop_while_embedding_loses_one_batch_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "_BATCH", 4)
    (tmp_path / "wiki").mkdir()
    for number in range(20):
        (tmp_path / "wiki" / f"{number:02d}.md").write_text(f"# Page {number}\n\nRain {number}.\n")
    sources, embedder = [folder_source(tmp_path / "wiki", "wiki")], Stopping()
    embedder.left = 10
    with pytest.raises(KeyboardInterrupt):
        ingest(sources, tmp_path / "index", embedder)
    assert not (tmp_path / "index" / "CURRENT").exists()
    embedder.left = 10**9
    done, _ = ingest(sources, tmp_path / "index", embedder)
    assert done.embedded == 12, "two batches of four were kept"
    assert not (tmp_path / "index" / "unfinished").exists()


def test_a_damaged_batch_is_embedded_again(tmp_path: Path, embedder: BundledEmbedder) -> None:
    unfinished = Unfinished(tmp_path, embedder.name)
    for key in ("a", "b"):
        unfinished.keep({key: embedder.queries([key])[0]})
    first, second = sorted(tmp_path.rglob("*.npz"))
    damage(first, "cut")
    again = Unfinished(tmp_path, embedder.name)
    assert set(again.read()) == {"b"}
    again.keep({"c": embedder.queries(["c"])[0]})
    assert set(again.read()) == {"b", "c"}
    assert Unfinished(tmp_path, "another").read() == {}
    assert second.exists()


def test_whatever_fails_leaves_no_half_version(
    tmp_path: Path, knowledge: Path, embedder: BundledEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing, "seal", full)
    with pytest.raises(OSError, match="No space left"):
        ingest([folder_source(knowledge)], tmp_path / "index", embedder)
    assert list((tmp_path / "index" / "versions").iterdir()) == []
    monkeypatch.undo()
    (tmp_path / "index" / "versions" / "v20990101-000000-01-00000000" / "chroma").mkdir(
        parents=True
    )
    done, _ = ingest([folder_source(knowledge)], tmp_path / "index", embedder)
    left = [folder.name for folder in (tmp_path / "index" / "versions").iterdir()]
    assert left == [done.version]


def test_a_disk_without_room_is_said_before_anything_is_built(
    tmp_path: Path, knowledge: Path, embedder: BundledEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    with pytest.raises(KbError, match="may need .* MB in .*, and 1 MB are free; make room"):
        ingest([folder_source(knowledge)], tmp_path / "index", embedder)
    assert not (tmp_path / "index" / "versions").exists()


def test_the_room_that_is_asked_for_is_enough(index_dir: Path) -> None:
    index = IndexStore(index_dir).current()
    folder = version_folder(index_dir, index.version)
    used = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    texts = sum(len(c.search_text.encode()) + 600 for c in index.chunks.values())
    texts += sum(len(d.text.encode()) for d in index.documents.values())
    assert used < 4 * (texts + 384 * 4 * len(index.chunks)) + 5_000_000


def test_versions_have_names_beyond_99_in_a_second(tmp_path: Path) -> None:
    names = []
    for _ in range(205):
        names.append(publishing._new_name(tmp_path, "0" * 64))
        (tmp_path / "versions" / names[-1]).mkdir(parents=True)
    assert names == sorted(names)
    assert len(set(names)) == 205


def test_where_there_is_no_room_for_a_copy_it_is_one_sentence(
    index_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    index = Index(version_folder(index_dir, in_use(index_dir)))
    monkeypatch.setattr(dense.shutil, "copytree", full)
    with pytest.raises(IndexDamaged, match="no room for a copy .* set TMPDIR"):
        index.vectors.count()
