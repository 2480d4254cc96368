"""Shell scripts, training scripts, handlers, descriptions of jobs: recognised, checked, or said."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.reading.parts import find_error_lines, find_parts, telling
from kb.records import Language
from kb.review import Review, review
from kb.review.forms import asks_for_more, form_of
from kb.review.paste import Paste
from kb.review.status import status_of
from kb.search.index import Index, IndexStore


@pytest.fixture(scope="module")
def notes_index(statements_dir: Path) -> Index:
    return IndexStore(statements_dir).current()


def reviewed(message: str, index: Index, language: Language = "en") -> Review:
    result = review(find_parts(message), message, language, index)
    assert result is not None
    return result


def first(message: str, index: Index) -> tuple[str, int, str]:
    found = reviewed(message, index).findings[0]
    return found.check.id, found.spot.line, found.write


START = """#!/bin/sh
# starts the model
set -eu

cd /srv/model
{command}"""


@pytest.mark.parametrize("fence", ["", "```", "```bash"])
@pytest.mark.parametrize(
    ("command", "check", "write"),
    [
        (
            "exec uvicorn api:app --host localhost --port 8080",
            "script-loopback",
            "exec uvicorn api:app --host 0.0.0.0 --port 8080",
        ),
        (
            "exec gunicorn -b 0.0.0.0:9000 api:app",
            "script-port",
            "exec gunicorn -b 0.0.0.0:8080 api:app",
        ),
        (
            "exec uvicorn api:app",
            "script-no-host",
            "exec uvicorn --host 0.0.0.0 --port 8080 api:app",
        ),
    ],
)
def test_a_start_script_is_checked(
    fence: str, command: str, check: str, write: str, notes_index: Index
) -> None:
    script = START.format(command=command)
    message = f"My endpoint does not answer.\n\n{fence}\n{script}\n{fence and '```'}"
    assert first(message, notes_index) == (check, 6, write)


def test_the_option_of_a_continued_line_is_named(notes_index: Index) -> None:
    command = "exec gunicorn --workers 3 \\\n    --bind 127.0.0.1:8080 \\\n    api:app"
    message = f"推論用です。\n{START.format(command=command)}"
    assert first(message, notes_index)[:2] == ("script-loopback", 7)


@pytest.mark.parametrize(
    "command",
    [
        "exec gunicorn -b 0.0.0.0:8080 api:app",
        'exec gunicorn -b "0.0.0.0:${SAGEMAKER_BIND_TO_PORT:-8080}" api:app',
        "gunicorn -b 127.0.0.1:9000 api:app &\nexec nginx -g 'daemon off;'",
        "pip install gunicorn\necho gunicorn on 127.0.0.1",
    ],
)
def test_a_sound_start_script_gets_one_sentence(command: str, notes_index: Index) -> None:
    message = f"OK for serving?\n\n{START.format(command=command)}"
    result = reviewed(message, notes_index)
    assert result.findings == ()
    assert result.says_all
    assert len(result.sentences) == 1


BUILD = """#!/usr/bin/env bash
host=444455556666.dkr.ecr.eu-central-1.amazonaws.com
{login}
docker buildx build --platform linux/{arch} -t $host/scorer:7 .
docker push $host/scorer:7"""
LOGIN = "aws ecr get-login-password | docker login --username AWS --password-stdin $host"


def test_a_build_for_arm_is_said_on_condition(notes_index: Index) -> None:
    message = f"exec format error on ml.m6i\n{BUILD.format(login=LOGIN, arch='arm64')}"
    result = reviewed(message, notes_index)
    assert result.findings[0].check.id == "build-for-arm"
    assert "Unless it is for inference on Graviton" in result.markdown
    assert "--platform linux/amd64 -t $host/scorer:7 ." in result.markdown
    graviton = message.replace("exec format error on ml.m6i", "For our ml.m7g.large endpoint. OK?")
    assert reviewed(graviton, notes_index).findings == ()


def test_a_push_needs_a_login(notes_index: Index) -> None:
    bare = f"Is this fine?\n{BUILD.format(login='export TAG=7', arch='amd64')}"
    assert [one.check.id for one in reviewed(bare, notes_index).findings] == ["push-without-login"]
    whole = f"Is this fine?\n{BUILD.format(login=LOGIN, arch='amd64')}"
    assert reviewed(whole, notes_index).findings == ()


TRAIN = """import json, os
import torch
from pathlib import Path

