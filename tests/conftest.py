"""What several tests share: the bundled model, a small knowledge base, an index built of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ingest.collect import Collection, collect
from ingest.publish import Published, publish
from ingest.sources import Source
from kb.errors import IndexDamaged
from kb.search.embedding import BundledEmbedder, Vectors
from kb.search.index import Index, IndexStore, version_folder
from kb.search.versions import in_use, locked

NOTE_JA = """\
# 学習ジョブ

## 学習の結果はどこに置くか

<!--
id: model-dir
questions:
  - 学習したモデルってどこに保存すればいい？
  - 'SM_MODEL_DIR: どこを指す？'
-->

学習コードは、できたモデルを `/opt/ml/model` に置きます。[^T1]

- 置き場所は環境変数 `SM_MODEL_DIR` でも分かります。[^T1][^T2]

## ライブラリを足すには

<!--
id: add-library
questions:
  - pip で一つ足したいだけなんだけど
-->

ライブラリを足すだけなら、`requirements.txt` をコードの隣に置きます。[^T3]

OS のパッケージも要るなら、次のようにイメージを拡張します。[^T3]

```dockerfile
FROM python:3.11
RUN apt-get update && apt-get install -y mecab
```

[^T1]: Training guide. <https://docs.example/training#L10-L12>
[^T2]: Toolkit. <https://docs.example/toolkit>
[^T3]: Samples. <https://docs.example/samples>
"""
NOTE_EN = """\
# Training jobs

## Where to put the trained model

<!--
id: model-dir
questions:
  - where do I save my trained model?
-->

Training code puts the finished model into `/opt/ml/model`.[^T1]

- The environment variable `SM_MODEL_DIR` holds the same place.[^T1][^T2]

[^T1]: Training guide. <https://docs.example/training#L10-L12>
[^T2]: Toolkit. <https://docs.example/toolkit>
"""
README = """\
# Weather model

The weather model predicts rain for the next day.

## Training

Run `train.py` with the hourly measurements of ten years. It takes two hours on one GPU.
"""


def pytest_configure() -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"  # read when huggingface_hub is imported


class RememberingEmbedder(BundledEmbedder):
    """The bundled model; a text is embedded once a session, as many tests ingest the same few."""

    def __init__(self) -> None:
        super().__init__()
        self._passage = cache(lambda text: BundledEmbedder.passages(self, [text])[0])
        self._query = cache(lambda text: BundledEmbedder.queries(self, [text])[0])
        self._count = cache(super().count)

    def passages(self, texts: Sequence[str]) -> Vectors:
        return np.array([self._passage(text) for text in texts], np.float32)

    def queries(self, texts: Sequence[str]) -> Vectors:
        return np.array([self._query(text) for text in texts], np.float32)

    def count(self, text: str) -> int:
        return self._count(text)


class BlankEmbedder(RememberingEmbedder):
    """Vectors without a meaning: for an index whose statements are looked up, never searched."""

    name = "blank"

    def passages(self, texts: Sequence[str]) -> Vectors:
        rows = np.random.default_rng(7).standard_normal((len(texts), 8)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def queries(self, texts: Sequence[str]) -> Vectors:
        return self.passages(texts)


@pytest.fixture(scope="session")
def statements_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of our notes in an index without meaningful vectors; built in seconds."""
    folder = tmp_path_factory.mktemp("statements")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(Path(__file__).parents[1])  # document ids follow from the relative path
        ingest([folder_source(Path("notes"))], folder, BlankEmbedder())
    return folder


@pytest.fixture(scope="session")
def embedder() -> BundledEmbedder:
    return RememberingEmbedder()


def write_knowledge(folder: Path) -> Path:
    """A small knowledge base: a note in two languages, a document, a Dockerfile."""
    for name, text in {
        "ja/training.md": NOTE_JA,
        "en/training.md": NOTE_EN,
        "README.md": README,
        "Dockerfile": "FROM python:3.11\nCOPY train.py /opt/ml/code/\nENTRYPOINT train\n",
    }.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def knowledge(tmp_path: Path) -> Path:
    return write_knowledge(tmp_path / "knowledge")


def folder_source(folder: Path, identity: str = "notes") -> Source:
    return Source(id=identity, kind="folder", path=str(folder))


def ingest(
    sources: list[Source], index_dir: Path, embedder: BundledEmbedder, chroma_url: str = ""
) -> tuple[Published, Collection]:
    """One run of ingest, as the command does it."""
    with locked(index_dir):
        name, previous = in_use(index_dir), None
        if name:
            with suppress(IndexDamaged):
                previous = Index(version_folder(index_dir, name), chroma_url)
        collection = collect(sources, embedder.count, previous, model=embedder.name)
        published = publish(
            collection, embedder, index_dir, previous=previous, chroma_url=chroma_url
        )
        return published, collection


@pytest.fixture(scope="session")
def index_dir(tmp_path_factory: pytest.TempPathFactory, embedder: BundledEmbedder) -> Path:
    """An index of the small knowledge base, for tests that only read it."""
    root = tmp_path_factory.mktemp("shared")
    source = folder_source(write_knowledge(root / "knowledge"))
    ingest([source], root / "index", embedder)
    return root / "index"


@pytest.fixture(scope="session")
def index(index_dir: Path) -> Index:
    return IndexStore(index_dir).current()
