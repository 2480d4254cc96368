"""A knowledge base under test, for what is published from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.collect import Report
from ingest.publish import Published
from kb.search.embedding import BundledEmbedder
from kb.search.index import Index, IndexStore
from tests.conftest import folder_source, ingest


class Base:
    """A knowledge base under test: its sources, its index, and one run after another."""

    def __init__(self, root: Path, knowledge: Path, embedder: BundledEmbedder) -> None:
        self.knowledge, self.embedder = knowledge, embedder
        self.index_dir = root / "index"
        self.sources = [folder_source(knowledge)]

    def run(self) -> Published:
        done, self.collection = ingest(self.sources, self.index_dir, self.embedder)
        return done

    @property
    def index(self) -> Index:
        return IndexStore(self.index_dir).current()

    def report(self, identity: str) -> Report:
        (found,) = [report for report in self.collection.reports if report.id == identity]
        return found

    def names(self) -> list[str]:
        return sorted(name.removeprefix(f"{self.knowledge}/") for name in self.index.documents)

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.knowledge / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def base(tmp_path: Path, knowledge: Path, embedder: BundledEmbedder) -> Base:
    return Base(tmp_path, knowledge, embedder)
