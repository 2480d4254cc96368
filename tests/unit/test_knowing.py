"""What a reader with the decision model knows: conditions clicked away, versions of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from kb.image.listed import listed_version
from kb.pattern.around import drop
from kb.pattern.knowing import KnowingReader, clicked
from kb.pattern.patterns import load_model
from kb.reading.reading import CaseReading, Reading
from kb.records import Condition, Language, Turn
from kb.search.embedding import Vectors
from kb.search.remembering import Recent, Remembering, digest
from tests.unit.kb_fixtures import turns


class Told:
    """Reads every message as the same case."""

    def __init__(self, *signals: str, **words: str) -> None:
        self.messages: list[str] = []
        named = dict(zip(signals, signals, strict=True)) | words
        conditions = tuple(Condition(*one) for one in named.items())
        self._case = CaseReading(conditions, ("training",), 1.0, 1.0)

    def read(self, message: str, history: Sequence[Turn]) -> Reading:
        self.messages.append(message)
        return Reading(message, "en", "case", (message,), case=self._case)


def signals(reading: Reading) -> dict[str, str]:
    assert reading.case is not None
    return {c.signal: c.state for c in reading.case.conditions}


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_condition_can_be_taken_away_by_its_label(language: Language) -> None:
    for signal in load_model().signals:
        assert clicked(drop(signal.id, language)) == signal.id
        assert clicked(f" {drop(signal.id, language)}。\n") == signal.id


def test_other_messages_take_nothing_away() -> None:
    for text in ("", "Drop it", "条件を外してください", "ベースは自由でした"):
        assert clicked(text) is None


def test_what_was_clicked_away_stays_away_until_it_is_said_again() -> None:
    reader = KnowingReader(Told("own_base", "os_packages"))
    click = drop("own_base", "en")
    assert signals(reader.read(click, turns("own_base os_packages"))) == {
        "own_base": "dropped",
        "os_packages": "holds",
    }
    later = turns("own_base os_packages", click)
    assert "own_base" not in signals(reader.read("and GPU?", later))
    again = turns("own_base os_packages", click, "own_base after all")
    assert "own_base" in signals(reader.read("so?", again))


@pytest.mark.parametrize("choice", ["It is for training", "学習用です"])
def test_a_choice_of_a_question_back_says_one_condition_and_nothing_besides(choice: str) -> None:
    class Reads:
        """Takes the choice for a word on versions, too."""

        def read(self, message: str, history: Sequence[Turn]) -> Reading:
            conditions = (
                Condition("os_packages", "MeCab with apt"),
                Condition("training_only", choice, "holds", "training"),
                Condition("training", choice),
            )
            case = CaseReading(conditions, ("training",), 0.2, 0.2)
            return Reading(message, "en", "case", (message,), case=case)

    before = turns("MeCab with apt. Which pattern fits?")
    reading = KnowingReader(Reads()).read(choice, before)
    assert set(signals(reading)) == {"os_packages", "training"}
    assert reading.case is not None
    assert (reading.case.sides, reading.case.wanted, reading.case.sure) == (("training",), 1.0, 1.0)
    added = signals(KnowingReader(Reads()).read("We need OS packages as well", before))
    assert added["os_packages"] == "holds"
    typed = KnowingReader(Reads()).read(f"{choice}, and no more", before)
    assert "training_only" in signals(typed)


def test_the_reader_within_never_sees_a_click() -> None:
    within = Told("own_base")
    KnowingReader(within).read(drop("own_base", "en"), turns("a case", drop("gpu", "en")))
    assert within.messages == ["a case"]


@pytest.mark.parametrize(
    ("told", "message", "signal"),
    [
        ({"version_unknown": "?"}, "XGBoost 3.0 で学習したい", "version_offered"),
        ({"version_unknown": "?"}, "we need XGBoost 9.1", "version_missing"),
        ({"version_unknown": "?"}, "scikit-learn 1.6", "version_missing"),
        ({}, "train with XGBoost 3.0, which pattern?", "version_offered"),
        ({"own_base": "our base"}, "XGBoost 3.0 on our base", None),
        ({"version_missing": "AWS has no XGBoost 3.0"}, "AWS has no XGBoost 3.0", None),
        ({"version_missing": "XGBoost 3.0"}, "XGBoost 3.0 で学習", "version_offered"),
        ({"version_unknown": "a rare version"}, "a rare version", None),
    ],
)
def test_the_tables_say_whether_a_version_is_offered(
    told: dict[str, str], message: str, signal: str | None
) -> None:
    reader = KnowingReader(Told(**told), listed_version)
    assert signals(reader.read(message, ())) == dict.fromkeys([signal] if signal else told, "holds")


def test_a_guess_from_the_bare_version_goes_beside_other_conditions_too() -> None:
    within = Told(version_offered="XGBoost 2.1", os_packages="apt")
    reading = KnowingReader(within, listed_version).read("XGBoost 2.1 and apt packages", ())
    assert signals(reading) == dict.fromkeys(("os_packages", "version_missing"), "holds")


@pytest.mark.parametrize("guess", ["version_offered", "version_missing", "training_only"])
def test_without_the_tables_a_guess_becomes_a_question(guess: str) -> None:
    reading = KnowingReader(Told(**{guess: "XGBoost 3.0"})).read("XGBoost 3.0 で学習", ())
    assert signals(reading) == {"version_unknown": "holds"}
    assert reading.case is not None
    assert reading.case.listed is None


def test_without_the_tables_a_version_adds_nothing() -> None:
    assert signals(KnowingReader(Told()).read("XGBoost 3.0 で学習", ())) == {}


# --- what is kept ---------------------------------------------------------------------------------


class Counted:
    name = "counted"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def queries(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        return np.array([[float(len(text))] for text in texts], np.float32)

    passages = queries

    def count(self, text: str) -> int:
        return len(text)


def test_a_query_is_embedded_once() -> None:
    within = Counted()
    embedder = Remembering(within)
    assert embedder.queries(["a", "bb", "a"]).tolist() == [[1.0], [2.0], [1.0]]
    assert embedder.queries(["bb"]).tolist() == [[2.0]]
    assert within.asked == ["a", "bb"]
    assert embedder.queries([]).shape[0] == 0


def test_what_is_kept_is_bounded_by_its_characters_and_keys_are_short() -> None:
    kept = Recent[str](1_000)
    for number in range(60):
        kept.put(digest("x" * 200_000, str(number)), "first", characters=200_000)
    again = [kept.get(digest("x" * 200_000, str(n)), lambda: "again") for n in reversed(range(60))]
    assert again == ["first"] * 50 + ["again"] * 10  # ten million characters, the newest
    assert len(digest("x" * 200_000)) == 16
    assert digest("a", "b") != digest("ab", "")


def test_the_longest_unused_value_leaves_first() -> None:
    kept = Recent[int](2)
    made: list[str] = []

    def get(key: str) -> int:
        return kept.get(key, lambda: made.append(key) or len(made))  # type: ignore[func-returns-value]

    for key in ("a", "b", "a", "c", "a", "b"):
        get(key)
    assert made == ["a", "b", "c", "b"]


def test_a_reading_is_left_as_it_is_where_no_case_was_told() -> None:
    class Plain:
        def read(self, message: str, history: Sequence[Turn]) -> Reading:
            return replace(Told().read(message, history), case=None, act="question")

    assert KnowingReader(Plain()).read("XGBoost 3.0?", ()).case is None
