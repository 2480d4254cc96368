"""What people say: whether a decision is wanted, the signals in it, and the words that name them.

How many cases are read rightly that the models were not fitted on is asked at the end; the golden
ones are asked in tests/eval.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evals.decisions import read_cases
from kb.errors import PatternsError
from kb.image.listed import listed_version
from kb.pattern import cases
from kb.pattern.cases import Case, read_case
from kb.pattern.decide import Verdict, decide_signals
from kb.pattern.knowing import KnowingReader
from kb.pattern.patterns import load_model
from kb.pattern.plain_reader import PlainReader
from kb.reading.reader import DENIES, load_reader
from kb.records import Turn
from kb.search.embedding import BundledEmbedder
from tests.unit.kb_fixtures import turns

HELD_OUT = read_cases(Path(__file__).parents[2] / "evals/data/decisions-heldout.yaml")


class Reads:
    """Reads conversations; the last message is the question."""

    def __init__(self, embedder: Any) -> None:
        self._embedder = embedder

    def case(self, *said: str) -> Case | None:
        return read_case(said[-1], turns(*said[:-1]), self._embedder)

    def verdict(self, *said: str) -> Verdict | None:
        case = self.case(*said)
        return decide_signals(case.signals) if case else None

    def pattern(self, *said: str) -> str | None:
        verdict = self.verdict(*said)
        return verdict.outcome.id if verdict and verdict.outcome else None


@pytest.fixture(scope="module")
def reads(embedder: BundledEmbedder) -> Reads:
    return Reads(embedder)


# --- words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "signal", "words"),
    [
        ("学習で ＡＰＴ のパッケージが要る。どのパターン？", "os_packages", "ＡＰＴ"),
        ("推論サーバーは Go 製です。どのパターン？", "other_language", "Go"),
        ("a trainer written in Rust. which pattern?", "other_language", "Rust"),
        ("our training subnets have no NAT, we need timm. which way?", "no_internet", "NAT"),
        ("training. a hardend base image is mandatory. which pattern?", "own_base", "hardend"),
    ],
)
def test_the_words_that_name_a_signal_are_shown(
    reads: Reads, text: str, signal: str, words: str
) -> None:
    case = reads.case(text)
    assert case is not None
    found = {raised.signal: raised.words for raised in case.raised}
    assert words in found[signal]
    assert found[signal] in text


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("学習。apt は不要で pip だけ足したい。コンテナ要る？", "os_packages"),
        ("training, no apt packages, only pip. own image?", "os_packages"),
        ("推論。HTTP サーバーは書きたくない。自社ベース必須。どれ？", "own_server"),
        ("Which pattern should we go with for training? Only tqdm is missing.", "other_language"),
    ],
)
def test_what_is_denied_or_means_something_else_is_no_signal(
    reads: Reads, text: str, signal: str
) -> None:
    case = reads.case(text)
    assert case is not None
    assert signal not in case.signals


@pytest.mark.parametrize(("side", "pattern"), [("推論", "inference-2"), ("学習", "none")])
def test_a_version_that_aws_does_not_offer_counts(reads: Reads, side: str, pattern: str) -> None:
    assert reads.pattern(f"{side}で PyTorch 2.12 を使いたい。追加はなし。どのパターン？") == pattern


# --- conversations --------------------------------------------------------------------------------

PIP = "pip で shap だけ足したい。学習。カスタムコンテナ要る？"
MECAB = "学習で apt の mecab が要る。どのパターン？"
MULTI = "CPU multi-model endpoint with our own framework. which pattern?"


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
def test_a_follow_up_adds_or_replaces_a_condition(
    reads: Reads, said: tuple[str, ...], wanted: str
) -> None:
    assert reads.pattern(*said) == wanted


@pytest.mark.parametrize(
    "said",
    [
        ("Which pattern for a Go inference server?", "which port must it listen on?"),
        (MECAB, "そのときの Dockerfile はどう書く？"),
        (MECAB, "ありがとう"),
        ("学習したモデルの置き場所は？", "推論の場合は？"),
        ("社内ベースイメージに toolkit を入れる手順は？",),
    ],
)
def test_another_question_opens_with_no_decision(reads: Reads, said: tuple[str, ...]) -> None:
    assert reads.verdict(*said) is None


BEFORE = {
    "side": ("apt で ffmpeg を入れたい。どのパターン？", "We need ffmpeg from apt. Which pattern?"),
    "kind": (
        "学習用の AWS イメージに足りないパッケージがあります。どのパターン？",
        "The AWS training image lacks a package. Which pattern?",
    ),
    "version": (
        "学習。その版のイメージが AWS にあるかわかりません。どのパターン？",
        "Training. No idea if AWS publishes an image for our version. Which pattern?",
    ),
    "need": ("うちの場合どのパターン？", "Which pattern should we use for our project?"),
}


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("question", load_model().questions, ids=lambda question: question.id)
def test_a_choice_that_is_clicked_answers_the_question(
    reads: Reads, question: Any, language: str
) -> None:
    before = BEFORE[question.id][language == "en"]
    first = reads.verdict(before)
    assert first is not None
    assert first.question == question
    choices = zip(question.choices.of(language), question.raises, strict=True)
    for choice, signal in choices:
        case = reads.case(before, choice)
        assert case is not None
        assert signal in case.signals
        assert choice in {raised.words for raised in case.raised}
        then = decide_signals(case.signals)
        assert then.question is None or then.question.id != question.id, choice


def test_hidden_characters_hide_nothing(reads: Reads) -> None:
    assert (
        reads.pattern("Trai\u00adning needs ffm\u00adpeg from a\u200bpt. Which pattern?")
        == "training-1"
    )


@pytest.mark.parametrize(
    ("version", "signal"), [("2.12", "training_only"), ("2.6", "version_offered")]
)
def test_the_version_named_is_looked_up(
    embedder: BundledEmbedder, version: str, signal: str
) -> None:
    reader = KnowingReader(PlainReader(embedder), listed_version)
    question = f"推論で PyTorch {version} を使いたい。追加はなし。どのパターン？"
    case = reader.read(question, ()).case
    assert case is not None
    assert {c.signal for c in case.conditions} == {"inference", signal}


def test_long_messages_and_turns_of_the_assistant_do_no_harm(embedder: BundledEmbedder) -> None:
    history = [Turn("assistant", "apt " * 9_000), Turn("user", "x" * 50_000)]
    assert read_case("学習のログはどこ？", history, embedder) is None


# --- figures --------------------------------------------------------------------------------------


def right(reads: Reads, language: str) -> tuple[float, list[str]]:
    """The share of held-out cases that are read rightly, and those that are not."""
    own = [case for case in HELD_OUT if case.language == language]
    wrong = []
    for case in own:
        read = read_case(case.question, case.history, reads._embedder)
        verdict = decide_signals(read.signals) if read else None
        outcome = verdict.outcome.id if verdict and verdict.outcome else None
        if (outcome, bool(verdict and verdict.question)) != (case.pattern, case.clarify):
            wrong.append(case.id)
    return 1 - len(wrong) / len(own), wrong


@pytest.mark.parametrize("language", ["ja", "en"])
def test_most_cases_that_nobody_fitted_are_read_rightly(reads: Reads, language: str) -> None:
    share, wrong = right(reads, language)
    assert share >= 0.85, wrong


def test_words_stand_in_what_the_person_said(reads: Reads) -> None:
    for held in HELD_OUT:
        said = [*(turn.content for turn in held.history), held.question]
        case = read_case(held.question, held.history, reads._embedder)
        for one in case.raised if case else ():
            assert one.words
            assert any(one.words in message for message in said), (one, said)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_with_another_embedding_the_letters_alone_still_tell(language: str) -> None:
    share, wrong = right(Reads(SimpleNamespace(name="another")), language)
    assert share >= 0.7, wrong


def test_models_that_do_not_fit_the_rules_are_named(
    embedder: BundledEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {name: it for name, it in load_model().signal.items() if name != "own_base"}
    monkeypatch.setattr(cases, "load_model", lambda: SimpleNamespace(signal=known))
    with pytest.raises(PatternsError, match=r"own_base.*fit\.reader"):
        read_case("R で学習。どのパターン？", (), embedder)


def test_the_models_know_the_signals_and_rules_that_are_decided_by() -> None:
    reader = load_reader()
    known = set(load_model().signal)
    assert set(reader.names("signal")) - {DENIES} <= known
    assert set(reader.names("condition")) - {"nothing", "multi_model_gpu"} <= known
    deciding = {rule.named[0] for rule in load_model().rules if rule.named}
    assert deciding - set(reader.names("condition")) <= {
        "tensorflow_serving",
        "old_driver",
        "handlers",
        "inference_only",  # comes from the official tables alone
    }
