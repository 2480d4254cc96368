"""Conversations on the page: they last, can be found, named, shared and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.errors import DatabaseError
from kb.messages import message
from kb.records import Language
from kb.store.conversations import ConversationStore
from screens import conversations, state
from tests.app.conftest import APP, Start
from tests.app.test_chat import Scripted, ask, asked, button, scripted, shown

__all__ = ["scripted"]
ONE, OTHER = "1" * 32, "2" * 32


@pytest.fixture(autouse=True)
def known(cookies: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that comes back, and a database that lasts."""
    cookies["kb_person"] = ONE
    monkeypatch.setenv("KB_DATABASE_URL", f"sqlite:///{tmp_path}/feedback.db")


def listed(app: AppTest) -> list[str]:
    return [b.label for b in app.button if (b.key or "").startswith("open_")]


def identity(app: AppTest) -> str:
    value = app.query_params["chat"]
    return value[0] if isinstance(value, list) else value


def test_a_conversation_survives_a_reload_at_its_address(start: Start, scripted: Scripted) -> None:
    app = ask(ask(start(), "first?"), "second?")
    again = start(chat=identity(app))
    assert asked(again) == ["first?", "second?"]
    assert "Answer 2." in shown(again)
    assert len(scripted.asked) == 2
    again = ask(again, "third?")
    assert [turn.content for turn in scripted.asked[2][1]] == [
        "first?", "Answer 1.", "second?", "Answer 2.",
    ]  # fmt: skip
    assert asked(start(chat=identity(app))) == ["first?", "second?", "third?"]


def test_a_click_that_is_faster_than_the_address_stays_in_its_conversation(
    start: Start, scripted: Scripted
) -> None:
    app = ask(start(), "first?")
    del app.query_params["chat"]  # the browser has not heard of it yet
    app = ask(app, "second?")
    assert asked(app) == ["first?", "second?"]
    del app.query_params["chat"]
    app = button(app, message("ui_edit", "ja"))
    assert asked(app) == ["first?"]  # and the second in its editor
    assert [box.value for box in app.text_area] == ["second?"]
    assert listed(app) == ["first?"]


def test_the_way_back_leads_to_the_page_before_the_conversation(
    start: Start, scripted: Scripted
) -> None:
    app = ask(start(), "first?")
    del app.query_params["chat"]
    assert not asked(app.run())
    assert listed(app) == ["first?"]


def test_another_browser_does_not_open_it(
    start: Start, scripted: Scripted, cookies: dict[str, str]
) -> None:
    app = ask(start(), "first?")
    cookies["kb_person"] = OTHER
    other = start(chat=identity(app))
    assert message("ui_chat_unknown", "ja") in shown(other)
    assert not asked(other)
    assert listed(other) == []


def test_the_list_is_searched_and_opens(start: Start, scripted: Scripted) -> None:
    for number in range(6):
        ask(start(), f"question {number}")
    app = start()
    assert listed(app) == [f"question {number}" for number in range(5, -1, -1)]
    assert message("ui_today", "ja") in shown(app)
    field = next(field for field in app.text_input if field.key == "chat_search")
    app = field.set_value("question 3").run()
    assert listed(app) == ["question 3"]
    app = button(app, "question 3")
    assert asked(app) == ["question 3"]
    assert identity(app)


