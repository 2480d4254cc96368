"""Follow-ups: which questions lean on the turn before, and what is asked for them then."""

from __future__ import annotations

import pytest

from kb.reading.followup import by_itself, is_small_talk, standalone, without_talk
from tests.unit.kb_fixtures import turns

# Asked after a question on something else, these are no questions without it.
LEANING = [
    "GPUは？",
    "推論だと？",
    "推論の場合は？",
    "v3の書き方は",
    "メモリは？",
    "大阪は？",
    "Windowsでも？",
    "なぜ？",
    "何秒まで？",
    "手順は？",
    "もっと詳しく",
    "それはGPUでも使える？",
    "どっちがいい？",
    "その期限って伸ばせる？",
    "じゃあ推論は？",
    "いつ展開される？",
    "M1 の Mac なんだけど、どうすればいい？",
    "I'm on an M1 mac, how to fix?",
    "ちなみにエンドポイントだと？",
    "and with v3?",
    "What about inference?",
    "why?",
    "How long?",
    "Which region?",
    "Can I change it?",
    "Is that also true for batch transform?",
    "same for serverless?",
    "without internet?",
    "for a GPU endpoint?",
    "which of the two is right then?",
    "for how long before it gives up?",
    "so when I edit it, docker build again?",
    "Is there a limit?",
]
# These name their own subject.
ALONE = [
    "What is the weather in Tokyo?",
    "東京の天気は？",
    "How do I push an image to ECR?",
    "How do I build an image and push it?",
    "What happens to the container when it gets SIGTERM?",
    "I built an image on my Mac and it fails with exec format error",
    "What is pattern 2?",
    "Difference between pattern 1 and 2?",
    "Should I use GPU or CPU?",
    "And how do I push an image to ECR from CodeBuild?",
    'I get this error: exec: "serve": executable file not found in $PATH',
    "different topic. in a serial inference pipeline which env var tells my container its port",
    "ok leave that. image built on my M2 macbook: 'exec format error' in the job. why?",
    "学習パターン2のENTRYPOINTは？",
    "推論コンテナのポートは？",
    "ローカルモードの使い方は？",
    "MMSとは？",
    "MMSって何？",
    "学習と推論の違いは？",
    "パターン1と2の違いは？",
    "ECR 保管 料金",
    "推論サーバーがGoで書いてあるんですが、これをエンドポイントに載せるならどれ？",
    "ところで東京のscikit-learnイメージってどのアカウント番号だっけ",
    "このエラーは何？「exec: executable file not found in $PATH」が出る",
    "エンドポイントのヘルスチェックが失敗する。どうすればいい？",
    "my endpoint fails the health check, how to fix?",
    "hello",
    "ありがとう",
]
BEFORE = "ECR に push するときに必要な権限は？"


@pytest.mark.parametrize("question", LEANING)
def test_a_question_without_a_subject_takes_the_turn_before_along(question: str) -> None:
    assert standalone(question, turns(BEFORE)) == (f"{BEFORE.replace('？', '?')} {question}", True)


@pytest.mark.parametrize("question", ALONE)
def test_a_question_with_a_subject_is_left_alone(question: str) -> None:
    assert standalone(question, turns(BEFORE)) == (question, False)


@pytest.mark.parametrize("question", ["GPUは？", "why?", "", "　"])
def test_without_a_turn_before_nothing_is_added(question: str) -> None:
    assert standalone(question, []) == (question, False)


@pytest.mark.parametrize(
    ("before", "question", "query"),
    [
        ("学習ジョブを止めると？", "推論だと？", "推論ジョブを止めると? 推論だと？"),
        ("推論コンテナの猶予は何秒？", "学習は？", "学習コンテナの猶予は何秒? 学習は？"),
        ("How do I stop a training job?", "and for inference?", "How do I stop a inference job?"),
        ("SDK v2 でどう書く？", "v3だと？", "SDK v3 でどう書く? v3だと？"),
        ("GPU のドライバは要る？", "CPUだと？", "CPU のドライバは要る? CPUだと？"),
        ("学習パターン 1 の手順は？", "パターン3は？", "学習パターン3 の手順は? パターン3は？"),
        (
            "Limits of serverless inference?",
            "and asynchronous?",
            "Limits of asynchronous inference?",
        ),
        ("What does training pattern 2 need?", "推論だと？", "What does inference pattern 2 need?"),
        ("学習と推論の違いは？", "推論だと？", "推論と推論の違いは? 推論だと？"),
    ],
)
def test_the_side_of_a_contrast_that_is_named_replaces_the_other(
    before: str, question: str, query: str
) -> None:
    found, rewritten = standalone(question, turns(before))
    assert rewritten
    assert found == query or found == f"{query} {question}"


