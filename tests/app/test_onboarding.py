"""The onboarding page: what a newcomer sees and clicks, and what is still there afterwards."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.errors import DatabaseError
from kb.messages import message
from kb.records import Language
from kb.store.progress import ProgressStore, StepProgress
from tests.app.conftest import Start
from tests.app.test_chat import shown
from tests.conftest import write_knowledge
from tests.onboarding import CHECKS, write_path

ONE, OTHER = "1" * 32, "2" * 32
PAGE = "screens/onboarding.py"
SAVED = "学習コードは、できたモデルを"


@pytest.fixture(autouse=True)
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cookies: dict[str, str]) -> Path:
    """A path of three steps, a database that lasts, and a browser that is known."""
    file = write_path(tmp_path, notes=write_knowledge(tmp_path / "notes"))
    monkeypatch.setenv("KB_ONBOARDING", str(file))
    monkeypatch.setenv("KB_DATABASE_URL", f"sqlite:///{tmp_path}/feedback.db")
    cookies["kb_person"] = ONE
    return file


def keys(app: AppTest, prefix: str) -> list[str]:
    return [b.key for b in app.button if b.key and b.key.startswith(prefix)]


def click(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def states(app: AppTest) -> list[str]:
    """The state of each step, in order."""
    return [key.split("_")[1] for key in keys(app, "step_")]


def quotes(app: AppTest) -> list[str]:
    """What is highlighted on the screen."""
    marks = [
        part.value.split("<mark")[1].partition(">")[2].split("</mark>")[0]
        for part in app.html
        if "<mark" in part.value
    ]
    return [html.unescape(re.sub(r"<[^>]+>", "", mark)) for mark in marks]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_newcomer_sees_all_steps_and_where_to_begin(start: Start, language: Language) -> None:
    app = start(PAGE, language=language)
    assert not app.exception
    assert message("ui_onboarding_title", language) in shown(app)
    assert states(app) == ["current", "open", "open"]
    assert app.button(key="go").label == message("ui_onboarding_go", language)
    assert keys(app, "again") == []
    app = click(app, "go")
    assert not app.exception
    assert (
        message("onboarding_step", language, number=1, steps=3) in app.get("progress")[0].proto.text
    )


def test_a_step_teaches_with_citations_and_asks_one_question_at_a_time(start: Start) -> None:
    app = start(PAGE, step="save")
    lesson = next(part.value for part in app.markdown if part.value.startswith(SAVED))
    assert "[[1]](source?document=" in lesson
    # What the second question asks about is not folded away.
    assert [e.label for e in app.expander] == [message("ui_sources", "ja", count=2)]
    assert "SM_MODEL_DIR" in lesson
    assert keys(app, "choice_") == ["choice_1_1", "choice_1_2"]
    assert message("onboarding_check", "ja", number=1, checks=2) in shown(app)


@pytest.mark.parametrize(("choice", "said"), [(2, "was_right"), (1, "was_wrong")])
def test_an_answer_is_explained_by_the_notes_themselves(
    start: Start, choice: int, said: str
) -> None:
    app = click(start(PAGE, step="save"), f"choice_1_{choice}")
    assert message(f"ui_onboarding_{said}", "ja") in shown(app)
    assert quotes(app)[-1] == "学習コードは、できたモデルを `/opt/ml/model` に置きます。"
    assert keys(app, "choice_") == ["choice_2_1", "choice_2_2", "choice_2_3"]


RIGHT = {"save": (2, 1), "extend": (1,), "both": (2,)}


def finish(app: AppTest, *, wrong: bool = False) -> AppTest:
    """Answer what is asked on the step that is open, rightly or with the last choice each."""
    step = app.query_params["step"]
    step = step[0] if isinstance(step, list) else step
    while choices := keys(app, "choice_"):
        place = int(choices[0].split("_")[1])
        app = click(app, choices[-1 if wrong else RIGHT[step][place - 1] - 1])
    return app


def test_a_step_is_done_with_its_last_answer_and_leads_on(start: Start) -> None:
    app = finish(start(PAGE, step="save"))
    assert message("ui_onboarding_score", "ja", right=2, checks=2) in app.success[0].value
    app = click(app, "next")
    assert app.query_params["step"] == "extend"
    app = click(app, "list")
    assert "step" not in app.query_params
    assert states(app) == ["done", "current", "open"]
    assert app.get("progress")[0].proto.value == 33


def test_a_step_with_too_many_wrong_answers_asks_those_again(start: Start) -> None:
    app = finish(start(PAGE, step="save"), wrong=True)
    assert keys(app, "next") == []
    assert message("ui_onboarding_not_yet", "ja", right=1, checks=2, needed=2) in shown(app)
    app = click(app, "retry")
    assert keys(app, "choice_") == ["choice_2_1", "choice_2_2", "choice_2_3"]
    app = finish(app)
    assert keys(app, "next") == ["next"]
    assert states(click(app, "list")) == ["done", "current", "open"]


def test_progress_lasts_and_belongs_to_one_browser(start: Start, cookies: dict[str, str]) -> None:
    finish(start(PAGE, step="extend"))
    click(start(PAGE, step="save"), "choice_1_1")

    again = start(PAGE)
    assert states(again) == ["current", "done", "open"]
    assert again.button(key="go").label == message("ui_onboarding_continue", "ja", number=1)
    half = click(again, "go")
    assert keys(half, "choice_") == ["choice_2_1", "choice_2_2", "choice_2_3"]
    assert message("ui_onboarding_was_wrong", "ja") in shown(half)

    cookies["kb_person"] = OTHER
    assert states(start(PAGE)) == ["current", "open", "open"]


def test_all_done_is_said_and_starting_again_is_confirmed(start: Start) -> None:
    for step in ("save", "extend", "both"):
        app = finish(start(PAGE, step=step))
    app = click(app, "end")
    assert states(app) == ["done"] * 3
    assert message("ui_onboarding_all_done", "ja") in app.success[0].value
    assert message("ui_onboarding_again_sure", "ja") in shown(app)
    app = click(app, "again")
    assert states(app) == ["current", "open", "open"]
    assert states(start(PAGE)) == ["current", "open", "open"]


def test_questions_can_be_answered_again_and_the_step_stays_done(start: Start) -> None:
    app = finish(start(PAGE, step="save"))
    app = click(app, "retry")
    assert keys(app, "choice_") == ["choice_1_1", "choice_1_2"]
    assert states(click(app, "list")) == ["done", "current", "open"]


def test_the_language_switch_keeps_the_place(start: Start) -> None:
    app = click(start(PAGE, step="save"), "choice_1_2")
    app = app.segmented_control[0].set_value("en").run()
    assert app.query_params["step"] == "save"
    assert message("ui_onboarding_was_right", "en") in shown(app)
    assert "Training code puts the finished model into" in shown(app)
    assert keys(app, "choice_") == ["choice_2_1", "choice_2_2", "choice_2_3"]


def test_a_step_that_the_notes_have_outrun_is_marked(start: Start, order: Path) -> None:
    text = order.read_text(encoding="utf-8").replace("reviewed: ", "reviewed: x", 1)
    order.write_text(text.replace('x"', '"x'), encoding="utf-8")
    app = start(PAGE)
    told = message("ui_onboarding_changed", "ja")
    assert [told in app.button(key=key).label for key in keys(app, "step_")] == [True, False, False]
    app = click(app, keys(app, "step_")[0])
    assert message("onboarding_stale", "ja") in app.info[0].value
    assert quotes(finish(app))  # it can still be walked


def test_a_finished_step_whose_notes_changed_invites_another_look(
    start: Start, tmp_path: Path
) -> None:
    store = ProgressStore(f"sqlite:///{tmp_path}/feedback.db")
    read = StepProgress({"where": 2, "variable": 1}, "an older text", datetime.now(UTC))
    store.keep(ONE, "save", read)
    store.close()
    app = start(PAGE, step="save")
    assert [note.value for note in app.info] == [message("ui_onboarding_changed_since", "ja")]
    app = click(app, "list")
    assert states(app) == ["done", "current", "open"]
    assert message("ui_onboarding_changed", "ja") in app.button(key="step_done_1").label
    app = finish(click(click(app, "step_done_1"), "retry"))
    assert not app.info


def test_ask_about_this_opens_the_chat_with_the_section(start: Start) -> None:
    app = click(start(PAGE, step="save"), "ask_1")
    assert not app.exception
    app.switch_page("screens/chat.py")  # where the browser is by now
    app = app.run()
    assert app.session_state.drafted == ("学習の結果はどこに置くか", "ja")
    back = [link.proto.label for link in app.get("page_link")]
    assert message("ui_way_back", "ja") in back
    app = app.chat_input[0].set_value("学習の結果はどこに置くか").run()
    assert SAVED in shown(app)
    # A heading may be an error message, which is no Japanese.
    assert app.session_state.chat.exchanges[0].language == "ja"
    app = app.chat_input[0].set_value("それは環境変数でも分かる？").run()
    assert "SM_MODEL_DIR" in shown(app)
    assert app.session_state.chat.exchanges[1].answer.trace.rewritten


def test_the_chat_offers_the_way_in_and_on(start: Start) -> None:
    def offered() -> list[str]:
        return [link.proto.label for link in start().get("page_link")]

    form = message("ui_way_form", "ja")
    assert offered() == [form, message("ui_onboarding_way_in", "ja", steps=3)]
    finish(start(PAGE, step="save"))
    assert offered() == [form, message("ui_onboarding_way_on", "ja", number=2, steps=3)]
    finish(start(PAGE, step="extend"))
    finish(start(PAGE, step="both"))
    assert offered() == [form, message("ui_onboarding", "ja")]


def test_an_unknown_step_shows_all(start: Start) -> None:
    assert states(start(PAGE, step="nowhere")) == ["current", "open", "open"]


def test_while_the_database_is_away_the_session_remembers(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "data"
    place.write_text("a file where a folder is expected")
    monkeypatch.setenv("KB_DATABASE_URL", f"sqlite:///{place}/feedback.db")
    app = start(PAGE, step="save")
    assert app.warning[0].value == message("ui_progress_away", "ja")
    app = finish(app)
    assert not app.exception
    assert states(click(app, "list")) == ["done", "current", "open"]

    place.unlink()  # it comes back, and what was done meanwhile is stored
    assert app.run().warning  # not asked again at once
    app.session_state["progress_retry"] = 0.0  # a little later
    app = app.run()
    assert not app.warning
    assert states(start(PAGE)) == ["done", "current", "open"]


def test_starting_again_says_so_when_nothing_could_be_erased(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(start(PAGE, step="save"))
    app = start(PAGE)

    def unreachable(self: ProgressStore, person: str) -> None:
        raise DatabaseError("away")

    monkeypatch.setattr(ProgressStore, "forget", unreachable)
    app = click(app, "again")
    assert [w.value for w in app.warning] == [message("ui_progress_stays", "ja")]
    assert states(app)[0] == "done"


@pytest.mark.parametrize("name", ["onboarding.yaml", "checks.yaml"])
def test_a_path_that_cannot_be_used_costs_one_sentence(
    start: Start, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text(CHECKS + "- [", encoding="utf-8")
    app = start(PAGE)
    assert not app.exception
    assert [e.value for e in app.error] == [message("ui_misconfigured", "ja")]
    assert not start().error  # the chat does without


def test_without_an_index_one_sentence(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_INDEX_DIR", str(tmp_path / "nothing"))
    app = start(PAGE)
    assert not app.exception
    assert [e.value for e in app.error] == [message("ui_no_index", "ja")]
