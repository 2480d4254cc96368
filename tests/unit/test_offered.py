"""Whether AWS offers a framework version: what a text names, and what the official tables list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb.errors import ImageDataMissing
from kb.image import data as image_data
from kb.image.listed import listed_version
from kb.pattern.offered import NamedVersion, find_version, signal_of
from kb.pattern.patterns import load_model


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ＰｙＴｏｒｃｈ 2.6 で推論", NamedVersion("ＰｙＴｏｒｃｈ 2.6", "pytorch", "2.6")),
        ("serving on torch 2.13", NamedVersion("torch 2.13", "pytorch", "2.13")),
        ("XGBoost version 3.2", NamedVersion("XGBoost version 3.2", "xgboost", "3.2")),
        ("sklearn==1.4.2", NamedVersion("sklearn==1.4", "sklearn", "1.4")),
        ("TensorFlow 2.30", NamedVersion("TensorFlow 2.30", "tensorflow", "2.30")),
        ("torch>=2.6", NamedVersion("torch>=2.6", "pytorch", "2.6")),
        ("torch<2.6", None),  # what it stays below is not what is wanted
        ("llama 70b on torch", None),
        ("torch 70b", None),
        ("torch 1.5b", None),
        ("PyTorch 8 GPU", None),
        ("which version?", None),
    ],
)
def test_the_version_that_a_text_names(text: str, found: NamedVersion | None) -> None:
    assert find_version(text) == found


@pytest.mark.parametrize(
    ("table", "number", "signal"),
    [
        ("sklearn", "1.6", "version_missing"),  # between two that are there
        ("xgboost", "2.1", "version_missing"),
        ("xgboost", "3.2", "version_offered"),
        ("sklearn", "1.4", "version_offered"),
        ("pytorch", "2.1", "version_offered"),
        ("pytorch", "2.14", "training_only"),  # in the table that goes on where the first one ends
        ("pytorch", "9.0", "version_missing"),
        ("pytorch", "0.3", "version_missing"),
        ("tensorflow", "2.20", "inference_only"),
        ("tensorflow", "2.21", "training_only"),
    ],
)
def test_only_the_exact_number_in_the_tables_is_offered(
    table: str, number: str, signal: str
) -> None:
    listed = listed_version(table, number)
    assert listed is not None
    assert signal_of(listed) == signal


def test_the_tables_say_what_stands_around_a_version_that_they_lack() -> None:
    between = listed_version("sklearn", "1.6")
    older, newer = listed_version("pytorch", "0.3"), listed_version("pytorch", "9.0")
    assert between is not None
    assert older is not None
    assert newer is not None
    assert (between.below, between.above) == ("1.4", "1.9")
    assert (older.below, older.above) == ("", "0.4")
    assert newer.below
    assert newer.above == ""


@pytest.mark.parametrize("offered", load_model().offered, ids=lambda offered: offered.table)
def test_every_version_of_the_tables_counts_on_its_side(offered: object) -> None:
    """Read from the package's files themselves, not through our reader of them."""
    table = offered.table  # type: ignore[attr-defined]
    content = json.loads((folder() / f"{table}.json").read_text(encoding="utf-8"))
    for side in ("training", "inference"):
        part = content if side in content.get("scope", ()) else content[side]
        for version in part["versions"]:
            major, *rest = version.replace("-", ".").split(".")
            if rest:
                listed = listed_version(table, f"{major}.{rest[0]}")
                assert listed is not None
                assert version in getattr(listed, side)


def folder() -> Path:
    return image_data._read_package()[1]


def test_without_the_tables_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> tuple[str, Path]:
        raise ImageDataMissing("not installed")

    monkeypatch.setattr(image_data, "_read_package", missing)
    assert listed_version("pytorch", "2.6") is None
