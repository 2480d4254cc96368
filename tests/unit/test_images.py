"""AWS image URIs: ours against the official function, and what is said when there is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kb.errors import ImageDataMissing, ImageError
from kb.image import data as image_data
from kb.image.choice import scopes_of
from kb.image.lookup import options, resolve
from kb.image.parts import read_parts
from kb.image.words import framework_name, framework_names

TODAY = date(2026, 11, 25)
# framework, version, Region, instance, scope, and what `retrieve` needs besides.
COMBINATIONS: list[tuple[str, str, str, str, str, dict[str, str]]] = [
    ("pytorch", "2.6.0", "ap-northeast-1", "ml.g5.xlarge", "inference", {"py_version": "py312"}),
    ("pytorch", "2.6", "us-east-1", "ml.m5.large", "inference", {"py_version": "py312"}),
    ("pytorch", "2.6.0", "eu-west-1", "ml.c7g.xlarge", "inference", {"py_version": "py312"}),
    ("pytorch", "2.3", "us-gov-west-1", "ml.c6g.2xlarge", "inference", {"py_version": "py311"}),
    ("pytorch", "2.8.0", "ap-northeast-3", "ml.p4d.24xlarge", "training", {"py_version": "py312"}),
    ("pytorch", "2.10.0", "cn-north-1", "ml.g5.xlarge", "training", {"py_version": "py313"}),
    ("pytorch", "1.6.0", "us-west-2", "ml.p4d.24xlarge", "training", {"py_version": "py36"}),
    ("pytorch", "0.4.0", "us-east-1", "ml.p3.2xlarge", "training", {"py_version": "py2"}),
    ("pytorch", "1.11.0", "us-east-1", "ml.trn1.2xlarge", "training", {"py_version": "py38"}),
    ("pytorch", "2.13", "ap-northeast-1", "ml.g5.xlarge", "training",
     {"framework": "pytorch-amzn2023"}),
    ("pytorch", "2.12", "eusc-de-east-1", "ml.m5.large", "training",
     {"framework": "pytorch-amzn2023"}),
    ("pytorch", "1.9", "ap-northeast-1", "ml.inf1.xlarge", "inference",
     {"framework": "inferentia-pytorch", "py_version": "py3"}),
    ("tensorflow", "2.21.0", "ap-northeast-1", "ml.g5.xlarge", "training", {"py_version": "py312"}),
    ("tensorflow", "2.19", "us-gov-west-1", "ml.m5.large", "training", {"py_version": "py312"}),
    ("tensorflow", "2.3.1", "us-east-1", "ml.p4d.24xlarge", "training", {"py_version": "py37"}),
    ("tensorflow", "2.20.0", "eu-west-1", "ml.g5.xlarge", "inference", {"py_version": "py312"}),
    ("tensorflow", "2.9", "us-east-2", "ml.c5.xlarge", "inference", {}),
    ("tensorflow", "2.16.1", "ap-northeast-1", "ml.m6g.xlarge", "inference",
     {"py_version": "py310"}),
    ("tensorflow", "2.5.2", "us-east-1", "ml.inf1.xlarge", "inference",
     {"framework": "inferentia-tensorflow", "py_version": "py3"}),
    ("sklearn", "1.2-1", "us-west-2", "ml.m5.large", "training", {"py_version": "py3"}),
    ("sklearn", "1.9-0", "ap-northeast-3", "ml.m5.large", "inference", {"py_version": "py3"}),
    ("sklearn", "1.4-2", "cn-northwest-1", "ml.c5.xlarge", "training", {"py_version": "py3"}),
    ("sklearn", "1.0-1", "eu-central-1", "ml.c7g.xlarge", "inference", {"py_version": "py3"}),
    ("xgboost", "3.2-0", "us-gov-east-1", "ml.m5.large", "training", {}),
    ("xgboost", "1.7-1", "ap-northeast-1", "ml.g5.xlarge", "training", {}),
    ("xgboost", "1.5-1", "eu-west-1", "ml.m6g.large", "inference", {}),
    ("xgboost", "1", "us-iso-east-1", "ml.m4.xlarge", "training", {}),
    ("mxnet", "1.9.0", "ap-northeast-1", "ml.g5.xlarge", "training", {"py_version": "py38"}),
    ("mxnet", "1.8.0", "us-east-1", "ml.p4d.24xlarge", "training", {"py_version": "py37"}),
    ("mxnet", "1.4.1", "cn-north-1", "ml.m5.large", "inference", {"py_version": "py3"}),
    ("huggingface", "4.51.3", "ap-northeast-1", "ml.g5.xlarge", "inference",
     {"py_version": "py312", "base_framework_version": "pytorch2.6.0"}),
    ("huggingface", "4.49", "us-east-1", "ml.m5.large", "inference",
     {"py_version": "py312", "base_framework_version": "pytorch2.6"}),
    ("huggingface", "5.3.0", "eu-west-1", "ml.p5.48xlarge", "training",
     {"py_version": "py312", "base_framework_version": "pytorch2.9.0"}),
    ("huggingface", "4.6.1", "us-west-2", "ml.m5.large", "inference",
     {"py_version": "py37", "base_framework_version": "tensorflow2.4.1"}),
    ("huggingface", "4.12.3", "us-east-1", "ml.inf1.xlarge", "inference",
     {"py_version": "py37", "base_framework_version": "pytorch1.9.1"}),
    ("huggingface", "4.51.3", "us-east-1", "ml.inf2.xlarge", "inference",
     {"py_version": "py310", "base_framework_version": "pytorch2.7.1",
      "inference_tool": "neuronx"}),
    ("huggingface-llm", "3.3.6", "ap-northeast-1", "ml.g5.2xlarge", "inference", {}),
    ("huggingface-llm-neuronx", "0.3.0", "us-east-1", "ml.inf2.8xlarge", "inference", {}),
    ("huggingface-tei", "1.8.2", "us-west-2", "ml.g5.xlarge", "inference", {}),
    ("huggingface-tei-cpu", "1.8.2", "us-west-2", "ml.c6i.2xlarge", "inference", {}),
    ("djl-lmi", "0.36.0", "ap-northeast-1", "ml.g5.12xlarge", "inference", {}),
    ("djl-neuronx", "0.29.0", "us-east-1", "ml.inf2.xlarge", "inference", {}),
    ("djl-tensorrtllm", "0.33.0", "eu-west-1", "ml.p4d.24xlarge", "inference", {}),
    ("sagemaker-tritonserver", "25.09", "ap-northeast-1", "ml.g5.xlarge", "inference", {}),
    ("sagemaker-tritonserver", "24.05", "cn-north-1", "ml.m5.large", "inference", {}),
    ("vllm", "0.30.0", "us-east-2", "ml.g6.xlarge", "inference", {}),
    ("vllm-server", "2.6", "ap-northeast-1", "ml.g5.xlarge", "inference", {}),
    ("sglang", "0.5.20", "us-west-2", "ml.p5.48xlarge", "inference", {}),
    ("autogluon", "1.5.0", "ap-northeast-1", "ml.g5.xlarge", "training", {"py_version": "py311"}),
    ("ray-serve", "1.4", "us-east-1", "ml.g5.xlarge", "inference", {}),
    ("llama-cpp", "1.0.1", "us-east-1", "ml.m5.large", "inference", {}),
    ("kmeans", "1", "ap-northeast-1", "ml.m5.large", "training", {}),
    ("blazingtext", "1", "us-gov-west-1", "ml.m5.large", "inference", {}),
]  # fmt: skip
_OFFICIAL = """\
import json, sys
from sagemaker.core.image_uris import retrieve
print(json.dumps([retrieve(**asked) for asked in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="module")
def official() -> list[str]:
    """What `image_uris.retrieve` of the package gives for each, in a process of its own."""
    asked: list[dict[str, Any]] = [
        {
            "framework": framework,
            "version": version,
            "region": region,
            "instance_type": instance,
            "image_scope": scope,
            **more,
        }
        for framework, version, region, instance, scope, more in COMBINATIONS
    ]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _OFFICIAL],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(sys.prefix) / image_data.FOLDER)},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    uris: list[str] = json.loads(done.stdout.splitlines()[-1])
    return uris