with open("/opt/ml/input/config/hyperparameters.json") as f:
    hp = json.load(f)
{take}
net = fit(Path("/opt/ml/input/data/train"), take)
{save}"""
TAKES = "take = int(hp['epochs'])"
SAVES = "torch.save(net.state_dict(), '/opt/ml/model/net.pt')"


@pytest.mark.parametrize(
    "save",
    [
        'torch.save(net.state_dict(), "/work/out/net.pt")',
        'OUT = Path("/work")\ntorch.save(net, OUT / "net.pt")',
        'torch.save(net, os.path.join("/work", "net.pt"))',
        'net.save("net.pt")',
    ],
)
def test_a_model_saved_elsewhere_is_found(save: str, notes_index: Index) -> None:
    message = f"train script, check please\n```python\n{TRAIN.format(take=TAKES, save=save)}\n```"
    assert first(message, notes_index)[0] == "model-elsewhere"


@pytest.mark.parametrize(
    "save",
    [
        SAVES,
        "torch.save(net, os.path.join(os.environ['SM_MODEL_DIR'], 'net.pt'))",
        'torch.save(net, "/work/last.pt")\ntorch.save(net, args.model_dir + "/net.pt")',
        'json.dump({"a": 1}, open("/work/report.json", "w"))',
    ],
)
def test_a_place_that_may_be_right_is_no_finding(save: str, notes_index: Index) -> None:
    message = f"train script. Fine?\n```python\n{TRAIN.format(take=TAKES, save=save)}\n```"
    assert reviewed(message, notes_index).findings == ()


@pytest.mark.parametrize(
    ("take", "write"),
    [
        ("take = hp['max_depth']", "take = int(hp['max_depth'])"),
        ("take = hp.get('rounds_total', 20)", "take = int(hp.get('rounds_total', 20))"),
        ("take = dict(eta=hp['eta'])", "take = dict(eta=float(hp['eta']))"),
        ("take = [0 for i in range(hp['n'])]", None),
        ("take = hp['objective']", None),
        ("take = int(hp['max_depth'])", None),
        ("take = hp['max_depth']\ntake = int(take)", None),
    ],
)
def test_hyperparameters_are_strings(take: str, write: str | None, notes_index: Index) -> None:
    message = f"train script. Fine?\n```python\n{TRAIN.format(take=take, save=SAVES)}\n```"
    found = [(one.check.id, one.write) for one in reviewed(message, notes_index).findings]
    assert found == ([("hyperparameter-strings", write)] if write else [])


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("def model_fn(d):\n    return load(d)", "handlers"),
        ("from sagemaker.model import Model\nm = Model(image_uri=u)", "sdk"),
        ('subprocess.Popen(["gunicorn", "-b", "0.0.0.0:8080", "a:b"])', "start"),
        ("app = Flask(__name__)", "server"),
        ("print(1)", None),
    ],
)
def test_the_form_of_code(text: str, form: str | None) -> None:
    assert form_of(Paste("code", text)) == form


@pytest.mark.parametrize("language", ["ja", "en"])
def test_what_no_check_looks_into_is_said(language: Language, notes_index: Index) -> None:
    code = "```python\ndef model_fn(d):\n    return load(d)\n```"
    result = reviewed(f"OK?\n{code}", notes_index, language)
    assert len(result.sentences) == 1
    assert ("ハンドラー" if language == "ja" else "handlers") in result.markdown
    question = f"How do I return CSV here?\n{code}"
    assert review(find_parts(question), question, language, notes_index) is None


@pytest.mark.parametrize(
    ("prose", "more"),
    [
        ("Is this OK?", False),
        ("what's wrong", False),
        ("これで大丈夫でしょうか", False),
        ("この内容でどうでしょう", False),
        ("Why is the second one slow?", True),
        ("何が原因ですか", True),
    ],
)
def test_a_question_for_more_than_a_review(prose: str, more: bool) -> None:
    assert asks_for_more(prose) == more


# --- descriptions and logs ------------------------------------------------------------------------

FAILED = """{
  "ProcessingJobName": "prep-7",
  "ProcessingJobStatus": "Failed",
  "FailureReason": "AlgorithmError: See job logs for more information: exit code 2",
  "ProcessingResources": {}
}"""


def test_the_failure_reason_is_the_error_line(notes_index: Index) -> None:
    result = reviewed(f"何が起きましたか\n{FAILED}", notes_index, "ja")
    assert "4 行目" in result.markdown
    assert result.query == "AlgorithmError: See job logs for more information: exit code 2"
    assert not result.says_all


@pytest.mark.parametrize("of", ["TrainingJobStatus", "EndpointStatus", "TransformJobStatus"])
def test_a_good_status_is_one_sentence(of: str, notes_index: Index) -> None:
    value = "InService" if of.startswith("End") else "Completed"
    text = f'{{\n  "Name": "x",\n  "{of}": "{value}",\n  "FailureReason": ""\n}}'
    result = reviewed(f"fine?\n{text}", notes_index)
    assert result.markdown.strip() == f"The status is `{value}`, and no `FailureReason` is given."
    assert result.says_all


def test_other_data_is_no_description() -> None:
    assert status_of('{"status": "Completed"}') is None


def test_the_status_of_a_job_comes_after_the_exception() -> None:
    log = (
        "2026-03-01 01:00:00 Training - Training image download completed.\n"
        "epoch 1 loss=0.3\n"
        "ValueError: y contains new labels\n"
        "2026-03-01 01:10:00 Uploading - Uploading generated training model\n"
        "2026-03-01 01:11:00 Failed - Training job failed"
    )
    line = telling(find_error_lines(log, find_parts(log)))
    assert line is not None
    assert line.text == "ValueError: y contains new labels"


def test_what_docker_push_prints_is_a_log() -> None:
    log = (
        "$ docker push 444455556666.dkr.ecr.eu-central-1.amazonaws.com/scorer:7\n"
        "The push refers to repository [444455556666.dkr.ecr.eu-central-1.amazonaws.com/scorer]\n"
        "0123456789ab: Preparing\n"
        "denied: User: x is not authorized to perform: ecr:InitiateLayerUpload"
    )
    parts = find_parts(log)
    assert {part.kind for part in parts} == {"shell", "log"}
    line = telling(find_error_lines(log, parts))
    assert line is not None
    assert line.text.startswith("denied: ")
