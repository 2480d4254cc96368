"""Questions offered after an answer lie beside the sections that it quotes."""

from __future__ import annotations

from pathlib import Path

from kb.answer.neighbours import neighbours
from kb.assistant import Assistant
from kb.search.embedding import Embedder
from kb.search.index import Index, IndexStore

SAVED = "学習したモデルはどこに保存すればいい？"
BESIDE = "ライブラリを足すには"


def test_the_section_beside_is_offered_once(
    index_dir: Path, index: Index, embedder: Embedder
) -> None:
    answer = Assistant(IndexStore(index_dir), embedder).ask(SAVED)
    assert neighbours(answer.citations, index, "ja") == (BESIDE,)
    assert neighbours(answer.citations, index, "ja", [BESIDE]) == ()


def test_what_is_no_note_has_no_neighbours(index: Index) -> None:
    assert neighbours((), index, "en") == ()