# --- right ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", range(len(COMBINATIONS)), ids=lambda n: "-".join(COMBINATIONS[n][:4])
)
def test_the_uri_is_the_one_of_the_official_function(number: int, official: list[str]) -> None:
    framework, version, region, instance, scope, more = COMBINATIONS[number]
    image = resolve(
        framework,
        version,
        region=region,
        instance=instance,
        scope=scope,
        python=more.get("py_version", ""),
        base=more.get("base_framework_version", ""),
    )
    assert image.uri == official[number]
    assert image.uri == f"{image.registry}/{image.repository}:{image.tag}"
    assert image.registry.startswith(f"{image.account}.dkr.ecr.{region}.")
    assert image.from_line == f"FROM {image.uri}"
    assert image.login == (
        f"aws ecr get-login-password --region {region} | "
        f"docker login --username AWS --password-stdin {image.registry}"
    )
    assert image.source == image_data.source()


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("ap-northeast-1", "amazonaws.com"),
        ("us-gov-west-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("us-iso-east-1", "c2s.ic.gov"),
        ("us-isob-east-1", "sc2s.sgov.gov"),
    ],
)
def test_the_login_command_names_the_registry_of_the_region(region: str, domain: str) -> None:
    image = resolve("xgboost", "1.7-1", region=region, scope="training")
    assert image.login.endswith(f" {image.account}.dkr.ecr.{region}.{domain}")
    assert f"--region {region} " in image.login


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (("torch", "v2.6.0", "東京", "g5", "推論"), COMBINATIONS[0]),
        (("pt", "2.6", "us-east", "cpu", "serving"), COMBINATIONS[1]),
        (("ＰｙＴｏｒｃｈ", "2.6.0", "Ireland", "graviton", "endpoint"), COMBINATIONS[2]),
        (("tf", "2.21.0", "Tokyo", "gpu", "学習"), COMBINATIONS[12]),
        (("scikit-learn", "1.2", "オレゴン", "m5.large", "train"), COMBINATIONS[19]),
        (("XGB", "1.7", "tokyo", "ml.g5", "トレーニング"), COMBINATIONS[24]),
        (("hf", "4.51", "東京", "GPU", "inference"), COMBINATIONS[30]),
        (("triton server", "25.09", "東京", "gpu", "デプロイ"), COMBINATIONS[43]),
    ],
)
def test_people_s_words_are_understood(words: tuple[str, ...], same: tuple[Any, ...]) -> None:
    framework, version, region, instance, scope = words
    meant, number, code, host, purpose, _ = same
    image = resolve(framework, version, region=region, instance=instance, scope=scope)
    assert image.uri == resolve(meant, number, region=code, instance=host, scope=purpose).uri