def test_a_conversation_is_named_and_deleted(start: Start, scripted: Scripted) -> None:
    app = ask(start(), "first?")
    field = next(f for f in app.text_input if (f.key or "").startswith("name_"))
    app = field.set_value("Our case").run()
    assert listed(app) == ["Our case"]
    app = app.button(key="chat_delete").click().run()
    app = app.button(key="chat_delete_yes").click().run()
    assert listed(app) == []
    assert not asked(app)
    assert listed(start()) == []


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Begins when `away` is called with it, ends with `undo`."""
    monkeypatch.setattr(conversations, "RETRY", 0.0)
    with pytest.MonkeyPatch.context() as outage:
        yield outage


def away(outage: pytest.MonkeyPatch) -> None:
    def unreachable(self: ConversationStore, **_: object) -> None:
        raise DatabaseError("away")

    outage.setattr(ConversationStore, "_connected", unreachable)


def test_while_the_database_is_away_an_address_is_kept_and_an_outage_is_told_as_one(
    start: Start, scripted: Scripted, outage: pytest.MonkeyPatch
) -> None:
    wanted = identity(ask(start(), "first?"))
    away(outage)
    app = start(chat=wanted)
    assert message("ui_chat_away", "ja") in shown(app)
    assert message("ui_chat_unknown", "ja") not in shown(app)
    assert identity(app) == wanted
    outage.undo()
    assert asked(app.run()) == ["first?"]


def test_what_is_asked_at_an_address_that_cannot_be_opened_stays_on_the_screen(
    start: Start, scripted: Scripted, outage: pytest.MonkeyPatch
) -> None:
    wanted = identity(ask(start(), "first?"))
    away(outage)
    app = ask(start(chat=wanted), "other?")
    outage.undo()
    app = app.run()
    assert asked(app) == ["other?"]
    assert identity(app) != wanted


def test_deleting_says_so_only_once_it_is_done(
    start: Start, scripted: Scripted, outage: pytest.MonkeyPatch
) -> None:
    app = ask(start(), "first?")
    away(outage)
    app = app.button(key="chat_delete").click().run()
    app = app.button(key="chat_delete_yes").click().run()
    assert message("ui_chat_undeleted", "ja") in shown(app)
    assert asked(app) == ["first?"]
    outage.undo()
    app = app.button(key="chat_delete").click().run()
    app = app.button(key="chat_delete_yes").click().run()
    assert not asked(app)
    assert listed(start()) == []


def test_a_name_and_a_link_that_could_not_be_stored_are_not_shown_as_if_they_were(
    start: Start, scripted: Scripted, outage: pytest.MonkeyPatch
) -> None:
    app = ask(start(), "first?")
    away(outage)
    field = next(f for f in app.text_input if (f.key or "").startswith("name_"))
    app = field.set_value("Our case").run()
    assert message("ui_chat_unchanged", "ja") in shown(app)
    assert "Our case" not in shown(app)
    app = app.button(key="chat_share").click().run()
    assert message("ui_chat_unchanged", "ja") in shown(app)
    outage.undo()
    app = app.button(key="chat_share").click().run()
    key = next(c.value for c in app.code if "shared=" in c.value).split("shared=")[1]
    away(outage)
    app = app.button(key="chat_unshare").click().run()
    assert message("ui_chat_unchanged", "ja") in shown(app)
    assert [c for c in app.code if "shared=" in c.value]  # it is shared still
    assert message("ui_chat_away", "ja") in shown(start(shared=key))
    outage.undo()
    assert asked(start(shared=key)) == ["first?"]


def test_what_is_shared_is_read_and_gone_on_from(
    start: Start, scripted: Scripted, cookies: dict[str, str]
) -> None:
    app = ask(start(), "first?")
    app = app.button(key="chat_share").click().run()
    key = next(c.value for c in app.code if "shared=" in c.value).split("shared=")[1]
    cookies["kb_person"] = OTHER
    other = start(shared=key)
    assert asked(other) == ["first?"]
    assert not other.chat_input
    other = other.button(key="shared_take").click().run()
    other = ask(other, "and ours?")
    assert asked(other) == ["first?", "and ours?"]
    assert asked(app.run()) == ["first?"]
    app = app.button(key="chat_unshare").click().run()
    assert message("ui_shared_unknown", "ja") in shown(start(shared=key))


def test_one_setting_keeps_all_of_it_from_being_stored(
    start: Start, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_KEEP_CONVERSATIONS", "false")
    app = ask(start(), "first?")
    assert "chat" not in app.query_params
    assert message("ui_chat_unstored", "ja") in shown(app)
    assert not [b for b in app.button if b.key == "chat_share"]
    app = ask(button(app, message("ui_new_chat", "ja")), "other?")
    assert listed(app) == ["other?", "first?"]
    assert asked(button(app, "first?")) == ["first?"]
    assert listed(start()) == []


def test_the_last_question_is_edited(start: Start, scripted: Scripted) -> None:
    app = ask(ask(start(), "first?"), "secnd?")
    app = button(app, message("ui_edit", "ja"))
    app.text_area[0].set_value("second?")
    app = button(app, message("ui_edit_send", "ja"))
    assert asked(app) == ["first?", "second?"]
    assert [turn.content for turn in scripted.asked[2][1]] == ["first?", "Answer 1."]
    assert asked(start(chat=identity(app))) == ["first?", "second?"]


def test_answer_again_stands_where_it_can_differ(start: Start, scripted: Scripted) -> None:
    again = message("ui_retry", "ja")
    assert again in [b.label for b in ask(start(), "by a model?").button]


def test_an_extractive_answer_is_not_answered_again(start: Start) -> None:
    app = ask(start(), "学習したモデルはどこに保存すればいい？")
    assert message("ui_retry", "ja") not in [b.label for b in app.button]
    offered = [b.label for b in app.button if (b.key or "").startswith("suggestion_")]
    assert offered == ["ライブラリを足すには"]  # what the notes say next


def test_of_a_long_conversation_the_last_exchanges_are_drawn(
    start: Start, scripted: Scripted
) -> None:
    app = start()
    drawn = []
    for number in range(8):
        app = ask(app, f"q{number}")
        drawn.append(len(app.main.markdown) + len(app.main.button))
    assert asked(app) == [f"q{number}" for number in range(2, 8)]
    assert drawn[7] == drawn[6]  # and so on: a longer conversation draws no more
    app = app.button(key="earlier").click().run()
    assert len(asked(app)) == 8


@pytest.mark.parametrize(
    ("link", "language"),
    [("ja", "ja"), ("en", "en"), ("日本語", "ja"), ("English", "en")],
)
def test_a_link_says_its_language_whatever_the_browser_speaks(
    link: str, language: Language
) -> None:
    for locale in ("ja-JP", "en-US"):
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.context["locale"] = locale
        app.query_params["language"] = link
        assert message("ui_title", language) in shown(app.run())


def test_failed_sources_are_said_with_what_to_do(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not start().warning
    failed = {"blog": {"state": "failed"}, "notes": {"state": "fetched"}}
    monkeypatch.setattr(state, "last_fetch", lambda _: failed)
    text = start().warning[0].value
    assert "blog" in text
    assert "make ingest" in text
    monkeypatch.setattr(state, "is_ingesting", lambda _: True)
    assert start().info[0].value == message("ui_sources_coming", "ja")
