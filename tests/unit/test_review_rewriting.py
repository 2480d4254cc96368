"""The replacement lines of a finding lose nothing and invent nothing."""

from __future__ import annotations

import pytest

from kb.records import Side
from kb.review.checks import Finding, find, load_checks
from kb.review.dockerfile import Instruction, read_dockerfile
from kb.review.paste import Paste
from kb.review.rewriting import with_manager, with_packages, without_packages


def one(text: str) -> Instruction:
    return read_dockerfile(f"FROM debian:12\n{text}").instructions[-1]


def found(text: str, side: Side = "training") -> list[Finding]:
    return find(Paste("dockerfile", text, "", frozenset({side})))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("RUN apt-get update && apt-get install -y libx-1", ""),
        ("RUN apt-get update && apt-get install -y libx-1=2.0 && rm -rf /var/lib/apt/lists/*", ""),
        ("RUN apt-get install -y curl=8.1 libx-1 git", "RUN apt-get install -y curl=8.1 git"),
        ("RUN apt-get install -y libx-1 && make all", "RUN make all"),
        (
            "RUN apt-get update && apt-get install -y \\\n    curl \\\n    libx-1",
            "RUN apt-get update && apt-get install -y \\\n    curl",
        ),
        ("RUN apt-get install -y libx-10", "RUN apt-get install -y libx-10"),
    ],
)
def test_a_package_is_taken_out(text: str, left: str) -> None:
    assert "\n".join(without_packages(one(text), ["libx-1"])) == left


@pytest.mark.parametrize(
    ("text", "own", "lines"),
    [
        (
            "RUN yum install -y git-2.40 curl && yum clean all",
            "apt-get",
            "RUN apt-get update && apt-get install -y git-2.40 curl && rm -rf /var/lib/apt/lists/*",
        ),
        (
            "RUN apk add --no-cache git",
            "apt-get",
            "RUN apt-get update && apt-get install -y git",
        ),
        (
            "RUN apt-get update && apt-get install -y --no-install-recommends git \\\n"
            "    curl && rm -rf /var/lib/apt/lists/*",
            "dnf",
            "RUN dnf install -y git \\\n    curl && dnf clean all",
        ),
        ("RUN apt-get update && apt-get install -y git", "apk", "RUN apk add --no-cache git"),
    ],
)
def test_another_manager_installs_the_same(text: str, own: str, lines: str) -> None:
    assert "\n".join(with_manager(one(text), own)) == lines


def test_a_package_goes_beside_another_whose_pin_stays() -> None:
    text = 'RUN pip install "sagemaker-inference>=1.10" numpy==1.26'
    lines = with_packages(one(text), "sagemaker-inference", "multi-model-server")
    assert lines == ('RUN pip install "sagemaker-inference>=1.10" multi-model-server numpy==1.26',)


def test_the_toolkit_goes_to_the_packages_where_its_variable_is_set() -> None:
    text = (
        "FROM python:3.10\nRUN pip install xgboost==2.1 pyarrow\n"
        "COPY fit.py /opt/ml/code/fit.py\nENV SAGEMAKER_PROGRAM=fit.py"
    )
    (finding,) = found(text)
    assert (finding.check.id, finding.spot.line) == ("no-train", 2)
    assert finding.write == "RUN pip install xgboost==2.1 pyarrow sagemaker-training"


def test_the_program_is_named_where_it_is_known_and_else_none() -> None:
    base = "FROM python:3.12-slim\nRUN pip install numpy\n"
    (known,) = found(base + "COPY fit.py /srv/")
    assert known.write == 'ENTRYPOINT ["python", "/srv/fit.py"]'
    (unknown,) = found(base + "COPY fit.py util.py /srv/")
    assert unknown.write == ""


def test_a_secret_that_the_build_uses_is_mounted() -> None:
    text = (
        "FROM python:3.12-slim\nARG INDEX_TOKEN\n"
        "RUN pip install --index-url https://x:${INDEX_TOKEN}@pypi.example.com/simple a==1\n"
        'ENTRYPOINT ["python", "/a.py"]'
    )
    (finding,) = found(text)
    assert finding.check.id == "secret"
    assert "…" not in finding.write


@pytest.mark.parametrize("init", ["tini", "/usr/bin/tini"])
def test_tini_before_a_train_on_path_is_no_fault(init: str) -> None:
    text = (
        "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y tini\n"
        f'COPY --chmod=755 train /usr/local/bin/\nENTRYPOINT ["{init}", "--"]'
    )
    assert found(text) == []
    (lost,) = found(text.replace("/usr/local/bin/", "/srv/"))
    assert lost.check.id == "tini-training"


def test_no_pattern_to_write_has_a_gap() -> None:
    assert [check.id for check in load_checks() if "…" in check.write] == []
    assert [check.id for check in load_checks() if "main.py" in check.write] == []