def test_without_a_version_the_newest_one_of_the_purpose_is_taken_and_said() -> None:
    training = resolve("pytorch", region="ap-northeast-1", scope="training", instance="gpu")
    inference = resolve("pytorch", "latest", region="ap-northeast-1", scope="inference")
    assert training.version == options().versions["pytorch"]["training"][0]
    assert inference.version == options().versions["pytorch"]["inference"][0]
    assert training.assumed == ("version",)
    assert inference.assumed == ("version", "instance")
    assert inference.instance == "ml.m5.large"


def test_what_was_chosen_is_named_and_what_has_no_choice_is_not() -> None:
    old = resolve("pytorch", "0.4.0", region="us-east-1", scope="training", instance="cpu")
    assert (old.python, old.assumed) == ("py3", ("python",))
    base = resolve("hf", "4.6.1", region="us-east-1", scope="inference", instance="cpu")
    assert base.base == "pytorch1.8.1"
    assert "base" in base.assumed
    assert resolve("kmeans", region="us-east-1", scope="training").assumed == ()


def test_the_only_purpose_need_not_be_said() -> None:
    assert resolve("vllm", region="us-east-1", instance="g5").scope == "inference"


def test_a_graviton_instance_that_the_official_function_takes_for_x86_gets_its_own_image() -> None:
    image = resolve("pytorch", "2.6.0", region="us-east-1", instance="ml.m8g.xlarge", scope="推論")
    assert image.repository == "pytorch-inference-arm64"


def test_patches_are_told_only_where_our_evidence_tells_them() -> None:
    def state(framework: str, version: str, scope: str, today: date = TODAY) -> tuple[str, str]:
        image = resolve(framework, version, region="us-east-1", scope=scope, today=today)
        return image.patches.state, image.patches.until

    assert state("pytorch", "2.6.0", "inference") == ("ended", "2026-06-30")
    assert state("pytorch", "2.6.0", "inference", date(2026, 6, 30)) == ("patched", "2026-06-30")
    assert state("pytorch", "2.10.0", "training") == ("partly", "2027-01-21")
    assert state("pytorch", "2.10.0", "training", date(2027, 2, 1)) == ("ended", "2027-01-21")
    assert state("pytorch", "2.8.0", "training") == ("partly", "")
    assert state("pytorch", "2.6.0", "training") == ("unknown", "")
    assert state("xgboost", "1.7-1", "training") == ("unknown", "")


