"""Answers made by hand, for tests of what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kb.records import Answer, Citation, Decision, Raised, Sentence

QUOTE = "学習コードは、できたモデルを `/opt/ml/model` に置きます。"
ANSWER = Answer(
    id="a1",
    question="モデルはどこに置く？",
    language="ja",
    declined=False,
    reason=None,
    pattern="training-1",
    clarify=None,
    answer=f"{QUOTE} [1]",
    sentences=(Sentence(QUOTE, (1,)),),
    citations=(
        Citation(1, "notes/ja/training.md", "学習ジョブ", "結果", "notes/ja/x#y", QUOTE, 10, 45),
    ),
    model="extractive",
    index_version="v1",
    seconds=0.25,
    decision=Decision("training-1", (Raised("apt", "apt で"),), "os-packages"),
)


def answer(**changes: Any) -> Answer:
    return replace(ANSWER, **changes)


def declined(question: str, **changes: Any) -> Answer:
    """A question that the sources do not answer."""
    return answer(
        question=question,
        declined=True,
        reason=changes.pop("reason", "not_in_sources"),
        sentences=(),
        citations=(),
        pattern=None,
        decision=None,
        **changes,
    )
