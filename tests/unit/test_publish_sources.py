"""Sources that fail, come again, change their names or leave: what stays of them in the index."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from ingest import collect as collecting
from ingest.sources import Source
from tests.conftest import README, folder_source
from tests.unit.publishing import Base
from tests.unit.repositories import commit, git, published
from tests.unit.web import Web

POST = (
    "<html><body><article><h1>雨のモデル</h1><div property='articleBody'><p>{}</p>"
    + "<p>雨を当てるモデルを箱に詰めて動かす道を、一つずつ順に見ていきます。</p>" * 8
    + "</div></article></body></html>"
)


@pytest.fixture
def web() -> Iterator[Web]:
    server = Web()
    yield server
    server.close()


def test_a_folder_that_vanishes_keeps_its_last_good_copy(base: Base) -> None:
    base.run()
    names = base.names()
    shutil.move(base.knowledge, base.knowledge.with_name("elsewhere"))
    done = base.run()
    assert not done.new
    assert base.names() == names
    report = base.report("notes")
    assert (report.state, report.documents) == ("kept", 4)
    assert "does not exist" in report.reason


def test_a_folder_that_is_emptied_never_empties_the_index(base: Base) -> None:
    base.run()
    names = base.names()
    shutil.rmtree(base.knowledge)
    base.knowledge.mkdir()
    base.run()
    assert base.names() == names
    assert base.report("notes").state == "kept"


def test_a_file_that_is_deleted_leaves_the_index(base: Base) -> None:
    base.run()
    (base.knowledge / "README.md").unlink()
    done = base.run()
    assert (done.new, done.embedded) == (True, 0)
    assert "README.md" not in base.names()


def test_a_broken_document_is_reported_by_name_and_skipped(base: Base) -> None:
    (base.knowledge / "broken.ipynb").write_text("{", encoding="utf-8")
    (base.knowledge / "bad.md").write_text(
        "# 題\n\n## 見出し\n\n<!--\nid: x\n-->\n\n文。\n", encoding="utf-8"
    )
    base.run()
    assert base.names() == ["Dockerfile", "README.md", "en/training.md", "ja/training.md"]
    bad, broken = base.report("notes").problems
    assert bad.startswith(f"{base.knowledge}/bad.md: line 3: the comment below “見出し”")
    assert broken.startswith(f"{base.knowledge}/broken.ipynb: this notebook document is damaged")


def test_a_page_comes_once_and_is_kept_when_its_server_fails(base: Base, web: Web) -> None:
    url = web.gives("/post", POST.format("一つ目の版です。").encode(), etag='"v1"')
    base.sources.append(Source("blog", "web", url=url, title="ブログ"))
    base.run()
    document = base.index.document(url)
    assert document.title == "ブログ"
    assert "一つ目の版です。" in document.text

    web.gives("/post", b"", 304)
    assert not base.run().new
    assert web.requests[-1][1]["if-none-match"] == '"v1"'
    assert base.report("blog").state == "unchanged"

    web.gives("/post", b"oops", 500)
    assert not base.run().new
    report = base.report("blog")
    assert (report.state, report.documents) == ("kept", 1)
    assert report.reason == f"{url} answered with status 500, expected 200"
    assert base.index.document(url) == document

    web.gives("/post", POST.format("二つ目の版です。").encode(), etag='"v2"')
    done = base.run()
    assert (done.new, done.embedded) == (True, 2)  # the passage, and its new sentence
    assert "二つ目の版です。" in base.index.document(url).text


def test_a_page_that_loses_its_article_keeps_the_last_good_copy(base: Base, web: Web) -> None:
    url = web.gives("/post", POST.format("本文です。").encode())
    base.sources.append(Source("blog", "web", url=url))
    base.run()
    web.gives("/post", b"<html><body>Please log in</body></html>"[:0] + b"<html></html>")
    base.run()
    assert base.report("blog").state == "kept"
    assert url in base.index.documents


def test_a_source_that_never_came_is_reported_and_the_others_are_published(
    base: Base, web: Web
) -> None:
    base.sources.append(Source("blog", "web", url=web.gives("/post", b"", 404)))
    assert base.run().new
    assert (base.report("blog").state, base.report("notes").state) == ("failed", "fetched")


def test_a_page_that_drips_its_headers_costs_the_patience_and_no_more(
    base: Base, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        while not web.over.wait(0.1):
            try:
                request.wfile.write(b"HTTP/1.1 200 OK\r\n"[:1])
            except OSError:
                return

    web.answers["/drip"] = drip
    monkeypatch.setattr(collecting, "PATIENCE", 0.8)
    base.sources.append(Source("blog", "web", url=web.root + "/drip"))
    started = time.monotonic()
    base.run()
    assert base.report("blog").reason == "not complete within 0.8 s"
    assert base.report("notes").state == "fetched"
    assert time.monotonic() - started < 8


def test_two_sources_with_the_same_file_are_told_apart(base: Base) -> None:
    base.sources.append(folder_source(base.knowledge, "again"))
    base.run()
    report = base.report("again")
    assert report.documents == report.chunks == 0
    assert f"{base.knowledge}/README.md: an earlier source holds it already" in report.problems
    assert len(base.names()) == 4


def test_a_source_that_leaves_the_list_leaves_the_index(base: Base, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "more.md").write_text(README.replace("Weather", "Snow"), encoding="utf-8")
    base.sources.append(folder_source(other, "other"))
    base.run()
    assert f"{other}/more.md" in base.index.documents
    del base.sources[1]
    done = base.run()
    assert (done.new, done.embedded) == (True, 0)
    assert f"{other}/more.md" not in base.index.documents


def test_a_source_that_is_renamed_keeps_its_vectors_and_its_safety(base: Base) -> None:
    base.sources = [folder_source(base.knowledge, "docs")]
    base.run()
    base.sources = [folder_source(base.knowledge, "wiki")]
    done = base.run()
    assert (done.new, done.embedded) == (True, 0)
    shutil.rmtree(base.knowledge)
    base.run()
    assert base.report("wiki").state == "kept"


@pytest.mark.skipif(not shutil.which("git"), reason="needs the program git")
def test_a_pinned_commit_is_fetched_once(base: Base, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "--quiet")
    pinned = commit(work, {"README.md": "# Samples\n\nHow to train.\n", "b.md": "# B\n\nText.\n"})
    url = published(work, tmp_path / "samples.git")
    samples = Source("samples", "git", url=url, commit=pinned, paths=("README.md",))
    base.sources.append(samples)
    base.run()
    (identity,) = [name for name in base.index.documents if name.startswith("file:")]
    assert base.index.document(identity).commit == pinned

    base.sources[1] = replace(samples, paths=("README.md", "b.md"))
    assert base.run().embedded == 1

    shutil.rmtree(tmp_path / "samples.git")
    assert not base.run().new
    assert base.report("samples").state == "unchanged"


def test_a_new_chunker_reads_pages_again_that_did_not_change(
    base: Base, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = web.gives("/post", POST.format("本文です。").encode(), etag='"v1"')
    base.sources.append(Source("blog", "web", url=url))
    base.run()
    monkeypatch.setattr(collecting, "CHUNKER", "next")
    for asked_again in (True, False):
        base.run()
        assert ("if-none-match" not in web.requests[-1][1]) is asked_again
