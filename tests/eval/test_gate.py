"""The gate keeps a version out that answers a golden question worse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.__main__ import main
from kb.search.versions import in_use, versions
from tests.conftest import write_knowledge

GOLDEN = """\
- {id: fact-ja-001, kind: fact, language: ja, split: tune, question: 学習したモデルの保存先は？,
   evidence: [T1], facts: [[/opt/ml/model]]}
- {id: fact-en-001, kind: fact, language: en, split: tune, question: where do I save my model,
   evidence: [T1], facts: [[/opt/ml/model]]}
"""


class Project:
    """A small project with a golden file, and its command line."""

    def __init__(self, root: Path) -> None:
        self.knowledge = write_knowledge(root / "knowledge")
        self.index_dir = root / "index"
        self.golden = root / "golden.yaml"
        self.golden.write_text(GOLDEN, encoding="utf-8")
        source = f"sources:\n  - {{id: notes, kind: folder, path: {self.knowledge}}}\n"
        (root / "sources.yaml").write_text(source, encoding="utf-8")

    def ingest(self, *options: str) -> int:
        return main([*options, "--golden", str(self.golden)])

    def replace(self, name: str, old: str, new: str) -> None:
        file = self.knowledge / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def manifest(self) -> dict[str, object]:
        folder = self.index_dir / "versions" / in_use(self.index_dir)
        loaded: dict[str, object] = json.loads((folder / "manifest.json").read_text("utf-8"))
        return loaded


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("KB_SOURCES", str(tmp_path / "sources.yaml"))
    monkeypatch.setenv("KB_INDEX_DIR", str(tmp_path / "index"))
    return Project(tmp_path)


def wrong(project: Project) -> list[str]:
    held = project.manifest["eval"]
    assert isinstance(held, dict)
    return list(held["wrong"])


def test_without_the_gate_no_question_is_asked(project: Project) -> None:
    assert project.ingest() == 0
    assert "eval" not in project.manifest


def test_the_manifest_keeps_what_the_questions_gave(project: Project) -> None:
    assert project.ingest("--gate") == 0
    held = project.manifest["eval"]
    assert isinstance(held, dict)
    assert (held["items"], held["found@5"], held["all facts"], held["wrong"]) == (2, 1.0, 1.0, [])


def test_a_version_that_answers_worse_is_not_published(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.ingest("--gate") == 0
    before = in_use(project.index_dir)
    project.replace("en/training.md", "`/opt/ml/model`", "the usual folder")
    capsys.readouterr()
    assert project.ingest("--gate") == 1
    assert "Not published: 1 of 2 golden questions" in capsys.readouterr().err
    assert in_use(project.index_dir) == before
    assert versions(project.index_dir) == [before]


def test_the_version_in_use_is_asked_when_it_was_not_gated(project: Project) -> None:
    assert project.ingest() == 0
    project.replace("en/training.md", "`/opt/ml/model`", "the usual folder")
    assert project.ingest("--gate") == 1


def test_without_the_gate_the_worse_version_is_published(project: Project) -> None:
    assert project.ingest("--gate") == 0
    project.replace("en/training.md", "`/opt/ml/model`", "the usual folder")
    assert project.ingest() == 0
    assert len(versions(project.index_dir)) == 2


def test_what_was_wrong_before_may_stay_wrong(project: Project) -> None:
    project.replace("en/training.md", "`/opt/ml/model`", "the usual folder")
    assert project.ingest("--gate") == 0
    assert wrong(project) == ["fact-en-001"]
    project.replace("README.md", "two hours", "three hours")
    assert project.ingest("--gate") == 0
    assert wrong(project) == ["fact-en-001"]


def test_diff_names_the_questions_that_changed(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.replace("en/training.md", "`/opt/ml/model`", "the usual folder")
    assert project.ingest("--gate") == 0
    project.replace("en/training.md", "the usual folder", "`/opt/ml/model`")
    assert project.ingest("--gate") == 0
    capsys.readouterr()
    assert main(["diff"]) == 0
    assert "golden, better: fact-en-001" in capsys.readouterr().out
    project.replace("README.md", "two hours", "three hours")
    assert project.ingest() == 0
    capsys.readouterr()
    assert main(["diff"]) == 0
    assert "was published without --gate" in capsys.readouterr().out


def test_a_missing_golden_file_is_one_sentence(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.golden.unlink()
    assert project.ingest("--gate") == 1
    assert "does not exist; name the golden questions with a path" in capsys.readouterr().err
