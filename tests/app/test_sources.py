"""The page of sources and index versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from kb.messages import message
from kb.records import Language
from kb.search.embedding import BundledEmbedder
from kb.search.index import Index
from kb.search.versions import in_use, locked, note_fetch, versions
from tests.app.conftest import Start
from tests.app.test_chat import ask, button, shown
from tests.conftest import folder_source, ingest, write_knowledge

PAGE = "screens/sources.py"
MODEL = "学習したモデルはどこに保存すればいい？"


@pytest.fixture
def two(tmp_path: Path, embedder: BundledEmbedder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index folder of its own, with two versions that say different things."""
    knowledge = write_knowledge(tmp_path / "knowledge")
    ingest([folder_source(knowledge)], tmp_path / "index", embedder)
    note = knowledge / "ja" / "training.md"
    note.write_text(note.read_text(encoding="utf-8").replace("/opt/ml/model", "/opt/ml/modell"))
    ingest([folder_source(knowledge)], tmp_path / "index", embedder)
    monkeypatch.setenv("KB_INDEX_DIR", str(tmp_path / "index"))
    return tmp_path / "index"


def table(app: AppTest) -> str:
    return "\n".join(part.value for part in app.html if part.value.startswith("<table"))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_document_is_listed(start: Start, index: Index, language: Language) -> None:
    app = start(PAGE, language=language)
    assert not app.exception
    assert message("ui_sources_title", language) in shown(app)
    for document in index.documents.values():
        assert document.id in table(app)
    assert table(app).count('<th scope="row">') == len(index.documents)
    chunks = sum(chunk.document.endswith("ja/training.md") for chunk in index.chunks.values())
    row = table(app).split("ja/training.md</span>")[1].split("</tr>")[0]
    assert f">{chunks}</td>" in row
    assert message("state_fetched", language) in shown(app)


def test_how_often_a_document_is_cited(start: Start) -> None:
    app = ask(start(), MODEL)
    app.switch_page(PAGE).run()
    row = table(app).split("ja/training.md</span>")[1].split("</tr>")[0]
    assert row.endswith(">1</td>")


def test_the_filter_leaves_what_fits(start: Start) -> None:
    app = start(PAGE)
    app = app.text_input[0].set_value("TRAINING ja/").run()
    assert table(app).count('<th scope="row">') == 1
    app = app.text_input[0].set_value("nothing like this").run()
    assert table(app) == ""
    assert [info.value for info in app.info] == [
        message("ui_filter_none", "ja", wanted="nothing like this")
    ]


def test_a_failed_fetch_is_said(start: Start, two: Path) -> None:
    failed = {"state": "kept", "reason": "no <answer> within 20 s", "problems": [], "fetched": ""}
    note_fetch(
        two, [{"id": "notes", **failed}, {"id": "blog", **failed, "state": "failed"}], partly=False
    )
    app = start(PAGE)
    assert message("state_kept", "ja") in shown(app)
    assert message("state_failed", "ja") in shown(app)
    assert "no &lt;answer&gt; within 20 s" in shown(app)


def test_a_confirmed_rollback_changes_what_the_chat_answers(start: Start, two: Path) -> None:
    new, old = versions(two)
    app = ask(start(), MODEL)
    assert "/opt/ml/modell" in app.markdown[0].value
    app.switch_page(PAGE).run()
    assert [e.label for e in app.expander][-1] == message("ui_version_changes", "ja", count=1)
    assert "ja/training.md" in app.expander[-1].children[0].value
    app = button(app, message("ui_version_use", "ja"))
    assert in_use(two) == new  # nothing before it is confirmed
    app = button(app, message("ui_version_yes", "ja"))
    assert in_use(two) == old
    assert [s.value.endswith("の資料に切り替えました。") for s in app.success] == [True]
    app.switch_page("screens/chat.py").run()
    app = ask(app, MODEL)
    assert "`/opt/ml/model`" in app.markdown[1].value


def test_a_rollback_during_an_ingest_is_refused(start: Start, two: Path) -> None:
    new, _ = versions(two)
    app = button(start(PAGE), message("ui_version_use", "ja"))
    with locked(two):
        app = button(app, message("ui_version_yes", "ja"))
    assert [e.value for e in app.error] == [message("ui_version_failed", "ja")]
    assert in_use(two) == new


def test_a_version_of_another_release_is_named_and_cannot_be_chosen(
    start: Start, two: Path
) -> None:
    _, old = versions(two)
    file = two / "versions" / old / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": "0"}))
    app = start(PAGE)
    assert not app.exception
    assert message("ui_version_unreadable", "ja", version=old) in shown(app)
    assert not [b for b in app.button if (b.key or "").startswith("use_")]
    assert "ja/training.md" in table(app)


def test_while_the_database_is_away_the_documents_are_there(start: Start, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way of the folder")
    app = start(PAGE)
    assert not app.exception
    assert message("ui_no_database", "ja") in shown(app)
    assert "ja/training.md" in table(app)
    assert "–</td>" in table(app)


@pytest.mark.parametrize(
    ("manage", "url", "may"),
    [
        ("local", "http://localhost:8501", True),
        ("local", "https://kb.example.com", False),
        ("local", "http://localhost.example.com", False),
        ("true", "https://kb.example.com", True),
        ("false", "http://localhost:8501", False),
    ],
)
def test_only_who_may_manage_switches_versions_and_reads_gaps(
    start: Start, two: Path, monkeypatch: pytest.MonkeyPatch, manage: str, url: str, may: bool
) -> None:
    monkeypatch.setenv("KB_MANAGE", manage)
    app = start(PAGE, url=url)
    assert any((b.key or "").startswith("use_") for b in app.button) == may
    assert message("ui_version_changes", "ja", count=1) in [e.label for e in app.expander]
    gaps = message("ui_gaps_title", "ja")
    assert (gaps in shown(start("screens/gaps.py", url=url))) == may


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
def test_behind_a_proxy_no_page_counts_as_local(
    start: Start, two: Path, monkeypatch: pytest.MonkeyPatch, header: str
) -> None:
    monkeypatch.setattr(ContextProxy, "headers", {header: "203.0.113.7"})
    assert not [b for b in start(PAGE).button if (b.key or "").startswith("use_")]
