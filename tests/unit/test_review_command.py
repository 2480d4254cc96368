"""`python -m kb review`: a file or standard input, as text or JSON."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from kb.__main__ import main
from tests.unit.pastes import FAULTY, SOUND

DOCKERFILE = FAULTY["port"].message.split("\n", 1)[1]


@pytest.fixture(autouse=True)
def _index(statements_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KB_INDEX_DIR", str(statements_dir))
    monkeypatch.setenv("LANG", "C")


def test_a_file_is_reviewed_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "Dockerfile.serve"
    file.write_text(DOCKERFILE, encoding="utf-8")
    assert main(["review", str(file)]) == 0
    out = capsys.readouterr().out
    assert '**Line 5** `ENTRYPOINT ["gunicorn", "-b", "0.0.0.0:5000", "app:app"]`' in out
    assert "[1] " in out


def test_json_and_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(DOCKERFILE, encoding="utf-8")
    assert main(["review", "--json", "--language", "ja", str(file)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["language"] == "ja"
    (finding,) = told["findings"]
    assert (finding["check"], finding["line"], finding["if_side"]) == ("port", 5, None)
    assert finding["quote"] in told["answer"]
    assert all(citation["quote"] for citation in told["citations"])


def test_standard_input_is_read_like_a_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(FAULTY["driver"].message.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert main(["review", "-"]) == 0
    assert "libnvidia-compute-550" in capsys.readouterr().out


def test_the_side_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM python:3.10\nCMD python /a.py\n", encoding="utf-8")
    assert main(["review", "--json", "--side", "training", str(file)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [finding["check"] for finding in told["findings"]] == ["cmd-replaced-training"]


@pytest.mark.parametrize("content", [None, "", "hello there", "\x00\x01"])
def test_nothing_to_review_ends_with_1(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "notes.txt"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    assert main(["review", str(file)]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_wrong_usage_ends_with_2() -> None:
    with pytest.raises(SystemExit) as error:
        main(["review"])
    assert error.value.code == 2


def test_sound_code_of_a_server_is_said_to_be_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "server.py"
    file.write_text(SOUND["fastapi-code"].split("```python\n")[1].removesuffix("```"))
    assert main(["review", str(file)]) == 0
    assert "found nothing to mend" in capsys.readouterr().out