def test_versions_and_units_inside_other_words_are_left_alone() -> None:
    query, _ = standalone("v3だと？", turns("gpu-v2.1 の env2v2 は使える？"))
    assert query == "gpu-v2.1 の env2v2 は使える? v3だと？"


def test_a_chain_of_leaning_questions_goes_back_to_the_one_that_names_the_subject() -> None:
    query, _ = standalone("GPUは？", turns("サーバーレスで自作イメージは使える？", "メモリは？"))
    assert query == "サーバーレスで自作イメージは使える? メモリは? GPUは？"


def test_thanks_are_not_what_a_question_leans_on() -> None:
    query, _ = standalone("why?", turns("How do I push an image?", "thx, works"))
    assert query == "How do I push an image? why?"


def test_only_the_users_turns_count() -> None:
    history = turns("学習ジョブを止めると？")
    assert all("…" not in standalone("推論だと？", history[: n + 1])[0] for n in range(2))


def test_a_pasted_log_before_does_not_drown_the_question() -> None:
    query, rewritten = standalone(
        "それはなぜ？", turns("ERROR it failed because it failed. " * 2_000)
    )
    assert rewritten
    assert len(query) < 500
    assert query.endswith("それはなぜ？")


@pytest.mark.parametrize(
    "said", ["ありがとう！", "こんにちは", "thanks a lot", "Hi!", "なるほど、了解"]
)
def test_a_greeting_asks_nothing(said: str) -> None:
    assert is_small_talk(said)


@pytest.mark.parametrize(
    "said",
    [
        "ありがとう、推論の場合は？",
        "こんにちは。MeCab を入れたいです",
        "hi, which port does the container need",
        "Hinton の学習コード",
        "thanks, and for batch transform?",
        "どうもエラーが出る",
    ],
)
def test_a_question_with_a_greeting_is_a_question(said: str) -> None:
    assert not is_small_talk(said)


@pytest.mark.parametrize(
    ("history", "question", "query"),
    [
        (
            ("学習ジョブが途中で止まります", "何時間まで？", "その場合ボリュームは？"),
            "推論側でも同じ？",
            "推論のボリュームは?",
        ),
        (
            ("学習ジョブが途中で止まります", "何時間まで？"),
            "その場合チェックポイントは？",
            "学習ジョブが途中で止まります その場合チェックポイントは？",
        ),
    ],
)
def test_a_question_with_a_subject_of_its_own_takes_the_place_of_one_without(
    history: tuple[str, ...], question: str, query: str
) -> None:
    assert standalone(question, turns(*history)) == (query, True)


@pytest.mark.parametrize(
    ("question", "side", "alone"),
    [
        ("その場合 VolumeSizeInGB は？", "training", "学習のVolumeSizeInGB は?"),
        ("and in that case WORKDIR?", "inference", "inference WORKDIR?"),
        ("それは何秒？", "training", ""),
    ],
)
def test_a_leaning_question_by_itself(question: str, side: str, alone: str) -> None:
    assert by_itself(question, side) == alone


def test_thanks_before_a_question_are_no_part_of_it() -> None:
    assert without_talk("ありがとう。じゃあ WORKDIR はどこ？") == "WORKDIR はどこ？"
    assert without_talk("ありがとう") == "ありがとう"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It fails on start. The log says exit code 127.",) * 2,
        ("It runs on ml.g5.xlarge.",) * 2,
        ("thanks.txt はどこに置く？",) * 2,
        ("Thanks! Where do the logs go?", "Where do the logs go?"),
    ],
)
def test_what_is_said_beside_thanks_stays_whole(text: str, kept: str) -> None:
    assert without_talk(text) == kept
