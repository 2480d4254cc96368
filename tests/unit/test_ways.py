"""The patterns that a comparison speaks of in other words."""

from __future__ import annotations

import pytest

from kb.records import Language
from kb.search.index import IndexStore
from kb.search.rank import numbers
from kb.search.ways import with_numbers
from tests.unit.kb_fixtures import Notes


@pytest.mark.parametrize(
    "question",
    [
        "MMS or TorchServe: which one do I need?",
        "Should I use real-time or batch transform?",
        "What is the difference between pattern 1 and pattern 2?",
        "ログはどこに出ますか？",
    ],
)
def test_others_are_left_alone(notes: Notes, question: str) -> None:
    language: Language = "en" if question.isascii() else "ja"
    index = IndexStore(notes.index_dir).current()
    assert with_numbers(question, index, notes.embedder, language) == ""


def test_numbers_are_put_in_front(notes: Notes) -> None:
    index = IndexStore(notes.index_dir).current()
    question = "Extend an AWS image or put the training toolkit into an image of our own?"
    found = with_numbers(question, index, notes.embedder, "en")
    assert not found or (numbers(found) == {"1", "2"} and found.endswith(question))
