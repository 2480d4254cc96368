"""BM25 over the tokens of each group; typos; what is stored is what was built."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.search.lexical import LexicalIndex
from kb.text.tokens import search_tokens

TEXTS = {
    "model-dir": "Training code saves the SageMaker model to /opt/ml/model, see SM_MODEL_DIR.",
    "handlers": "model_fn loads the model, predict_fn predicts; SageMaker calls both.",
    "gpu": "複数の GPU で学習するときは、分散学習の設定をします。",
    "container": "コンテナのイメージは ECR に置きます。学習コンテナも同じです。",
    "empty": "",
}


def built(tmp_path: Path, stored: bool) -> LexicalIndex:
    index = LexicalIndex.build({group: search_tokens(text) for group, text in TEXTS.items()})
    if not stored:
        return index
    index.save(tmp_path / "lexical")
    return LexicalIndex.load(tmp_path / "lexical")


@pytest.fixture(params=[False, True], ids=["built", "stored"])
def lexical(tmp_path: Path, request: pytest.FixtureRequest) -> LexicalIndex:
    return built(tmp_path, request.param)


def best(lexical: LexicalIndex, query: str) -> list[str]:
    return [group for group, _ in lexical.search(search_tokens(query), 3)]


@pytest.mark.parametrize(
    ("query", "group"),
    [
        ("SM_MODEL_DIR", "model-dir"),
        ("/opt/ml/model", "model-dir"),
        ("what calls predict_fn?", "handlers"),
        ("ｺﾝﾃﾅ", "container"),
        ("コンテナーはどこ？", "container"),
        ("分散トレーニング", "gpu"),
        ("ＥＣＲ", "container"),
    ],
)
def test_the_right_text_comes_first(lexical: LexicalIndex, query: str, group: str) -> None:
    assert best(lexical, query)[0] == group


def test_scores_fall_and_are_above_zero(lexical: LexicalIndex) -> None:
    scores = [score for _, score in lexical.search(search_tokens("SageMaker model 学習"), 10)]
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] > 0


def test_no_more_than_k_are_given(lexical: LexicalIndex) -> None:
    assert len(lexical.search(search_tokens("SageMaker model 学習"), 2)) == 2


def test_unknown_words_find_nothing(lexical: LexicalIndex) -> None:
    assert lexical.search(search_tokens("kubernetes 料金"), 3) == []
    assert lexical.search([], 3) == []


def test_rare_words_weigh_more_and_unknown_ones_most(lexical: LexicalIndex) -> None:
    assert lexical.weight("unknown") > lexical.weight("ecr") > lexical.weight("model")


def test_the_tokens_of_a_group_are_kept(lexical: LexicalIndex) -> None:
    assert lexical.tokens("model-dir") == frozenset(search_tokens(TEXTS["model-dir"]))
    assert lexical.tokens("empty") == lexical.tokens("unknown") == frozenset()
    assert lexical.knows("sm_model_dir")
    assert not lexical.knows("unknown")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sagmaker", "sagemaker"),
        ("sagemkaer", "sagemaker"),
        ("sagemakker", "sagemaker"),
        ("modle", "model"),
        ("model", "model"),  # right already
        ("mode", "mode"),  # too short to tell
        ("nodel", "nodel"),  # another first letter is another word
        ("kubernetes", "kubernetes"),
        ("モデル", "モデル"),
    ],
)
def test_a_typo_of_a_known_word_is_put_right(lexical: LexicalIndex, typed: str, meant: str) -> None:
    assert lexical.correct(typed) == meant


def test_two_builds_of_the_same_texts_are_equal(tmp_path: Path) -> None:
    built(tmp_path / "one", stored=True)
    built(tmp_path / "two", stored=True)
    one, two = (tmp_path / name / "lexical/tokens.json" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    LexicalIndex.build({}).save(tmp_path / "lexical")
    assert LexicalIndex.load(tmp_path / "lexical").search(["model"], 3) == []
