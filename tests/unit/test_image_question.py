"""Questions for the URI of an AWS image in the chat: looked up, or asked back."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cli.serialize import to_json
from kb.assistant import Assistant
from kb.image.lookup import resolve
from kb.image.question import image_reply
from kb.records import Answer, Turn
from kb.search.embedding import BundledEmbedder
from kb.search.index import Index, IndexStore
from kb.text.language import prose_language
from screens.html.answer import answer_markdown
from tests.conftest import folder_source, ingest
from tests.unit.kb_fixtures import ROOT, Notes, excerpt_of, quoted

SECTIONS = (
    "base-uri-anatomy",
    "base-image-uris-retrieve",
    "base-docker-login",
    "base-end-of-patch",
    "base-image-list",
)
COMPLETE = [
    (
        "東京リージョンで PyTorch 2.6 の推論 GPU イメージの URI は？",
        ("pytorch", "2.6", "ap-northeast-1", "ml.g5.xlarge", "inference"),
    ),
    (
        "what's the ECR URI for sklearn 1.2-1 training in us-west-2 on ml.m5.large?",
        ("sklearn", "1.2-1", "us-west-2", "ml.m5.large", "training"),
    ),
    (
        "大阪の xgboost 1.7-1、学習用イメージの URI を教えてください",
        ("xgboost", "1.7-1", "ap-northeast-3", "", "training"),
    ),
    (
        "FROM 行に書きたい。tf 2.19 の学習、ml.g5.xlarge、オレゴン",
        ("tensorflow", "2.19", "us-west-2", "ml.g5.xlarge", "training"),
    ),
    (
        "Give me the image URI of Hugging Face transformers 4.51 with PyTorch 2.6.0 for inference "
        "on g5 in eu-west-1",
        ("hf", "4.51", "eu-west-1", "g5", "inference"),
    ),
    (
        "北京で pytroch 2.5 の推論 CPU の URI は？",
        ("pytorch", "2.5", "cn-north-1", "cpu", "inference"),
    ),
    (
        "which image for PyTorch 2.6.0 inference on Graviton in us-east-1?",
        ("pytorch", "2.6.0", "us-east-1", "graviton", "inference"),
    ),
    (
        "how do I find the URI of the vLLM 0.30.0 image in Tokyo?",
        ("vllm", "0.30.0", "ap-northeast-1", "g5", "inference"),
    ),
    (
        "最新の PyTorch の学習イメージの URI、東京、GPU",
        ("pytorch", "latest", "ap-northeast-1", "gpu", "training"),
    ),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, embedder: BundledEmbedder) -> Notes:
    """The sections on base images, in both languages, ingested for real."""
    root = tmp_path_factory.mktemp("base")
    for lang in ("ja", "en"):
        text = (ROOT / "notes" / lang / "base-image.md").read_text(encoding="utf-8")
        file = root / "knowledge" / lang / "base-image.md"
        file.parent.mkdir(parents=True)
        file.write_text(excerpt_of(text, SECTIONS), encoding="utf-8")
    ingest([folder_source(root / "knowledge")], root / "index", embedder)
    store = IndexStore(root / "index")
    return Notes(root / "index", store.current(), Assistant(store, embedder), embedder)


def talk(base: Notes, *messages: str) -> Answer:
    """The answer to the last message; the assistant really answered the ones before."""
    history: list[Turn] = []
    for message in messages:
        answer = base.assistant.ask(message, history)
        history += [Turn("user", message), Turn("assistant", answer.answer)]
    return answer


def uri(framework: str, version: str, region: str, instance: str, scope: str) -> str:
    return resolve(framework, version, region=region, instance=instance, scope=scope).uri


# --- a complete question --------------------------------------------------------------------------


@pytest.mark.parametrize(("question", "meant"), COMPLETE)
def test_a_complete_question_is_answered_from_the_official_data(
    base: Notes, question: str, meant: tuple[str, str, str, str, str]
) -> None:
    answer = talk(base, question)
    image = uri(*meant)
    assert answer.clarify is None
    assert not answer.declined
    assert f"```text\n{image}\n```" in answer.answer
    assert f"FROM {image}" in answer.answer
    assert "aws ecr get-login-password" in answer.answer
    assert "sagemaker-core 2." in answer.sentences[0].text
    assert "sagemaker-core 2." in answer.notice
    assert answer.model == "extractive"
    assert answer.language == ("en" if question.isascii() else "ja")
    assert prose_language(answer.sentences[0].text) == answer.language


@pytest.mark.parametrize(("question", "meant"), COMPLETE[:3])
def test_every_sentence_is_cited_and_every_quote_stands_where_it_says(
    base: Notes, question: str, meant: tuple[str, ...]
) -> None:
    answer = talk(base, question)
    assert answer.sentences
    assert all(sentence.citations for sentence in answer.sentences)
    numbers = [citation.number for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {n for sentence in answer.sentences for n in sentence.citations} == set(numbers)
    for citation in answer.citations:
        assert citation.quote == quoted(citation, base.index)
        assert citation.url
        assert citation.based_on or citation.quote.startswith("```")


def test_what_the_notes_do_not_hold_is_not_called_proven(base: Notes) -> None:
    answer = talk(base, COMPLETE[0][0])
    looked_up = [sentence for sentence in answer.sentences if sentence.looked_up]
    assert len(looked_up) == 4
    assert not any(sentence.supported for sentence in looked_up)
    assert all("763104351884" in s.text or s.looked_up in s.text for s in looked_up)
    assert all(sentence.supported for sentence in answer.sentences if not sentence.looked_up)
    assert "確認できません" not in answer_markdown(answer, "ja")  # it names where it is from


def test_the_patches_of_the_version_are_quoted_where_the_notes_tell_them(base: Notes) -> None:
    assert "2026年6月30日に終わっています" in talk(base, COMPLETE[0][0]).answer
    assert "at your own risk" not in talk(base, COMPLETE[1][0]).answer
    asked = "the URI of PyTorch 2.10.0 for training in us-east-1 on cpu please"
    assert "at your own risk" in talk(base, asked).answer.replace("you use them ", "")


def test_what_is_streamed_is_what_counts_in_the_end(base: Notes) -> None:
    *pieces, answer = base.assistant.stream(COMPLETE[0][0])
    assert isinstance(answer, Answer)
    assert "".join(map(str, pieces)) == answer.answer


# --- a part is missing ----------------------------------------------------------------------------

MISSING = [
    ("東京で 2.6 の推論 GPU イメージの URI は？", "フレームワーク", "PyTorch"),
    ("image URI in us-east-1 for training on a GPU?", "framework", "PyTorch"),
    ("東京の PyTorch 2.6 GPU イメージの URI は？", "学習用と推論用", "推論"),
    ("What is the URI of the PyTorch image?", "training or for inference", "inference"),
    ("PyTorch の推論イメージの URI、東京、GPU", "バージョン", "PyTorch 2.6.0"),
    ("the ECR URI for xgboost training in us-west-2", "Which version", "XGBoost 3.2-0"),
    ("PyTorch 2.6 の推論 GPU イメージの URI は？", "リージョン", "東京 (ap-northeast-1)"),
    ("URI of sklearn 1.2-1 for training", "Region", "N. Virginia (us-east-1)"),
    ("東京の PyTorch 2.6 推論イメージの URI を教えて", "インスタンス", "GPU (ml.g5.xlarge)"),
    ("URI of TensorFlow 2.19 training in us-east-1", "instance", "CPU (ml.m5.large)"),
]


@pytest.mark.parametrize(("question", "asked", "choice"), MISSING)
def test_a_missing_part_is_asked_for(base: Notes, question: str, asked: str, choice: str) -> None:
    answer = talk(base, question)
    assert answer.clarify
    assert asked in answer.clarify
    assert answer.answer == answer.clarify
    assert choice in answer.choices
    assert 2 <= len(answer.choices) <= 4
    assert answer.sentences == ()
    assert answer.citations == ()
    assert not answer.declined
    assert to_json(answer)["choices"] == list(answer.choices)


@pytest.mark.parametrize(("question", "asked", "choice"), MISSING)
@pytest.mark.parametrize("number", range(4))
def test_every_choice_leads_to_the_uri_when_it_is_sent(
    base: Notes, question: str, asked: str, choice: str, number: int
) -> None:
    messages = [question]
    answer = talk(base, question)
    language = answer.language
    for _ in range(5):
        if not answer.clarify:
            break
        messages.append(answer.choices[min(number, len(answer.choices) - 1)])
        answer = talk(base, *messages)
        assert answer.language == language, messages
    assert ".dkr.ecr." in answer.answer, messages


@pytest.mark.parametrize(
    ("messages", "meant"),
    [
        (
            ("PyTorch 2.6 の推論 GPU イメージの URI は？", "東京です"),
            ("pytorch", "2.6", "ap-northeast-1", "gpu", "inference"),
        ),
        (
            ("URI of sklearn 1.2-1 for training", "us-west-2 please"),
            ("sklearn", "1.2-1", "us-west-2", "", "training"),
        ),
        ((COMPLETE[0][0], "じゃあ大阪は？"), ("pytorch", "2.6", "ap-northeast-3", "gpu", "推論")),
        ((COMPLETE[0][0], "CPU 版は？"), ("pytorch", "2.6", "ap-northeast-1", "cpu", "推論")),
        ((COMPLETE[0][0], "学習用だと？"), ("pytorch", "2.6", "ap-northeast-1", "gpu", "学習")),
        (
            (COMPLETE[1][0], "and for inference?"),
            ("sklearn", "1.2-1", "us-west-2", "", "inference"),
        ),
        (
            (COMPLETE[1][0], "what about version 1.0-1 in Ireland?"),
            ("sklearn", "1.0-1", "eu-west-1", "", "training"),
        ),
        (
            (COMPLETE[0][0], "TensorFlow 2.19 の URI は？"),
            ("tf", "2.19", "ap-northeast-1", "gpu", "推論"),
        ),
        (
            (COMPLETE[0][0], "大阪は？", "CPU で", "2.5 で"),
            ("pytorch", "2.5", "ap-northeast-3", "cpu", "推論"),
        ),
    ],
)
def test_a_follow_up_adds_or_changes_a_part(
    base: Notes, messages: tuple[str, ...], meant: tuple[str, str, str, str, str]
) -> None:
    assert f"```text\n{uri(*meant)}\n```" in talk(base, *messages).answer


# --- a part that does not exist -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "said", "choice"),
    [
        ("東京の PyTorch 2.13 推論 GPU の URI は？", "学習用だけ", "PyTorch 2.6.0"),
        ("URI of PyTorch 9.9 for training in us-east-1 on cpu", "9.9", "PyTorch 2.14"),
        ("PyTorch 2.6 推論の URI、ap-northeest-1、GPU", "ap-northeest-1", "東京 (ap-northeast-1)"),
        ("URI of TensorFlow 2.19 training in tokyo on ml.g5.xlrge", "ml.g5.xlrge", "ml.g5."),
        ("vLLM の学習イメージの URI は？", "学習用のイメージはありません", "推論"),
        ("中国の PyTorch 2.6 推論 GPU イメージの URI は？", "複数", "北京 (cn-north-1)"),
    ],
)
def test_what_there_is_not_is_said_with_what_there_is(
    base: Notes, question: str, said: str, choice: str
) -> None:
    answer = talk(base, question)
    assert answer.clarify
    assert said in answer.clarify
    assert any(choice in offered for offered in answer.choices)
    assert 2 <= len(answer.choices) <= 4


# --- other questions are left alone ---------------------------------------------------------------

GENERAL = [
    "SageMakerのイメージURIってどういう構造？",
    "how is a DLC URI built?",
    "where do I find the URI of an AWS image?",
    "AWSのイメージURIをコードで取得する方法ある？",
    "image_uris.retrieve の引数って何を渡すの",
    "推論用の URI がほしいのに学習用が返ってくる",
    "FROM に書く AWS イメージのアドレスの書式がわからない",
    "get the AWS image URI programmatically",
    "how do I get the PyTorch image URI with image_uris.retrieve?",
    "pull access denied for 763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training",
    "自前の PyTorch イメージの URI を東京で学習に使うには？",
    "PyTorch 2.6 の推論イメージ、まだ使っていい？",
    "東京で PyTorch を使いたい",
    "モデルの S3 URI は？",
    "東京で PyTorch 2.6 の学習、ベースイメージはどのパターン？",
]


@pytest.mark.parametrize("question", GENERAL)
def test_a_general_question_is_answered_from_the_notes_as_before(
    base: Notes, question: str
) -> None:
    assert image_reply(question, (), base.index) is None
    answer = talk(base, question)
    assert answer.clarify is None
    assert not any(sentence.looked_up for sentence in answer.sentences)


@pytest.mark.parametrize(
    "message",
    ["料金は？", "なぜログインが要るの？", "東京でログインできない", "Thanks!", "それはなぜ？"],
)
def test_after_a_uri_another_question_is_another_question(base: Notes, message: str) -> None:
    history = [Turn("user", COMPLETE[0][0]), Turn("assistant", "…")]
    assert image_reply(message, history, base.index) is None


def test_no_way_of_asking_in_the_notes_is_taken_away_from_them(base: Notes) -> None:
    taken = []
    for file in sorted((ROOT / "notes").glob("*/*.md")):
        for block in _blocks(file):
            taken += [q for q in block["questions"] if image_reply(str(q), (), base.index)]
    # Those that name a framework of the tables and ask for the URI itself.
    assert set(taken) == {
        "ap-northeast-1 の pytorch-training の URI 教えて",
        "ray-pytorch 1.6.0 image uri",
        "ray-pytorch 1.6.0 のイメージ URI",
    }


def _blocks(file: Path) -> list[dict[str, list[str]]]:
    parts = file.read_text(encoding="utf-8").split("<!--\n")[1:]
    return [yaml.safe_load(part.split("-->")[0]) for part in parts]


def test_an_index_without_the_sections_has_nothing_to_cite(index: Index) -> None:
    assert image_reply(COMPLETE[0][0], (), index) is None
