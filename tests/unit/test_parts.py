"""Parts of a message and its error lines: exact places, over the whole text, in one pass."""

from __future__ import annotations

from textwrap import dedent

import pytest

from kb.reading import shapes
from kb.reading.parts import find_error_lines, find_parts, telling
from kb.reading.reading import Part

DOCKERFILE = """FROM python:3.11-slim
# needed by the tokenizer
RUN apt-get update && \\
    apt-get install -y mecab
COPY . /srv

CMD ["python", "app.py"]"""
TRACEBACK = """Traceback (most recent call last):
  File "/opt/ml/code/train.py", line 12, in <module>
    main()
  File "/opt/ml/code/reader.py", line 40, in main
    df = pd.read_csv(path)
         ^^^^^^^^^^^^^^^^^
  File "/usr/local/lib/python3.10/site-packages/pandas/io/parsers.py", line 912, in read_csv
    return _read(f)
FileNotFoundError: [Errno 2] No such file or directory: '/opt/ml/input/data/train/x.csv'"""
LOG = """2026-01-10T05:20:00.123Z algo-1 Starting
2026-01-10T05:20:01.123Z algo-1 loading 12 files
2026-01-10T05:20:02.123Z algo-1 ERROR could not open the tokenizer"""
SHELL = """docker build -t churn .
docker push 111122223333.dkr.ecr.us-east-1.amazonaws.com/churn:3"""
CODE = """import os
from flask import Flask
app = Flask(__name__)

@app.route("/ping")
def ping():
    return "ok"

if __name__ == "__main__":
    app.run(port=5000)"""
DATA = """{"TrainingJobName": "churn",
 "FailureReason": "AlgorithmError: , exit code: 137"}"""
YAML = """services:
  algo-1:
    image: churn
    ports:
      - 8080:8080"""
PASTES = {
    "dockerfile": DOCKERFILE,
    "traceback": TRACEBACK,
    "log": LOG,
    "shell": SHELL,
    "code": CODE,
    "data": DATA,
}


def kinds(message: str) -> list[str]:
    parts = find_parts(message)
    assert all(message[part.start : part.end] == part.text for part in parts)
    assert [p.start for p in parts] == sorted(p.start for p in parts)
    return [part.kind for part in parts]


def errors(message: str) -> list[str]:
    lines = find_error_lines(message, find_parts(message))
    assert all(message[line.start : line.end] == line.text for line in lines)
    return [line.text for line in lines]


@pytest.mark.parametrize("kind", PASTES)
@pytest.mark.parametrize("fence", ["", "```", "~~~"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_paste_is_found_between_sentences(kind: str, fence: str, end: str) -> None:
    paste = f"{fence}\n{PASTES[kind]}\n{fence}" if fence else PASTES[kind]
    message = f"これが動きません。\n{paste}\nどこを直せばいいですか？".replace("\n", end)
    assert kinds(message) == ["prose", kind, "question"]
    assert find_parts(message)[1].text == PASTES[kind].replace("\n", end)


@pytest.mark.parametrize("kind", PASTES)
def test_a_paste_is_found_in_english(kind: str) -> None:
    message = f"My job does not start.\n\n{PASTES[kind]}\n\nWhat is wrong with it?"
    assert kinds(message) == ["prose", kind, "question"]


def test_a_paste_may_be_the_whole_message() -> None:
    assert [kinds(paste) for paste in PASTES.values()] == [[kind] for kind in PASTES]


@pytest.mark.parametrize(
    "sentence",
    [
        "RUN と CMD の違いがわかりません。",
        "CMD は無視されますか",
        "ENTRYPOINT and CMD are both ignored?",
        "from what I see, the job runs fine.",
        "From scratch it takes two days.",
        "for jobs in production:",
        "Use the following Dockerfile:",
        "return code was 1",
        "import torch fails in the job",
        "USER の指定は必要ですか？",
        "docker build fails, any idea?",
        "class weights are ignored in the job.",
        "2026-01-10 から動かなくなりました。",
        "The error rate is 0.2, is that fine?",
        "Region: us-east-1",
        "FROM に書くアカウント ID って何番でしたっけ",
        "FROM に書くアカウントIDって何番でしたっけ",
        "LABEL com.amazonaws.sagemaker.capabilities.multi-models=true って何のためですか",
        "we rebuilt tensorflow w/ --config=mkl for the training fleet",
        "scorer = rust axum service, 20mb binary",
        "PyTorch 2.12 で学習したい。",
        "PaddlePaddle 3 behind an endpoint?",
        "EnableNetworkIsolation=True の学習に shap が欲しい",
        "transform(), keras 2.2 w/ TF 1.4 (AWS: gone). Go how?",
        "nvidia-smi in my container: what is 535.10?",
        "- build with docker",
        "1. train で学習",
    ],
)
def test_a_sentence_is_no_paste(sentence: str) -> None:
    assert set(kinds(sentence)) <= {"prose", "question"}


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("これでいいですか", "question"),
        ("直し方を教えてください。", "question"),
        ("原因は？", "question"),
        ("How do I fix it", "question"),
        ("Please fix the whole file", "question"),
        ("昨日から動きません。", "prose"),
        ("It worked yesterday.", "prose"),
    ],
)
def test_a_sentence_asks_or_tells(sentence: str, kind: str) -> None:
    assert kinds(sentence) == [kind]


