"""A paste as the checks see it: its text, its Dockerfile, its base image, and what it is for.

Takes a pasted part, the person's words around it and the sides of the case; gives a frozen `Paste`.
Knows nothing about checks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from kb.image.uri import ImageName, builds_of, is_of_aws, read_image
from kb.reading.reading import PartKind
from kb.records import Side
from kb.review.dockerfile import Dockerfile, Instruction, read_dockerfile

_TRAINING = re.compile(
    r"学習(?!済)|トレーニング|ファインチューニング|訓練|\btrain(?:ing|s|er)?\b|\bfine-?tun|\btrainingjob",
    re.IGNORECASE | re.ASCII,
)
_INFERENCE = re.compile(
    r"推論|エンドポイント|デプロイ|バッチ変換|ホスティング|\binference\b|\bendpoints?\b|\bdeploy"
    r"|\bserv(?:e|ing)\b|\bbatch transform\b|\bhosting\b|\b/?ping\b|\binvocations\b",
    re.IGNORECASE | re.ASCII,
)
_SIGNS: tuple[tuple[Side, int, str], ...] = (
    ("training", 3, r"sagemaker[-_](?:[a-z]+[-_])?training\b"),
    (
        "inference",
        3,
        r"sagemaker[-_](?:[a-z]+[-_])?inference\b|multi-model-server|/invocations",
    ),
    ("training", 2, r"^\s*FROM\s.*-training[:@]"),
    ("inference", 2, r"^\s*FROM\s.*-inference[:@]"),
    (
        "inference",
        2,
        r"^\s*(?:CMD|ENTRYPOINT)\b.*(?:\bserve\b|serve(?:r|_\w+)?\.py|gunicorn|uvicorn|flask)",
    ),
    (
        "training",
        1,
        r"SAGEMAKER_PROGRAM|/opt/ml/input|SM_CHANNEL|SM_MODEL_DIR|(?<![\w-])train(?:\.py)?(?![\w-])",
    ),
    (
        "inference",
        1,
        r"(?<![\w-])serve(?:r?\.py)?(?![\w-])|\bgunicorn\b|\buvicorn\b|\bflask\b|\bfastapi\b"
        r"|\b8080\b|\bnginx\b|\btorchserve\b",
    ),
)
"""What shows the side that a file is for, and how much: a toolkit more than an image, an image more
than a word."""
_PLAINLY = 4
"""Weight of signs, more than any one, from which a paste is for its side whatever was told before:
a server on an inference image is none for the training that was talked of last."""
_INSTALLS = re.compile(
    r"\b(?:pip[\d.]*|uv pip|conda|mamba|micromamba)\s+(?:\S+\s+){0,6}?install\b|\buv add\b"
)
_SYSTEM_INSTALLS = re.compile(r"\b(apt-get|apt|dnf|microdnf|yum|apk|zypper)\b(?:\s+-\S+)*\s+(\w+)")
_SPLIT = re.compile(r"&&|\|\||;|\n|\|")
_PIP_NAME = re.compile(r"[\"']?([A-Za-z0-9][\w.-]*)(?:\[[\w,.-]*\])?")
_PYTHON_TAG = re.compile(r"(?<![a-z\d])py(?:thon)?-?(3)[._]?(\d{1,2})(?!\d)", re.IGNORECASE)
_PYTHON_CHOSEN = re.compile(
    r"\b(?:python==?|python(?=3\.\d+ -m pip)|pip(?=3\.\d+ install))(3)\.(\d+)"
)
_PYTHON_OF = ((r"ubuntu:(?:24\.04|noble)", (3, 12)), (r"debian:(?:13|trixie)", (3, 13)))
"""The `python3` of a distribution, where it is too new for the toolkits."""
_SYSTEMS = (
    ("alpine", re.compile(r"alpine")),
    ("al2023", re.compile(r"amzn2023|al2023|amazonlinux:2023")),
    ("al2", re.compile(r"amzn2\b|al2\b|amazonlinux:2$")),
    ("ubuntu", re.compile(r"ubuntu")),
    ("rhel", re.compile(r"ubi\d|redhat|rockylinux|centos|almalinux|oraclelinux|fedora|el[789]\b")),
    ("debian", re.compile(r"debian|-(?:slim|bookworm|bullseye|buster|trixie)\b|^python:3[\d.]*$")),
)
_PLAIN = re.compile(
    r"(?:docker\.io/)?(?:library/)?(?:python|ubuntu|debian|amazonlinux|alpine|node|golang|rust|openjdk"
    r"|eclipse-temurin|amazoncorretto|r-base|rocker/[\w-]+|julia|continuumio/[\w-]+|mambaorg/[\w-]+"
    r"|condaforge/[\w-]+|nvidia/cuda|pytorch/pytorch|tensorflow/tensorflow|fedora|centos|rockylinux"
    r"|nvcr\.io/nvidia/[\w-]+|public\.ecr\.aws/docker/library/\w+|public\.ecr\.aws/amazonlinux/\w+"
    r"|ghcr\.io/astral-sh/uv|bitnami/[\w-]+)$"
)
"""Public images that are known to hold no `train` and no `serve`."""


@dataclass(frozen=True)
class Paste:
    """One pasted part."""

    kind: PartKind
    text: str
    message: str = ""
    """What the person wrote around it."""
    sides: frozenset[Side] = frozenset()
    """What it is for; empty where nobody says so."""

    @cached_property
    def lines(self) -> tuple[str, ...]:
        return tuple(line.removesuffix("\r") for line in self.text.split("\n"))

    @cached_property
    def dockerfile(self) -> Dockerfile:
        return read_dockerfile(self.text if self.kind == "dockerfile" else "")

    @cached_property
    def image(self) -> ImageName:
        """The image that the last stage is built on."""
        return read_image(self.dockerfile.base)

    @cached_property
    def is_on_aws_image(self) -> bool:
        """Built on an image of AWS for SageMaker, which has its own start command."""
        name = self.dockerfile.base
        return is_of_aws(self.image.account) or "deep-learning-containers/" in name

    @cached_property
    def is_on_plain_image(self) -> bool:
        return bool(_PLAIN.match(self.image.repository))

    @cached_property
    def scopes(self) -> frozenset[str]:
        """What the AWS image is made for: training, inference, or both."""
        repository = self.image.repository.rpartition("/")[2]
        if repository.endswith(("-training", "-inference")):
            return frozenset({repository.rpartition("-")[2]})
        return frozenset(build.scope for build in builds_of(self.image))

    @cached_property
    def systems(self) -> tuple[tuple[str, str, Instruction], ...]:
        """Operating system of the base (empty where its name does not tell it), package manager
        that is run, and the instruction; of every stage.
        """
        return tuple(
            (system_of(self.dockerfile.root(stage)), found[1], one)
            for stage in self.dockerfile.stages
            for one in stage.instructions
            if one.keyword == "RUN"
            for found in _SYSTEM_INSTALLS.finditer(one.script)
            if found[2] in ("install", "update", "upgrade", "add", "groupinstall", "makecache")
        )

    @cached_property
    def python(self) -> tuple[int, int] | None:
        """The Python that packages are installed into, where the file tells it."""
        script = "\n".join(one.script for one in self.dockerfile.all("RUN"))
        base = self.dockerfile.base
        named = (
            _PYTHON_CHOSEN.search(self.dockerfile.filled(script))
            or re.match(r"(?:.*/)?python:(3)\.(\d+)", base)
            or _PYTHON_TAG.search(self.image.tag)
        )
        if named:
            return (int(named[1]), int(named[2]))
        if re.search(r"\bpython3(?:-pip|-venv|-dev)?(?![\w.])", script):
            return next((python for sign, python in _PYTHON_OF if re.match(sign, base)), None)
        return None

    @cached_property
    def installs(self) -> tuple[tuple[str, str, str, Instruction], ...]:
        """Package manager, package, the word as written, and the instruction; of all stages that
        may leave something in the image.
        """
        return tuple(_installs(self.dockerfile))

    def has_package(self, pattern: str) -> bool:
        return any(re.fullmatch(pattern, name) for _, name, _, _ in self.installs)

    @cached_property
    def has_requirements(self) -> bool:
        """Packages come from a file that was not pasted."""
        return any(name == "-r" for _, name, _, _ in self.installs)

    def says(self, pattern: str) -> bool:
        return bool(re.search(pattern, self.message, re.IGNORECASE))


def system_of(image: str) -> str:
    """The operating system that an image's name tells, such as al2023 or ubuntu; else nothing."""
    return next((name for name, sign in _SYSTEMS if sign.search(image.lower())), "")


