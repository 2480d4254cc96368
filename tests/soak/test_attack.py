"""Hours of attack and bad luck in minutes: generated documents, damages, kills, full disks."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.fetch import RawDocument
from ingest.publish import content_hash
from ingest.worker import Worker
from kb.errors import IndexDamaged, KbError, ParseError
from kb.search.embedding import BundledEmbedder
from kb.search.index import Index, IndexStore, version_folder
from kb.search.versions import in_use, versions
from tests.conftest import README, folder_source, ingest, write_knowledge
from tests.unit.documents import EVERY_KIND

pytestmark = pytest.mark.soak
ROOT = Path(__file__).parents[2]
BROKEN = (
    "[", "![", "](", "[^", "<!--", "-->", "<", ">", "<h1>", "</h1>", "<pre>", "<div>", "<table>",
    "#", "## a\n", "\n", " ", "\t", "`", "```\n", "~~~\n", "- ", "1. ", "|", "|a|\n|-|\n", "{", "}",
    "f() {\n", "function f {\n", "FROM a\n", "FROM --platform=x a AS b\n", "(", ")", "'", '"""',
    "def f():\n", "@a\n", "#!", "%PDF-1.7\n", "1 0 obj\n", "endobj\n", "stream\n", "e.g. ", ".",
    "。", "あ", "ｶﾞ", "\u200b", "\ufeff", "\x00", "𒀀", "é", "&", "&amp;", "\\", "*", "**", "_", "__",
    "a", "A",     "http://a/", "---\n", "a: b\n", "id: x\n", "questions:\n", "  - q\n",
    "## x\n\n<!--\nid: x\n",
    '{"cells":[', '{"cell_type":"markdown","source":"', "=\n", "===\n", "[a]: b\n", "> ", "\r",
    "\r\n",
)  # fmt: skip


def generated(seed: int) -> RawDocument:
    """Pieces that parsers stumble over, each many times, around or inside an ordinary document."""
    dice = random.Random(seed)
    ordinary = dice.choice(EVERY_KIND)
    parts = []
    for _ in range(dice.randint(1, 6)):
        piece = "".join(dice.choices(BROKEN, k=dice.randint(1, 4)))
        parts.append(piece * dice.choice([1, 10, 1_000, 20_000, 60_000]))
    data = bytearray("".join(parts).encode()[:600_000])
    if dice.random() < 0.5:
        at = dice.randrange(len(ordinary.data))
        data = bytearray(ordinary.data[:at]) + data + ordinary.data[at:]
    for _ in range(dice.choice([0, 0, 3])):
        data[dice.randrange(len(data))] = dice.randrange(256)
    return RawDocument(f"d{seed}", ordinary.name, ordinary.kind, bytes(data))


def spent(worker: Worker) -> float:
    """CPU seconds of the worker so far, and of this process, which counts tokens for it."""
    process = worker._process
    if process is None:
        return time.process_time()
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_300_generated_documents(capsys: pytest.CaptureFixture[str]) -> None:
    times: list[tuple[float, str]] = []
    reasons = []
    with Worker(BundledEmbedder().count) as worker:
        for seed in range(300):
            raw, before = generated(seed), spent(worker)
            try:
                document = worker.parse(raw, "notes" if seed % 2 else "wiki")
                for chunk in worker.chunks():
                    assert document.text[chunk.start : chunk.end] == chunk.text
                    assert "\x00" not in chunk.text
            except ParseError as error:
                reasons.append(f"{raw.kind} of {len(raw.data)} bytes, seed {seed}: {error}")
            if worker._process is not None:
                times.append((max(0.0, spent(worker) - before), f"{raw.kind}, seed {seed}"))
    assert not [reason for reason in reasons if "\n" in reason]
    stopped = [reason for reason in reasons if reason.endswith("left out")]
    with capsys.disabled():
        print(f"\n300 documents, {len(reasons)} not read, {len(stopped)} of them stopped:")
        print("\n".join(stopped))
        print("slowest that were read, CPU seconds:", sorted(times)[-3:])


class Desk:
    """Sources, an index with three versions, and the command in a process of its own."""

    def __init__(self, root: Path, index_dir: Path) -> None:
        self.knowledge, self.index_dir = root / "knowledge", index_dir
        listed = root / "sources.yaml"
        listed.write_text(f"sources:\n  - {{id: notes, kind: folder, path: '{self.knowledge}'}}\n")
        self.environment = {
            **os.environ, "KB_SOURCES": str(listed), "KB_INDEX_DIR": str(index_dir),
            "KB_DATABASE_URL": f"sqlite:///{root}/f.db",
        }  # fmt: skip

    def edit(self, word: str) -> None:
        (self.knowledge / "README.md").write_text(README.replace("two hours", word))

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", *(command or ("ingest",))], cwd=ROOT, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *command: str) -> tuple[int, str, str]:
        process = self.start(*command)
        out, err = process.communicate(timeout=300)
        assert "Traceback" not in err, err
        return process.returncode, out, err


