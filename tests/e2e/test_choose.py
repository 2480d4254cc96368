"""A case clicked together in a real browser, read, taken along and opened again by its link."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kb.messages import message
from tests.e2e.conftest import Open, Team, new_team

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def choose(
    browser: Browser, statements_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of the page, on an index of all our notes."""
    team: Team = new_team(tmp_path_factory.mktemp("choose"))
    with team.serve(KB_INDEX_DIR=str(statements_dir)) as url:
        yield f"{url}/choose"


def verdict(page: Page, text: str) -> None:
    page.locator(".st-key-choose-verdict").get_by_text(text).first.wait_for()


def test_click_a_case_together_and_open_it_again(choose: str, open_page: Open) -> None:
    page = open_page(choose, locale="en-US")
    page.get_by_role("button", name="OS packages, tools or certificates").click()
    page.get_by_role("button", name="It is for training").click()
    verdict(page, "Training pattern 1")
    page.get_by_role("button", name="A company or hardened base is mandatory").click()
    verdict(page, "Training pattern 2")
    page.wait_for_url("**case=training*own_base*")

    chosen = page.locator(".kb-chosen th")
    chosen.filter(has_text="Training pattern 2").wait_for()
    assert chosen.count() == 1
    page.get_by_role("tab", name=message("ui_choose_path", "en")).click()
    drawing = page.get_by_role("img", name="Decision path")
    rule = page.get_by_text(message("ui_choose_rule", "en"))
    assert "base" in rule.locator("xpath=..").inner_text()
    page.get_by_text(message("ui_choose_rules", "en", count=0)[:16]).click()
    drawing.wait_for()
    assert drawing.locator("circle.took").count() == 1
    page.get_by_role("tab", name=message("ui_choose_note", "en")).click()
    note = page.get_by_test_id("stCode").first.inner_text()
    assert "Training pattern 2" in note
    assert "https://github.com/" in note

    again = open_page(page.url, locale="en-US")
    verdict(again, "Training pattern 2")


def test_a_phone_keeps_the_decision_in_sight(choose: str, open_page: Open) -> None:
    page = open_page(f"{choose}?case=training,os_packages", width=390, height=844, theme="dark")
    bar = page.locator(".kb-verdict-bar")
    bar.wait_for()
    assert "学習パターン1" in bar.inner_text()
    bar.click()
    page.locator(".st-key-choose-verdict").wait_for()
    page.wait_for_function(
        "document.querySelector('.st-key-choose-verdict').getBoundingClientRect().top < 300"
    )
    overflow = "(e => e.scrollWidth - e.clientWidth)(document.querySelector('.stMain'))"
    assert page.evaluate(overflow) == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read(choose: str, open_page: Open, theme: str) -> None:
    page = open_page(f"{choose}?case=training,os_packages", theme=theme)
    page.locator(".kb-compare").wait_for()
    script = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
    assert page.evaluate(script) == []