def test_yaml_counts_where_keys_are_nested() -> None:
    assert kinds(YAML) == ["data"]
    assert kinds("Region: us-east-1\nInstance: ml.g5.xlarge") == ["prose", "prose"]


def test_small_letters_and_here_documents_stay_in_the_dockerfile() -> None:
    paste = dedent("""\
        # syntax=docker/dockerfile:1
        from python:3.11
        run <<EOF
        apt-get update

        これはスクリプトの中です
        EOF
        entrypoint python app.py""")
    assert kinds(f"見てください。\n{paste}\nよろしくお願いします。")[1] == "dockerfile"
    assert find_parts(f"見て。\n{paste}\n\nどう？")[1].text == paste


def test_two_files_in_one_message_are_two_parts() -> None:
    message = f"Dockerfile:\n{DOCKERFILE}\n\nand serve.py:\n```python\n{CODE}\n```\nok?"
    assert kinds(message) == ["prose", "dockerfile", "prose", "code", "question"]


def test_one_fence_may_hold_a_log_and_a_traceback() -> None:
    message = f"```\n{LOG}\n{TRACEBACK}\n{LOG}\n```"
    assert kinds(message) == ["log", "traceback", "log"]


def test_a_fence_that_is_never_closed_ends_with_the_message() -> None:
    assert kinds(f"見て\n```dockerfile\n{DOCKERFILE}") == ["prose", "dockerfile"]


def test_the_last_exception_and_the_own_frame_come_first() -> None:
    toolkit = """2026-01-10 05:20:03,000 toolkit ERROR    Reporting training FAILURE
2026-01-10 05:20:03,000 sagemaker-training-toolkit ERROR    ExecuteUserScriptError:
ExitCode 1"""
    found = errors(f"{LOG.splitlines()[0]}\n{TRACEBACK}\n{toolkit}\n\nWhat must I change?")
    assert found[0].startswith("FileNotFoundError: [Errno 2]")
    assert found[1] == 'File "/opt/ml/code/reader.py", line 40, in main'
    assert "Reporting training FAILURE" in found[2]


def test_the_last_of_chained_exceptions_counts() -> None:
    chained = (
        f"{TRACEBACK}\n\nDuring handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "/srv/app.py", line 3, in f\n    g()\n'
        "ValueError: bad channel"
    )
    assert kinds(f"なぜ？\n\n{chained}\n\n助けて") == ["question", "traceback", "prose"]
    assert errors(chained)[-2:] == ["ValueError: bad channel", 'File "/srv/app.py", line 3, in f']


@pytest.mark.parametrize("place", [0, 1, 700, 1_499])
def test_one_error_line_is_found_amid_noise(place: int) -> None:
    noise = [f"2026-01-10 05:20:00 INFO epoch 1 step {n} loss=2.3 errors=0" for n in range(1_500)]
    noise.insert(place, "OSError: [Errno 28] No space left on device: '/opt/ml/checkpoints/7.pt'")
    message = "これは何ですか？\n" + "\n".join(noise)
    assert kinds(message) == ["question", "log"]
    assert errors(message) == [noise[place]]


def test_failure_reason_goes_first_and_what_follows_last() -> None:
    log = """2026-01-10 10:00:01 ERROR worker 3 died (exit code 1)
2026-01-10 10:00:02 ERROR CUDA error: out of memory
FailureReason: AlgorithmError: , exit code: 1"""
    assert [line[-12:] for line in errors(log)] == ["exit code: 1", "ut of memory", "exit code 1)"]
    assert errors(DATA) == ['"FailureReason": "AlgorithmError: , exit code: 137"}']


def test_a_log_that_runs_backwards_is_read_in_time() -> None:
    log = """2026-01-10 10:00:03 ERROR second trouble
2026-01-10 10:00:02 ERROR first trouble
2026-01-10 10:00:01 INFO start"""
    assert [line[-13:] for line in errors(log)] == ["first trouble", "econd trouble"]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (
            'エラーは exec: "train": executable file not found in $PATH です。どうすれば？',
            'exec: "train": executable file not found in $PATH',
        ),
        (
            "It ends with ClientError: An error occurred (ValidationException): unsupported media",
            "ClientError: An error occurred (ValidationException): unsupported media",
        ),
        (
            "The log says “could not select device driver” and stops.",
            "could not select device driver",
        ),
        ("AccessDeniedException が出ます", "AccessDeniedException"),
        ("学習ジョブはどう作りますか？", None),
        ("What does a failed health check mean?", None),
    ],
)
def test_a_bare_error_in_prose_is_found(message: str, line: str | None) -> None:
    assert errors(message)[:1] == ([line] if line else [])