def sides_of(text: str, message: str, sides: Collection[Side]) -> frozenset[Side]:
    """What a paste is for: as the person says beside it, as the case before it (`sides`) unless
    several signs in the paste speak for the other side alone, else as the paste shows.
    """
    told = {
        side
        for side, sign in (("training", _TRAINING), ("inference", _INFERENCE))
        if sign.search(message)
    }
    if len(told) == 1 or (told and not sides):
        return frozenset(told)  # type: ignore[arg-type]
    code = "\n".join(line for line in text.split("\n") if not line.lstrip().startswith("#"))
    shown = Counter[Side]()
    for side, weight, sign in _SIGNS:
        shown[side] += weight if re.search(sign, code, re.IGNORECASE | re.MULTILINE) else 0
    (first, most), *others = shown.most_common()
    if sides and not (most >= _PLAINLY and not any(other for _, other in others)):
        return frozenset(sides)
    return frozenset({first} if most and all(most > other for _, other in others) else ())


def _installs(dockerfile: Dockerfile) -> Iterator[tuple[str, str, str, Instruction]]:
    copied = any(flag.startswith("--from") for one in dockerfile.final for flag in one.flags)
    stages = dockerfile.stages if copied else dockerfile.chain
    for stage in stages:
        for one in stage.instructions:
            if one.keyword != "RUN":
                continue
            script = " ".join(one.words) if one.words else dockerfile.filled(one.script)
            for command in _SPLIT.split(script):
                yield from _of_command(command, one)


def _of_command(command: str, one: Instruction) -> Iterator[tuple[str, str, str, Instruction]]:
    python = _INSTALLS.search(command)
    system = _SYSTEM_INSTALLS.search(command)
    if python:
        manager, rest = "pip", command[python.end() :]
    elif system and system[2] in ("install", "add", "groupinstall"):
        manager, rest = system[1], command[system.end() :]
    else:
        return
    for word in rest.split():
        bare = word.strip("\"'\\")
        if bare in ("-r", "--requirement") or bare.startswith("--requirement="):
            yield manager, "-r", word, one
        elif bare in ("-e", ".", "./") or bare.endswith((".whl", ".tar.gz")):
            yield manager, ".", word, one
        elif bare in ("-U", "--upgrade"):
            yield manager, "--upgrade", word, one
        elif bare and bare[0] not in "-$<>" and (named := _PIP_NAME.match(bare)):
            name = named[1].lower()
            yield manager, name.replace("_", "-") if manager == "pip" else name, bare, one
