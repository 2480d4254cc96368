"""Reranking: the hits in the order of a cross-encoder that the settings name."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from kb.errors import EmbeddingError
from kb.records import Chunk, Hit
from kb.search.rerank import Reranker


class Overlap:
    """Stands for a cross-encoder: the share of the question's words that a passage holds."""

    def __init__(self, model: str, device: str) -> None:
        if model == "missing":
            raise OSError("no such model")
        self.pairs: list[tuple[str, str]] = []

    def predict(self, pairs: list[tuple[str, str]]) -> list[float]:
        self.pairs += pairs
        return [
            len(set(question.split()) & set(passage.split())) / len(question.split())
            for question, passage in pairs
        ]


@pytest.fixture(autouse=True)
def cross_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("sentence_transformers")
    module.CrossEncoder = Overlap  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", module)


def hit(group: str, score: float, text: str, question: str = "") -> Hit:
    def chunk(kind: str, text: str) -> Chunk:
        return Chunk(
            id=f"{group}-{kind}",
            document="a.md",
            kind=kind,  # type: ignore[arg-type]
            start=0,
            end=len(text),
            text=text,
            search_text=text,
            heading=("A",),
            lines=(1, 1),
            language="en",
            group=group,
        )

    return Hit(group, score, (chunk("question", question), chunk("statement", text)))


def test_the_model_decides_the_order_and_the_scores_stay_in_theirs() -> None:
    hits = [hit("far", 1.0, "lunch at noon"), hit("near", 0.4, "push the zebra image")]
    ranked = Reranker("any").rerank("push the image", hits)
    assert [(h.group, h.score) for h in ranked] == [("near", 1.0), ("far", 0.4)]


def test_equals_keep_the_order_of_the_search() -> None:
    hits = [hit("a", 1.0, "x"), hit("b", 0.5, "y"), hit("c", 0.2, "z")]
    assert [h.group for h in Reranker("any").rerank("nothing", hits)] == ["a", "b", "c"]


def test_the_model_reads_what_a_reader_would_and_not_all_of_a_book() -> None:
    reranker = Reranker("any")
    reranker.rerank("q", [hit("a", 1.0, "word `code` " * 1_000, question="a way to ask")])
    ((_, passage),) = reranker._model.pairs
    assert len(passage) <= 2_000
    assert passage.startswith("word code word")


def test_without_hits_the_model_is_not_asked() -> None:
    assert Reranker("any").rerank("q", []) == ()


def test_a_model_that_does_not_load_is_one_sentence() -> None:
    with pytest.raises(EmbeddingError, match=r"“missing” could not be loaded; check KB_RERANKER"):
        Reranker("missing")
