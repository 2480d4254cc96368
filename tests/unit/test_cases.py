"""What people say: the signals in it, the words that raised them, and whether a decision is wanted.

The cases of decide_cases.yaml are ours, made up while the words were collected; those of
decide_more.yaml and the golden ones, asked in tests/eval, were written by others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kb.cases import NOTHING, read_case
from kb.decide import Verdict, decide_signals
from kb.embedding import BundledEmbedder
from kb.evaluate_decisions import Case, read_cases
from kb.fold import fold
from kb.lean import Lean, lean
from kb.patterns import load_model
from kb.records import Raised, Turn
from kb.signals import find_signals
from tests.unit.kb_fixtures import turns

CASES = read_cases(Path(__file__).with_name("decide_cases.yaml"))
MORE = read_cases(Path(__file__).with_name("decide_more.yaml"))


def raised(*said: str, leaning: Lean = NOTHING) -> dict[str, Raised]:
    """Signals of a conversation; the last of `said` is the question."""
    case = read_case(said[-1], turns(*said[:-1]), leaning=leaning)
    return {one.signal: one for one in case.raised} if case else {}


def verdict(*said: str) -> Verdict | None:
    case = read_case(said[-1], turns(*said[:-1]))
    return decide_signals(case.signals) if case else None


def pattern(*said: str) -> str | None:
    found = verdict(*said)
    return found.outcome.id if found and found.outcome else None


# --- our own cases --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outcomes(embedder: BundledEmbedder) -> list[tuple[Case, bool, bool]]:
    """Each case, whether the pattern is right, and whether a question back is."""
    return decided(CASES, embedder)


def decided(cases: Sequence[Case], embedder: BundledEmbedder) -> list[tuple[Case, bool, bool]]:
    vectors = embedder.queries([case.question for case in cases])
    found = []
    for case, vector in zip(cases, vectors, strict=True):
        leaning = NOTHING if case.history else lean(vector, embedder.name)
        read = read_case(case.question, case.history, leaning=leaning)
        given = decide_signals(read.signals) if read else None
        outcome = given.outcome.id if given and given.outcome else None
        asks = bool(given and given.question and (read and (read.is_own or given.rule.named)))
        found.append((case, outcome == case.pattern, asks == case.clarify))
    return found


def test_there_are_enough_in_both_languages() -> None:
    assert len(CASES) > 300
    assert len({case.id for case in CASES}) == len(CASES)
    for language in ("ja", "en"):
        own = [case for case in CASES if case.language == language]
        assert sum(case.pattern is None and not case.clarify for case in own) >= 40
        assert {case.pattern for case in own} == {None, *load_model().outcome}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_nearly_all_are_right(language: str, outcomes: Sequence[tuple[Case, bool, bool]]) -> None:
    own = [(right and asks, case) for case, right, asks in outcomes if case.language == language]
    wrong = [case.question for right, case in own if not right]
    assert len(wrong) / len(own) <= 0.03, wrong


@pytest.mark.parametrize("language", ["ja", "en"])
def test_most_cases_of_others_are_right(language: str, embedder: BundledEmbedder) -> None:
    found = decided([case for case in MORE if case.language == language], embedder)
    wrong = [case.question for case, right, asks in found if not (right and asks)]
    assert len(wrong) / len(found) <= 0.08, wrong


def test_words_stand_in_what_the_person_said() -> None:
    for case in CASES:
        said = [*(turn.content for turn in case.history), case.question]
        read = read_case(case.question, case.history)
        for one in read.raised if read else ():
            assert one.words
            assert any(one.words in message for message in said), (one, said)


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "signal", "words"),
    [
        ("学習で ＡＰＴ のパッケージが要る", "os_packages", "ＡＰＴ"),
        ("推論サーバーは Go 製です", "other_language", "Go"),
        ("a trainer written in Go", "other_language", "in Go"),
        ("中に Python は入ってない", "other_language", "Python は入ってない"),
        ("we are not allowed to change the image", "unchanged_image", "not allowed to change"),
        ("the subnets have no NAT", "no_internet", "no NAT"),
        ("a hardend base image is mandatory", "own_base", "hardend"),
    ],
)
def test_the_words_that_raised_a_signal_are_named(text: str, signal: str, words: str) -> None:
    found = raised(f"{text}. which pattern?")
    assert words in found[signal].words
    assert found[signal].words in text


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("apt は不要", "os_packages"),
        ("no apt packages are needed", "os_packages"),
        ("we don't need anything from apt", "os_packages"),
        ("R ではなく Python です", "other_language"),
        ("not an LLM", "llm"),
        ("HTTP サーバーは書きたくない", "own_server"),
        ("we don't want to write a web server", "own_server"),
        ("イメージは変更してもよい", "unchanged_image"),
        ("What should we go with?", "other_language"),
        ("VPC エンドポイント経由", "inference"),
        ("the training toolkit", "training"),
        ("学習済みモデル", "training"),
        ("GPU なしの CPU のみ", "gpu"),
        ("CodeArtifact は未契約", "private_index"),
        ("a copy of the AWS image, byte for byte, in our company registry", "own_base"),
    ],
)
def test_what_is_denied_or_means_something_else_raises_nothing(text: str, signal: str) -> None:
    assert signal not in find_signals(fold(text), load_model()).raised


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("PyTorch 2.6 で推論", "version_offered"),
        ("PyTorch 2.12 で推論", "training_only"),
        ("serving on torch 2.13", "training_only"),
        ("PyTorch 2.15 で学習", "version_missing"),
        ("XGBoost 3.2 training", "version_offered"),
        ("TensorFlow 2.30", "version_missing"),
    ],
)
def test_a_version_is_held_against_what_aws_offers(text: str, signal: str) -> None:
    assert signal in find_signals(fold(text), load_model()).raised


# --- conversations --------------------------------------------------------------------------------


PIP = "pip で shap だけ足したい。学習。カスタムコンテナ要る？"
MECAB = "学習で apt の mecab が要る。どのパターン？"
MULTI = "multi-model endpoint with our own framework. which pattern?"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ((PIP, "apt も要ることになった"), "training-1"),
        (("社内ベースイメージ必須で学習したい。どのパターン？", "推論の場合は？"), "inference-2"),
        (("Our trainer is written in C++. Which pattern?", "and for inference?"), "inference-3"),
        (("apt で ffmpeg を入れたい。どのパターン？", "学習です"), "training-1"),
        ((MECAB, "やっぱり社内の RHEL イメージを使えと言われた"), "training-2"),
        (("R で学習したい。どのパターン？", "Python に書き直した。pip だけで足りる"), "none"),
        ((MULTI, "on GPU instances"), "none"),
        ((MECAB, "ありがとう", "推論なら？"), "inference-1"),
    ],
)
def test_a_follow_up_adds_or_replaces_a_condition(said: tuple[str, ...], wanted: str) -> None:
    assert pattern(*said) == wanted


@pytest.mark.parametrize(
    "said",
    [
        ("Which pattern for a Go inference server?", "which port must it listen on?"),
        (MECAB, "そのときの Dockerfile はどう書く？"),
        (MECAB, "ありがとう"),
        ("学習したモデルの置き場所は？", "推論の場合は？"),
    ],
)
def test_another_question_opens_with_no_decision(said: tuple[str, ...]) -> None:
    assert verdict(*said) is None


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("question", load_model().questions, ids=lambda question: question.id)
def test_a_choice_that_is_sent_answers_the_question(question: object, language: str) -> None:
    before = {
        "side": (
            "apt で ffmpeg を入れたい。どのパターン？",
            "We need ffmpeg from apt. Which pattern?",
        ),
        "kind": (
            "学習用の AWS イメージに足りないパッケージがあります。どのパターン？",
            "The AWS training image lacks a package. Which pattern?",
        ),
        "version": (
            "学習。その版のイメージが AWS にあるかわかりません。どのパターン？",
            "Training. No idea if AWS publishes an image for our version. Which pattern?",
        ),
        "need": ("うちの場合どのパターン？", "Which pattern should we use for our project?"),
    }[question.id][language == "en"]  # type: ignore[attr-defined]
    first = verdict(before)
    assert first is not None
    assert first.question == question
    choices = getattr(question, "choices").of(language)  # noqa: B009 the type is the model's
    for choice in choices:
        then = verdict(before, choice)
        assert then is not None, choice
        assert then.question is None or then.question.id != first.question.id, choice


# --- meaning --------------------------------------------------------------------------------------


def test_meaning_tells_a_condition_that_no_word_names() -> None:
    question = "学習。何やら妙なものが要る。どのパターン？"
    found = raised(question, leaning=Lean(asks=0.9, conditions={"os_packages": 0.6, "llm": 0.1}))
    assert found["os_packages"].words in question
    unsure = raised(question, leaning=Lean(asks=0.9, conditions={"os_packages": 0.2, "llm": 0.1}))
    assert "os_packages" not in unsure


def test_meaning_settles_whether_a_decision_is_wanted_where_words_do_not() -> None:
    question = "学習で apt のものが要る、さて？"
    assert raised(question, leaning=Lean(asks=0.9))
    assert not raised(question, leaning=Lean(asks=0.1))


def test_a_question_how_is_none_whatever_its_meaning() -> None:
    question = "社内ベースイメージに toolkit を入れる手順は？"
    assert not raised(question, leaning=Lean(asks=0.8))


def test_another_embedding_model_leans_to_nothing(embedder: BundledEmbedder) -> None:
    vector = embedder.queries(["どのパターン？"])[0]
    assert lean(vector, "another") == NOTHING
    assert (lean(vector, embedder.name).asks or 0) > 0.5


def test_long_messages_and_turns_of_the_assistant_do_no_harm() -> None:
    history = [Turn("assistant", "apt " * 9_000), Turn("user", "x" * 50_000)]
    assert read_case("学習のログはどこ？", history) is None
