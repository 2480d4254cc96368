"""The onboarding path: read, validated, held against the notes, marked as reviewed."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ingest import __main__ as command
from ingest.onboarding import mark_reviewed, problems, read_groups, stale
from kb.errors import OnboardingError
from kb.path.onboarding import is_stale, read_steps, step_hash
from kb.search.index import Index
from tests.conftest import NOTE_EN
from tests.onboarding import CHECKS, ORDER, write_path

ADD_LIBRARY_EN = """
## How to add a library

<!--
id: add-library
questions:
  - just one more pip package
-->

For a library, put `requirements.txt` beside the code.[^T3]

If an OS package is needed as well, extend the image like this.[^T3]

```dockerfile
FROM python:3.11
RUN apt-get update && apt-get install -y mecab
```

[^T1]"""


@pytest.fixture
def order(knowledge: Path) -> Path:
    """The path beside the notes, both sections in both languages."""
    note = knowledge / "en" / "training.md"
    note.write_text(NOTE_EN.replace("\n[^T1]:", f"{ADD_LIBRARY_EN}:", 1), encoding="utf-8")
    return write_path(knowledge, notes=knowledge)


def mistake(folder: Path, *, order: str = ORDER, checks: str = CHECKS) -> str:
    """The sentence about files that are wrong; without the folder."""
    file = write_path(folder)
    file.write_text(order, encoding="utf-8")
    file.with_name("checks.yaml").write_text(checks, encoding="utf-8")
    with pytest.raises(OnboardingError) as error:
        read_steps(file)
    sentence = str(error.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence.removeprefix(f"{folder}/")


def test_steps_come_in_order_with_their_questions(order: Path) -> None:
    save, extend, both = read_steps(order)
    assert (save.id, save.title.of("en"), save.sections) == (
        "save",
        "Save the model",
        ("model-dir",),
    )
    assert [check.id for check in save.checks] == ["where", "variable"]
    check = save.checks[0]
    assert check.choices[check.right - 1].of("ja") == "/opt/ml/model"
    assert extend.sections == ("add-library",)
    assert both.sections == ("model-dir", "add-library")


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ("", "onboarding.yaml: expected a list of steps"),
        ("- [", "onboarding.yaml, line 2: this is not valid YAML"),
        ("- save", "onboarding.yaml, step 1: expected id, title and sections."),
        (ORDER + ORDER, "onboarding.yaml: the step “save” is there twice"),
        (ORDER.replace("[model-dir]", "[]"), "onboarding.yaml, step save, sections: "),
        (
            ORDER.replace("[model-dir]", "[model-dir, model-dir]"),
            "onboarding.yaml, step save: the section “model-dir” is there twice.",
        ),
        (
            ORDER.replace(", en: Save the model", ""),
            "onboarding.yaml, step save, title en: field re",
        ),
        (
            ORDER.replace("id: extend", "id: Ex tend"),
            "onboarding.yaml, step Ex tend, id: string sho",
        ),
        (
            ORDER.replace("id: extend", "id: other"),
            "checks.yaml, step other, checks: tuple should have at least 1 item",
        ),
    ],
)
def test_a_mistake_in_the_order_is_one_sentence_with_its_place(
    tmp_path: Path, order: str, sentence: str
) -> None:
    assert mistake(tmp_path, order=order).startswith(sentence)


@pytest.mark.parametrize(
    ("checks", "sentence"),
    [
        ("- save", "checks.yaml: expected the questions of each step below its id."),
        (CHECKS + "more: []\n", "checks.yaml: there is no step “more” in onboarding.yaml; the"),
        (
            CHECKS.replace("right: 2", "right: 3", 1),
            "checks.yaml, step save, checks 1: right is 3, ",
        ),
        (
            CHECKS.replace("right: 2", "right: x", 1),
            "checks.yaml, step save, checks 1 right: input",
        ),
        (
            CHECKS.replace("    right: 2\n", "", 1),
            "checks.yaml, step save, checks 1 right: field re",
        ),
        (
            CHECKS.replace("statement: 1", "statement: 0"),
            "checks.yaml, step save, checks 1 statement",
        ),
        (
            CHECKS.replace("section: model-dir", "section: add-library", 1),
            "onboarding.yaml, step save: check “where” asks about the section “add-library”, which",
        ),
        (
            CHECKS.replace("id: variable", "id: where"),
            "onboarding.yaml, step save: the check id “where” is there twice.",
        ),
        (
            CHECKS.replace("      - {ja: /tmp, en: /tmp}\n", ""),
            "checks.yaml, step save, checks 1 choices: tuple should have at least 2 items",
        ),
        (
            CHECKS.replace("question: {ja", "question: {fr", 1),
            "checks.yaml, step save, checks 1 que",
        ),
    ],
)
def test_a_mistake_in_the_questions_is_one_sentence_with_its_place(
    tmp_path: Path, checks: str, sentence: str
) -> None:
    assert mistake(tmp_path, checks=checks).startswith(sentence)


def test_without_the_file_one_sentence_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(OnboardingError, match="does not exist; set KB_ONBOARDING"):
        read_steps(tmp_path / "onboarding.yaml")


def test_a_step_is_stale_once_a_statement_changes_in_either_language(
    order: Path, knowledge: Path
) -> None:
    assert stale(read_steps(order), read_groups(knowledge)) == []
    note = knowledge / "ja" / "training.md"
    before = note.read_text(encoding="utf-8")
    note.write_text(before.replace("環境変数 `SM", "変数 `SM"), encoding="utf-8")
    assert stale(read_steps(order), read_groups(knowledge)) == ["save", "both"]
    note.write_text(before.replace("install -y mecab", "install -y git"), encoding="utf-8")
    assert stale(read_steps(order), read_groups(knowledge)) == ["extend", "both"]
    note.write_text(before.replace("保存すればいい？", "保存する？"), encoding="utf-8")
    assert stale(read_steps(order), read_groups(knowledge)) == []  # only how people ask


def test_an_index_and_the_notes_give_the_same_hash(index: Index, knowledge: Path) -> None:
    steps = read_steps(write_path(knowledge, notes=knowledge))
    groups = read_groups(knowledge)
    assert [step_hash(step, index.groups) for step in steps] == [
        step_hash(step, groups) for step in steps
    ]
    assert not any(is_stale(step, index.groups) for step in steps)


def test_a_review_touches_nothing_but_the_hashes(order: Path, knowledge: Path) -> None:
    reviewed = order.read_text(encoding="utf-8")
    lines = [line for line in reviewed.splitlines() if "reviewed:" not in line]
    assert "\n".join(lines) == ORDER.rstrip()
    assert [set(row) for row in yaml.safe_load(reviewed)] == [
        {"id", "title", "sections", "reviewed"}
    ] * 3
    assert mark_reviewed(order, read_groups(knowledge)) == []
    assert order.read_text(encoding="utf-8") == reviewed
    note = knowledge / "ja" / "training.md"
    note.write_text(note.read_text(encoding="utf-8").replace("mecab", "git"), encoding="utf-8")
    assert mark_reviewed(order, read_groups(knowledge)) == ["extend", "both"]
    assert stale(read_steps(order), read_groups(knowledge)) == []
    assert len(order.read_text(encoding="utf-8").splitlines()) == len(reviewed.splitlines())


def test_what_the_notes_do_not_hold_is_named(order: Path, knowledge: Path) -> None:
    assert problems(read_steps(order), read_groups(knowledge)) == []
    text = CHECKS.replace("statement: 2", "statement: 7", 1)
    order.with_name("checks.yaml").write_text(text, encoding="utf-8")
    (knowledge / "en" / "training.md").write_text(NOTE_EN, encoding="utf-8")
    assert problems(read_steps(order), read_groups(knowledge)) == [
        "save, check variable: section “model-dir” in notes/ja has no statement 7, it has 2.",
        "save, check variable: section “model-dir” in notes/en has no statement 7, it has 2.",
        "extend: notes/en has no section “add-library”.",
        "both: notes/en has no section “add-library”.",
    ]


def test_the_command_names_stale_steps_and_marks_them_reviewed(
    order: Path,
    knowledge: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KB_ONBOARDING", str(order))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = command.main(["onboarding", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    assert run() == (0, "All 3 steps fit the notes.\n", "")
    note = knowledge / "ja" / "training.md"
    note.write_text(note.read_text(encoding="utf-8").replace("mecab", "git"), encoding="utf-8")
    code, out, _ = run()
    assert (code, out.count("stale"), "stale extend: " in out) == (1, 2, True)
    assert run("--reviewed") == (0, "marked extend\nmarked both\n", "")
    assert run("--reviewed") == (0, "Nothing has changed.\n", "")
    assert run()[0] == 0

    before = order.read_text(encoding="utf-8")
    (knowledge / "en" / "training.md").write_text(NOTE_EN, encoding="utf-8")
    code, out, err = run("--reviewed")
    assert (code, out) == (1, "")
    assert "extend: notes/en has no section “add-library”." in err
    assert order.read_text(encoding="utf-8") == before