@pytest.fixture
def desk(tmp_path: Path, embedder: BundledEmbedder) -> Desk:
    made = Desk(tmp_path, tmp_path / "index")
    write_knowledge(made.knowledge)
    for word in ("two hours", "three hours"):
        made.edit(word)
        ingest([folder_source(made.knowledge)], made.index_dir, embedder)
    return made


def content(index: Index) -> str:
    return content_hash([*index.documents.values()], [*index.chunks.values()])


def test_60_damages(desk: Desk, tmp_path: Path) -> None:
    """None served, none kept, none carried on, whichever file and however."""
    good = shutil.copytree(desk.index_dir, tmp_path / "good")
    wanted = content(IndexStore(good).current())
    folder = version_folder(good, in_use(good))
    files = sorted(str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file())
    dice = random.Random(1)
    kinds = ("flip", "cut", "delete", "empty")
    damages = [(name, how) for name in files for how in kinds]
    damages += dice.choices(damages, k=max(0, 60 - len(damages)))
    for name, how in damages:
        shutil.rmtree(desk.index_dir)
        shutil.copytree(good, desk.index_dir)
        name_in_use, older = versions(desk.index_dir)
        file = version_folder(desk.index_dir, name_in_use) / name
        data = bytearray(file.read_bytes())
        if how == "flip" and data:
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
        elif how in ("cut", "flip"):
            data = data[: len(data) // 2] + (b"x" if not data else b"")
        file.write_bytes(b"" if how == "empty" else data)
        if how == "delete":
            file.unlink()
        elif file.read_bytes() == (folder / name).read_bytes():
            continue  # an empty file cannot be emptied
        store = IndexStore(desk.index_dir)
        assert store.current().version == older, (name, how)
        assert older in store.notice("en")
        code, out, err = desk.run()
        assert code == 0, (name, how, err)
        assert name_in_use in out, (name, how)
        now = IndexStore(desk.index_dir).current()
        assert now.version not in (name_in_use, older)
        assert content(now) == wanted
        assert now.vectors.count() == len(now.chunks)


def test_30_kills(desk: Desk) -> None:
    dice = random.Random(2)
    for number in range(30):
        desk.edit(f"{number + 4} hours")
        before = in_use(desk.index_dir)
        process = desk.start()
        time.sleep(dice.uniform(0.2, 6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        store = IndexStore(desk.index_dir)
        assert store.current().version >= before
        assert store.notice("en") == ""
    assert desk.run()[0] == 0
    folders = {folder.name for folder in (desk.index_dir / "versions").iterdir()}
    assert folders == set(versions(desk.index_dir))
    assert len(folders) <= 3
    assert not (desk.index_dir / "unfinished").exists()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 20 MB of its own; needs the rights to mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def ask(desk: Desk) -> tuple[int, str, str]:
    return desk.run("kb", "ask", "学習したモデルはどこに保存する？")


def test_a_full_and_a_read_only_disk(
    desk: Desk, disk: Path, tmp_path: Path, embedder: BundledEmbedder
) -> None:
    shutil.copytree(desk.index_dir, disk / "index")
    on_disk = Desk(tmp_path, disk / "index")
    before = sorted(path.name for path in (disk / "index" / "versions").iterdir())
    with (disk / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass
    on_disk.edit("nine hours")
    for _ in range(3):
        code, _, err = on_disk.run()
        assert code == 1
        assert err.count("\n") == 1, err
    assert sorted(path.name for path in (disk / "index" / "versions").iterdir()) == before
    assert "/opt/ml/model" in ask(on_disk)[1]
    (disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    code, out, err = ask(on_disk)
    assert code == 0, err
    assert "/opt/ml/model" in out
    code, _, err = on_disk.run()
    assert code == 1
    assert err.count("\n") == 1, err
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    assert on_disk.run()[0] == 0
    assert in_use(disk / "index") not in before


def test_a_disk_that_fills_up_while_a_version_is_built(
    disk: Path, tmp_path: Path, embedder: BundledEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room that is asked for is not kept free for us."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Free", (), {"free": 10**12}))
    knowledge = write_knowledge(tmp_path / "knowledge")
    ingest([folder_source(knowledge)], tmp_path / "index", embedder)
    sizes = [f.stat().st_size for f in (tmp_path / "index").rglob("*") if f.is_file()]
    total = 20 * 1024 * 1024
    for share in (0.05, 0.2, 0.5, 0.8, 0.95):
        (disk / "filler").write_bytes(bytes(max(0, total - 8192 - int(share * sum(sizes)))))
        with pytest.raises((OSError, KbError, IndexDamaged)):
            ingest([folder_source(knowledge)], disk / "index", embedder)
        assert not list((disk / "index").glob("versions/*"))
        (disk / "filler").unlink()
    ingest([folder_source(knowledge)], disk / "index", embedder)
