"""Feedback is kept on SQLite and PostgreSQL, waits when they are away, and can be taken away."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select, update

from kb.__main__ import main
from kb.errors import DatabaseError, SettingsError
from kb.gaps.export import write_csv, write_jsonl, write_usage
from kb.records import Sentence, Trace, Turn, Usage
from kb.store import feedback
from kb.store.conversations import ConversationStore, Stored
from kb.store.database import open_database, upsert
from kb.store.feedback import FeedbackStore
from kb.store.tables import conversations, exchanges, progress
from tests.databases import Place
from tests.unit.answers import ANSWER, QUOTE, answer, declined

HISTORY = [Turn("user", "学習の結果は？"), Turn("assistant", "モデルです。")]


@pytest.fixture
def store(database_url: str) -> Iterator[FeedbackStore]:
    opened = FeedbackStore(database_url)
    yield opened
    opened.close()


def keep(store: FeedbackStore, person: str = "p1", **changes: object) -> bool:
    return store.record_answer(answer(**changes), history=HISTORY, person=person, surface="browser")


def test_an_answer_comes_back_as_it_was(store: FeedbackStore) -> None:
    assert keep(store)
    [entry] = store.entries()
    assert (entry.id, entry.question, entry.answer) == (ANSWER.id, ANSWER.question, ANSWER.answer)
    assert entry.history == tuple(HISTORY)
    assert entry.citations[0]["quote"] == QUOTE
    assert entry.sentences[0]["text"] == QUOTE
    assert (entry.sentences[0]["citations"], entry.sentences[0]["supported"]) == ([1], True)
    assert entry.decision == {
        "pattern": "training-1",
        "raised": [{"signal": "apt", "words": "apt で"}],
        "rule": "os-packages",
    }
    assert (entry.surface, entry.person, entry.index_version) == ("browser", "p1", "v1")
    assert (entry.declined, entry.reason, entry.votes) == (False, None, ())
    assert abs(datetime.now(UTC) - entry.asked_at) < timedelta(minutes=1)


def test_the_same_answer_twice_is_kept_once(store: FeedbackStore) -> None:
    assert keep(store)
    assert keep(store, person="someone else")
    assert [entry.person for entry in store.entries()] == ["p1"]


def test_the_newest_vote_of_a_person_counts(store: FeedbackStore) -> None:
    keep(store)
    assert store.record_vote("a1", person="p1", vote="up")
    assert store.record_vote("a1", person="p1", vote="down", comment=" 番号が違います \n")
    assert store.record_vote("a1", person="p2", vote="up")
    [entry] = store.entries()
    assert [(v.person, v.vote, v.comment) for v in entry.votes] == [
        ("p1", "down", "番号が違います"),
        ("p2", "up", ""),
    ]


def test_a_vote_on_no_known_answer_harms_nothing(store: FeedbackStore) -> None:
    assert not store.record_vote("unknown", person="p1", vote="up")
    assert keep(store)
    assert store.entries()[0].votes == ()


def test_what_no_database_takes_does_not_stop_an_answer(store: FeedbackStore) -> None:
    assert keep(store, question="NUL \0 and half a pair \ud83d")
    assert store.record_vote("a1", person="p1", vote="down", comment="\0\udc00")
    assert store.entries()[0].question == "NUL  and half a pair \ufffd"


def test_of_all_answers_only_those_that_went_wrong_are_read_for_the_gaps(
    store: FeedbackStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubtful = Sentence("?", (), supported=False)
    for one in (
        answer(id="good"),
        answer(id="down"),
        declined("q", id="declined"),
        answer(id="doubtful", sentences=(doubtful,)),
    ):
        store.record_answer(one, history=(), person="p", surface="browser")
    store.record_vote("good", person="p", vote="up")
    store.record_vote("down", person="p", vote="down", comment="wrong")
    everything = {entry.id: entry for entry in store.entries()}
    found = store.troubled_entries()
    assert {entry.id for entry in found} == {"down", "declined", "doubtful"}
    assert all(entry == everything[entry.id] for entry in found)
    monkeypatch.setattr(feedback, "TROUBLED", 2)
    assert [entry.id for entry in store.troubled_entries()] == ["declined", "doubtful"]


def test_how_often_a_document_is_cited(store: FeedbackStore) -> None:
    twice = (ANSWER.citations[0], ANSWER.citations[0])
    keep(store)
    keep(store, id="a2", citations=twice)
    store.record_answer(declined("?", id="a3"), history=(), person="p", surface="slack")
    assert store.citations_by_document() == {"notes/ja/training.md": 2}


def test_while_the_database_is_away_all_waits_and_then_comes_in_order(absent: Place) -> None:
    store = FeedbackStore(absent.url, retry_seconds=0.1)
    assert not keep(store)
    assert not store.record_vote("a1", person="p1", vote="up")
    assert not store.record_vote("a1", person="p1", vote="down", comment="違う")
    with pytest.raises(DatabaseError, match="cannot be used"):
        store.entries()
    absent.create()
    other = FeedbackStore(absent.url)
    until = time.monotonic() + 20
    while not (found := other.entries()) or not found[0].votes:
        assert time.monotonic() < until, "nothing was replayed"
        time.sleep(0.05)
    until = time.monotonic() + 20
    while other.entries()[0].votes[0].comment != "違う":
        assert time.monotonic() < until, "the second vote was not replayed"
        time.sleep(0.05)
    assert store.record_vote("a1", person="p2", vote="up")
    store.close()
    other.close()


def test_only_so_many_writes_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "WAITING", 3)
    folder = tmp_path / "database"
    folder.write_text("in the way")
    store = FeedbackStore(f"sqlite:///{folder}/feedback.db", retry_seconds=60)
    assert not any(keep(store, id=f"a{number}") for number in range(5))
    folder.unlink()
    store.close()
    again = FeedbackStore(f"sqlite:///{folder}/feedback.db")
    assert [entry.id for entry in again.entries()] == ["a0", "a1", "a2"]
    again.close()


def test_only_the_first_answer_waits_for_a_database_that_hangs(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/feedback.db"
    holding = open_database(url)
    store = FeedbackStore(url, retry_seconds=60)
    with holding.execution_options(begin="BEGIN EXCLUSIVE").begin():
        assert not keep(store)
        started = time.monotonic()
        assert not keep(store, id="a2")
        assert time.monotonic() - started < 1
    assert [entry.id for entry in store.entries()] == ["a1", "a2"]
    store.close()
    holding.dispose()


def test_a_person_is_forgotten(store: FeedbackStore, database_url: str) -> None:
    engine = open_database(database_url)
    for name in ("p1", "p2"):
        keep(store, person=name, id=f"of-{name}")
        row = {"person": name, "step": "job", "section_hash": "", "answers": {}}
        upsert(engine, progress, {**row, "done_at": datetime.now(UTC)})
    store.record_vote("of-p1", person="p2", vote="up")
    store.record_vote("of-p2", person="p1", vote="up")
    store.record_vote("of-p2", person="p2", vote="down")
    assert store.forget("p1") == 4  # an answer with a vote on it, a vote elsewhere, a step
    [left] = store.entries()
    assert (left.id, [vote.person for vote in left.votes]) == ("of-p2", ["p2"])
    assert store.forget("p1") == 0
    engine.dispose()


def test_nothing_that_a_forgotten_person_wrote_is_left_in_the_files(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/data/feedback.db"
    app, command = FeedbackStore(url), FeedbackStore(url)  # the app runs on meanwhile
    keep(app, question="SECRET question")
    app.record_vote("a1", person="p1", vote="down", comment="SECRET comment")
    assert any(b"SECRET" in file.read_bytes() for file in (tmp_path / "data").iterdir())
    assert command.forget("p1") == 2
    assert not any(b"SECRET" in file.read_bytes() for file in (tmp_path / "data").iterdir())
    app.close()
    command.close()


def test_who_is_forgotten_leaves_the_histories_of_others(store: FeedbackStore) -> None:
    asked = answer(id="of-p1", question="p1 の質問")
    store.record_answer(asked, history=(), person="p1", surface="slack")
    thread = [Turn("user", asked.question), Turn("assistant", asked.answer)]
    for name, history in (("on", thread), ("other", HISTORY)):
        store.record_answer(answer(id=name), history=history, person="p2", surface="slack")
    assert store.forget("p1") == 1
    assert {entry.id: entry.history for entry in store.entries()} == {
        "on": (),
        "other": tuple(HISTORY),
    }


def test_export_as_json_lines_holds_everything(store: FeedbackStore) -> None:
    keep(store)
    store.record_vote("a1", person="p1", vote="down", comment="違う")
    out = io.StringIO()
    write_jsonl(store.entries(), out)
    [row] = [json.loads(line) for line in out.getvalue().splitlines()]
    assert row["question"] == ANSWER.question
    assert row["history"][0] == {"role": "user", "content": "学習の結果は？"}
    assert row["votes"][0]["comment"] == "違う"
    assert datetime.fromisoformat(row["asked_at"]).tzinfo is not None


def test_export_as_csv_is_safe_to_open(store: FeedbackStore) -> None:
    keep(store, question='=HYPERLINK("https://x.example")\n"quoted", ok')
    store.record_vote("a1", person="p1", vote="down", comment="違う")
    out = io.StringIO(newline="")
    write_csv(store.entries(), out)
    assert out.getvalue().startswith("\ufeffid,")  # else Excel takes Japanese for something else
    [row] = csv.DictReader(io.StringIO(out.getvalue()[1:], newline=""))
    assert row["question"] == '\'=HYPERLINK("https://x.example")\n"quoted", ok'
    assert (row["up"], row["down"], row["unproven"], row["comments"]) == ("0", "1", "0", "違う")
    assert json.loads(row["citations"])[0]["quote"] == QUOTE
    assert (row["declined"], row["reason"], row["seconds"]) == ("false", "", "0.25")


def test_commands_export_and_forget(
    store: FeedbackStore,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KB_DATABASE_URL", database_url)
    keep(store)
    assert main(["feedback"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "a1"
    assert main(["feedback", "--format", "csv"]) == 0
    assert capsys.readouterr().out.startswith("\ufeffid,asked_at,")
    assert main(["forget", "p1"]) == 0
    assert "1 row" in capsys.readouterr().out
    assert main(["forget", "p1"]) == 1
    assert "Nothing is stored of “p1”" in capsys.readouterr().err


def test_a_database_that_is_away_is_one_sentence_on_the_command_line(
    absent: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KB_DATABASE_URL", absent.url)
    assert main(["feedback"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_url_that_cannot_be_used_is_said_at_once() -> None:
    with pytest.raises(SettingsError, match="KB_DATABASE_URL"):
        FeedbackStore("feedback.db")


def test_what_chat_models_were_asked_is_kept_and_summed_by_day(store: FeedbackStore) -> None:
    for name, usage in {
        "a": Usage(3, 4_000, 300),
        "b": Usage(1, 500, 20, is_estimate=True),
    }.items():
        keep(store, id=name, trace=Trace("?", False, (), {}, usage))
    keep(store, id="c")
    [first, *_] = store.entries()
    assert (first.calls, first.tokens_in, first.tokens_out) == (3, 4_000, 300)
    out = io.StringIO()
    write_usage(store.entries(), out)
    today = datetime.now(UTC).date().isoformat()
    head, day, total = out.getvalue().splitlines()
    assert head.split("\t") == [
        "day", "answers", "calls", "tokens_in", "tokens_out", "estimated"
    ]  # fmt: skip
    assert day.split("\t") == [today, "2", "4", "4500", "320", "1"]
    assert total.split("\t")[1:] == day.split("\t")[1:]


def test_who_is_forgotten_while_others_write_waits_its_turn(tmp_path: Path) -> None:
    """Another process writes between what `forget` reads and what it deletes."""
    url = f"sqlite:///{tmp_path}/data/feedback.db"
    app, command = FeedbackStore(url), FeedbackStore(url)
    keep(app, question="a question")
    beginnings: list[str] = []
    event.listen(command._engine, "before_cursor_execute", lambda *a: beginnings.append(a[2]))
    assert command.forget("p1") == 1
    assert "BEGIN IMMEDIATE" in beginnings  # else SQLite gives up where somebody wrote meanwhile
    assert "BEGIN" not in beginnings[beginnings.index("BEGIN IMMEDIATE") :]
    app.close()
    command.close()


def test_conversations_are_kept_no_longer_than_answers(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/data/feedback.db"
    talks = ConversationStore(url)
    for name, days in (("old", 40), ("new", 1)):
        talks.keep(name, "p1", 0, Stored("a question", None))
        changed = datetime.now(UTC) - timedelta(days=days)
        with talks._engine.begin() as connection:
            named = conversations.c.id == name
            connection.execute(update(conversations).where(named).values(changed_at=changed))
    store = FeedbackStore(url, keep_days=30)
    assert store.entries() == []
    assert [listed.id for listed in talks.of("p1")] == ["new"]
    with talks._engine.begin() as connection:
        left = connection.execute(select(exchanges.c.conversation)).scalars().all()
    assert left == ["new"]
    talks.close()
    store.close()
