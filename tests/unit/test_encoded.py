"""The encoded reader: acts, conditions with exact words, standing cases, read once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from evals.fit.samples import data_hash
from kb.messages import message
from kb.pattern.settle import settle
from kb.reading import encoder
from kb.reading.encoded import WANTED, EncodedReader
from kb.reading.encoder import Before, Encoder, Looked, has_encoder, load_encoder
from kb.reading.reading import Reading
from kb.reading.tokens import LONGEST, own_tokens
from kb.records import Turn
from kb.search.embedding import BundledEmbedder
from kb.search.layers import packed


class Counting(Encoder):
    """The encoder beside the module, and how many messages it looked at."""

    def __init__(self) -> None:
        with np.load(encoder.FILE, allow_pickle=False) as stored:
            super().__init__(dict(stored))
        self.looks = 0

    def look(self, ids: Sequence[int], before: Before, pasted: bool) -> Looked:
        self.looks += 1
        return super().look(ids, before, pasted)


@pytest.fixture(scope="module")
def counting() -> Counting:
    return Counting()


@pytest.fixture(scope="module")
def reader(counting: Counting) -> EncodedReader:
    return EncodedReader(BundledEmbedder(), settle, counting)


def talk(reader: EncodedReader, *messages: str) -> Reading:
    """The last message after the others, each answered."""
    history: list[Turn] = []
    for text in messages[:-1]:
        history += [Turn("user", text), Turn("assistant", "Pattern 1 fits.")]
    return reader.read(messages[-1], history)


def holding(reading: Reading) -> dict[str, str]:
    assert reading.case is not None
    return {c.signal: c.words for c in reading.case.conditions if c.state == "holds"}


def dropped(reading: Reading) -> set[str]:
    assert reading.case is not None
    return {c.signal for c in reading.case.conditions if c.state == "dropped"}


def test_the_weights_belong_to_the_data() -> None:
    with np.load(encoder.FILE, allow_pickle=False) as stored:
        assert str(stored["data"]) == data_hash()
        assert str(stored["fitted"])
        assert str(stored["figures"])
    assert encoder.FILE.stat().st_size < 25_000_000


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("ありがとうございます", "thanks"),
        ("もっと短くして", "form"),
        ("please put that in a table", "form"),
        ("なぜですか？", "why"),
        ("are there other ways?", "alternatives"),
        ("誰に聞けばいいですか", "help"),
    ],
)
def test_acts_on_the_last_answer(reader: EncodedReader, text: str, act: str) -> None:
    reading = talk(reader, "学習に apt の libsndfile が必要です。どのパターンですか？", text)
    assert reading.act == act
    assert reading.queries == ()
    assert reading.case is not None
    assert reading.case.wanted == 0.0
    assert "os_packages" in holding(reading)


def test_nothing_to_act_on(reader: EncodedReader) -> None:
    assert reader.read("shorter please", ()).act not in ("form", "why", "revision")


def test_lines_are_counted(reader: EncodedReader) -> None:
    reading = talk(reader, "Which port must a serving container listen on?", "3行でまとめて")
    assert (reading.form, reading.lines) == ("lines", 3)


def test_words_are_slices(reader: EncodedReader) -> None:
    text = "We need libsndfile_dev from apt for a training job. Which pattern fits?"
    reading = reader.read(text, ())
    named = holding(reading)
    assert {"training", "os_packages"} <= set(named)
    for words in named.values():
        start = text.index(words)
        around = text[start - 1 : start] + text[start + len(words) : start + len(words) + 1]
        assert not any(c.isalnum() or c == "_" for c in around)


def test_a_condition_is_taken_back(reader: EncodedReader) -> None:
    reading = talk(
        reader,
        "学習です。社内の標準ベースイメージが必須で、apt の ffmpeg も要ります。どれですか？",
        "社内ベースの必須はなくなりました",
    )
    assert "own_base" in dropped(reading)
    assert "own_base" not in holding(reading)
    assert reading.case is not None
    assert reading.case.changed


def test_a_message_is_looked_at_once(counting: Counting, reader: EncodedReader) -> None:
    texts = ("pip で shap を足したい。学習。どれ？", "推論も同じ？", "表にして")
    talk(reader, *texts)
    before = counting.looks
    talk(reader, *texts)
    assert counting.looks == before


@pytest.mark.parametrize("text", ["", " ", "?", "\x00", "🙂" * 50, "a" * 5_000, "```\n"])
def test_whatever_comes(reader: EncodedReader, text: str) -> None:
    assert reader.read(text, ()).message is not None


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_examples_do_not_inherit(reader: EncodedReader, lang: str) -> None:
    """Each example after each other one reads as it does alone."""
    examples = [message(f"ui_example_{n}", lang) for n in range(1, 7)]  # type: ignore[arg-type]
    alone = {text: _essence(reader.read(text, ())) for text in examples}
    for first in examples:
        for text in examples:
            if text != first:
                assert _essence(talk(reader, first, text)) == alone[text], (first, text)


def _essence(reading: Reading) -> object:
    case = reading.case
    wanted = case is not None and case.wanted >= WANTED
    return wanted, sorted(holding(reading)) if wanted else None, reading.queries


def test_half_a_wheel_is_no_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_encoder()
    monkeypatch.setattr("kb.reading.encoder.FILE", tmp_path / "none.npz")
    assert not has_encoder()


def test_nothing_is_loaded_before_a_message_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> Encoder:
        raise AssertionError("loaded")

    monkeypatch.setattr("kb.reading.encoded.load_encoder", fails)
    EncodedReader(BundledEmbedder())


def test_a_long_message_keeps_its_two_ends() -> None:
    pieces = load_encoder().pieces
    text = "first " + "middle " * 1_000 + "last"
    tokens = own_tokens(text, (), pieces)
    assert len(tokens.ids) == LONGEST
    assert text[slice(*tokens.spans[0])] == "first"
    assert text[slice(*tokens.spans[-1])] == "last"


def test_bytes_keep_a_matrix() -> None:
    weights = np.random.default_rng(1).normal(size=(4, 8)).astype(np.float32)
    stored = packed("a", weights)
    assert stored["a/bytes"].dtype == np.int8
    assert (
        np.abs(stored["a/bytes"] * stored["a/scale"] - weights).max() < np.abs(weights).max() / 200
    )
