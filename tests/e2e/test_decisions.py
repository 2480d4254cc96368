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
from kb.records import Language
from tests.e2e.conftest import ROOT, Open, new_team, still
from tests.e2e.test_journeys import ask, open_panel

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

APT = "apt で MeCab を入れたい。どのパターンが合う？"
SIDE: dict[Language, tuple[str, str, str]] = {
    "ja": (APT, "学習用です", "学習パターン1（"),
    "en": (
        "I need to install MeCab with apt. Which pattern fits?",
        "It is for training",
        "Training pattern 1 (",
    ),
}
LOCALE: dict[Language, str] = {"ja": "ja-JP", "en": "en-US"}


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
    page.locator("[class*=st-key-understood-1]").wait_for()


def test_a_long_answer_is_read_from_its_beginning(app: str, open_page: Open) -> None:
    page = open_page(app, width=390, height=844)
    decided(page)
    last = page.locator("[class*=st-key-exchange-]").last
    box = last.locator("[class*=st-key-answer-]").bounding_box()
    assert box is not None
    assert box["height"] > 844  # it does not fit, and its end would be followed
    last.locator("[class*=st-key-onward-]").wait_for()
    still(page)
    seen = "(e => e.getBoundingClientRect().y)([...document.querySelectorAll('.kb-asked')].at(-1))"
    page.wait_for_function(f"{seen} > 60 && {seen} < 200")
    page.reload()  # and so is the last one of a conversation that is opened again
    page.locator("[class*=st-key-exchange-1]").wait_for()
    page.wait_for_function(f"{seen} > 60 && {seen} < 200")


IN_SIGHT = """() => {
  const choices = [...document.querySelectorAll('[class*=st-key-choice_] button')];
  const asked = [...document.querySelectorAll('.kb-asked')].at(-1);
  return choices.length > 1 && choices.every(choice => {
    const box = choice.getBoundingClientRect();
    return asked.getBoundingClientRect().y < box.y && box.bottom < innerHeight
      && choice.contains(document.elementFromPoint(box.x + 5, box.y + 5))
      && choice.contains(document.elementFromPoint(box.x + 5, box.bottom - 5));
  });
}"""
"""Every choice is on the screen, below its question, and nothing lies over it."""


@pytest.mark.parametrize(
    ("language", "width", "height"),
    [("ja", 390, 844), ("en", 390, 844), ("ja", 1366, 768), ("ja", 1440, 900)],
)
def test_a_question_back_is_answered_without_scrolling(
    app: str, open_page: Open, language: Language, width: int, height: int
) -> None:
    question, choice, pattern = SIDE[language]
    page = open_page(app, locale=LOCALE[language], width=width, height=height)
    ask(page, question)
    page.wait_for_function(IN_SIGHT)
    page.get_by_role("button", name=choice).click()
    page.locator("[class*=st-key-understood-1]").wait_for()
    assert pattern in page.locator("[class*=st-key-exchange-]").last.inner_text()


def test_a_condition_is_taken_away_and_the_decision_follows(app: str, open_page: Open) -> None:
    page = open_page(app)
    decided(page)
    label = load_model().signal["os_packages"].label.ja
    page.locator("[class*=st-key-understood-1]").get_by_role("button", name=label).click()
    last = page.locator("[class*=st-key-exchange-2]")
    assert last.locator(".kb-asked").inner_text() == message("drop_condition", "ja", label=label)
    last.get_by_test_id("stExpander").first.wait_for()
    answer = last.locator("[class*=st-key-answer-]").inner_text()
    assert message("changed_label", "ja", label=label) in answer
    assert "学習パターン1（AWS イメージの拡張） が合います" not in answer
    asked = load_model().question["need"].asks.ja
    assert last.get_by_text(asked).count() == 1  # the other question back takes its place


def test_the_case_opens_in_the_form_and_comes_back_by_itself(app: str, open_page: Open) -> None:
    page = open_page(app)
    decided(page)
    note = page.get_by_role("button", name=message("ui_copy_note", "ja"))
    assert "学習パターン1" in str(note.get_attribute("data-kb-copy"))
    page.get_by_role("link", name=message("ui_open_in_form", "ja")).click()
    page.wait_for_url("**/choose?*case=training*os_packages*")
    page.locator(".st-key-choose-verdict").wait_for()
    page.get_by_role("button", name="社内・堅牢化など自前のベースが必須").click()
    verdict = page.locator(".st-key-choose-verdict")
    verdict.get_by_text("学習パターン2").first.wait_for()
    page.wait_for_url("**own_base*")
    page.go_back()
    verdict.get_by_text("学習パターン1").first.wait_for()


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
    still(page)
    proofs = last.get_by_test_id("stExpander").bounding_box()
    assert said is not None
    assert proofs is not None
    assert proofs["height"] <= 1.2 * said["height"]

    last.get_by_role("link", name="[1]").first.click()  # and beside it
    panel = page.locator(".kb-panel .kb-proofs")
    panel.wait_for()
    still(page)
    said, beside = last.locator("[class*=st-key-answer-]").bounding_box(), panel.bounding_box()
    assert said is not None
    assert beside is not None
    assert beside["height"] <= 1.2 * said["height"]
