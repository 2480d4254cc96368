"""A decision in a real browser: asked back on a phone, its conditions, its proofs, the form."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from kb.messages import message
from kb.pattern.patterns import load_model
from tests.e2e.conftest import ROOT, Open, new_team
from tests.e2e.test_journeys import PATIENCE, ask, open_panel

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

APT = "apt で MeCab を入れたい。どのパターンが合う？"


@pytest.fixture(scope="module")
def app(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an app on all our notes: as they were ingested here, else ingested now."""
    folder = tmp_path_factory.mktemp("decide")
    index_dir = ROOT / "data" / "index"
    if not (index_dir / "CURRENT").is_file():
        index_dir = folder / "notes"
        command = [sys.executable, "-m", "ingest", "--source", "notes"]
        env = os.environ | {"KB_INDEX_DIR": str(index_dir)}
        subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, timeout=900)
    with new_team(folder).serve(KB_INDEX_DIR=str(index_dir)) as url:
        yield url


def decided(page: Page) -> None:
    ask(page, APT)
    page.get_by_role("button", name="学習用です").click()
    page.locator("[class*=st-key-understood-1]").wait_for(timeout=PATIENCE)


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1366, 768), (1440, 900)])
def test_a_question_back_is_answered_without_scrolling(
    app: str, open_page: Open, width: int, height: int
) -> None:
    page = open_page(app, width=width, height=height)
    ask(page, APT)
    page.wait_for_timeout(800)
    asked = page.locator(".kb-asked").last.bounding_box()
    assert asked is not None
    for choice in page.locator("[class*=st-key-choice_] button").all():
        box = choice.bounding_box()
        assert box is not None
        assert asked["y"] < box["y"]
        assert box["y"] + box["height"] < height
        covered = "e => !e.contains(document.elementFromPoint(...(b => [b.x + 5, b.y + 5])"
        assert not choice.evaluate(covered + "(e.getBoundingClientRect())))")
    page.get_by_role("button", name="学習用です").click()
    page.locator("[class*=st-key-understood-1]").wait_for(timeout=PATIENCE)


def test_a_condition_is_taken_away_with_a_click(app: str, open_page: Open) -> None:
    page = open_page(app)
    decided(page)
    label = load_model().signal["os_packages"].label.ja
    page.locator("[class*=st-key-understood-1]").get_by_role("button", name=label).click()
    page.locator(".kb-asked").nth(2).wait_for(timeout=PATIENCE)
    assert page.locator(".kb-asked").nth(2).inner_text() == message(
        "drop_condition", "ja", label=label
    )


def test_the_case_opens_in_the_form_and_comes_back_by_itself(app: str, open_page: Open) -> None:
    page = open_page(app)
    decided(page)
    page.get_by_role("link", name=message("ui_open_in_form", "ja")).click()
    page.wait_for_url("**/choose?*case=training*os_packages*", timeout=PATIENCE)
    page.locator(".st-key-choose-verdict").wait_for(timeout=PATIENCE)
    page.get_by_role("button", name="社内・堅牢化など自前のベースが必須").click()
    verdict = page.locator(".st-key-choose-verdict")
    verdict.get_by_text("学習パターン 2").first.wait_for(timeout=PATIENCE)
    page.wait_for_url("**own_base*")
    page.go_back()
    verdict.get_by_text("学習パターン 1").first.wait_for(timeout=PATIENCE)


@pytest.mark.parametrize("question", [APT, "推論コンテナが満たすべき条件は？"])
def test_the_proofs_are_not_much_longer_than_the_answer(
    app: str, open_page: Open, question: str
) -> None:
    page = open_page(app, width=1366, height=768)
    if question == APT:
        decided(page)
    else:
        ask(page, question)
    last = page.locator("[class*=st-key-exchange-]").last
    said = last.locator("[class*=st-key-answer-]").bounding_box()
    open_panel(last)
    page.wait_for_timeout(500)
    proofs = last.get_by_test_id("stExpander").bounding_box()
    assert said is not None
    assert proofs is not None
    assert proofs["height"] <= 1.2 * said["height"]
