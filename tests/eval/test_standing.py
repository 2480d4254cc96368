"""What a form of a decision shows: of its side, its pattern and its framework alone."""

from __future__ import annotations

import pytest

from kb.assistant import Assistant
from kb.records import Answer
from kb.search.embedding import BundledEmbedder
from kb.search.index import IndexStore
from kb.search.rank import facet
from tests.unit.kb_fixtures import turns
from tests.unit.test_story import check

CASES = {
    "inference-1": "推論エンドポイントで使うコンテナに apt の poppler が要ります。どのパターン？",
    "inference-3": "Our inference server is written in Rust, which pattern do we need?",
    "training-1": "学習ジョブで apt の graphviz が要る。どのパターンがいい？",
}
FORMS = ["短く", "コード例ある？", "shorter", "show me the code"]


@pytest.fixture(scope="module")
def world(notes_store: IndexStore, embedder: BundledEmbedder) -> Assistant:
    return Assistant(notes_store, embedder)


def code_of(answer: Answer) -> list[str]:
    return [s.text for s in answer.sentences if s.text.startswith("```")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pattern", CASES)
def test_code_is_of_the_pattern_decided_for(
    world: Assistant, notes_store: IndexStore, pattern: str, form: str
) -> None:
    assert world.ask(CASES[pattern]).pattern == pattern
    answer = world.ask(form, turns(CASES[pattern]))
    assert code_of(answer)
    side, _, _ = pattern.partition("-")
    assert {facet(text) for text in code_of(answer)} <= {"", side}
    for citation in answer.citations:
        if citation.quote.startswith(("```", "FROM")) or citation.quote in code_of(answer):
            assert pattern in citation.document
    check(answer, notes_store.current())


def test_no_code_of_another_framework(world: Assistant) -> None:
    question = "TensorFlow model behind an endpoint, apt packages needed. Which pattern?"
    for form in ("shorter", "any code example?"):
        text = "\n".join(code_of(world.ask(form, turns(question))))
        assert text
        assert "torch" not in text


def test_the_same_case_on_the_other_side_is_decided_there(world: Assistant) -> None:
    answer = world.ask("学習側でも同じですか？", turns(CASES["inference-1"], "短く"))
    assert answer.patterns == ("training-1",)
    answer = world.ask("Same for inference?", turns(CASES["training-1"]))
    assert "inference-1" in answer.patterns


def test_a_correction_is_answered_for_what_was_meant(world: Assistant) -> None:
    history = turns("エンドポイントがヘルスチェックで落ちます", "その場合 ENTRYPOINT は？")
    answer = world.ask("いや、聞きたいのは CMD のほう", history)
    assert answer.act == "complaint"
    assert "CMD" in answer.sentences[1].text


def test_a_form_between_is_no_subject_of_the_next_question(world: Assistant) -> None:
    asked = "学習ジョブのログはどこに出ますか？"
    plain = world.ask("それは何日残る？", turns(asked))
    between = world.ask("それは何日残る？", turns(asked, "英語で短く", "ありがとう"))
    assert [s.text for s in between.sentences] == [s.text for s in plain.sentences]
