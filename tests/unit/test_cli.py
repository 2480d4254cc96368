"""`python -m kb`, run for real: what comes out, byte for byte, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.jsonl import answer_lines
from cli.serialize import to_json
from kb.__main__ import main
from kb.records import Answer, Turn
from tests.unit.kb_fixtures import ROOT, Notes

ANSWER_FIELDS = {
    "id", "question", "language", "declined", "reason", "pattern", "clarify", "answer",
    "sentences", "citations", "model", "index_version", "seconds",
}  # fmt: skip
CITATION_FIELDS = {
    "source",
    "number", "document", "title", "heading", "url", "quote", "start", "end", "based_on",
}  # fmt: skip
QUESTION = "学習ジョブを停止したとき SIGTERM から SIGKILL まで何秒ある？"


def kb(
    index_dir: Path, *arguments: str, stdin: bytes = b"", python: tuple[str, ...] = ("-m", "kb")
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *python, *arguments],
        input=stdin,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "KB_INDEX_DIR": str(index_dir), "LC_ALL": "C"},
        timeout=120,
        check=False,
    )


def rows(done: subprocess.CompletedProcess[bytes]) -> list[Any]:
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]


def lines(*questions: object) -> bytes:
    return b"".join(json.dumps(question).encode() + b"\n" for question in questions)


# --- ask ------------------------------------------------------------------------------------------


def test_an_answer_in_a_terminal_ends_with_its_sources(notes: Notes) -> None:
    done = kb(notes.index_dir, "ask", QUESTION)
    said = done.stdout.decode("utf-8")
    assert done.returncode == 0
    assert done.stderr == b""
    assert "120 秒" in said
    first, last = said.index("[1]"), said.rindex("\n[1] ")
    assert first < last
    assert "training-contract.md#" in said[last:]


def test_an_answer_as_json_has_the_fields_of_the_contract(notes: Notes) -> None:
    (row,) = rows(kb(notes.index_dir, "ask", "--json", QUESTION))
    assert set(row) >= ANSWER_FIELDS
    assert row["question"] == QUESTION
    assert row["language"] == "ja"
    assert row["declined"] is False
    assert row["reason"] is None
    assert row["model"] == "extractive"
    assert row["index_version"] == notes.index.version
    for sentence in row["sentences"]:
        assert set(sentence) == {"text", "citations", "supported"}
        assert sentence["citations"]
    for citation in row["citations"]:
        assert set(citation) == CITATION_FIELDS
        text = notes.index.documents[citation["document"]].text
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_lines_are_answered_in_order_and_a_bad_one_costs_only_itself(notes: Notes) -> None:
    good = {"id": "a", "question": QUESTION}
    said = rows(
        kb(
            notes.index_dir,
            "ask",
            "--jsonl",
            stdin=b"\xef\xbb\xbf"
            + lines(good, {"id": 2, "question": "東京の天気は？"})
            + b"\r\n   \n"
            + b'{"id": "crlf", "question": "Do GPU images need an NVIDIA driver?"}\r\n'
            + b'{"id": "latin", "question": "caf\xe9"}\n'
            + b"not json\n"
            + lines(
                {"id": "number", "question": 5},
                {"id": "none", "question": None},
                {"id": ["list"], "question": ["x"]},
                {"id": None, "question": ""},
                {"question": QUESTION, "history": "x"},
                {"id": "surrogate", "question": "\ud800 SIGTERM"},
                {
                    "id": "next",
                    "question": "推論だと？",
                    "history": [{"role": "user", "content": "学習の SIGTERM の猶予は何秒？"}],
                },
            ).rstrip(b"\n"),
        )
    )
    assert [row["id"] for row in said] == [
        "a", 2, "crlf", "line-6", "line-7", "number", "none", ["list"], "line-11", "line-12",
        "surrogate", "next",
    ]  # fmt: skip
    failed = [row for row in said if "error" in row]
    assert [row["id"] for row in failed] == [
        "line-6", "line-7", "number", "none", ["list"], "line-12",
    ]  # fmt: skip
    assert all(set(row) == {"id", "error"} for row in failed)
    assert all(row["error"].startswith("line ") and row["error"].endswith(".") for row in failed)
    assert "UTF-8" in failed[0]["error"]
    assert "JSON" in failed[1]["error"]
    assert "a number" in failed[2]["error"]
    assert "“history”" in failed[5]["error"]
    answered = {str(row["id"]): row for row in said if "error" not in row}
    assert all(set(row) >= ANSWER_FIELDS for row in answered.values())
    assert answered["2"]["declined"] is True
    assert answered["crlf"]["language"] == "en"
    assert answered["line-11"]["declined"] is True
    assert "30 秒" in answered["next"]["answer"]


def test_a_reader_that_has_enough_ends_the_command_quietly(notes: Notes) -> None:
    command = f"{sys.executable} -m kb ask --jsonl | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        input=lines(*({"id": n, "question": "天気は？"} for n in range(200))),
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "KB_INDEX_DIR": str(notes.index_dir)},
        timeout=120,
        check=True,
    )
    first, status = done.stdout.decode().splitlines()
    assert json.loads(first)["id"] == 0
    assert status == "0"
    assert done.stderr == b""


# --- source ---------------------------------------------------------------------------------------


def test_a_document_is_printed_byte_for_byte(notes: Notes) -> None:
    name = next(name for name in notes.index.documents if name.endswith("ja/start.md"))
    done = kb(notes.index_dir, "source", name)
    assert done.returncode == 0
    assert done.stdout == notes.index.documents[name].text.encode("utf-8")


def test_nothing_is_added_or_translated(
    notes: Notes, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("KB_INDEX_DIR", str(notes.index_dir))
    for name, document in notes.index.documents.items():
        assert main(["source", name]) == 0
        assert capfdbinary.readouterr().out == document.text.encode("utf-8")


def test_an_unknown_document_gives_near_names(notes: Notes) -> None:
    name = next(name for name in notes.index.documents if name.endswith("ja/start.md"))
    done = kb(notes.index_dir, "source", name.replace("start", "strat"))
    assert done.returncode == 1
    assert done.stdout == b""
    (sentence,) = done.stderr.decode().splitlines()
    assert f"Did you mean {name}" in sentence


# --- how it ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [("ask", "何か"), ("ask", "--jsonl"), ("source", "x")], ids=" ".join
)
def test_without_an_index_there_is_one_sentence_and_exit_code_1(
    arguments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KB_INDEX_DIR", str(tmp_path / "nothing"))
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert out == ""
    (sentence,) = err.splitlines()
    assert "make ingest" in sentence


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("ask",),
        ("ask", "--json"),
        ("ask", "a", "b"),
        ("ask", "--jsonl", "a"),
        ("ask", "--json", "--jsonl"),
        ("source",),
        ("dance",),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: python -m kb")


def test_a_setting_that_does_not_fit_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KB_CHAT_TIMEOUT", "soon")
    assert main(["ask", "何か"]) == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("KB_CHAT_TIMEOUT is 'soon'")


# --- what it costs --------------------------------------------------------------------------------

WITHOUT_TORCH = """\
import sys
from kb.__main__ import main
main(["ask", "--json", sys.argv[1]])
heavy = {"torch", "transformers", "sentence_transformers", "langchain_core", "langchain"}
print(sorted(heavy & set(sys.modules)), file=sys.stderr)
"""
SILENT_IMPORT = """\
import os, sys, pkgutil, socket, importlib
class Watched(dict):
    def __getitem__(self, key):
        if key.startswith(("KB_", "SLACK_")): raise AssertionError(f"reads {key}")
        return super().__getitem__(key)
    def get(self, key, default=None):
        if key.startswith(("KB_", "SLACK_")): raise AssertionError(f"reads {key}")
        return super().get(key, default)