# --- helpful --------------------------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "mistyped framework": ({"framework": "pytroch"}, "framework", ["pytroch", "PyTorch"]),
    "another product": ({"framework": "jax"}, "framework", ["jax", "PyTorch"]),
    "no framework": ({"framework": " "}, "framework", []),
    "processing image": ({"framework": "spark"}, "framework", ["spark"]),
    "version that is too new": ({"version": "3.0"}, "version", ["3.0", "2.6.0"]),
    "version of the other purpose": ({"version": "2.13"}, "version", ["2.13", "2.6.0"]),
    "mistyped version": ({"version": "2.66"}, "version", ["2.66", "2.6.0"]),
    "half a version": ({"version": "2"}, "version", ["2.6.0"]),
    "version that is no number": ({"version": "newst"}, "version", ["newst", "2.6.0"]),
    "mistyped Region": ({"region": "ap-northeest-1"}, "region", ["ap-northeast-1"]),
    "Region that is not there": ({"region": "ap-north-9"}, "region", ["ap-north-9", "ap-"]),
    "word for several Regions": ({"region": "中国"}, "region", ["cn-north-1", "cn-northwest-1"]),
    "beginning of several Regions": ({"region": "us-west"}, "region", ["us-west-1", "us-west-2"]),
    "no Region": ({"region": ""}, "region", []),
    "Region without this image": (
        {"framework": "huggingface-vllm-neuronx", "version": "0.4.4", "region": "cn-north-1"},
        "region",
        ["cn-north-1", "huggingface-vllm-neuronx 0.4.4", "us-"],
    ),
    "mistyped instance": ({"instance": "ml.g5.xlrge"}, "instance", ["ml.g5.xlrge", "ml.g5."]),
    "instance that is none": ({"instance": "laptop"}, "instance", ["laptop", "ml.m5.large"]),
    "no image for this instance": (
        {"framework": "sklearn", "version": "1.2-1", "instance": "ml.g5.xlarge"},
        "instance",
        ["ml.g5.xlarge", "ml.m5.large"],
    ),
    "version not for this instance": (
        {"version": "1.10.2", "instance": "graviton"},
        "instance",
        ["1.10.2", "ml.m5.large"],
    ),
    "retired instance": ({"instance": "ml.p2.xlarge"}, "instance", ["p2", "1.13"]),
    "Graviton for training": ({"scope": "training", "instance": "c7g"}, "instance", ["ml.c7g."]),
    "unknown purpose": ({"scope": "batch"}, "scope", ["batch"]),
    "no purpose": ({"scope": ""}, "scope", []),
    "purpose without images": ({"framework": "vllm", "scope": "学習"}, "scope", ["vLLM"]),
    "Python that is not there": ({"python": "3.9"}, "python", ["3.9", "Python 3.12"]),
    "base that is not there": (
        {"framework": "hf", "version": "4.51.3", "base": "tensorflow2.9"},
        "base",
        ["tensorflow2.9", "pytorch2.6.0"],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_input_gets_one_sentence_with_what_there_is(name: str) -> None:
    wrong, part, named = BAD[name]
    right = {"framework": "pytorch", "version": "2.6.0", "region": "us-east-1", "scope": "推論"}
    with pytest.raises(ImageError) as caught:
        resolve(**{**right, **wrong})
    error = caught.value
    assert error.part == part
    assert error.options
    for language in ("ja", "en"):
        assert [word for word in named if word not in error.says[language]] == []
        assert "{" not in error.says[language]
        assert "\n" not in error.says[language]
    assert error.says["en"] == str(error)
    assert error.says["ja"] != error.says["en"]


def test_an_odd_input_is_shown_short_and_on_one_line() -> None:
    with pytest.raises(ImageError) as caught:
        resolve("{x}\n" + "y" * 500, region="us-east-1", scope="training")
    assert "{x} yyy" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_without_the_package_it_is_said_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])
    image_data._read_package.cache_clear()
    with pytest.raises(ImageDataMissing, match="make setup"):
        image_data.source()


# --- for select boxes -----------------------------------------------------------------------------


def test_every_option_can_be_asked_for() -> None:
    known = options()
    assert len(known.frameworks) > 50
    assert {"ap-northeast-1", "us-east-1", "cn-north-1", "us-gov-west-1"} <= set(known.regions)
    for framework, purposes in known.versions.items():
        assert purposes
        for scope, versions in purposes.items():
            for version in versions:
                image = _anywhere(framework, version, scope, known.regions)
                assert image, (framework, version, scope)


def _anywhere(framework: str, version: str, scope: str, regions: tuple[str, ...]) -> str:
    """The URI in the first Region and on the first instance that the version has one for."""
    for instance in ("", "inf1", "inf2", "trn1", "graviton"):
        for region in ("us-east-1", *regions):
            try:
                asked = {"region": region, "scope": scope, "instance": instance}
                return resolve(framework, version, **asked).uri
            except ImageError:
                continue
    return ""


@pytest.mark.parametrize("name", framework_names())
def test_the_name_that_is_shown_is_understood_when_it_is_sent_back(name: str) -> None:
    parts, rest = read_parts(f"{framework_name(name)} 1.2")
    assert (parts.framework, parts.version, rest) == (name, "1.2", "")
    assert scopes_of(name)
