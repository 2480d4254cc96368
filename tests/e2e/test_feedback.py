"""A wrong answer until it is right, an index that is worse, and who sees what of whom."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import pytest

from kb.messages import message
from tests.e2e.conftest import Open, Team
from tests.e2e.test_journeys import MODEL, answers, ask
from tests.fake_openai import Asked, FakeOpenAI, Reply

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

PROCESSING = "Processing ジョブの結果はどこに置けばいい？"
RIGHT = "Processing ジョブの結果は `/opt/ml/processing/output` に置きます。"


def thumb(answer: Locator, name: str) -> Locator:
    return answer.get_by_role("radio", name=name)


def go(page: Page, name: str) -> None:
    """To another page of the app, as a person does it; the session stays."""
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=message(name, "ja")).click()


def test_a_wrong_answer_comes_back_as_work_and_is_mended(team: Team, open_page: Open) -> None:
    with team.serve() as url:
        page = open_page(url)
        answer = ask(page, PROCESSING)
        assert "/opt/ml/processing/output" not in answer.inner_text()
        thumb(answer, "Thumbs down").click()
        answer.get_by_text(message("ui_thanks", "ja")).wait_for()
        answer.get_by_role("textbox").fill("学習の話になっています")
        answer.get_by_role("button", name=message("ui_comment_send", "ja")).click()
        answer.get_by_text(message("ui_thanks_comment", "ja")).wait_for()

        go(page, "ui_gaps")
        gap = page.locator(".kb-gap")
        gap.wait_for()
        assert gap.get_by_role("heading").inner_text() == PROCESSING
        assert "学習の話になっています" in gap.inner_text()
        page.get_by_role("button", name=message("ui_gaps_draft", "ja")).click()
        dialog = page.get_by_role("dialog")
        draft = dialog.get_by_test_id("stCode").first.locator("code").inner_text()
        with page.expect_download() as download:
            dialog.get_by_role("button", name="ダウンロード").first.click()
        file = team.folder / "draft.md"
        download.value.save_as(file)
        assert file.read_text(encoding="utf-8").strip() == draft.strip()
        page.keyboard.press("Escape")

        _finish(team, draft)
        team.ingest()
        page.reload()
        nothing = message("ui_gaps_none", "ja").split(":material")[0]
        page.get_by_text(nothing).wait_for()
        page.get_by_text(message("ui_gaps_closed", "ja", count=1)).click()
        page.locator(".stMain").get_by_text(PROCESSING).wait_for()
        go(page, "ui_chat")
        assert "/opt/ml/processing/output" in ask(page, PROCESSING).inner_text()


def _finish(team: Team, draft: str) -> None:
    """What a person does with a draft: the answer, its evidence, its place in the note."""
    begin, _, rest = draft.partition("TODO: ")
    proof = rest[rest.index("[^") : rest.index("]") + 1]
    note = team.knowledge / "ja" / "training.md"
    head, feet = note.read_text(encoding="utf-8").split("\n[^T1]:")
    written = (
        f"{head}\n{begin}{RIGHT}{proof}\n\n[^T1]:{feet}{proof}: Guide. <https://docs.example/p>\n"
    )
    note.write_text(written, encoding="utf-8")


def test_rollback_changes_what_the_chat_answers(team: Team, open_page: Open) -> None:
    note = team.knowledge / "ja" / "training.md"
    note.write_text(note.read_text(encoding="utf-8").replace("/opt/ml/model", "/opt/ml/modell"))
    team.ingest()
    with team.serve() as url:
        page = open_page(url)
        assert "/opt/ml/modell" in ask(page, MODEL).inner_text()
        go(page, "ui_sources_page")
        page.get_by_role("tab", name=message("ui_tab_versions", "ja")).click()
        page.get_by_text("使用中の資料との違い").click()
        page.locator(".kb-changes").get_by_text("ja/training.md").wait_for()
        page.get_by_role("button", name=message("ui_version_use", "ja")).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name=message("ui_version_no", "ja")).click()
        dialog.wait_for(state="detached")
        page.get_by_role("button", name=message("ui_version_use", "ja")).click()
        dialog.get_by_role("button", name=message("ui_version_yes", "ja")).click()
        page.get_by_text("資料に切り替えました").wait_for()
        dialog.wait_for(state="detached")
        go(page, "ui_chat")
        answers(page).first.wait_for()  # the chat before, which is counted
        answer = ask(page, MODEL)
        assert "/opt/ml/model " in answer.inner_text()
        assert "/opt/ml/modell" not in answer.inner_text()


def test_a_vote_cannot_end_a_running_answer(team: Team, open_page: Open) -> None:
    pytest.importorskip("langchain_openai")

    def short(asked: Asked) -> str:
        return f"置き場所は環境変数 `SM_MODEL_DIR` でも分かります。[{asked.id_of('SM_MODEL_DIR')}]"

    def long(asked: Asked) -> str:
        return short(asked) + "さらに続きます。" * 12

    gate = Event()
    with FakeOpenAI(Reply(short), Reply(long, size=4, gate=gate), scripted_reads=False) as model:
        env = {"KB_CHAT_MODEL": "openai:fake", "KB_CHAT_BASE_URL": model.base_url}
        with team.serve(**env, OPENAI_API_KEY="none") as url:
            page = open_page(url)
            first = ask(page, MODEL)
            thumb(first, "Thumbs up").wait_for()
            page.get_by_test_id("stChatInputTextArea").fill("それは環境変数でも分かる？")
            page.keyboard.press("Enter")
            answers(page).nth(1).get_by_text("さらに続きます").wait_for()
            assert page.get_by_test_id("stFeedback").count() == 0
            gate.set()
            thumb(answers(page).nth(1), "Thumbs up").wait_for()
            assert page.get_by_test_id("stFeedback").count() == 2


def test_two_browsers_do_not_see_each_other(team: Team, open_page: Open) -> None:
    """Nor do they share an id; each keeps its own over a reload, which ends the session."""

    def identity(page: Page) -> str:
        found = [c for c in page.context.cookies() if c["name"] == "kb_person"]
        return found[0]["value"]

    with team.serve() as url:
        one, other = open_page(url), open_page(url)
        ask(one, MODEL)
        answer = ask(other, "ライブラリを足すには？")
        assert one.get_by_label("Chat message from user").all_inner_texts() == [MODEL]
        assert MODEL not in other.locator(".stApp").inner_text()
        thumb(answer, "Thumbs up").click()
        answer.get_by_text(message("ui_thanks", "ja")).wait_for()
        assert one.get_by_text(message("ui_thanks", "ja")).count() == 0

        before = identity(one)
        assert len(before) == 32
        assert before != identity(other)
        one.reload()
        one.locator(".kb-title").wait_for()
        answer = ask(one, MODEL)
        thumb(answer, "Thumbs up").click()
        help_icon = answer.get_by_test_id("stTooltipIcon")
        help_icon.hover()
        one.get_by_text(before).wait_for()  # whom to name to have it deleted
        assert identity(one) == before


def test_a_vote_by_keyboard(app: str, open_page: Open) -> None:
    page = open_page(app)
    answer = ask(page, MODEL)
    thumb(answer, "Thumbs up").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    field = answer.get_by_role("textbox")
    field.wait_for()
    assert thumb(answer, "Thumbs down").get_attribute("aria-checked") == "true"
    for _ in range(6):
        page.keyboard.press("Tab")
        if field.evaluate("field => document.activeElement === field"):
            break
    page.keyboard.type("違います")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    answer.get_by_text(message("ui_thanks_comment", "ja")).wait_for()
