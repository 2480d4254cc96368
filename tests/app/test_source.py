"""The source page: the quote in its document, and sentences where there is none."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from kb.messages import message
from kb.records import Citation
from kb.search.index import Index
from screens.html.answer import source_page
from tests.app.conftest import Start

PAGE = "screens/source.py"


def texts(app: AppTest) -> list[str]:
    return [part.value for part in app.html]


@pytest.fixture
def note(index: Index) -> str:
    return next(identity for identity in index.documents if identity.endswith("ja/training.md"))


def test_a_known_place_is_shown_with_its_evidence(start: Start, index: Index, note: str) -> None:
    text = index.documents[note].text
    quote = "学習コードは、できたモデルを `/opt/ml/model` に置きます。"
    at = text.index(quote)
    cited = Citation(1, note, "", "", note, quote, at, at + len(quote))
    query = dict(parse_qsl(source_page(cited, "en").partition("?")[2]))
    app = start(PAGE, **query)
    assert not app.exception
    html = "".join(texts(app))
    assert "<h1" in html
    assert "学習ジョブ" in html
    assert "<code>/opt/ml/model</code>" in html.split("<mark>")[1].split("</mark>")[0]
    assert "docs.example/training" in html
    assert app.expander[0].label == message("ui_whole_document", "en")
    assert app.caption[0].value.startswith(f"notes · {note}")  # whose it is, and where


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"start": "5"},
        {"start": "9", "end": "5"},
        {"start": "-3", "end": "5"},
        {"start": "0", "end": "99999999"},
        {"start": "x", "end": "y"},
        {"start": "", "end": ""},
    ],
)
def test_numbers_that_name_no_place_show_the_document(
    start: Start, note: str, place: dict[str, str]
) -> None:
    app = start(PAGE, document=note, **place)
    assert not app.exception
    assert "<mark>" not in "".join(texts(app))
    assert "学習コードは" in "".join(texts(app))


def test_an_unknown_document_gives_one_sentence(start: Start) -> None:
    app = start(PAGE, document="../../etc/passwd", start="0", end="5")
    assert not app.exception
    assert [w.value for w in app.warning] == [message("ui_source_unknown", "ja")]


def test_no_document_says_how_to_get_here(start: Start) -> None:
    app = start(PAGE)
    assert [i.value for i in app.info] == [message("ui_source_none", "ja")]


def test_without_an_index_one_sentence(
    start: Start, note: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_INDEX_DIR", str(tmp_path / "nothing"))
    app = start(PAGE, document=note)
    assert not app.exception
    assert [e.value for e in app.error] == [message("ui_no_index", "ja")]
