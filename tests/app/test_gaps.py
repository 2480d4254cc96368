"""The page of gaps: what it lists, in which order, and the draft of a note."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.messages import message
from kb.records import Language
from kb.search.index import Index
from kb.store.feedback import FeedbackStore
from tests.app.conftest import Start
from tests.app.test_chat import ask, shown
from tests.unit.answers import declined

PAGE = "screens/gaps.py"
QUESTION = "コンテナの <b>時刻</b> を $JST$ にするには？"


@pytest.fixture
def feedback(tmp_path: Path) -> Iterator[FeedbackStore]:
    store = FeedbackStore(f"sqlite:///{tmp_path}/data/feedback.db")
    yield store
    store.close()


def keep(feedback: FeedbackStore, question: str, version: str, reason: str) -> None:
    kept = declined(question, id=question, index_version=version, reason=reason)
    feedback.record_answer(kept, history=(), person="p", surface="browser")


def listed(app: AppTest) -> str:
    return "\n".join(part.value for part in app.html if part.value.startswith("<article"))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_without_gaps_the_page_says_what_will_come(start: Start, language: Language) -> None:
    app = start(PAGE, language=language)
    assert not app.exception
    assert message("ui_gaps_title", language) in shown(app)
    assert [info.value for info in app.info] == [message("ui_gaps_none", language)]
    assert not app.expander


def test_a_gap_is_listed_safely_and_what_is_outside_stays_folded(
    start: Start, feedback: FeedbackStore, index: Index
) -> None:
    keep(feedback, QUESTION, index.version, "not_in_sources")
    keep(feedback, "明日の天気は？", index.version, "out_of_scope")
    app = start(PAGE)
    assert "コンテナの &lt;b&gt;時刻&lt;/b&gt; を $JST$ にするには？" in listed(app)
    assert message("near", "ja") in listed(app)
    assert 'href="source?document=' in listed(app)
    assert "天気" not in listed(app)
    assert not app.info
    [folded] = app.expander
    assert folded.label == "対象外の質問（1 件）"
    assert "明日の天気は？" in folded.children[1].value


def test_a_gap_that_the_index_answers_by_now_is_folded_as_closed(
    start: Start, feedback: FeedbackStore
) -> None:
    keep(feedback, "学習したモデルはどこに保存すればいい？", "older", "not_in_sources")
    app = start(PAGE)
    assert [folded.label for folded in app.expander] == ["解決済み（1 件）"]
    assert [info.value for info in app.info] == [message("ui_gaps_none", "ja")]


def test_a_click_gives_the_draft_of_a_note(
    start: Start, feedback: FeedbackStore, index: Index
) -> None:
    keep(feedback, QUESTION, index.version, "not_in_sources")
    app = start(PAGE)
    button = next(b for b in app.button if (b.key or "").startswith("draft_"))
    app = button.click().run()
    assert not app.exception
    texts = [block.value for block in app.code]
    assert texts[0].startswith(f"## {QUESTION}\n")
    assert "TODO" in texts[1]
    assert "claim: TODO" in texts[2]
    assert "split: tune" in texts[3]


def test_a_question_of_the_chat_arrives(start: Start) -> None:
    app = ask(start(), "Docker を使わずに学習するには？")
    app = app.feedback[0].set_value(0).run()
    app.switch_page(PAGE).run()
    assert "Docker を使わずに学習するには？" in listed(app)


def test_while_the_database_is_away_one_sentence(start: Start, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way of the folder")
    app = start(PAGE)
    assert not app.exception
    assert [e.value for e in app.error] == [message("ui_no_database", "ja")]


def test_without_an_index_one_sentence(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_INDEX_DIR", str(tmp_path / "nothing"))
    app = start(PAGE)
    assert not app.exception
    assert [e.value for e in app.error] == [message("ui_no_index", "ja")]
