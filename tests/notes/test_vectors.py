"""The shipped vectors fit the notes: a first ingest of a clone embeds nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.collect import collect
from ingest.shipped import FILE, read_shipped, text_key
from ingest.sources import read_sources
from kb.errors import KbError
from kb.records import Chunk
from kb.search.embedding import BundledEmbedder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def chunks(embedder: BundledEmbedder) -> list[Chunk]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        sources = read_sources(ROOT / "evals/data/sources.yaml")
        return list(collect(sources, embedder.count, None, model=embedder.name).chunks)


def test_every_text_of_the_notes_has_its_vector(chunks: list[Chunk]) -> None:
    stored = read_shipped(BundledEmbedder.name)
    missing = {text_key(chunk): chunk.search_text for chunk in chunks}
    missing = {key: text for key, text in missing.items() if key not in stored}
    assert list(missing.values())[:5] == [], "stale: make ingest, then python -m ingest vectors"
    assert len(stored) == len({text_key(chunk) for chunk in chunks}), "holds vectors of old texts"


def test_they_are_those_of_the_model(chunks: list[Chunk], embedder: BundledEmbedder) -> None:
    stored = read_shipped(embedder.name)
    for kind, read in (("question", embedder.queries), ("statement", embedder.passages)):
        some = [chunk for chunk in chunks if chunk.kind == kind][::400]
        exact = read([chunk.search_text for chunk in some])
        near = [float(stored[text_key(c)] @ v) for c, v in zip(some, exact, strict=True)]
        assert some
        assert min(near) > 0.999


def test_another_model_finds_nothing() -> None:
    assert read_shipped("another") == {}


def test_a_damaged_file_is_one_sentence_and_a_missing_one_is_none(tmp_path: Path) -> None:
    assert read_shipped("any", tmp_path / "none.npz") == {}
    cut = tmp_path / "cut.npz"
    cut.write_bytes(FILE.read_bytes()[:1000])
    with pytest.raises(KbError, match="ingest vectors"):
        read_shipped(BundledEmbedder.name, cut)


def test_a_vector_is_of_unit_length_within_its_precision() -> None:
    vectors = np.stack(list(read_shipped(BundledEmbedder.name).values())[::97])
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 0.01
