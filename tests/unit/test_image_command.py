"""`python -m kb image`: what is printed, and how it ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from kb.__main__ import main
from kb.image.lookup import options, resolve
from tests.unit.kb_fixtures import ROOT

COMPLETE = ("pytorch", "2.6.0", "--region", "ap-northeast-1", "--scope", "inference")
USAGE = 2


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Image = Callable[..., Done]


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Image:
    """The command, in an environment that names no Region unless one is given."""

    def run(*arguments: str, **environment: str) -> Done:
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {"LC_ALL": "C", **environment}.items():
            monkeypatch.setenv(name, value)
        try:
            code = main(["image", *arguments])
        except SystemExit as usage:
            code = int(str(usage.code))
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return run


def test_the_image_is_printed_with_commands_to_copy(image: Image) -> None:
    done = image(*COMPLETE, "--instance", "ml.g5.xlarge")
    found = resolve("pytorch", "2.6.0", region="東京", scope="推論", instance="gpu")
    lines = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert f"  URI: {found.uri}" in lines
    assert found.login in lines
    assert found.from_line in lines
    assert "account 763104351884" in done.out
    assert "Patches: ended on 2026-06-30" in done.out
    assert f"Source: {found.source}" in done.out


def test_what_was_not_given_is_said(image: Image) -> None:
    done = image("sklearn", "--scope", "training", AWS_DEFAULT_REGION="eu-west-1")
    assert done.code == 0
    assert "the newest one in the data" in done.out
    assert "No instance was given; ml.m5.large is assumed." in done.out
    assert "eu-west-1 comes from AWS_DEFAULT_REGION" in done.out
    both = image("sklearn", "--scope", "training", AWS_DEFAULT_REGION="x", AWS_REGION="us-east-1")
    assert "us-east-1 comes from AWS_REGION" in both.out


def test_json_holds_every_field(image: Image) -> None:
    done = image("PyTorch 2.6.0 GPU", "--region", "東京", "--scope", "推論", "--json")
    row = json.loads(done.out)
    assert row["uri"] == f"{row['registry']}/{row['repository']}:{row['tag']}"
    assert (row["version"], row["instance"], row["python"]) == ("2.6.0", "ml.g5.xlarge", "py312")
    assert row["patches"]["state"] == "ended"
    assert row["assumed"] == []


def test_japanese_words_or_a_japanese_locale_get_japanese(image: Image) -> None:
    assert "推論用イメージ" in image(*COMPLETE, LC_ALL="ja_JP.UTF-8").out
    assert "推論用イメージ" in image("pytorch", "--region", "東京", "--scope", "推論").out
    failed = image("パイトーチー", "--region", "東京", "--scope", "推論")
    assert "ありません" in failed.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("pytroch", *COMPLETE[1:]), 1, r"“pytroch”.*PyTorch.*image --list"),
        (("pytorch", "2.13", *COMPLETE[2:]), 1, r"training only.*2\.6\.0.*image pytorch --list"),
        ((*COMPLETE, "--instance", "ml.g5.xlrge"), 1, r"“ml\.g5\.xlrge”.*ml\.g5\.xlarge"),
        ((*COMPLETE, "--region", "ap-northeest-1"), 1, r"The nearest ones are ap-northeast-1"),
        ((*COMPLETE, "--scope", "batch"), 1, r"“batch”.*training or inference"),
        ((), USAGE, r"Which framework.*image --list"),
        (("pytorch", "--scope", "training"), USAGE, r"Which Region.*--region.*AWS_REGION"),
        (("pytorch", "--region", "us-east-1"), USAGE, r"--scope training"),
        ((*COMPLETE, "--json", "--list"), USAGE, r"not allowed with"),
    ],
)
def test_a_bad_input_gets_one_sentence_and_no_traceback(
    image: Image, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = image(*arguments)
    assert done.code == code
    assert done.out == ""
    assert re.search(said, done.err.splitlines()[-1])
    assert "Traceback" not in done.err
    assert code == USAGE or len(done.err.splitlines()) == 1


def test_what_there_is_can_be_listed(image: Image) -> None:
    frameworks = image("--list").out.splitlines()
    assert frameworks[0] == "pytorch\tPyTorch"
    assert len(frameworks) == len(options().frameworks)
    versions = dict(line.split("\t") for line in image("xgb", "--list").out.splitlines())
    assert versions["training"].split() == list(options().versions["xgboost"]["training"])


def test_nothing_heavy_is_loaded_for_it() -> None:
    code = (
        "import sys; from kb.__main__ import main; "
        f"main({['image', *COMPLETE]!r}); "
        "print([m for m in ('torch', 'sagemaker', 'boto3', 'langchain') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=ROOT, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
