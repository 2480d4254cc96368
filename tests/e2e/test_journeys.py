"""What people do with the chat, from the first screen to the proof."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kb.messages import message
from tests.e2e.conftest import Open, Team, still
from tests.fake_openai import Asked, FakeOpenAI, Reply

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

QUOTE = "ライブラリを足すだけなら、`requirements.txt` をコードの隣に置きます。"
MODEL = "学習したモデルはどこに保存すればいい？"


def answers(page: Page) -> Locator:
    return page.get_by_label("Chat message from assistant")


def ask(page: Page, question: str) -> Locator:
    """Type a question; gives its answer once it is there."""
    before = answers(page).count()
    page.get_by_test_id("stChatInputTextArea").fill(question)
    page.keyboard.press("Enter")
    return answered(page, before)


def answered(page: Page, before: int) -> Locator:
    answer = answers(page).nth(before)
    answer.locator("[data-testid=stExpander], [class*=st-key-suggestion_]").first.wait_for()
    return answer


def open_panel(answer: Locator) -> Locator:
    answer.get_by_test_id("stExpander").locator("summary").click()
    panel = answer.locator(".kb-citation")
    panel.first.wait_for()
    still(answer.page)  # a click on what still moves is lost
    return panel


def test_ask_and_open_a_citation(app: str, open_page: Open) -> None:
    page = open_page(app)
    page.get_by_role("button", name="pip で入るライブラリ").click()
    answer = answered(page, 0)
    assert "requirements.txt をコードの隣に置きます。" in answer.inner_text()

    panel = open_panel(answer)
    assert panel.first.locator("mark").first.text_content() == QUOTE
    assert "学習ジョブ › ライブラリを足すには" in panel.first.inner_text()

    answer.get_by_role("link", name="[1]").hover()
    card = page.locator(".kb-card")
    card.wait_for()
    assert "docs.example › samples" in card.inner_text()
    assert "ライブラリを足すだけなら" in card.inner_text()
    answer.get_by_role("link", name="[1]").click()  # read without leaving
    beside = page.get_by_role("complementary", name=message("ui_js_sources", "ja"))
    beside.wait_for()
    assert beside.locator("mark.kb-here").text_content() == QUOTE
    page.keyboard.press("Escape")
    beside.wait_for(state="hidden")

    with page.context.expect_page() as opened:
        answer.get_by_role("link", name="[1]").click(modifiers=["Control"])
    source = opened.value
    source.locator("mark").first.wait_for()
    assert "/source?document=" in source.url
    assert source.locator("mark").first.text_content() == QUOTE
    assert source.locator("h1").inner_text() == "学習ジョブ"
    assert "docs.example/samples" in source.locator(".kb-evidence").inner_text()
    assert source.title().startswith("学習ジョブ")
    assert page.url.startswith(f"{app}/?chat=")  # the conversation stays where it was
    asked = page.locator(".kb-asked").inner_text()
    source.get_by_role("button", name=asked[:10]).wait_for()  # and is listed here, too


def test_follow_up(app: str, open_page: Open) -> None:
    page = open_page(app)
    ask(page, MODEL)
    answer = ask(page, "それは環境変数でも分かる？")
    assert "SM_MODEL_DIR" in answer.inner_text()
    page.wait_for_function(  # an answer is read from its beginning
        "(y => 0 <= y && y < 200)"
        "([...document.querySelectorAll('.kb-asked')].at(-1).getBoundingClientRect().y)"
    )


def test_refusal_and_a_click_on_a_suggestion(app: str, open_page: Open) -> None:
    page = open_page(app)
    refusal = ask(page, "明日の東京の天気は？")
    assert "手元の資料に記述がありません" in refusal.inner_text()
    assert refusal.get_by_role("link").count() == 0
    suggestion = refusal.locator("[class*=st-key-suggestion_] button").first
    offered = suggestion.inner_text()
    suggestion.click()
    answer = answered(page, 1)
    assert page.get_by_label("Chat message from user").nth(1).inner_text() == offered
    assert answer.get_by_role("link", name="[1]").count() >= 1


def test_new_chat_and_back(app: str, open_page: Open) -> None:
    page = open_page(app)
    ask(page, MODEL)
    page.get_by_role("button", name=message("ui_new_chat", "ja")).click()
    page.locator(".kb-title").wait_for()
    answers(page).first.wait_for(state="detached")  # it goes when the new page is complete
    page.get_by_role("button", name=MODEL[:10]).click()
    assert "/opt/ml/model" in answered(page, 0).inner_text()


def test_a_conversation_comes_back_and_is_shared(app: str, open_page: Open) -> None:
    page = open_page(app)
    ask(page, MODEL)
    page.wait_for_url("**/?chat=*")
    page.reload()
    assert "/opt/ml/model" in answered(page, 0).inner_text()
    assert page.locator(".kb-asked").inner_text() == MODEL

    page.get_by_role("button", name=message("ui_chat_menu", "ja")).click()
    page.get_by_role("button", name=message("ui_chat_share", "ja")).click()
    link = page.get_by_text("shared=").inner_text().strip()
    other = open_page(link, locale="en-US")
    assert other.locator(".kb-asked").inner_text() == MODEL
    assert other.get_by_test_id("stChatInputTextArea").count() == 0
    other.get_by_role("button", name=message("ui_shared_take", "en")).click()
    other.wait_for_url("**/?chat=*")
    other.get_by_test_id("stChatInputTextArea").wait_for()
    ask(other, "それは環境変数でも分かる？")
    assert other.locator(".kb-asked").count() == 2
    page.reload()
    answered(page, 0)
    page.wait_for_function("document.querySelectorAll('.kb-asked').length === 1")


def test_a_japanese_reader_in_an_english_browser_stays_in_japanese(
    app: str, open_page: Open
) -> None:
    page = open_page(f"{app}/?language=ja", locale="en-US")
    assert page.locator("h1").inner_text() == message("ui_title", "ja")
    answer = ask(page, MODEL)
    assert "language=ja" in page.url
    with page.context.expect_page() as opened:
        answer.get_by_role("link", name="[1]").click(modifiers=["Control"])
    source = opened.value
    source.locator("mark").first.wait_for()
    assert source.locator("html").get_attribute("lang") == "ja"
    assert source.get_by_text(message("ui_whole_document", "ja")).count() == 1


def test_nothing_was_stopped_where_an_answer_is_whole(app: str, open_page: Open) -> None:
    page = open_page(app)
    page.get_by_test_id("stChatInputTextArea").fill("ありがとう")
    page.keyboard.press("Enter")
    answers(page).first.get_by_role("button", name=message("ui_copy", "ja"), exact=True).wait_for()
    still(page)
    assert page.get_by_text(message("ui_stopped", "ja")).count() == 0
    assert page.get_by_role("button", name=message("ui_retry", "ja")).count() == 0


def test_keys_lead_to_the_field_to_the_last_question_and_to_a_new_chat(
    app: str, open_page: Open
) -> None:
    page = open_page(app)
    ask(page, MODEL)
    page.get_by_test_id("stChatInputSubmitButton").wait_for()  # the field is closed until then
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    field = page.get_by_test_id("stChatInputTextArea")
    assert field.evaluate("e => e === document.activeElement")
    assert field.input_value() == ""
    page.keyboard.press("ArrowUp")
    editor = page.locator(".st-key-editor textarea")
    editor.wait_for()
    assert editor.input_value() == MODEL
    page.keyboard.press("Control+Shift+O")
    page.get_by_role("heading", name=message("ui_title", "ja")).wait_for()


def test_the_browsers_language_comes_first_and_the_switch_keeps_the_conversation(
    app: str, open_page: Open
) -> None:
    page = open_page(app, locale="en-US")
    assert page.locator("h1").inner_text() == message("ui_title", "en")
    assert page.locator("html").get_attribute("lang") == "en"
    answer = ask(page, MODEL)
    assert "学習コードは" in answer.inner_text()  # in the language of the question
    assert "Sources (2)" in answer.inner_text()
    page.get_by_role("radio", name="日本語").or_(page.get_by_role("button", name="日本語")).click()
    page.get_by_text("出典（2 件）").wait_for()
    assert "学習コードは" in answers(page).first.inner_text()
    page.reload()
    page.get_by_text("出典（2 件）").wait_for()


def test_a_paste_is_shown_as_code_and_names_no_conversation(app: str, open_page: Open) -> None:
    page = open_page(app)
    pasted = "FROM python:3.11\nRUN pip install torch\nENTRYPOINT python /app/train.py"
    field = page.get_by_test_id("stChatInputTextArea")
    field.fill(f"この Dockerfile のどこがおかしい？\n\n```dockerfile\n{pasted}\n```")
    field.press("Enter")
    page.locator("[class*=st-key-acts-]").wait_for()
    assert page.locator(".kb-asked").inner_text() == "この Dockerfile のどこがおかしい？"
    assert page.locator(".kb-paste").inner_text() == pasted
    head = page.locator(".st-key-chat-head .kb-title")
    assert head.inner_text() == "この Dockerfile のどこがおかしい？"


def test_on_a_phone_a_conversation_chosen_is_seen(app: str, open_page: Open) -> None:
    page = open_page(app, width=390, height=844)
    ask(page, MODEL)
    sidebar = page.get_by_test_id("stSidebar")
    for name in (message("ui_new_chat", "ja"), MODEL[:10]):
        page.get_by_test_id("stExpandSidebarButton").click()
        sidebar.get_by_role("button", name=name).click()
        page.locator("[data-testid=stSidebar][data-collapsed=true]").wait_for(state="attached")
    assert "/opt/ml/model" in answered(page, 0).inner_text()


def test_a_narrow_screen_never_scrolls_sideways(app: str, open_page: Open) -> None:
    page = open_page(app, width=390, height=844, theme="dark")

    def overflow(screen: Page) -> int:
        script = "Math.max(...['html', '.stMain'].map(s => document.querySelector(s)).map("
        return int(screen.evaluate(script + "e => e.scrollWidth - e.clientWidth))"))

    assert overflow(page) == 0
    for button in page.locator("[class*=st-key-example_] button").all():
        inside = "e => [...e.querySelectorAll('*')].every(x => x.scrollWidth <= x.clientWidth + 1"
        assert button.evaluate(inside + " || getComputedStyle(x).display == 'inline')")
    answer = ask(page, "apt でライブラリを足すには？")
    open_panel(answer)
    assert overflow(page) == 0
    answer.get_by_role("link", name="[1]").click()
    page.locator(".kb-panel mark").first.wait_for()
    assert overflow(page) == 0
    page.get_by_role("button", name=message("ui_js_close", "ja")).click()
    with page.context.expect_page() as opened:
        answer.get_by_role("link", name="[1]").click(modifiers=["Control"])
    opened.value.locator("mark").first.wait_for()
    assert overflow(opened.value) == 0


def test_a_picture_in_a_source_is_never_fetched(app: str, open_page: Open) -> None:
    page = open_page(app, locale="en-US")  # which checks every request
    answer = ask(page, "How often is the training image team-train rebuilt and pushed to ECR?")
    assert "rebuilt every night" in answer.inner_text()
    quoted = open_panel(answer).filter(has_text="https://images.example/state.png").first
    assert page.locator("img").count() == 0
    assert page.locator(".katex").count() == 0
    with page.context.expect_page() as opened:
        quoted.get_by_role("link", name=message("ui_open_source", "en")).first.click()
    opened.value.locator("mark").first.wait_for()
    assert opened.value.locator("img").count() == 0


def test_a_new_version_is_read_without_a_restart(team: Team, open_page: Open) -> None:
    note = team.knowledge / "ja" / "training.md"
    with team.serve() as url:
        page = open_page(url)
        assert "/opt/ml/model" in ask(page, MODEL).inner_text()
        note.write_text(note.read_text(encoding="utf-8").replace("/opt/ml/model", "/opt/ml/modell"))
        team.ingest()
        answer = ask(page, MODEL)
        assert "/opt/ml/modell" in answer.inner_text()
        old = open_panel(answers(page).first)
        assert "/opt/ml/model`" in (old.first.locator("mark").first.text_content() or "")


@pytest.mark.skipif(sys.platform != "linux", reason="a desktop is pretended with xdg-open")
def test_on_a_desktop_the_browser_opens_unasked(team: Team, open_page: Open) -> None:
    """And the first page asked for may be a source, as from a bookmark."""
    programs = team.folder / "bin"
    programs.mkdir()
    opener = programs / "xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$1" > {team.folder}/opened\n')
    opener.chmod(0o755)
    note = "knowledge/ja/training.md"
    with team.serve(DISPLAY=":99", PATH=f"{programs}:{team.env['PATH']}") as url:
        page = open_page(f"{url}/source?document={note}&start=113&end=120&language=en")
        assert page.locator("mark").first.text_content()
        listed = page.get_by_test_id("stSidebarNavItems")
        assert listed.locator("a[href$='/source']:visible").count() == 0
        assert page.get_by_text("English").count() == 1
        assert (team.folder / "opened").read_text().strip() == url


def test_the_keyboard_is_enough(app: str, open_page: Open) -> None:
    page = open_page(app)

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                ring = "getComputedStyle(document.activeElement)"
                assert page.evaluate(f"{ring}.boxShadow + {ring}.outlineStyle") != "nonenone"
                return
        pytest.fail(f"{selector} cannot be reached with Tab")

    tab_to("[class*=st-key-example_] button")
    page.keyboard.press("Enter")
    answer = answered(page, 0)
    page.evaluate("document.activeElement.blur(); document.querySelector('.stMain').focus()")
    tab_to("a[title]")
    tab_to("summary")
    page.keyboard.press("Enter")
    answer.locator(".kb-citation").first.wait_for()
    tab_to(".kb-links a")


CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(app: str, open_page: Open, theme: str) -> None:
    """Contrast of at least 4.5 : 1 (WCAG AA) everywhere, code and quiet text as well."""
    page = open_page(app, theme=theme)
    still(page)
    assert page.evaluate(CONTRAST) == []
    open_panel(ask(page, "apt でライブラリを足すには？"))
    ask(page, "明日の東京の天気は？")
    still(page)
    assert page.evaluate(CONTRAST) == []
    with page.context.expect_page() as opened:
        answers(page).first.get_by_role("link", name="[1]").click(modifiers=["Control"])
    opened.value.locator("mark").first.wait_for()
    assert opened.value.evaluate(CONTRAST) == []


def test_stop_keeps_what_has_come(team: Team, open_page: Open) -> None:
    """And lets go of the model; afterwards the chat goes on."""
    pytest.importorskip("langchain_openai")

    def written(asked: Asked) -> str:
        source = asked.id_of("SM_MODEL_DIR")
        return (
            f"環境変数 `SM_MODEL_DIR` でも置き場所が分かります。[{source}]"
            + "さらに続きます。" * 5_000  # minutes, so that it runs whenever the click comes
        )

    def short(asked: Asked) -> str:
        return f"置き場所は環境変数 `SM_MODEL_DIR` でも分かります。[{asked.id_of('SM_MODEL_DIR')}]"

    with FakeOpenAI(Reply(written, size=4, pause=0.1), Reply(short), scripted_reads=False) as model:
        env = {"KB_CHAT_MODEL": "openai:fake", "KB_CHAT_BASE_URL": model.base_url}
        with team.serve(**env, OPENAI_API_KEY="none") as url:
            # Streamlit takes the button to stop away when a run that was under way ends later.
            page = still(open_page(url))
            page.get_by_test_id("stChatInputTextArea").fill(MODEL)
            page.keyboard.press("Enter")
            answers(page).first.get_by_text("さらに続きます").wait_for()
            assert not page.get_by_text(message("ui_stopped", "ja")).is_visible()
            page.get_by_test_id("stChatInputStopButton").click()
            page.get_by_test_id("stChatInputSubmitButton").wait_for()
            page.get_by_text(message("ui_stopped", "ja")).wait_for()
            kept = answers(page).first.inner_text()
            assert "SM_MODEL_DIR" in kept
            assert model.closed_by_client.wait(10)
            page.get_by_role("button", name=message("ui_retry", "ja")).wait_for()

            answer = ask(page, "それは環境変数でも分かる？")
            assert "分かります" in answer.inner_text()
            stopped = answers(page).first.inner_text()
            assert kept.split("さらに")[0] in stopped
            assert message("ui_stopped", "ja") in stopped
            history = [said["content"] for said in model.asked[1].messages]
            assert any("SM_MODEL_DIR" in said for said in history)
