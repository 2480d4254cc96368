"""Judging the last answer of a conversation."""

from __future__ import annotations

from dataclasses import replace

from evals.followups import Conversation, judge, lines, read_conversations
from kb.records import Answer, Sentence
from tests.unit.answers import answer as make_answer


def said(*texts: str) -> Answer:
    sentences = tuple(Sentence(text, (1,)) for text in texts)
    return replace(make_answer(), answer="\n".join(texts), sentences=sentences, declined=False)


def test_the_file_is_balanced() -> None:
    rows = read_conversations()
    assert len({row.id for row in rows}) == len(rows) == 40
    for code in ("ja", "en"):
        own = [row for row in rows if row.language == code]
        assert len(own) == 20
        assert sum(row.split == "tune" for row in own) == 10


def test_what_is_wrong_is_named() -> None:
    wanted = Conversation(
        "one", "form", "en", "tune", ("?",), facts=(("8080",),), opens=(("8080",),), lines=1
    )
    assert judge(wanted, said("It listens on 8080.")).wrong == ()
    assert judge(wanted, said("First.", "Then.", "It is 8080.")).wrong == ("opens", "lines")
    assert "facts" in judge(wanted, said("It listens.")).wrong
    assert "language" in judge(replace(wanted, reply="ja"), said("It listens on 8080.")).wrong


def test_a_line_for_each_slice() -> None:
    wanted = Conversation("one", "side", "en", "tune", ("?",))
    named = [line.split("  ")[0] for line in lines([judge(wanted, said("Yes."))])]
    assert named[0] == "tune"
    assert "tune side" in named
