"""`python -m ingest`: what it prints, its exit codes, and moving between versions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ingest import __main__ as command
from kb.search.embedding import BundledEmbedder
from kb.search.versions import in_use, versions
from tests.conftest import README


class Desk:
    """A folder with a list of sources, and the command run in it."""

    def __init__(self, knowledge: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.knowledge = knowledge
        self.index_dir = knowledge.parent / "index"
        self.listed = knowledge.parent / "sources.yaml"
        self.capsys = capsys
        self.list(f"{{id: notes, kind: folder, path: '{knowledge}'}}")

    def list(self, *entries: str) -> None:
        lines = [f"  - {entry}" for entry in entries]
        self.listed.write_text("\n".join(["sources:", *lines, ""]), encoding="utf-8")

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        self.capsys.readouterr()
        code = command.main(arguments)
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def edit(self, hours: str) -> None:
        text = README.replace("two hours", f"{hours} hours")
        (self.knowledge / "README.md").write_text(text, encoding="utf-8")


@pytest.fixture
def desk(
    knowledge: Path,
    embedder: BundledEmbedder,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    made = Desk(knowledge, capsys)
    monkeypatch.setenv("KB_INDEX_DIR", str(made.index_dir))
    monkeypatch.setenv("KB_SOURCES", str(made.listed))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(knowledge.parent)
    monkeypatch.setattr(command, "load_embedder", lambda model: embedder)
    return made


def test_a_run_prints_a_table_and_the_version(desk: Desk) -> None:
    code, out, err = desk.run()
    assert (code, err) == (0, "")
    (row,) = [line for line in out.splitlines() if line.startswith("│ notes")]
    cells = [cell.strip() for cell in row.strip("│").split("│")]
    assert cells[:2] == ["notes", "4"]
    assert cells[4] == "fetched"
    assert f"Published version {in_use(desk.index_dir)}: " in out


def test_a_second_run_says_that_nothing_changed(desk: Desk) -> None:
    desk.run()
    code, out, _ = desk.run()
    assert code == 0
    assert f"Nothing changed; version {in_use(desk.index_dir)} stays in use" in out


def test_a_source_that_fails_is_explained_and_counts_only_when_strict(desk: Desk) -> None:
    desk.list(
        f"{{id: notes, kind: folder, path: '{desk.knowledge}'}}",
        "{id: wiki, kind: folder, path: gone}",
    )
    code, out, _ = desk.run()
    assert code == 0
    assert "failed wiki: the folder gone does not exist" in out
    assert desk.run("--strict")[0] == 3


def test_a_document_that_is_skipped_is_named(desk: Desk) -> None:
    (desk.knowledge / "broken.ipynb").write_text("{", encoding="utf-8")
    assert f"skipped {desk.knowledge}/broken.ipynb: this notebook" in desk.run()[1]


def test_nothing_at_all_publishes_nothing(desk: Desk) -> None:
    desk.list("{id: wiki, kind: folder, path: gone}")
    code, _, err = desk.run()
    assert code == 1
    assert err.startswith("No source gave a document, so nothing was published")
    assert not in_use(desk.index_dir)


def test_a_mistake_in_the_list_is_one_sentence(desk: Desk) -> None:
    desk.list("{id: wiki, kind: ftp}")
    code, out, err = desk.run()
    assert (code, out) == (1, "")
    assert err == (f"{desk.listed}, line 2: kind is “ftp”, expected one of folder, web, git.\n")


def test_a_dry_run_publishes_nothing(desk: Desk) -> None:
    code, out, _ = desk.run("--dry-run")
    assert code == 0
    assert "Dry run: nothing published" in out
    assert versions(desk.index_dir) == []


def test_one_source_alone_leaves_the_others_as_they_are(desk: Desk) -> None:
    other = desk.knowledge.parent / "other"
    other.mkdir()
    (other / "more.md").write_text("# More\n\nSnow.\n", encoding="utf-8")
    desk.list(
        f"{{id: notes, kind: folder, path: '{desk.knowledge}'}}",
        f"{{id: other, kind: folder, path: '{other}'}}",
    )
    desk.run()
    desk.edit("three")
    (other / "more.md").write_text("# More\n\nHail.\n", encoding="utf-8")
    out = desk.run("--source", "other")[1]
    assert ": 1 texts embedded" in out
    code, _, err = desk.run("--source", "nope")
    assert (code, err) == (1, "There is no source “nope”; the list has notes, other.\n")


def test_status_gives_the_version_and_its_sources(desk: Desk) -> None:
    code, _, err = desk.run("status")
    assert code == 1
    assert err.startswith(f"There is no index in {desk.index_dir} yet")
    desk.run()
    manifest = json.loads(desk.run("status", "--json")[1])
    assert manifest["version"] == in_use(desk.index_dir)
    assert manifest["versions"] == [manifest["version"]]
    assert len(manifest["content_hash"]) == 64
    assert manifest["embedding"] == "multilingual-e5-small"
    assert [source["id"] for source in manifest["sources"]] == ["notes"]
    assert manifest["content_hash"] in desk.run("status")[1]


def test_diff_names_the_documents_that_changed(desk: Desk) -> None:
    desk.run()
    assert desk.run("diff")[0] == 1
    desk.edit("three")
    (desk.knowledge / "Dockerfile").unlink()
    (desk.knowledge / "new.md").write_text("# New\n\nSnow.\n", encoding="utf-8")
    desk.run()
    code, out, _ = desk.run("diff")
    assert code == 0
    counted = re.sub(r"[1-9]\d*", "n", "\n".join(out.split("\n")[1:]))
    assert "knowledge/Dockerfile  (+0 −n chunks)" in counted
    assert "knowledge/README.md  (+n −n chunks)" in counted
    assert "knowledge/new.md  (+n −0 chunks)" in counted
    newest = in_use(desk.index_dir)
    assert "No document differs." in desk.run("diff", newest, newest)[1]


def test_rollback_goes_back_one_version_and_forward_by_name(desk: Desk) -> None:
    desk.run()
    first = in_use(desk.index_dir)
    assert desk.run("rollback")[2] == "There is no older index version to go back to.\n"
    desk.edit("three")
    desk.run()
    second = in_use(desk.index_dir)
    assert desk.run("rollback")[0] == 0
    assert in_use(desk.index_dir) == first
    assert desk.run("rollback", second)[0] == 0
    assert in_use(desk.index_dir) == second
    code, _, err = desk.run("rollback", "v1")
    assert code == 1
    assert err == f"There is no index version “v1”; there are: {second}, {first}.\n"


def test_an_ingest_after_a_rollback_builds_on_the_version_in_use(desk: Desk) -> None:
    desk.run()
    desk.edit("three")
    desk.run()
    second = in_use(desk.index_dir)
    desk.run("rollback")
    assert ": 2 texts embedded" in desk.run()[1]
    assert in_use(desk.index_dir) > second


@pytest.mark.parametrize("part", ["manifest.json", "chunks.jsonl", "lexical/tokens.json"])
def test_a_damaged_version_falls_back_to_the_one_before(desk: Desk, part: str) -> None:
    desk.run()
    first = in_use(desk.index_dir)
    desk.edit("three")
    desk.run()
    second = in_use(desk.index_dir)
    (desk.index_dir / "versions" / second / part).write_text("{", encoding="utf-8")
    code, out, _ = desk.run()
    assert code == 0
    assert second in out
    assert ": 2 texts embedded" in out
    assert in_use(desk.index_dir) not in (first, second)


def test_a_damaged_version_costs_no_source_its_last_good_copy(desk: Desk) -> None:
    desk.run()
    first = in_use(desk.index_dir)
    desk.edit("three")
    desk.run()
    second = in_use(desk.index_dir)
    (desk.index_dir / "versions" / second / "manifest.json").unlink()
    desk.knowledge.rename(desk.knowledge.with_name("elsewhere"))
    code, out, _ = desk.run()
    assert code == 0
    assert "kept notes: the folder" in out
    assert in_use(desk.index_dir) == first


def test_an_index_folder_that_cannot_be_made_is_one_sentence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KB_INDEX_DIR", str(desk.listed / "index"))
    code, _, err = desk.run()
    assert code == 1
    assert err.startswith("Nothing was published: ")
    assert err.count("\n") == 1


def test_what_publishes_nothing_does_not_say_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.run()

    def away(*_: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr("ingest.__main__.versions", away)
    code, _, err = desk.run("status")
    assert (code, err) == (1, "no.\n")


def test_a_wrong_option_is_wrong_usage(desk: Desk) -> None:
    with pytest.raises(SystemExit) as exit_:
        desk.run("--no-such-option")
    assert exit_.value.code == 2
