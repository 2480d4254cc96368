"""No page has a serious barrier, by axe-core and by our own look at contrast.

axe-core comes from npm (`npm install` in this project); without it, or without Chromium, these
tests are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kb.messages import message
from tests.e2e.conftest import Open, new_team, still
from tests.e2e.test_feedback import thumb
from tests.e2e.test_journeys import CONTRAST, MODEL, ask, open_panel

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter(found => ["serious", "critical"].includes(found.impact))
  .flatMap(({id, nodes}) => nodes.map(node => `${id}: ${node.target} ${node.html.slice(0, 160)}`))
"""


@pytest.fixture(scope="module")
def used(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app with two index versions, whose feedback the tests fill."""
    team = new_team(tmp_path_factory.mktemp("team"))
    (team.knowledge / "new.md").write_text("# New\n\nA page about rain.\n", encoding="utf-8")
    team.ingest()
    with team.serve() as url:
        yield url


def barriers(page: Page) -> Any:
    still(page)  # what fades in has done so
    page.add_script_tag(path=str(AXE))
    return page.evaluate(RUN)


@pytest.mark.skipif(not AXE.is_file(), reason="no axe-core here (npm install)")
@pytest.mark.parametrize(("theme", "width"), [("light", 1200), ("dark", 390)])
def test_no_serious_barrier(used: str, open_page: Open, theme: str, width: int) -> None:
    page = open_page(used, theme=theme, width=width)
    assert barriers(page) == []
    assert page.evaluate(CONTRAST) == []
    answer = ask(page, MODEL)
    proof = open_panel(answer).first
    seen = proof.get_by_role("link", name=message("ui_open_source", "ja"))
    place = seen.evaluate("link => link.href")
    thumb(answer, "Thumbs down").click()
    answer.get_by_role("textbox").wait_for()
    ask(page, "明日の東京の天気は？")
    assert barriers(page) == []
    assert page.evaluate(CONTRAST) == []

    answer.get_by_role("link", name="[1]").click()
    page.locator(".kb-panel mark").first.wait_for()
    assert barriers(page) == []
    assert page.evaluate(CONTRAST) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name=message("ui_chat_menu", "ja")).click()
    page.get_by_role("button", name=message("ui_chat_delete", "ja")).wait_for()
    assert barriers(page) == []
    assert page.evaluate(CONTRAST) == []

    page = open_page(place, theme=theme, width=width)
    page.locator(".kb-passage").first.wait_for()
    assert barriers(page) == []
    assert page.evaluate(CONTRAST) == []

    page = open_page(f"{used}/gaps", theme=theme, width=width)
    page.locator(".kb-gap").first.wait_for()
    assert barriers(page) == []
    assert page.evaluate(CONTRAST) == []
    page.get_by_role("button", name=message("ui_gaps_draft", "ja")).first.click()
    page.get_by_role("dialog").get_by_test_id("stCode").first.wait_for()
    assert barriers(page) == []
    assert page.evaluate(CONTRAST) == []

    page = open_page(f"{used}/sources", theme=theme, width=width)
    page.locator("summary").first.click()
    page.locator(".kb-table").first.wait_for()
    assert barriers(page) == []
    assert page.evaluate(CONTRAST) == []
    page.get_by_role("tab", name=message("ui_tab_versions", "ja")).click()
    page.locator("summary:visible").first.click()
    page.locator(".kb-changes").wait_for()
    assert barriers(page) == []
    assert page.evaluate(CONTRAST) == []
    page.get_by_role("button", name=message("ui_version_use", "ja")).click()
    page.get_by_role("dialog").wait_for()
    assert barriers(page) == []
    assert page.evaluate(CONTRAST) == []


@pytest.mark.skipif(not AXE.is_file(), reason="no axe-core here (npm install)")
@pytest.mark.parametrize(("theme", "width"), [("light", 1200), ("dark", 390)])
def test_no_serious_barrier_on_the_form_and_the_path(
    statements_dir: Path,
    browser: Browser,
    tmp_path: Path,
    open_page: Open,
    theme: str,
    width: int,
) -> None:
    steps = str(Path(__file__).parents[2] / "notes" / "onboarding.yaml")
    with new_team(tmp_path).serve(KB_INDEX_DIR=str(statements_dir), KB_ONBOARDING=steps) as url:
        page = open_page(f"{url}/choose?case=training,os_packages", theme=theme, width=width)
        page.locator(".kb-compare").wait_for()
        for name in ("compare", "path", "note", "image"):
            page.get_by_role("tab", name=message(f"ui_choose_{name}", "ja")).click()
            still(page)
            assert barriers(page) == []
            assert page.evaluate(CONTRAST) == []
        for address in ("onboarding", "onboarding?step=job"):
            page = open_page(f"{url}/{address}", theme=theme, width=width)
            still(page)
            assert barriers(page) == []
            assert page.evaluate(CONTRAST) == []