HOSTILE = {
    "brackets": "{\n\n" * 2_000,
    "keys": "a:\n" * 5_000,
    "here-documents": "RUN cat <<EOF\nx\n" * 2_000,
    "one word": "x" * 200_000,
    "dotted": "a.b" * 66_000,
    "quotes": "「" * 200_000,
    "abbreviations": "e.g. " * 20_000,
    "fences": "```\n" * 5_000,
    "blanks": " " * 200_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_every_line_is_looked_at_a_few_times_only(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    real = shapes.is_log

    def counted(line: str) -> bool:
        nonlocal looks
        looks += 1
        return real(line)

    monkeypatch.setattr(shapes, "is_log", counted)
    message = HOSTILE[name]
    parts = find_parts(message)
    assert find_error_lines(message, parts) == ()
    assert looks <= 30 * (message.count("\n") + 1)


def test_what_is_no_text_is_no_part() -> None:
    assert find_parts("") == ()
    assert find_parts(" \n\n ") == ()
    assert find_parts("😀\x00") == (Part("prose", 0, 2, "😀\x00"),)


def test_a_line_that_announces_a_traceback_comes_behind_it() -> None:
    log = f"2026-01-10 05:20:00 [ERROR] Exception in worker process\n{TRACEBACK}"
    assert errors(log)[0].startswith("FileNotFoundError: [Errno 2]")


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (
            "FailureReason: AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n"
            "ErrorMessage \"ModuleNotFoundError: No module named 'sentencepiece'\"",
            "ErrorMessage \"ModuleNotFoundError: No module named 'sentencepiece'\"",
        ),
        (
            "FailureReason: AlgorithmError: , exit code: 137",
            "FailureReason: AlgorithmError: , exit code: 137",
        ),
        (
            "W1030 08:12:44.105000 140 api.py:704] Received 15, shutting down workers\n"
            "E1030 08:12:45.105000 140 api.py:826] failed (exitcode: -9) local_rank: 0 (pid: 33)",
            "E1030 08:12:45.105000 140 api.py:826] failed (exitcode: -9) local_rank: 0 (pid: 33)",
        ),
        (
            "#12 2.311 Collecting torch==2.2.2\n"
            "#12 9.871   error: command 'gcc' failed: No such file or directory\n"
            '#12 ERROR: process "/bin/sh -c pip" did not complete successfully: exit code: 1',
            "#12 9.871   error: command 'gcc' failed: No such file or directory",
        ),
    ],
)
def test_the_telling_line_says_more_than_that_something_ended(log: str, line: str) -> None:
    found = telling(find_error_lines(log, find_parts(log)))
    assert found is not None
    assert found.text == line


@pytest.mark.parametrize(
    "line",
    [
        "exec /usr/local/bin/serve: exec format error",
        "standard_init_linux.go:228: exec user process caused: exec format error",
        "/bin/sh: 1: train: not found",
        "bash: /opt/ml/train: Permission denied",
        "/usr/bin/env: 'python\\r': No such file or directory",
        'exec: "train": executable file not found in $PATH',
    ],
)
def test_what_a_shell_or_the_kernel_says_was_pasted(line: str) -> None:
    assert kinds(f"It does not start.\n{line}\nWhat can I do?") == ["prose", "log", "question"]
    assert errors(f"動きません。\n{line}") == [line]


@pytest.mark.parametrize(
    "line", ["My problem: permission denied", "The log says: command not found", "結果: not found"]
)
def test_what_a_person_says_of_an_error_is_prose(line: str) -> None:
    assert kinds(line) == ["prose"]


def test_comments_above_from_belong_to_the_dockerfile() -> None:
    paste = (
        "# Copyright of somebody\n# All rights reserved\n\n# the base\nFROM python:3.10\nUSER root"
    )
    assert kinds(f"見てください\n\n{paste}")[-1] == "dockerfile"
    assert find_parts(paste)[0].text == paste


HEADLESS = """  File "/opt/app/serve.py", line 12, in main
    run(port)
  ...
hydra.MissingThing: no value for key 'x' (in a.yaml)"""


def test_a_traceback_may_be_pasted_from_its_first_frame_on() -> None:
    message = f"起動しません。\n\n{HEADLESS}\n\nbase は python:3.11 です。"
    assert kinds(message) == ["prose", "traceback", "prose"]
    error, *_ = find_error_lines(message, find_parts(message))
    assert error.text == HEADLESS.rsplit("\n", 1)[1]  # whatever its class is called


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [("base は python:3.11 です。", "prose"), ("What should I change here?", "question")],
)
def test_a_sentence_right_below_a_frame_is_no_error(sentence: str, kind: str) -> None:
    frame = "\n".join(HEADLESS.split("\n")[:2])
    message = f"{frame}\n{sentence}"
    assert kinds(message) == ["traceback", kind]
    assert find_error_lines(message, find_parts(message)) == ()
