"""The Makefile, run for real with a Python that only notes what it is called with."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine")


def make(folder: Path, target: str, *, fails: str) -> tuple[int, list[str]]:
    """Exit code of a target and the calls of Python, of which those that hold `fails` fail."""
    for name in ("requirements.txt", "requirements-images.txt", "requirements-dev.txt"):
        (folder / name).touch()
    (folder / ".venv").mkdir()
    for name in (".installed", ".installed-dev"):
        (folder / ".venv" / name).touch()
    python = folder / "python"
    python.write_text(
        f'#!/bin/sh\necho "$@" >> {folder}/calls\ncase "$*" in *"{fails}"*) exit 3;; esac\n'
    )
    python.chmod(0o755)
    done = subprocess.run(
        ["make", "-f", str(ROOT / "Makefile"), target, f"PY={python}"],
        cwd=folder,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, (folder / "calls").read_text().splitlines()


def test_the_chat_opens_while_an_ingest_of_an_earlier_run_works(tmp_path: Path) -> None:
    code, calls = make(tmp_path, "run", fails="--source notes")
    assert code == 0
    assert "-m screens.serve" in calls
    assert (tmp_path / "data" / "ingest.log").exists()  # where the other sources are reported


@pytest.mark.parametrize(
    ("fails", "ends"), [("-m kb eval", 2), ("report-all", 2), ("nothing of it", 0)]
)
def test_both_tables_are_printed_and_a_flip_in_either_is_an_error(
    tmp_path: Path, fails: str, ends: int
) -> None:
    code, calls = make(tmp_path, "eval", fails=fails)
    assert code == ends
    assert [call for call in calls if "kb eval" in call] == [
        "-m kb eval",
        "-m kb eval --report data/eval/report-all.html",
    ]
