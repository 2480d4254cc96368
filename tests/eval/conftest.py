"""What the evaluation tests share: an index of our notes, and every golden question asked once."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.evaluate import Item, Outcome, evaluate, read_golden
from ingest.sources import read_sources
from kb.assistant import Assistant
from kb.search.embedding import BundledEmbedder
from kb.search.index import Index, IndexStore
from tests.conftest import ingest

HERE = Path(__file__).parents[2] / "evals" / "data"
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def golden() -> list[Item]:
    return read_golden(HERE / "golden.yaml")


@pytest.fixture(scope="session")
def notes_store(tmp_path_factory: pytest.TempPathFactory, embedder: BundledEmbedder) -> IndexStore:
    """The notes alone, as `python -m ingest` indexes them; takes about a minute."""
    folder = tmp_path_factory.mktemp("notes-index")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(PROJECT)  # the source's path is relative, and document ids follow from it
        ingest(read_sources(HERE / "sources.yaml"), folder, embedder)
    return IndexStore(folder)


@pytest.fixture(scope="session")
def notes_index(notes_store: IndexStore) -> Index:
    return notes_store.current()


@pytest.fixture(scope="session")
def outcomes(
    golden: list[Item], notes_store: IndexStore, notes_index: Index, embedder: BundledEmbedder
) -> list[Outcome]:
    return evaluate(golden, Assistant(notes_store, embedder), notes_index)
