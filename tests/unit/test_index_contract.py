"""One suite for both stores: Chroma embedded in a folder, and a real Chroma server."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pytest

from ingest.publish import versions
from kb.errors import ChromaSilent, IndexDamaged
from kb.records import Language
from kb.search import vectors as dense
from kb.search.embedding import BundledEmbedder
from kb.search.index import IndexStore, version_folder
from kb.search.vectors import SHELVES, VectorStore
from tests.conftest import folder_source, ingest, write_knowledge

# Four directions whose cosines with (1, 0) can be checked by hand.
VECTORS = np.array([[1, 0], [0.6, 0.8], [0, 1], [-1, 0]], np.float32)
IDS = ["east", "north-east", "north", "west"]
EAST = np.array([1, 0], np.float32)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chroma(tmp_path_factory.mktemp("chroma")) as url:
        yield url


@contextmanager
def chroma(folder: Path) -> Iterator[str]:
    """A Chroma server of its own on a free loopback port."""
    folder.mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("chroma")
    process = subprocess.Popen(
        [program, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urlopen(f"{url}/api/v2/heartbeat", timeout=1).close()
        except (URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the Chroma server did not start")


@pytest.fixture(params=["embedded", "server"])
def url(request: pytest.FixtureRequest) -> str:
    """What KB_CHROMA_URL holds."""
    return "" if request.param == "embedded" else str(request.getfixturevalue("server"))


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[VectorStore]:
    made = VectorStore(tmp_path, tmp_path.name, url)
    made.create()
    made.add("statements", "en", IDS, VECTORS)
    yield made
    made.delete()
    made.close()


def test_search_gives_the_nearest_first_with_their_cosine(store: VectorStore) -> None:
    found = store.search("statements", "en", EAST, 3)
    assert [identity for identity, _ in found] == ["east", "north-east", "north"]
    assert [similarity for _, similarity in found] == pytest.approx([1, 0.6, 0], abs=1e-5)


def test_each_language_is_searched_by_itself(store: VectorStore) -> None:
    store.add("statements", "ja", ["higashi"], VECTORS[:1])
    assert [identity for identity, _ in store.search("statements", "ja", EAST, 3)] == ["higashi"]
    assert "higashi" not in dict(store.search("statements", "en", EAST, 9))
    assert set(store.similarities(["higashi", "east"], EAST)["statements"]) == {"higashi", "east"}


def test_search_in_a_shelf_with_fewer_than_k_gives_all(store: VectorStore) -> None:
    assert [identity for identity, _ in store.search("statements", "en", EAST, 100)] == IDS


def test_search_in_an_empty_shelf_finds_nothing(store: VectorStore) -> None:
    assert store.search("passages", "en", EAST, 3) == []


def test_get_gives_the_vectors_that_were_added(store: VectorStore) -> None:
    store.add("passages", "ja", ["south"], np.array([[0, -1]], np.float32))
    found = store.get(["east", "south", "nowhere"])
    assert set(found) == {"east", "south"}
    assert found["east"] == pytest.approx([1, 0])
    assert found["south"] == pytest.approx([0, -1])
    assert found["east"].dtype == np.float32


def test_count_is_that_of_all_shelves(store: VectorStore) -> None:
    store.add("questions", "ja", ["q"], VECTORS[:1])
    assert store.count() == 5


def test_a_second_reader_sees_what_was_added(store: VectorStore, url: str, tmp_path: Path) -> None:
    reader = VectorStore(tmp_path, tmp_path.name, url)
    assert reader.count() == 4
    assert reader.search("statements", "en", EAST, 1)[0][0] == "east"
    reader.close()
    assert store.count() == 4  # the other one stays open


def test_more_records_than_chroma_takes_at_once_are_added(store: VectorStore) -> None:
    angles = np.linspace(0.1, 3, 6_000, dtype=np.float32)
    many = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    store.add("passages", "en", [str(number) for number in range(len(many))], many)
    assert store.count() == 6_004
    assert store.search("passages", "en", EAST, 1)[0][0] == "0"


def test_two_versions_do_not_see_each_other(store: VectorStore, url: str, tmp_path: Path) -> None:
    other = VectorStore(tmp_path / "other", "other-version", url)
    other.create()
    other.add("statements", "en", ["only"], VECTORS[:1])
    assert [identity for identity, _ in other.search("statements", "en", EAST, 9)] == ["only"]
    assert store.count() == 4
    other.delete()
    other.close()


def test_a_version_that_is_not_there_says_what_to_do(url: str, tmp_path: Path) -> None:
    missing = VectorStore(tmp_path, "v-missing", url)
    with pytest.raises(IndexDamaged, match=r"v-missing has no collection .* run `make ingest`"):
        missing.search("statements", "en", EAST, 3)
    missing.delete()  # half a version can be taken away too
    missing.close()


def test_a_whole_index_answers_alike(url: str, tmp_path: Path, embedder: BundledEmbedder) -> None:
    source = folder_source(write_knowledge(tmp_path / "knowledge"))
    _, collection = ingest([source], tmp_path / "index", embedder, url)
    index = IndexStore(tmp_path / "index", url).current()
    assert index.vectors.count() == len(index.chunks) == len(collection.chunks)
    spoken: tuple[tuple[str, str, Language, str], ...] = (
        ("モデルの保存先は？", "statements", "ja", "学習コードは、できたモデルを `/opt/ml/model`"),
        ("where do I store the model?", "questions", "en", "where do I save my trained model?"),
        ("雨の予報", "passages", "en", "The weather model predicts rain for the next day."),
    )
    for question, shelf, language, text in spoken:
        best, similarity = index.vectors.search(
            shelf, language, embedder.queries([question])[0], 1
        )[0]
        assert index.chunks[best].text.startswith(text)
        assert 0.7 < similarity < 1


def test_old_versions_leave_the_server(
    server: str, tmp_path: Path, embedder: BundledEmbedder
) -> None:
    knowledge, root = write_knowledge(tmp_path / "knowledge"), tmp_path / "index"
    names = []
    for number in range(5):
        (knowledge / "README.md").write_text(f"# Day {number}\n\nIt rains.\n", encoding="utf-8")
        published, _ = ingest([folder_source(knowledge)], root, embedder, server)
        names.append(published.version)
    assert versions(root) == names[:1:-1]
    with pytest.raises(IndexDamaged):
        VectorStore(version_folder(root, names[0]), names[0], server).count()
    assert VectorStore(version_folder(root, names[4]), names[4], server).count() > 0


def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(IndexDamaged) as error:
            VectorStore(tmp_path, "v1", url)
    assert str(error.value) == (
        f"No Chroma server answers at {url}; start it or leave KB_CHROMA_URL empty."
    )


def test_a_server_that_goes_away_is_one_sentence(tmp_path: Path) -> None:
    with chroma(tmp_path / "chroma") as url:
        store = VectorStore(tmp_path, "v1", url)
        store.create()
        assert store.count() == 0
    for ask in (
        store.count,
        lambda: store.search("statements", "en", EAST, 3),
        lambda: store.get([]),
    ):
        with pytest.raises(IndexDamaged, match=f"No Chroma server answers at {url}"):
            ask()
    store.close()


@pytest.mark.parametrize(
    "url", ["http://kb:hidden@localhost:8000", "http://hidden@localhost", "ftp://kb:hidden@host"]
)
def test_a_password_in_the_address_is_refused_and_not_shown(url: str, tmp_path: Path) -> None:
    with pytest.raises(IndexDamaged, match="KB_CHROMA_URL") as refused:
        VectorStore(tmp_path, "v1", url)
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://"])
def test_an_address_that_is_none_is_one_sentence(url: str, tmp_path: Path) -> None:
    with pytest.raises(IndexDamaged, match=r"KB_CHROMA_URL is .*, expected http\(s\)://host:port"):
        VectorStore(tmp_path, "v1", url)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux to list open files")
def test_a_version_that_nobody_reads_any_more_lets_go_of_its_files(tmp_path: Path) -> None:
    def open_files() -> list[str]:
        gc.collect()
        places = (file.resolve() for file in Path("/proc/self/fd").iterdir())
        return [str(place) for place in places if str(tmp_path) in str(place)]

    store = VectorStore(tmp_path, "v1")
    store.create()
    store.add(SHELVES[0], "en", IDS, VECTORS)
    assert open_files()
    del store
    assert open_files() == []


def test_a_server_that_was_stopped_costs_seconds_not_minutes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It still takes connections, and never answers."""
    monkeypatch.setattr(dense, "_PATIENCE", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as stopped:  # nobody accepts
        url = f"http://127.0.0.1:{stopped.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(ChromaSilent, match="No Chroma server answers"):
            VectorStore(tmp_path, "v1", url)
        assert time.monotonic() - started < 5


def test_a_server_that_stops_while_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "_PATIENCE", 2.0)
    with chroma(tmp_path / "server") as url:
        store = VectorStore(tmp_path, "v1", url)
        store.create()
        store.add(SHELVES[0], "en", IDS, VECTORS)
        path = f"--path\0{tmp_path / 'server'}".encode()
        found = [entry for entry in Path("/proc").iterdir() if path in command_of(entry)]
        ids = [int(entry.name) for entry in found]
        assert ids
        for process in ids:
            os.kill(process, signal.SIGSTOP)
        try:
            started = time.monotonic()
            with pytest.raises(ChromaSilent):
                store.search(SHELVES[0], "en", EAST, 1)
            assert time.monotonic() - started < 10
        finally:
            for process in ids:
                os.kill(process, signal.SIGCONT)
        assert store.search(SHELVES[0], "en", EAST, 1)[0][0] == "east"
        store.close()


def command_of(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""
