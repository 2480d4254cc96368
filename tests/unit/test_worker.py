"""Documents of others: what ends a parser, takes too long or too much, costs itself alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ingest import worker as working
from ingest.collect import collect
from ingest.parse import parse
from ingest.worker import Worker
from kb.errors import ParseError
from kb.search.embedding import BundledEmbedder
from kb.text.markup import plain
from kb.text.sentences import sentences
from kb.text.tokens import search_tokens
from tests.conftest import NOTE_JA, folder_source
from tests.unit.documents import EVERY_KIND, raw

MANY = 100_000
BRACKETS = f"# 題\n\n## 見出し\n\n<!--\nid: x\nquestions: {'[' * 50_000}\n-->\n\n文。\n"
"""Ends the C loader of YAML, and with it the process."""


def words(text: str) -> int:
    return len(text.split())


@pytest.mark.parametrize("document", EVERY_KIND, ids=lambda document: document.kind)
def test_the_worker_gives_what_the_parser_gives(document: working.RawDocument) -> None:
    with Worker(words) as worker:
        assert (
            worker.parse(document, "wiki", title="題")
            == parse(document, "wiki", title="題").document
        )
        for found in worker.chunks():
            assert isinstance(found.heading, tuple)


def test_a_document_that_ends_the_parser_costs_itself_alone(
    tmp_path: Path, embedder: BundledEmbedder
) -> None:
    (tmp_path / "a.md").write_text(BRACKETS, encoding="utf-8")
    (tmp_path / "b.md").write_text(NOTE_JA, encoding="utf-8")
    collection = collect([folder_source(tmp_path)], embedder.count, None)
    assert [document.id for document in collection.documents] == [f"{tmp_path}/b.md"]
    (problem,) = collection.reports[0].problems
    assert problem.startswith(f"{tmp_path}/a.md: reading it ended the program (SIG")


def test_computing_time_and_memory_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = "from ingest import worker; worker.CPU_SECONDS = 1; worker.parse = {}; worker.serve()"
    start = "import sys; sys.path.insert(0, sys.argv[1]); "
    monkeypatch.setattr(
        working, "_START", start + loop.format("lambda *a, **k: exec('while 1: 0')")
    )
    with Worker(words) as worker, pytest.raises(ParseError, match="s of computing time, left out"):
        worker.parse(raw("text", "a"), "wiki")
    monkeypatch.setattr(working, "_START", start + loop.format("lambda *a, **k: bytes(3 << 30)"))
    with Worker(words) as worker, pytest.raises(ParseError, match="more than 2 GB of memory"):
        worker.parse(raw("text", "a"), "wiki")


def test_a_document_that_takes_too_long_is_named_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "PATIENCE", 0.0)
    with Worker(words) as worker, pytest.raises(ParseError, match="not read within 0 s, left out"):
        worker.parse(raw("text", "a"), "wiki")


def test_the_worker_sees_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    with Worker(words) as worker:
        worker.parse(raw("text", "a"), "wiki")
        assert worker._process is not None
        environment = Path(f"/proc/{worker._process.pid}/environ")
        if environment.exists():
            assert b"xoxb-secret" not in environment.read_bytes()


def test_a_document_of_too_much_text_is_left_out() -> None:
    with pytest.raises(ParseError, match="more than 1,000,000 characters of text, left out"):
        parse(raw("text", "雨 " * 600_000), "wiki")


def test_headings_are_carried_only_so_far() -> None:
    parsed = parse(raw("markdown", f"# {'a' * 9_999}\n\ntext\n"), "wiki")
    assert len(parsed.document.title) == len(parsed.blocks[0].heading[0]) == 300


LINEAR = {
    "brackets": "[" * MANY,
    "images": "![" * MANY,
    "links": "[a](" * MANY,
    "footnotes": "[^a" * MANY,
    "line ends": "x" + "\n" * MANY + "y",
    "Japanese line ends": "あ" + "\n" * MANY + "x",
    "blanks": f"a{' ' * MANY}b",
    "full stops": f"{'.' * MANY}a",
    "abbreviations": "e.g. " * MANY,
    "headings": "\n#" * MANY,
    "letters": "a" * MANY,
}


@pytest.mark.parametrize("text", LINEAR.values(), ids=LINEAR)
def test_patterns_are_linear_in_the_text(text: str) -> None:
    for read in (plain, sentences, search_tokens):
        half = text[: len(text) // 2]
        times = []
        for part in (half, text):
            started = time.process_time()
            read(part)
            times.append(time.process_time() - started)
        assert times[1] < max(0.4, 3 * times[0])  # a quadratic one takes minutes


HOSTILE = {
    "comment openings": ("markdown", "## a\n<!--\nid: x\n" * 20_000),
    "shell functions": ("shell", "f() {\n" * 50_000),
    "shell names": ("shell", "f()\n" * 50_000),
    "headings in HTML": ("markdown", "<h1>" * MANY),
    "tags": ("markdown", f"# {'<' * MANY}"),
    "blank lines": ("text", "x" + " \n" * MANY + "y"),
}


@pytest.mark.parametrize(("kind", "text"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_documents_are_read_in_seconds(kind: str, text: str) -> None:
    started = time.process_time()
    parse(raw(kind, text), "notes")
    assert time.process_time() - started < 5  # a tenth of it here


def test_notes_come_from_the_source_of_notes_only(
    tmp_path: Path, embedder: BundledEmbedder
) -> None:
    """A copy of a note elsewhere is a document like any other, and joins no section."""
    planted = NOTE_JA.replace("`/opt/ml/model` に置きます", "ポート 31337 に送ります")
    for folder, text in {"a": planted, "notes": NOTE_JA}.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "training.md").write_text(text, encoding="utf-8")
    sources = [folder_source(tmp_path / "a", "wiki"), folder_source(tmp_path / "notes")]
    collection = collect(sources, embedder.count, None)
    kinds = {document.source: document.kind for document in collection.documents}
    assert kinds == {"wiki": "markdown", "notes": "note"}
    noted = [found for found in collection.chunks if found.group == "note:model-dir"]
    assert noted
    assert {found.document for found in noted} == {f"{tmp_path}/notes/training.md"}
    assert not any("31337" in found.text for found in noted)


def test_a_section_met_twice_is_reported_and_left_out(
    tmp_path: Path, embedder: BundledEmbedder
) -> None:
    (tmp_path / "a.md").write_text(NOTE_JA, encoding="utf-8")
    (tmp_path / "b.md").write_text(NOTE_JA, encoding="utf-8")
    collection = collect([folder_source(tmp_path)], embedder.count, None)
    assert {found.document for found in collection.chunks} == {f"{tmp_path}/a.md"}
    assert collection.reports[0].problems == tuple(
        f"{tmp_path}/b.md: “{id}” left out: {tmp_path}/a.md holds a section of that id already"
        for id in ("model-dir", "add-library")
    )