def refuse(*a, **k): raise AssertionError("opens a connection")
socket.socket.connect = refuse
os.environ = Watched(os.environ)
import kb
for module in sorted(m.name for m in pkgutil.iter_modules(kb.__path__)):
    if module not in ("__main__", "langchain"):
        importlib.import_module(f"kb.{module}")
print("torch" in sys.modules, file=sys.stderr)
"""


def test_an_answer_needs_neither_torch_nor_langchain(notes: Notes) -> None:
    done = kb(notes.index_dir, QUESTION, python=("-c", WITHOUT_TORCH))
    assert json.loads(done.stdout)["declined"] is False
    assert done.stderr.decode().strip() == "[]"


def test_importing_does_nothing(tmp_path: Path) -> None:
    done = kb(tmp_path / "nothing", python=("-c", SILENT_IMPORT))
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == b""
    assert done.stderr.decode().strip() == "False"
    assert list(tmp_path.iterdir()) == []


# --- lines of JSON, without a process -------------------------------------------------------------


def declined(question: str, history: list[Turn]) -> Answer:
    return Answer(
        id="x",
        question=question,
        language="en",
        declined=True,
        reason="out_of_scope",
        pattern=None,
        clarify=None,
        answer=f"{len(history)} turns before.",
        sentences=(),
        citations=(),
        model="extractive",
        index_version="v1",
        seconds=0.1,
    )


def answered(*given: bytes) -> list[dict[str, Any]]:
    return list(answer_lines(declined, given))


def test_a_line_without_an_id_gets_its_number() -> None:
    first, third = answered(b'{"question": "a"}', b"", b'{"question": "b"}')
    assert [first["id"], third["id"]] == ["line-1", "line-3"]


@pytest.mark.parametrize("identity", [0, -1.5, True, "", "ü", [1, [2]], {"a": None}])
def test_any_id_of_json_comes_back_as_it_is(identity: object) -> None:
    (row,) = answered(json.dumps({"id": identity, "question": "a"}).encode())
    assert row["id"] == identity


@pytest.mark.parametrize("identity", [b"1e999", b"[1e999]"])
def test_an_id_that_json_cannot_write_gives_the_number_of_the_line(identity: bytes) -> None:
    (row,) = answered(b'{"id": %s, "question": "a"}' % identity)
    assert row["id"] == "line-1"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"5", "an object with id and question, found a number"),
        (b'"a"', "found a text"),
        (b"null", "found nothing"),
        (b"true", "found true or false"),
        (b"{}", "“question” to be a text, found nothing"),
        (b'{"question": NaN}', "not valid JSON"),
        (b'{"question": "a"', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"question": "a", "history": {}}', "a list of turns, found an object"),
        (b'{"question": "a", "history": ["x"]}', "each turn to have a role"),
        (b'{"question": "a", "history": [{"role": "system", "content": "x"}]}', "a role"),
        (b'{"question": "a", "history": [{"role": "user"}]}', "“content” to be a text"),
        (b'{"question": "a", "history": [{"role": "user", "content": 5}]}', "found a number"),
    ],
)
def test_a_bad_line_says_what_came_and_what_was_expected(line: bytes, said: str) -> None:
    (row,) = answered(line)
    assert set(row) == {"id", "error"}
    assert said in row["error"]


def test_a_history_goes_along() -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    (row,) = answered(json.dumps({"question": "c", "history": turns}).encode())
    assert row["answer"] == "2 turns before."


def test_a_failure_of_ours_is_one_polite_sentence(caplog: pytest.LogCaptureFixture) -> None:
    def broken(question: str, history: list[Turn]) -> Answer:
        raise RuntimeError("secret detail")

    (row,) = answer_lines(broken, [b'{"id": 1, "question": "why?"}'])
    assert row["id"] == 1
    assert "secret" not in row["error"]
    assert "secret detail" in caplog.text


def test_the_json_of_an_answer_keeps_the_order_of_the_contract() -> None:
    row = to_json(declined("a", []))
    assert list(row)[:17] == [
        "id", "question", "language", "declined", "reason", "act", "understood", "pattern",
        "patterns", "clarify", "choices", "answer", "sentences", "citations", "model",
        "index_version", "seconds",
    ]  # fmt: skip
    assert json.loads(json.dumps(row)) == row


# --- eval -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("", "holds NoneType, expected a list of golden questions"),
        ("- just words", "item just words does not fit"),
        ("- {id: a", "golden.yaml, line 2: this is not valid YAML"),
    ],
)
def test_golden_questions_that_cannot_be_read_are_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, says: str
) -> None:
    file = tmp_path / "golden.yaml"
    file.mkdir() if content is None else file.write_text(content)
    assert main(["eval", "--golden", str(file)]) == 1
    assert says in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_one_sentence(
    notes: Notes,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    golden = tmp_path / "golden.yaml"
    golden.write_text("[]")
    monkeypatch.setenv("KB_INDEX_DIR", str(notes.index_dir))
    arguments = ["--report", str(golden / "report.html"), "--baseline", str(tmp_path / "none")]
    assert main(["eval", "--golden", str(golden), *arguments]) == 1
    error = capsys.readouterr().err
    assert "golden.yaml" in error
    assert error.count("\n") == 1
