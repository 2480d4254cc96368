"""Index versions: what is embedded, what stays; real Chroma, real model."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.publish import content_hash
from kb.errors import KbError
from kb.search.embedding import BundledEmbedder
from kb.search.index import IndexStore, version_folder
from kb.search.versions import in_use, locked, versions
from tests.conftest import README
from tests.unit.publishing import Base

# What is embedded


def test_the_first_run_embeds_every_text_and_stores_every_document(base: Base) -> None:
    done = base.run()
    assert done.new
    assert base.names() == ["Dockerfile", "README.md", "en/training.md", "ja/training.md"]
    texts = {chunk.search_text for chunk in base.index.chunks.values()}
    assert done.embedded == len(texts)
    assert base.index.vectors.count() == len(base.index.chunks)
    for chunk in base.index.chunks.values():
        assert base.index.document(chunk.document).text[chunk.start : chunk.end] == chunk.text


def test_nothing_changed_embeds_nothing_and_keeps_the_version(base: Base) -> None:
    first = base.run()
    again = base.run()
    assert (again.version, again.new, again.embedded) == (first.version, False, 0)
    assert versions(base.index_dir) == [first.version]


def test_one_edited_statement_embeds_only_its_chunks(base: Base) -> None:
    base.run()
    before = base.index
    base.edit("ja/training.md", "でも分かります。", "からも分かります。")
    done = base.run()
    assert done.new
    assert done.embedded == 1
    changed = {c.search_text for c in base.index.chunks.values()} - {
        c.search_text for c in before.chunks.values()
    }
    assert all("からも分かります。" in text for text in changed)
    assert len(changed) == 1


def test_vectors_of_unchanged_texts_are_carried_over_as_they_are(base: Base) -> None:
    base.run()
    before = base.index
    old = before.vectors.get(before.chunks)
    base.edit("README.md", "two hours", "three hours")
    base.run()
    new = base.index.vectors.get(base.index.chunks)
    same = old.keys() & new.keys()
    assert len(same) > 10
    for identity in same:
        assert new[identity] == pytest.approx(old[identity], abs=1e-6)  # Chroma normalises


def test_the_same_text_in_two_files_is_embedded_once(base: Base) -> None:
    shutil.copy(base.knowledge / "README.md", base.knowledge / "COPY.md")
    done = base.run()
    every = base.index.chunks.values()
    chunks = [c for c in every if c.kind == "passage" and "predicts rain" in c.text]
    assert len(chunks) == 2
    asked = {(c.kind == "question" and not c.order, c.search_text) for c in every}
    assert done.embedded == len(asked)
    one, other = base.index.vectors.get([chunk.id for chunk in chunks]).values()
    assert one == pytest.approx(other)


def test_the_ways_people_ask_are_embedded_as_questions_and_the_rest_as_passages(
    base: Base,
) -> None:
    base.run()
    chunks = list(base.index.chunks.values())
    question = next(chunk for chunk in chunks if chunk.kind == "question")
    statement = next(chunk for chunk in chunks if chunk.kind == "statement")
    stored = base.index.vectors.get([question.id, statement.id])
    (asked,) = base.embedder.queries([question.search_text])
    (said,) = base.embedder.passages([statement.search_text])
    assert stored[question.id] == pytest.approx(asked, abs=1e-5)
    assert stored[statement.id] == pytest.approx(said, abs=1e-5)


def test_another_model_embeds_everything_anew(base: Base) -> None:
    first = base.run()

    class Other(BundledEmbedder):
        name = "other-model"

    base.embedder = Other()
    done = base.run()
    assert (done.new, done.embedded) == (True, first.embedded)
    assert base.index.manifest["embedding"] == "other-model"


# The content hash


def hash_of(base: Base) -> str:
    return str(base.index.manifest["content_hash"])


def test_equal_content_has_an_equal_hash_however_it_was_reached(base: Base, tmp_path: Path) -> None:
    base.run()
    first = hash_of(base)
    base.edit("README.md", "two hours", "three hours")
    base.run()
    assert hash_of(base) != first
    base.edit("README.md", "three hours", "two hours")
    base.run()
    assert hash_of(base) == first
    fresh = Base(tmp_path / "fresh", base.knowledge, base.embedder)
    fresh.run()
    assert hash_of(fresh) == first


def test_the_hash_knows_neither_order_nor_dates_but_every_field(base: Base) -> None:
    base.run()
    documents, chunks = base.collection.documents, base.collection.chunks
    digest = content_hash(documents, chunks)
    later = [replace(document, fetched="2030-01-01T00:00:00+00:00") for document in documents]
    assert content_hash(later[::-1], chunks[::-1]) == digest
    assert content_hash(documents, chunks[1:]) != digest
    assert content_hash([replace(documents[0], title="別の題"), *documents[1:]], chunks) != digest
    assert content_hash(documents, [replace(chunks[0], marker="* "), *chunks[1:]]) != digest


# Versions


def test_only_the_newest_three_versions_stay(base: Base) -> None:
    names = []
    for hour in ("two", "three", "four", "five", "six"):
        (base.knowledge / "README.md").write_text(
            README.replace("two hours", f"{hour} hours"), encoding="utf-8"
        )
        names.append(base.run().version)
    assert names == sorted(names)
    assert versions(base.index_dir) == names[:1:-1]
    folders = {folder.name for folder in (base.index_dir / "versions").iterdir()}
    assert folders == set(names[2:])


def test_names_sort_by_time_even_when_the_clock_is_put_back(base: Base) -> None:
    base.run()
    versions_folder = base.index_dir / "versions"
    old = in_use(base.index_dir)
    future = "v29990101-000000-07-00000000"
    (versions_folder / old).rename(versions_folder / future)
    shutil.copytree(versions_folder / future, versions_folder / old)
    base.edit("README.md", "two hours", "three hours")
    new = base.run().version
    assert new.startswith("v29990101-000000-08-")


def test_a_reader_that_is_open_sees_the_new_version_and_finishes_with_the_old(base: Base) -> None:
    base.run()
    reader = IndexStore(base.index_dir)
    old = reader.current()
    assert reader.current() is old
    base.edit("README.md", "predicts rain", "predicts snow")
    done = base.run()
    new = reader.current()
    assert new.version == done.version != old.version
    query = base.embedder.queries(["snow"])[0]
    identity, _ = new.vectors.search("passages", "en", query, 1)[0]
    assert "predicts snow" in new.chunks[identity].text
    identity, _ = old.vectors.search("passages", "en", query, 1)[0]
    assert "predicts rain" in old.chunks[identity].text


def test_a_second_ingest_at_the_same_time_is_refused(base: Base) -> None:
    with (
        locked(base.index_dir),
        pytest.raises(KbError, match="Another ingest is working on .*; wait until it has finished"),
    ):
        base.run()
    assert base.run().new


KILLED = """
import os, signal, sys
import ingest.publish
from ingest.__main__ import main
def die(*arguments): os.kill(os.getpid(), signal.SIGKILL)
setattr(ingest.publish, sys.argv[1], die)
main([])
"""


@pytest.mark.parametrize("moment", ["seal", "point_to"])
def test_an_ingest_that_is_killed_leaves_the_old_version_working(
    base: Base, tmp_path: Path, moment: str
) -> None:
    first = base.run()
    reader = IndexStore(base.index_dir)
    reader.current()
    base.edit("README.md", "predicts rain", "predicts snow")
    listed = tmp_path / "sources.yaml"
    entry = f"{{id: notes, kind: folder, path: '{base.knowledge}'}}"
    listed.write_text(f"sources:\n  - {entry}\n", encoding="utf-8")
    settings = {"KB_INDEX_DIR": str(base.index_dir), "KB_SOURCES": str(listed)}
    run = subprocess.run(
        [sys.executable, "-c", KILLED, moment], env={**os.environ, **settings}, timeout=60
    )
    assert run.returncode == -signal.SIGKILL
    assert in_use(base.index_dir) == first.version
    for store in (reader, IndexStore(base.index_dir)):
        query = base.embedder.queries(["tomorrow's rain"])[0]
        identity, _ = store.current().vectors.search("passages", "en", query, 1)[0]
        assert "predicts rain" in store.current().chunks[identity].text

    done = base.run()
    assert done.new
    folders = {folder.name for folder in (base.index_dir / "versions").iterdir()}
    assert folders == set(versions(base.index_dir))  # no half version stays


@pytest.mark.parametrize("part", ["chroma", "chroma/chroma.sqlite3"])
def test_a_version_whose_vectors_are_lost_is_built_anew(base: Base, part: str) -> None:
    first = base.run()
    lost = version_folder(base.index_dir, first.version) / part
    shutil.rmtree(lost) if lost.is_dir() else lost.unlink()
    done = base.run()
    assert (done.new, done.embedded) == (True, first.embedded)
    assert base.index.vectors.count() == len(base.index.chunks)


def test_documents_without_a_chunk_can_be_published(base: Base) -> None:
    shutil.rmtree(base.knowledge)
    base.knowledge.mkdir()
    (base.knowledge / "title.md").write_text("# Only a title\n", encoding="utf-8")
    base.run()
    assert base.names() == ["title.md"]
    assert base.index.chunks == {}
    assert base.index.lexical.search(["title"], 3) == []
