"""Documents of others, in an index of nothing else and beside our notes: both languages alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.assistant import Assistant
from kb.messages import message
from kb.records import Answer
from kb.search.embedding import BundledEmbedder
from kb.search.index import IndexStore
from kb.search.retrieve import retrieve
from tests.conftest import folder_source, ingest
from tests.unit.kb_fixtures import ROOT

PAGES = {
    "rules.md": """\
# 望遠鏡の利用規則

改定: 2025-06-01

## 観測

- 1 回の観測は **最長 6 時間**
- 予約は前日の 17 時までに入れる
- ドームの開閉は当番の観測員が行う

## 解析サーバー

- kuroshio（黒潮）は解析専用。観測の制御には使わない
- 1 人が同時に使える GPU は 3 枚まで
""",
    "faq.md": """\
# Observer FAQ

Checked on 2024-03-10.

**How long may one observation run?**
One observation may run up to 9 hours.

**Where do calibration frames go?**
Calibration frames go to the archive bucket and are kept for 45 days.
""",
    "pipeline.md": """\
# Reduction pipeline

updated 2025-02-02

## Schedule

The reduction pipeline starts at 04:30 every night. A release is tagged every Wednesday.

## Failures

If a checkpoint is missing, the run stops and the alert PipelineStalled pages the pipeline owner.
Retries are limited to three.
""",
    "meals.md": """\
# 食堂と宿舎

更新: 2025-01-15

- 夕食は 18 時から 20 時まで
- 宿舎の鍵は事務室で受け取る
- シーツの交換は毎週月曜
""",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wiki") / "observatory"
    folder.mkdir()
    for name, text in PAGES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def alone(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, embedder: BundledEmbedder
) -> Assistant:
    root = tmp_path_factory.mktemp("alone")
    ingest([folder_source(folder)], root, embedder)
    return Assistant(IndexStore(root), embedder)


@pytest.fixture(scope="module")
def beside(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, embedder: BundledEmbedder
) -> Assistant:
    """With some of our notes in the same index."""
    root = tmp_path_factory.mktemp("beside")
    notes = root / "notes"
    for language in ("ja", "en"):
        (notes / language).mkdir(parents=True)
        for name in ("decide", "training-contract"):
            text = (ROOT / "notes" / language / f"{name}.md").read_text(encoding="utf-8")
            (notes / language / f"{name}.md").write_text(text, encoding="utf-8")
    ingest([folder_source(folder, "wiki"), folder_source(notes)], root / "index", embedder)
    return Assistant(IndexStore(root / "index"), embedder)


def cited(answer: Answer) -> list[str]:
    return [citation.document.rpartition("/")[2] for citation in answer.citations]


@pytest.mark.parametrize(
    ("question", "page", "quote"),
    [
        ("リダクションのパイプラインは毎晩何時に始まる？", "pipeline.md", "04:30"),
        ("リリースは何曜日？", "pipeline.md", "Wednesday"),
    ],
)
def test_a_page_in_the_other_language_answers(
    alone: Assistant, beside: Assistant, question: str, page: str, quote: str
) -> None:
    for assistant in (alone, beside):
        answer = assistant.ask(question)
        assert not answer.declined
        assert cited(answer)[0] == page
        assert quote in " ".join(citation.quote for citation in answer.citations)


def test_the_lead_in_is_in_the_question_s_language_and_the_quote_in_its_own(
    alone: Assistant,
) -> None:
    answer = alone.ask("リダクションのパイプラインは毎晩何時に始まる？")
    first = next(s for s in answer.sentences if s.citations)
    assert answer.language == "ja"
    assert "英語" in first.lead
    assert "starts at 04:30" in first.text


def test_what_two_pages_tell_differently_is_told_from_both_the_newer_first(
    alone: Assistant,
) -> None:
    answer = alone.ask("1 回の観測は最長何時間？")
    opening, first, second = answer.sentences[:3]
    assert opening.text == message("sources_differ", answer.language)
    assert "6 時間" in first.text
    assert "2025-06-01" in first.lead
    assert "9 hours" in second.text
    assert "2024-03-10" in second.lead
    assert cited(answer)[:2] == ["rules.md", "faq.md"]


def test_amounts_of_different_things_do_not_differ(alone: Assistant) -> None:
    answer = alone.ask("夕食は何時から？")
    assert message("sources_differ", "ja") not in answer.answer


@pytest.mark.parametrize(
    "question",
    [
        "望遠鏡のメーカーはどこ？",
        "how much does the archive bucket cost per month",
    ],
)
def test_a_near_miss_is_no_answer(alone: Assistant, question: str) -> None:
    assert alone.ask(question).declined


def test_what_can_be_asked_is_told_by_the_sources(alone: Assistant, beside: Assistant) -> None:
    for language, question in (("ja", "おすすめのラーメン屋は？"), ("en", "Who won the cup?")):
        answer = alone.ask(question)
        assert answer.declined
        assert "SageMaker" not in answer.answer
        both = beside.ask(question).answer
        assert "SageMaker" in both
        assert answer.language == language


def test_a_thing_of_another_source_is_no_case_for_a_pattern(beside: Assistant) -> None:
    answer = beside.ask("黒潮の学習には何 GPU 使ってる？")
    assert answer.decision is None
    assert not answer.clarify


@pytest.mark.parametrize(
    "question", ["リリースは何曜日？", "how long may one observation run", "GPU は何枚まで？"]
)
def test_what_stands_beside_them_moves_no_measure(
    alone: Assistant, beside: Assistant, embedder: BundledEmbedder, question: str
) -> None:
    """An index of these pages alone and their part of a mixed one say the same."""
    one, other = (assistant._store.current() for assistant in (alone, beside))
    assert other.is_mixed
    assert not one.is_mixed
    for shelf, measured in one.calibration.strangers.items():
        assert other.calibration.strangers[shelf] == pytest.approx(measured, abs=1e-4)
    first, second = (
        retrieve(index, embedder, question, "ja", written=False) for index in (one, other)
    )
    assert first.hits[0].chunks[0].text == second.hits[0].chunks[0].text
    for shelf in ("questions", "statements", "passages"):
        assert second.best[shelf] == pytest.approx(first.best[shelf], abs=1e-4)
