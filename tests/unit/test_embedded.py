"""The embedded reader: acts, conditions with exact words, standing cases, read once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from evals.fit.messages import data_hash
from kb.messages import message
from kb.reading import models
from kb.reading.case import Standing, revised
from kb.reading.conditions import SIDES, Named, State, Told
from kb.reading.embedded import WANTED, EmbeddedReader
from kb.reading.reading import Reading
from kb.records import Side, Turn
from kb.search.embedding import BundledEmbedder, Vectors


class Counting(BundledEmbedder):
    """The bundled model, and how many texts it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.count_of_texts = 0

    def queries(self, texts: Sequence[str]) -> Vectors:
        self.count_of_texts += len(texts)
        return super().queries(texts)


@pytest.fixture(scope="module")
def embedder() -> Counting:
    return Counting()


@pytest.fixture(scope="module")
def reader(embedder: Counting) -> EmbeddedReader:
    return EmbeddedReader(embedder)


def talk(reader: EmbeddedReader, *messages: str) -> Reading:
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
    assert str(models.stored()["data"]) == data_hash()
    assert models.FILE.stat().st_size < 10_000_000


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
def test_acts_on_the_last_answer(reader: EmbeddedReader, text: str, act: str) -> None:
    reading = talk(reader, "学習に apt の libsndfile が必要です。どのパターンですか？", text)
    assert reading.act == act
    assert reading.queries == ()
    assert reading.case is not None
    assert reading.case.wanted == 0.0
    assert "os_packages" in holding(reading)


def test_nothing_to_act_on(reader: EmbeddedReader) -> None:
    assert reader.read("shorter please", ()).act not in ("form", "why", "revision")


def test_lines_are_counted(reader: EmbeddedReader) -> None:
    reading = talk(reader, "Which port must a serving container listen on?", "3行でまとめて")
    assert (reading.form, reading.lines) == ("lines", 3)


def test_words_are_slices(reader: EmbeddedReader) -> None:
    text = "We need libsndfile_dev from apt for a training job. Which pattern fits?"
    reading = reader.read(text, ())
    named = holding(reading)
    assert {"training", "os_packages"} <= set(named)
    for words in named.values():
        start = text.index(words)
        around = text[start - 1 : start] + text[start + len(words) : start + len(words) + 1]
        assert not any(c.isalnum() or c == "_" for c in around)


def test_a_condition_is_taken_back(reader: EmbeddedReader) -> None:
    reading = talk(
        reader,
        "学習です。社内の標準ベースイメージが必須で、apt の ffmpeg も要ります。どれですか？",
        "社内ベースの必須はなくなりました",
    )
    assert "own_base" in dropped(reading)
    assert "own_base" not in holding(reading)
    assert reading.case is not None
    assert reading.case.changed


def test_a_message_is_embedded_once(embedder: Counting, reader: EmbeddedReader) -> None:
    texts = ("pip で shap を足したい。学習。どれ？", "推論も同じ？", "表にして")
    talk(reader, *texts)
    before = embedder.count_of_texts
    talk(reader, *texts)
    assert embedder.count_of_texts == before


@pytest.mark.parametrize("text", ["", " ", "?", "\x00", "🙂" * 50, "a" * 5_000, "```\n"])
def test_whatever_comes(reader: EmbeddedReader, text: str) -> None:
    assert reader.read(text, ()).message is not None


@pytest.mark.parametrize("lang", ["ja", "en"])
def test_examples_do_not_inherit(reader: EmbeddedReader, lang: str) -> None:
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
    return wanted, holding(reading) if wanted else None, reading.queries


def told(signal: str, state: State = "holds") -> Told:
    side: Side | None = next((side for side in SIDES if side == signal), None)
    return Told(signal, signal, 0, state, side, 0.9)


def signals(conditions: Sequence[Told]) -> set[tuple[str, str]]:
    return {(one.signal, one.state) for one in conditions}


def test_what_is_taken_back_without_a_name_was_told_last() -> None:
    standing = Standing((told("training"), told("own_base"), told("os_packages")))
    found = revised(standing, (), (), takes_back=True, narrows=None)
    assert signals(found) == {("os_packages", "dropped")}


def test_what_is_taken_back_is_what_the_words_name() -> None:
    standing = Standing((told("training"), told("own_base"), told("os_packages")))
    named = (Named("own_base", -0.5, (0, 4), "holds"),)
    found = revised(standing, (told("own_base"),), named, takes_back=True, narrows=None)
    assert signals(found) == {("own_base", "dropped")}


def test_one_side_is_left() -> None:
    standing = Standing((told("training"), told("inference"), told("os_packages")))
    both = (told("inference"), told("training"))
    found = revised(standing, both, (), takes_back=False, narrows="inference")
    assert signals(found) == {("inference", "holds"), ("training", "dropped")}


def test_the_figures_are_stored() -> None:
    assert str(models.stored()["date"])
    assert np.isfinite(models.stored()["act_bias"]).all()
