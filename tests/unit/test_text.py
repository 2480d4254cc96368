"""Japanese and English text: language, normal form, spellings, search tokens, sentences."""

from __future__ import annotations

import pytest

from kb.text.language import language, prose_language
from kb.text.markup import plain
from kb.text.normal import normalize, respell
from kb.text.sentences import sentences
from kb.text.tokens import search_tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("学習用コンテナの作り方", "ja"),
        ("パターン１ 料金", "ja"),
        ("ｺﾝﾃﾅ 学習", "ja"),
        ("which pattern fits?", "en"),
        ("", "en"),
        ("123", "en"),
        ("RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB これ何？", "ja"),
        ("What does 学習 mean in the console?", "en"),
    ],
)
def test_the_language_of_a_question(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The model predicts rain for the next day. Its name is 雨です.", "en"),
        ("雨を当てるモデルです。使う関数は model_fn と predict_fn です。", "ja"),
        ("", "en"),
    ],
)
def test_the_language_of_a_document_is_that_of_most_of_it(text: str, expected: str) -> None:
    assert prose_language(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ＳａｇｅＭａｋｅｒ　１２３", "sagemaker 123"),
        ("ｺﾝﾃﾅｲﾒｰｼﾞ", "コンテナイメージ"),
        ("a\u200bb\ufeff  \n c", "ab c"),
        ("①㈱", "1(株)"),
    ],
)
def test_the_normal_form_folds_width_case_and_blanks(text: str, expected: str) -> None:
    assert normalize(text) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "SageMaker",
        "sagemaker",
        "Sage Maker",
        "sage-maker",
        "ＳａｇｅＭａｋｅｒ",
        "セージメーカー",
        "ｾｰｼﾞﾒｰｶｰ",
        "セージ・メーカー".replace("・", " "),
        "セイジメーカー",
        "アマゾン セージメーカー",
    ],
)
def test_every_spelling_of_the_product_is_one_word(typed: str) -> None:
    assert respell(typed) == "sagemaker"
    assert set(search_tokens(typed)) & set(search_tokens("Amazon SageMaker AI"))


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("sagemaker", "SageMaker"),
        ("sagemaker", "SAGEMAKER_PROGRAM"),
        ("セージメーカー", "SageMaker"),
        ("pytorch", "PyTorch"),
        ("パイトーチ", "PyTorch"),
        ("model trainer", "ModelTrainer"),
        ("modeltrainer", "ModelTrainer"),
        ("ドッカーファイル", "Dockerfile"),
        ("コンテナー", "コンテナ"),
        ("トレーニング", "学習"),
        ("containers", "container"),
        ("ｴﾝﾄﾘﾎﾟｲﾝﾄ", "エントリーポイント"),
        ("opt/ml/model", "/opt/ml/model"),
    ],
)
def test_what_people_type_finds_what_is_written(typed: str, written: str) -> None:
    assert set(search_tokens(typed)) & set(search_tokens(written))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("SAGEMAKER_PROGRAM", {"sagemaker_program", "program"}),
        ("/opt/ml/model", {"/opt/ml/model", "opt", "ml", "model"}),
        ("model_fn", {"model_fn", "model", "fn"}),
        ("ModelTrainer", {"modeltrainer", "model", "trainer"}),
        ("sagemaker.image_uris.retrieve", {"sagemaker.image_uris.retrieve", "image_uris"}),
        ('ENTRYPOINT ["python"]', {"entrypoint", "python"}),
        ("コンテナ", {"コン", "ンテ", "テナ", "コンテナ"}),
        ("学習", {"学習"}),
        ("版", {"版"}),
    ],
)
def test_identifiers_are_kept_whole_and_split(text: str, tokens: set[str]) -> None:
    assert tokens <= set(search_tokens(text))


def test_an_identifier_between_japanese_is_found() -> None:
    assert {"model_fn", "関数", "数は"} <= set(search_tokens("関数はmodel_fnです"))


def test_full_stops_do_not_stick_to_identifiers() -> None:
    assert "/opt/ml/model" in search_tokens("Save it to /opt/ml/model.")


def test_words_that_say_nothing_are_left_out() -> None:
    assert search_tokens("What is the a of it?") == []


def pieces(text: str) -> list[str]:
    found = sentences(text)
    assert all(left <= right for (_, left), (right, _) in zip(found, found[1:], strict=False))
    covered = "".join(text[start:end] for start, end in found)
    assert "".join(covered.split()) == "".join(text.split())
    return [text[start:end] for start, end in found]


@pytest.mark.parametrize(
    "expected",
    [
        ["学習します。", "推論します！", "本当？", "はい。"],
        ["「はい。」と答えました。", "次の文です。"],
        ["彼は言いました。", "「はい。」", "次の文です。"],
        ["箱（大きい。重い。）を運びます。", "次です。"],
        ["ﾊﾝｶｸﾃﾞｽ｡", "次です。"],
        ["`a。b` は識別子です。", "次です。"],
    ],
)
def test_japanese_is_cut_after_full_stops_but_not_inside_quotations(expected: list[str]) -> None:
    assert pieces("".join(expected)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["It works.", "Does it?", "Yes!"],
        ["Use e.g. version 1.12.1 of it.", "Then go on."],
        ["Run `a. b` first.", "Then stop."],
        ["Save to model.tar.gz.", "Next."],
        ['He said "go."', "We went."],
        ["See Fig. 3 for it.", "Next."],
    ],
)
def test_english_is_cut_after_its_full_stops_but_not_inside_names(expected: list[str]) -> None:
    assert pieces(" ".join(expected)) == expected


def test_list_items_and_paragraphs_begin_a_sentence() -> None:
    items = ["一つ目", "- 項目 A", "- 項目 B", "1. 手順。", "2. Do it."]
    paragraphs = ["段落\n続き", "次の段落"]
    assert pieces("\n".join(items) + "\n\n" + "\n\n".join(paragraphs)) == items + paragraphs


def test_a_stray_backtick_or_bracket_does_not_swallow_the_rest() -> None:
    assert pieces("It`s one. It is two.\n\nThree. Four.")[-2:] == ["Three.", "Four."]
    assert pieces("「閉じない。次です。") == ["「閉じない。", "次です。"]


@pytest.mark.parametrize("text", ["", "  \n\n ", "。", "..."])
def test_sentences_of_next_to_nothing(text: str) -> None:
    assert pieces(text) == [text.strip()] * bool(text.strip())


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("**太字** と `code` と [文字](https://h.example)", "太字 と code と 文字"),
        ("![図](data:image/png;base64,AAAA)の説明", "図の説明"),
        ("文です。[^T1][^T2]", "文です。"),
        ("SM\\_MODEL\\_DIR", "SM_MODEL_DIR"),
        ("SM__MODEL と __太字__", "SM__MODEL と 太字"),
        ("> 引用\n> 続き", "引用続き"),
        ("日本語の行が\n折れています。", "日本語の行が折れています。"),
        ("English lines\nare joined", "English lines are joined"),
    ],
)
def test_mark_up_is_taken_out_for_searching(markdown: str, expected: str) -> None:
    assert plain(markdown) == expected
