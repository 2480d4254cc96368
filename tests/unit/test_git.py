"""Repositories, by the real git program: only what is wanted comes, from the pinned commit."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ingest import fetch as fetching
from ingest.fetch import Fetched, fetch
from ingest.git import fetch_git
from ingest.sources import Source
from kb.errors import FetchError
from tests.unit.repositories import commit, git, published

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="needs the program git")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A source whose repository has gone on since the pinned commit."""
    root = tmp_path_factory.mktemp("git")
    work = root / "work"
    work.mkdir()
    git(work, "init", "--quiet")
    (work / "train").mkdir()
    (work / "train/link.md").symlink_to("../README.md")
    pinned = commit(
        work,
        {
            "README.md": "# Samples\n\nThe old text.\n",
            "train/train.py": "print('学習')\n",
            "train/deep/使い方 1.md": "# 使い方\n\n手順です。\n",
            "serve/serve.py": "print('serve')\n",
            "big/data.md": "# Data\n",
        },
    )
    commit(work, {"README.md": "# Samples\n\nThe new text.\n", "train/new.py": "x = 1\n"})
    url = published(work, root / "samples.git")
    return Source("samples", "git", url=url, commit=pinned, paths=("README.md", "train"))


def texts(fetched: Fetched) -> dict[str, str]:
    return {document.id: document.data.decode() for document in fetched.documents}


def refusal(source: Source, tmp_path: Path, patience: float = 5) -> str:
    with pytest.raises(FetchError) as error:
        fetch_git(source, tmp_path, patience)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_only_the_wanted_paths_come_from_the_pinned_commit(repository: Source) -> None:
    root = f"{repository.url.removesuffix('.git')}/blob/{repository.commit}"
    assert texts(fetch(repository)) == {
        f"{root}/README.md": "# Samples\n\nThe old text.\n",
        f"{root}/train/train.py": "print('学習')\n",
        f"{root}/train/deep/%E4%BD%BF%E3%81%84%E6%96%B9%201.md": "# 使い方\n\n手順です。\n",
    }


def test_files_outside_the_wanted_paths_are_not_even_transferred(
    repository: Source, tmp_path: Path
) -> None:
    tree = fetch_git(replace(repository, paths=("README.md",)), tmp_path, 5)
    assert [path.name for path in tree.iterdir() if path.name != ".git"] == ["README.md"]
    objects = git(tree, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)")
    assert objects.split().count("blob") == 1


def test_a_symbolic_link_is_neither_followed_nor_read_as_text(repository: Source) -> None:
    assert not any("link.md" in name for name in texts(fetch(repository)))


def test_a_missing_path_is_named(repository: Source, tmp_path: Path) -> None:
    sentence = refusal(replace(repository, paths=("README.md", "gone/x.md")), tmp_path)
    assert sentence.endswith("has no gone/x.md; correct “paths” in the list of sources")


def test_a_missing_commit_is_named_with_the_reason(repository: Source, tmp_path: Path) -> None:
    sentence = refusal(replace(repository, commit="12345678" * 5), tmp_path)
    assert "at 123456781234 could not be fetched (" in sentence
    assert "not our ref" in sentence


def test_a_missing_repository_is_one_sentence(repository: Source, tmp_path: Path) -> None:
    url = (tmp_path / "gone.git").as_uri()
    assert "could not be fetched (fatal:" in refusal(replace(repository, url=url), tmp_path)


def test_a_machine_without_git_is_told_what_to_install(
    repository: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal(repository, tmp_path) == (
        "the program git is not installed; install it to read git sources"
    )


def test_a_repository_around_us_is_left_alone(
    repository: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    git(ours, "init", "--quiet")
    head = commit(ours, {"mine.txt": "mine\n"})
    monkeypatch.setenv("GIT_DIR", str(ours / ".git"))  # as in a hook
    monkeypatch.setenv("GIT_WORK_TREE", str(ours))
    assert len(fetch(repository).documents) == 3
    monkeypatch.delenv("GIT_DIR")
    monkeypatch.delenv("GIT_WORK_TREE")
    assert git(ours, "rev-parse", "HEAD") == head
    assert git(ours, "status", "--porcelain") == ""
    assert git(ours, "remote") == ""


def test_a_hook_of_the_user_is_not_run(
    repository: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n", encoding="utf-8")
    (hooks / "post-checkout").chmod(0o755)
    (tmp_path / "gitconfig").write_text(f"[core]\n\thooksPath = {hooks}\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    assert fetch(repository).documents
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def silent_server() -> Iterator[tuple[str, list[socket.socket]]]:
    """Accepts connections and says nothing; gives its URL and the connections."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connections.append(listener.accept()[0])
            except OSError:
                return

    thread = threading.Thread(target=accept)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/samples.git", connections
    with suppress(OSError):  # macOS has nothing to shut down here
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    for connection in connections:
        connection.close()


def test_a_silent_server_is_given_up_and_no_process_stays(
    repository: Source, silent_server: tuple[str, list[socket.socket]], tmp_path: Path
) -> None:
    url, connections = silent_server
    started = time.monotonic()
    sentence = refusal(replace(repository, url=url), tmp_path, patience=0.7)
    assert sentence.endswith("could not be fetched (no answer within 0.7 s)")
    assert time.monotonic() - started < 4
    (connection,) = connections
    connection.settimeout(4)
    while connection.recv(4096):  # b"" once the helper that git started has gone too
        pass


def test_the_patience_of_a_git_source_stays_below_that_of_a_page(
    repository: Source,
    silent_server: tuple[str, list[socket.socket]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 1.5)
    with pytest.raises(FetchError, match=r"no answer within 0\.5 s"):
        fetch(replace(repository, url=silent_server[0]))
