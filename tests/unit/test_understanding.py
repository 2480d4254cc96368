"""Each message of a conversation is read once, however often later ones look back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kb.reading.reading import Reading
from kb.records import Act, Turn
from kb.search.index import Index
from kb.understanding import Understanding


class Counting:
    """Reads every message as one act, and counts."""

    def __init__(self, act: Act) -> None:
        self.act, self.read_texts = act, list[str]()

    def read(self, message: str, history: Sequence[Turn]) -> Reading:
        self.read_texts.append(message)
        return Reading(message, "en", self.act, queries=(message,))


def conversation(messages: int) -> list[Turn]:
    turns: list[Turn] = []
    for number in range(messages):
        turns += [Turn("user", f"No, I meant number {number}."), Turn("assistant", "Pattern 1.")]
    return turns


@pytest.mark.parametrize("act", ["complaint", "why", "question"])
def test_looking_back_reads_no_message_twice(index: Index, act: Act) -> None:
    reader = Counting(act)
    understanding = Understanding(reader)
    history = conversation(15)
    request = understanding.request("No, I meant training.", history, index)
    understanding.earlier(request)
    whole = [text for text in reader.read_texts if text.startswith("No, I meant")]
    assert len(whole) == len(set(whole))
    assert len(whole) <= 16


def test_a_conversation_of_the_longest_messages_is_read_once_each(index: Index) -> None:
    reader = Counting("complaint")
    pastes = [f"No, I meant number {number}. " + "x" * 199_000 for number in range(12)]
    history = [turn for text in pastes for turn in (Turn("user", text), Turn("assistant", "1."))]
    Understanding(reader).request("No, I meant training.", history, index)
    whole = [text for text in reader.read_texts if len(text) > 199_000]
    assert len(whole) == len(set(whole))


def test_a_very_long_conversation_is_read(index: Index) -> None:
    reader = Counting("why")
    request = Understanding(reader).request("why?", conversation(400), index)
    assert len(request.history) <= 40
    assert len(reader.read_texts) <= 40
