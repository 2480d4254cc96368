"""The page to choose a pattern on: what a person clicks, and what the page says then."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from kb.messages import message
from kb.pattern.patterns import load_model
from tests.app.conftest import Start

PAGE = "screens/choose.py"


@pytest.fixture(autouse=True)
def noted(settings: None, statements_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_INDEX_DIR", str(statements_dir))


def shown(app: AppTest) -> str:
    parts = [*app.markdown, *app.html, *app.info, *app.warning]
    return "\n".join(str(part.value) for part in parts)


def click(app: AppTest, group: str, *signals: str) -> AppTest:
    held = next(b for b in app.button_group if b.key == f"case_{group}")
    held.set_value(list(signals)).run()
    return app


def code(app: AppTest, start: str) -> str:
    """The block to copy that begins so."""
    return next(block.value for block in app.code if block.value.startswith(start))


def title(pattern: str, language: str = "ja") -> str:
    outcome = next(o for o in load_model().outcomes if o.id == pattern)
    return outcome.title.ja if language == "ja" else outcome.title.en


def test_the_decision_follows_the_clicks(start: Start) -> None:
    app = start(PAGE)
    assert not app.exception
    assert load_model().question["need"].asks.ja in shown(app)
    click(app, "packages", "os_packages")
    assert load_model().question["side"].asks.ja in shown(app)
    next(b for b in app.button if b.key == "choice_training").click().run()
    assert f"**{title('training-1')}**" in shown(app)
    assert "training,os_packages" in app.query_params["case"]
    click(app, "image", "own_base")
    assert f"**{title('training-2')}**" in shown(app)
    next(b for b in app.button if b.label == message("ui_choose_clear", "ja")).click().run()
    assert load_model().question["need"].asks.ja in shown(app)
    assert "case" not in app.query_params


def test_every_reason_has_its_quote_in_place(start: Start) -> None:
    app = start(PAGE, case="training,os_packages", language="en")
    proofs = next(part.value for part in app.html if 'class="kb-proofs"' in part.value)
    said = next(m.value for m in app.markdown if "Why" in m.value)
    numbers = set(re.findall(r"\[\[(\d+)\]\]", said))
    assert len(numbers) >= 9
    marked = re.findall(r'<mark data-n="(\d+)">', proofs)
    assert sorted(marked) == sorted(numbers)
    assert proofs.count("<section") < len(numbers)  # one a section of the notes
    assert [n for n in numbers if f'class="kb-card-data" data-n="{n}"' not in proofs] == []


def test_what_a_side_rules_out_is_not_offered(start: Start) -> None:
    app = start(PAGE)
    assert load_model().signal["multi_model"].implies == "inference"
    assert not [e for e in app.expander if e.label.startswith("ほかの条件") and e.proto.expanded]
    app = start(PAGE, case="training")
    offered = {o.content for b in app.button_group for o in b.proto.options}
    assert load_model().signal["multi_model"].label.ja not in offered


def test_a_case_can_be_taken_to_the_chat(start: Start) -> None:
    app = start(PAGE, case="training,os_packages")
    app.button(key="ask_case").click().run()
    assert not app.exception
    question, language = app.session_state.drafted
    assert load_model().signal["os_packages"].label.ja in question
    assert language == "ja"


def test_the_address_counts_when_it_is_not_the_forms_own(start: Start) -> None:
    app = start(PAGE, case="training")
    click(app, "packages", "os_packages")
    app.query_params["case"] = "training"  # as the way back in the browser leaves it
    app.run()
    assert f"**{title('training-1')}**" not in shown(app)


def test_a_link_opens_its_case_and_says_what_it_left_out(start: Start) -> None:
    app = start(PAGE, case="inference,nope,own_server")
    assert not app.exception
    assert [i.value for i in app.info] == [message("ui_choose_ignored", "ja", ids="nope")]
    assert f"**{title('inference-3')}**" in shown(app)


def test_the_case_as_markdown_holds_pattern_evidence_and_link(start: Start) -> None:
    app = start(PAGE, case="training,os_packages", language="en")
    note = code(app, "# ")
    assert title("training-1", "en") in note
    assert note.count("https://github.com/") >= 9
    assert "choose?case=training,os_packages&language=en" in note


def test_the_base_image_follows_the_case(start: Start) -> None:
    app = start(PAGE, case="training,os_packages,distributed")
    chosen = {s.label: s.value for s in app.selectbox}
    assert chosen[message("ui_image_scope", "ja")] == "training"
    assert chosen[message("ui_image_instance", "ja")].startswith("ml.g")
    assert "/pytorch" in code(app, "FROM ")
    click(app, "job")
    chosen = {s.label: s.value for s in app.selectbox}
    assert chosen[message("ui_image_instance", "ja")].startswith("ml.m")
    assert code(app, "aws ecr get-login-password").endswith(".amazonaws.com")


@pytest.mark.parametrize(
    ("case", "repository"),
    [
        ("inference,llm", "/vllm:"),
        ("training,llm", "/pytorch:"),
        ("inference,multi_model,gpu", "/sagemaker-tritonserver:"),
        ("inference,tensorflow_serving,pip_packages", "/tensorflow-inference:"),
    ],
)
def test_every_prefilled_base_image_exists(start: Start, case: str, repository: str) -> None:
    assert repository in code(start(PAGE, case=case), "FROM ")


def test_a_base_image_that_does_not_exist_gives_one_sentence(start: Start) -> None:
    app = start(PAGE, case="training,os_packages")
    named = {s.label: s for s in app.selectbox}
    named[message("ui_image_instance", "ja")].set_value("ml.inf2.xlarge").run()
    assert not app.exception
    assert len(app.warning) == 1
    assert "ml.inf2.xlarge" in app.warning[0].value
    assert not [block for block in app.code if block.value.startswith("FROM ")]


def test_an_index_without_the_statements_says_what_to_do(
    start: Start, index_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_INDEX_DIR", str(index_dir))
    app = start(PAGE, case="training,os_packages")
    assert not app.exception
    assert message("ui_choose_unproven", "ja") in shown(app)
