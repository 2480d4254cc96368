"""A newcomer on the onboarding path: step by step, with a break, by keyboard, on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ingest.onboarding import mark_reviewed, read_groups
from kb.messages import message
from tests.e2e.conftest import FLAGS, PATIENCE, Open, Team, chromium_path, new_team, still
from tests.e2e.test_accessibility import AXE, barriers
from tests.e2e.test_journeys import CONTRAST, answered, ask
from tests.onboarding import CHECKS, ORDER, write_path

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOURTH = """
- id: once-more
  title: {ja: おさらい, en: Once more}
  sections: [model-dir]
"""
FOURTH_CHECKS = CHECKS[: CHECKS.index("extend:")].replace("save:", "once-more:")
SAVED = "学習コードは、できたモデルを `/opt/ml/model` に置きます。"


def lay_path(folder: Path) -> str:
    """A path of four steps beside the team's notes; its order file."""
    file = write_path(folder)
    file.write_text(ORDER + FOURTH, encoding="utf-8")
    file.with_name("checks.yaml").write_text(CHECKS + FOURTH_CHECKS, encoding="utf-8")
    mark_reviewed(file, read_groups(folder / "knowledge"))
    return str(file)


@pytest.fixture(scope="module")
def path_app(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of an app with a path; each test is a browser of its own."""
    team = new_team(tmp_path_factory.mktemp("path"))
    with team.serve(KB_ONBOARDING=lay_path(team.folder)) as url:
        yield f"{url}/onboarding"


def click(page: Page, key: str) -> None:
    """Click what the click takes away, and wait for what comes in its place."""
    gone = page.locator(f".st-key-{key}")
    gone.locator("button").click()
    gone.wait_for(state="detached")
    still(page)


def finish(page: Page) -> None:
    """Answer all questions of a step: first choices, then the next ones of what was wrong."""
    choices = page.locator("[class*=st-key-choice_] button")
    done, again = page.locator(".st-key-next, .st-key-end"), page.locator(".st-key-retry button")
    tries = 0
    while True:  # between two drawings of the page there may be nothing for a moment
        choices.or_(done).or_(again).first.wait_for()
        if done.count():
            return
        if choices.count():
            place = page.locator("[class*=st-key-choice_]").nth(tries)
            click(page, str(place.get_attribute("class")).split("st-key-")[1].split()[0])
        else:
            click(page, "retry")
            tries += 1


def states(page: Page) -> list[str]:
    page.locator("[class*=st-key-step_]").first.wait_for()
    still(page)
    steps = page.locator("[class*=st-key-step_]").all()
    return [
        str(step.get_attribute("class")).split("st-key-step_")[1].split("_")[0] for step in steps
    ]


@pytest.fixture
def profile(browser: Browser, tmp_path: Path) -> Callable[..., Any]:
    """A browser with a profile on disk, which outlives its window."""

    @contextmanager
    def opened(url: str, locale: str = "ja-JP") -> Iterator[Page]:
        context = browser.browser_type.launch_persistent_context(
            str(tmp_path / "profile"),
            executable_path=chromium_path(),
            args=FLAGS,
            locale=locale,
        )
        page = context.pages[0]
        page.goto(url)
        page.set_default_timeout(PATIENCE)
        page.locator(".stApp h1").first.wait_for()
        still(page)
        yield page
        context.close()

    return opened


def test_a_newcomer_finishes_three_steps_and_comes_back_to_the_fourth(
    team: Team, profile: Callable[..., Any], open_page: Open
) -> None:
    order = lay_path(team.folder)
    with team.serve(KB_ONBOARDING=order) as url:
        with profile(f"{url}/onboarding") as page:
            assert states(page) == ["current", "open", "open", "open"]
            click(page, "go")
            for _ in range(3):
                finish(page)
                click(page, "next")
            assert "step=once-more" in page.url
            click(page, "choice_1_2")
            assert page.locator(".st-key-outcome-1 mark").text_content() == SAVED
            other = open_page(f"{url}/onboarding")  # at the same time
            assert states(other) == ["current", "open", "open", "open"]

    with team.serve(KB_ONBOARDING=order) as url, profile(url) as page:  # all of it was restarted
        on = message("ui_onboarding_way_on", "ja", number=4, steps=4)
        page.get_by_role("link", name=on).click()
        assert states(page) == ["done", "done", "done", "current"]
        click(page, "go")
        assert page.locator("h1").inner_text() == "おさらい"
        assert page.locator(".st-key-outcome-1 mark").text_content() == SAVED  # answered before
        finish(page)
        assert message("ui_onboarding_score", "ja", right=2, checks=2) in page.content()
        other = open_page(f"{url}/onboarding")
        assert states(other) == ["current", "open", "open", "open"]
        click(page, "end")
        page.get_by_role("button", name=message("ui_onboarding_again", "ja")).click()
        page.get_by_role("button", name=message("ui_onboarding_again_yes", "ja")).click()
        page.locator(".st-key-step_current_1").wait_for()
        assert states(page) == ["current", "open", "open", "open"]


def test_wrong_answers_come_again_until_the_step_is_passed(path_app: str, open_page: Open) -> None:
    page = open_page(f"{path_app}?step=save")
    for wrong in ("choice_1_1", "choice_2_2"):
        click(page, wrong)
    not_yet = message("ui_onboarding_not_yet", "ja", right=0, checks=2, needed=2)
    page.get_by_text(not_yet).wait_for()
    assert page.locator(".st-key-next").count() == 0
    assert page.locator(".st-key-outcome-1 mark").text_content() == SAVED  # why it is wrong
    click(page, "retry")
    click(page, "choice_1_2")
    click(page, "choice_2_1")
    page.get_by_text(message("ui_onboarding_score", "ja", right=2, checks=2)).wait_for()
    click(page, "next")
    assert page.locator("h1").inner_text() == "ライブラリを足す"
    click(page, "list")
    assert states(page) == ["done", "current", "open", "open"]


def test_the_language_switch_and_a_reload_keep_the_place(path_app: str, open_page: Open) -> None:
    page = open_page(path_app)
    click(page, "step_open_2")
    click(page, "choice_1_1")
    page.get_by_role("radio", name="English").or_(
        page.get_by_role("button", name="English")
    ).click()
    page.get_by_text("Add a library").wait_for()
    page.get_by_text(message("ui_onboarding_was_right", "en")).wait_for()
    page.reload()
    page.get_by_text(message("ui_onboarding_was_right", "en")).wait_for()
    assert page.locator("h1").inner_text() == "Add a library"


def test_ask_about_a_section_and_go_on_asking(path_app: str, open_page: Open) -> None:
    page = open_page(f"{path_app}?step=save")
    page.locator(".st-key-ask_1 button").click()
    field = page.get_by_test_id("stChatInputTextArea")
    field.wait_for()
    page.wait_for_function("document.querySelector('textarea').value !== ''")
    assert field.input_value() == "学習の結果はどこに置くか"  # to be sent, or changed first
    field.press("Enter")
    assert "/opt/ml/model" in answered(page, 0).inner_text()
    assert "SM_MODEL_DIR" in ask(page, "それは環境変数でも分かる？").inner_text()
    page.get_by_role("link", name=message("ui_way_back", "ja")).click()
    page.wait_for_url("**step=save*")


def test_the_keyboard_is_enough(path_app: str, open_page: Open) -> None:
    page = open_page(f"{path_app}?step=save")

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        pytest.fail(f"{selector} cannot be reached with Tab")

    tab_to(".st-key-choice_1_2 button")
    page.keyboard.press("Enter")
    # Reading goes on at what came of the answer, and the next question is a few tabs away.
    page.wait_for_function("document.activeElement.className.includes('st-key-outcome-1')")
    tab_to(".st-key-choice_2_1 button")
    page.keyboard.press("Space")
    page.wait_for_function("document.activeElement.className.includes('st-key-outcome-2')")
    tab_to(".st-key-next button")
    page.keyboard.press("Enter")
    page.locator("h1", has_text="ライブラリを足す").wait_for()


def test_a_new_step_is_read_from_its_top(path_app: str, open_page: Open) -> None:
    page = open_page(f"{path_app}?step=save", height=500)
    finish(page)
    page.locator(".st-key-next").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.stMain').scrollTop > 0")
    click(page, "next")
    page.wait_for_function("document.querySelector('.stMain').scrollTop === 0")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_on_a_phone(path_app: str, open_page: Open, theme: str) -> None:
    """Contrast of at least 4.5 : 1, no serious barrier, and nothing scrolls sideways."""
    page = open_page(path_app, width=390, height=844, theme=theme)

    def is_fine() -> None:
        still(page)
        assert page.evaluate(CONTRAST) == []
        overflow = "(e => e.scrollWidth - e.clientWidth)(document.querySelector('.stMain'))"
        assert page.evaluate(overflow) == 0
        if AXE.is_file():
            assert barriers(page) == []

    is_fine()
    click(page, "step_open_3")
    for more in page.locator("[data-testid=stExpander] summary").all():
        more.click()
    finish(page)
    is_fine()
    click(page, "list")
    is_fine()
