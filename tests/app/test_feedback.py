"""Feedback below an answer: what is kept of clicks and comments, and that it breaks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.messages import message
from kb.store.entries import Entry
from kb.store.feedback import FeedbackStore
from screens.session import Chat, Exchange
from tests.app.conftest import Start
from tests.app.test_chat import WEATHER, ask, button, shown
from tests.unit.answers import answer

MODEL = "学習したモデルはどこに保存すればいい？"


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[FeedbackStore]:
    """The database that the app writes to: the default one, below the folder of the test."""
    store = FeedbackStore(f"sqlite:///{tmp_path}/data/feedback.db")
    yield store
    store.close()


def only(stored: FeedbackStore) -> Entry:
    [entry] = stored.entries()
    return entry


def comment(app: AppTest, text: str) -> AppTest:
    app.text_area[0].set_value(text)
    return button(app, message("ui_comment_send", "ja"))


def test_an_answered_question_is_kept_with_its_history(start: Start, stored: FeedbackStore) -> None:
    app = ask(ask(start(), MODEL), "それは環境変数でも分かる？")
    first, second = stored.entries()
    assert (first.question, first.history, first.surface) == (MODEL, (), "browser")
    assert [turn.content for turn in second.history] == [MODEL, first.answer]
    assert first.person == second.person == app.session_state.person
    assert first.citations
    app.run()
    assert len(stored.entries()) == 2  # a rerun is no new question


def test_a_question_that_was_declined_is_kept(start: Start, stored: FeedbackStore) -> None:
    ask(start(), WEATHER)
    assert (only(stored).declined, only(stored).reason) == (True, "not_in_sources")


def test_an_answer_that_a_click_cut_off_before_it_was_kept_is_kept_next(
    start: Start, stored: FeedbackStore
) -> None:
    app = start()
    app.session_state.chat = Chat(exchanges=[Exchange(MODEL, begun=True, answer=answer())])
    app.run()
    assert only(stored).id == answer().id
    app = app.feedback[0].set_value(0).run()
    assert [vote.vote for vote in only(stored).votes] == ["down"]


def test_a_thumb_then_a_comment(start: Start, stored: FeedbackStore) -> None:
    app = ask(start(), MODEL)
    assert not app.text_area
    app = app.feedback[0].set_value(0).run()
    assert [(vote.vote, vote.comment) for vote in only(stored).votes] == [("down", "")]
    assert message("ui_thanks", "ja") in shown(app)
    app = comment(app, "場所が違います")
    assert [(vote.vote, vote.comment) for vote in only(stored).votes] == [
        ("down", "場所が違います")
    ]
    assert message("ui_thanks_comment", "ja") in shown(app)


def test_the_mind_can_be_changed_and_the_comment_stays(start: Start, stored: FeedbackStore) -> None:
    app = comment(ask(start(), MODEL).feedback[0].set_value(0).run(), "場所が違います")
    app = app.feedback[0].set_value(1).run()
    assert [(vote.vote, vote.comment) for vote in only(stored).votes] == [("up", "場所が違います")]
    app = app.feedback[0].set_value(None).run()  # clicked twice
    assert app.feedback[0].value == 1
    assert not app.exception


def test_each_answer_has_its_own_thumbs(start: Start, stored: FeedbackStore) -> None:
    app = ask(ask(start(), MODEL), WEATHER)
    app.feedback[1].set_value(1).run()
    assert [[vote.vote for vote in entry.votes] for entry in stored.entries()] == [[], ["up"]]


def test_a_stopped_or_failed_answer_has_no_thumbs(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def stream(self, *_: object) -> Iterator[str]:
            yield "half"
            raise RuntimeError("secret detail")

    monkeypatch.setattr("screens.shared.open_assistant", lambda *_: Broken())
    assert not ask(start(), MODEL).feedback


def test_a_database_that_is_away_breaks_nothing_and_is_said(start: Start, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way of the folder")
    app = ask(start(), MODEL)
    assert "/opt/ml/model" in app.markdown[0].value
    app = app.feedback[0].set_value(1).run()
    assert message("ui_feedback_waits", "ja") in shown(app)
    assert not app.exception
    from screens.feedback import feedback_store  # the app's own module

    (tmp_path / "data").unlink()
    assert feedback_store().flush()
    again = FeedbackStore(f"sqlite:///{tmp_path}/data/feedback.db")
    assert [vote.vote for vote in only(again).votes] == ["up"]
    again.close()


def test_a_setting_that_keeps_feedback_closed_leaves_the_chat_as_it_is(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_DATABASE_URL", "feedback.db")
    app = ask(start(), MODEL)
    assert "/opt/ml/model" in app.markdown[0].value
    assert not app.feedback
    assert not app.exception
