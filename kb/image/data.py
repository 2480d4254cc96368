"""The image tables that ship inside AWS's package `sagemaker-core`, as one flat list.

Takes a framework's name as the package spells it, gives `Build` values: one for each version,
base framework and Python version. The package is read, never imported: its import takes over a
second and needs boto3, pandas and thirty others, for 1.5 MB of JSON. `make setup` puts it, without
its dependencies, beside our own packages. Knows nothing about words that people use.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from kb.errors import ImageDataMissing

PACKAGE = "sagemaker-core"
FOLDER = "official-data"
"""Where `make setup` puts the package, inside the virtual environment."""
_TABLES = "sagemaker/core/image_uri_config"
_BASE = re.compile(r"(?:pytorch|tensorflow)\d")


@dataclass(frozen=True, slots=True)
class Build:
    """What the tables hold about one version of a framework, in one Python."""

    framework: str
    scope: str
    """training, inference, inference_graviton."""
    version: str
    repository: str
    registries: Mapping[str, str]
    """AWS account by Region: where the image exists."""
    processors: tuple[str, ...]
    """Empty: the same image for all."""
    python: str
    """Such as py312; empty where the tables name none."""
    aliases: tuple[str, ...] = ()
    """Shorter names of the version, which are tags of their own: 2.6 of 2.6.0."""
    base: str = ""
    """Framework below Hugging Face's transformers, such as pytorch2.6.0."""
    base_aliases: tuple[str, ...] = ()
    tag_prefix: str = ""
    tag_ends: Mapping[str, str] | None = None
    """End of the tag by processor, such as cu124-ubuntu22.04."""
    processor_in_tag: bool = True
    sdk: str = ""
    """Newest AWS Neuron SDK of the build, part of its tag."""


def source() -> str:
    """The package and version that the tables come from, such as `sagemaker-core 2.27.0`."""
    return _read_package()[0]


@cache
def names() -> tuple[str, ...]:
    """All tables for training or inference, in alphabetical order."""
    folder = _read_package()[1]
    return tuple(
        name for name in sorted(file.stem for file in folder.glob("*.json")) if builds(name)
    )


@cache
def builds(framework: str) -> tuple[Build, ...]:
    """Every build of one table, in the table's order; none when there is no such table."""
    file = _read_package()[1] / f"{framework}.json"
    if not file.is_file():
        return ()
    table: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return tuple(
        build for scope, part in _scopes(table) for build in _builds(framework, scope, part)
    )


def version_key(version: str) -> tuple[int, ...]:
    """Sorts versions by their numbers: 2.10.0 after 2.9.0, 1.2-1 after 1.0-1."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


@cache
def _read_package() -> tuple[str, Path]:
    """Name with version, and the folder of the tables. The pinned copy goes before any other."""
    places = [str(Path(sys.prefix) / FOLDER), *sys.path]
    for found in distributions(name=PACKAGE, path=places):
        folder = Path(str(found.locate_file(_TABLES)))
        if folder.is_dir():
            return f"{PACKAGE} {found.version}", folder
    raise ImageDataMissing(
        f"The image tables of {PACKAGE} are not installed; run `make setup`, or "
        f"`pip install --no-deps --target {Path(sys.prefix) / FOLDER} -r requirements-images.txt`."
    )


def _scopes(table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """One table for several scopes, or one for each."""
    for scope in ("training", "inference", "inference_graviton"):
        if scope in table.get("scope", ()):
            yield scope, table
        elif isinstance(table.get(scope), dict):
            yield scope, table[scope]


def _builds(framework: str, scope: str, part: Mapping[str, Any]) -> Iterator[Build]:
    names = _by_target(part)
    for version, entry in part["versions"].items():
        bases = [key for key in entry if _BASE.match(key)]
        base_names = _by_target(entry)
        for base in bases or [""]:
            below = entry[base] if base else entry
            for python, leaf in _pythons(below):
                yield replace(
                    _build(leaf, part),
                    framework=framework,
                    scope=scope,
                    version=version,
                    aliases=names.get(version, ()),
                    base=base,
                    base_aliases=base_names.get(base, ()),
                    python=python,
                )


def _pythons(entry: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """One entry for all its Python versions, or one for each."""
    if "repository" in entry:
        for python in entry.get("py_versions") or [""]:
            yield python, entry
    else:
        yield from entry.items()


def _build(leaf: Mapping[str, Any], part: Mapping[str, Any]) -> Build:
    sdks = leaf.get("sdk_versions", ())
    return Build(
        framework="",
        scope="",
        version="",
        python="",
        repository=leaf["repository"],
        registries=leaf["registries"],
        processors=tuple(part.get("processors") or leaf.get("processors") or ()),
        tag_prefix=leaf.get("tag_prefix", ""),
        tag_ends=leaf.get("container_version"),
        processor_in_tag=leaf.get("processor_in_tag", True),
        sdk=max(sdks, default=""),
    )


def _by_target(part: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Aliases by the version that they stand for; `latest` is not a tag."""
    found: dict[str, tuple[str, ...]] = {}
    for alias, target in part.get("version_aliases", {}).items():
        if alias != "latest":
            found[target] = (*found.get(target, ()), alias)
    return found
