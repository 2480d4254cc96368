"""The side that a conversation is on."""

from __future__ import annotations

import pytest

from kb.reading.reading import CaseReading
from kb.reading.side import side_before
from kb.records import Side
from tests.unit.kb_fixtures import turns

CASE = CaseReading((), ("inference",))


@pytest.mark.parametrize(
    ("earlier", "question", "case", "side"),
    [
        (("推論サーバーを Rust で書いた",), "モデルはどこに置く？", None, "inference"),
        (("We train with PyTorch.", "How do I push to ECR?"), "And the logs?", None, "training"),
        (("We train with PyTorch.",), "How does the endpoint log?", None, None),
        (("学習と推論で同じイメージを使いたい",), "ログは？", None, None),
        (("It is written in Go.",), "Where do logs go?", CASE, "inference"),
        ((), "Where do logs go?", CASE, None),
    ],
)
def test_side(
    earlier: tuple[str, ...], question: str, case: CaseReading | None, side: Side | None
) -> None:
    assert side_before(question, turns(*earlier), case) == side
