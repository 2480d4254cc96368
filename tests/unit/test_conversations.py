"""Conversations last, belong to one person, and can be shared, copied and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select

from kb.errors import DatabaseError
from kb.records import Answer, Citation, Condition, Decision, Raised, Sentence, Turn
from kb.store.conversations import ConversationStore, Stored, read_answer
from kb.store.feedback import FeedbackStore
from kb.store.tables import conversations, exchanges

ANSWER = Answer(
    "a1", "Which pattern?", "en", False, None, "training-1", None, "Pattern 1 fits. [1]",
    (Sentence("Pattern 1 fits.", (1,), lead="**Why**: "),),
    (Citation(1, "notes/en/choose.md", "Choose", "1", "https://x", "fits", 3, 7, ("https://e",)),),
    "extractive", "v1", 0.1, ("Next?",), decision=Decision(
        "training-1", (Raised("os_packages", "from apt"),), "os-packages"
    ), act="case", understood=(Condition("os_packages", "from apt"),), patterns=("training-1",),
)  # fmt: skip


@pytest.fixture
def store(database: Engine, database_url: str) -> Iterator[ConversationStore]:
    store = ConversationStore(database_url)
    yield store
    store.close()


def asked(question: str, **changed: object) -> Stored:
    return Stored(question, replace(ANSWER, question=question, **changed))  # type: ignore[arg-type]


def titles(store: ConversationStore, person: str = "p", words: str = "") -> list[str]:
    return [listed.title for listed in store.of(person, words)]


def test_an_answer_comes_back_as_it_was(store: ConversationStore) -> None:
    store.keep("c", "p", 0, Stored(ANSWER.question, ANSWER))
    store.keep("c", "p", 1, Stored("stopped", None, "half an ans\0"))
    opened = store.open("c", "p")
    assert opened is not None
    assert opened.exchanges[0] == Stored(ANSWER.question, ANSWER, person="p")
    assert opened.exchanges[1] == Stored("stopped", None, "half an ans", "p")


def test_fields_of_another_release_are_left_out_or_take_their_default() -> None:
    row = {"id": "a", "question": "q", "language": "en", "declined": False, "reason": None,
           "pattern": None, "clarify": None, "answer": "x", "sentences": [], "citations": [],
           "model": "m", "index_version": "v", "seconds": 0.0, "mood": "sunny"}  # fmt: skip
    assert read_answer(row).act == "question"


def test_the_newest_comes_first_under_its_first_question_or_its_name(
    store: ConversationStore,
) -> None:
    store.keep("a", "p", 0, asked("first"))
    store.keep("b", "p", 0, asked("second"))
    store.keep("a", "p", 1, asked("and then?"))
    assert titles(store) == ["first", "second"]
    store.rename("b", "p", " Serving ")
    assert titles(store) == ["first", "Serving"]
    store.rename("b", "p", "")
    assert titles(store) == ["first", "second"]


def test_words_are_searched_in_titles_and_questions(store: ConversationStore) -> None:
    store.keep("a", "p", 0, asked("apt で MeCab を入れたい"))
    store.keep("a", "p", 1, asked("GPU は？"))
    store.keep("b", "p", 0, asked("100% of MeCab"))
    assert set(titles(store, words="mecab")) == {"apt で MeCab を入れたい", "100% of MeCab"}
    assert titles(store, words="mecab gpu") == ["apt で MeCab を入れたい"]
    assert titles(store, words="%") == ["100% of MeCab"]
    assert titles(store, words="_") == []


def test_a_question_put_again_takes_the_place_of_the_old_one_and_what_followed(
    store: ConversationStore,
) -> None:
    for place, question in enumerate(("one", "two", "three")):
        store.keep("c", "p", place, asked(question))
    store.keep("c", "p", 1, asked("two, better"))
    opened = store.open("c", "p")
    assert opened is not None
    assert [e.question for e in opened.exchanges] == ["one", "two, better"]


def test_nobody_else_opens_changes_or_deletes_it(store: ConversationStore) -> None:
    store.keep("c", "p", 0, asked("mine"))
    assert store.open("c", "other") is None
    assert not store.keep("c", "other", 0, asked("theirs"))
    store.rename("c", "other", "theirs")
    store.delete("c", "other")
    assert store.share("c", "other") == ""
    assert titles(store) == ["mine"]
    assert titles(store, "other") == []


def test_what_is_shared_can_be_read_and_gone_on_from_as_a_copy(store: ConversationStore) -> None:
    store.keep("c", "p", 0, asked("mine"))
    store.rename("c", "p", "My case")
    key = store.share("c", "p")
    assert store.share("c", "p") == key
    seen = store.shared(key)
    assert seen is not None
    assert [e.question for e in seen.exchanges] == ["mine"]
    copy = store.copy(key, "other")
    store.keep(copy, "other", 1, asked("and theirs"))
    assert titles(store, "other") == ["mine"]
    assert [e.question for e in store.open("c", "p").exchanges] == ["mine"]  # type: ignore[union-attr]
    store.unshare("c", "p")
    assert store.shared(key) is None
    assert store.copy(key, "third") == ""
    assert titles(store, "other") == ["mine"]


def test_deleting_leaves_nothing(store: ConversationStore, database: Engine) -> None:
    store.keep("c", "p", 0, asked("mine"))
    store.delete("c", "p")
    with database.connect() as connection:
        assert connection.execute(select(exchanges)).all() == []


def test_to_forget_a_person_takes_their_questions_out_of_copies_too(
    store: ConversationStore, database: Engine, database_url: str
) -> None:
    store.keep("c", "p", 0, asked("mine"))
    store.keep("d", "q", 0, asked("another's"))
    copy = store.copy(store.share("c", "p"), "q")
    store.keep(copy, "q", 1, asked("gone on"))
    untouched = store.copy(store.share("c", "p"), "r")
    feedback = FeedbackStore(database_url)
    feedback.record_answer(
        replace(ANSWER, id="x", question="mine"), history=(), person="p", surface="browser"
    )
    feedback.record_answer(
        replace(ANSWER, id="y", question="gone on"),
        history=(Turn("user", "mine"),),
        person="q",
        surface="browser",
    )
    assert feedback.forget("p") == 6  # an answer, a question in three places, two conversations
    assert [entry.history for entry in feedback.entries()] == [()]
    assert store.open(untouched, "r") is None
    assert set(titles(store, "q")) == {"another's", "gone on"}
    store.keep(copy, "q", 1, asked("further"))
    opened = store.open(copy, "q")
    assert opened is not None
    assert [e.question for e in opened.exchanges] == ["gone on", "further"]
    with database.connect() as connection:
        assert "p" not in connection.execute(select(conversations.c.person)).scalars().all()
    feedback.close()


def test_a_database_that_is_away_is_one_sentence() -> None:
    with pytest.raises(DatabaseError, match="cannot be used"):
        ConversationStore("postgresql://kb:hidden@127.0.0.1:1/kb")


def test_readers_stand_in_no_queue_with_writers(tmp_path: Path) -> None:
    store = ConversationStore(f"sqlite:///{tmp_path}/talks.db")
    store.keep("c", "p", 0, asked("a question"))
    begun: list[str] = []
    event.listen(
        store._engine,
        "before_cursor_execute",
        lambda *a: begun.append(a[2]) if a[2].startswith("BEGIN") else None,
    )
    store.of("p")
    store.open("c", "p")
    store.shared("none")
    assert begun == ["BEGIN"] * 3
    store.rename("c", "p", "a name")
    assert begun[3:] == ["BEGIN IMMEDIATE"]
    store.close()


def test_a_database_file_that_was_deleted_is_made_anew(tmp_path: Path) -> None:
    store = ConversationStore(f"sqlite:///{tmp_path}/talks.db")
    store.keep("c", "p", 0, asked("a question"))
    for file in tmp_path.iterdir():
        file.unlink()
    assert store.of("p") == []
    assert store.keep("c", "p", 0, asked("another question"))
    store.close()
