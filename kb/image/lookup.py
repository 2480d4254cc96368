"""The AWS image for a framework, version, Region, instance and purpose, as an `Image`.

Takes people's words for each of these, gives URI, registry, tag, login command and FROM line, or
raises ImageError, which says what there is instead. Everything is looked up in the official tables
(kb.image.data); a tag is put together as `image_uris.retrieve` of the same package does it, and
tests hold the two against each other. Knows nothing about questions or pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from kb.image import data as image_data
from kb.image.choice import Choice, builds_for, choose, scope_for, scopes_of, versions_of
from kb.image.data import Build
from kb.image.words import (
    Scope,
    framework_id,
    framework_name,
    framework_names,
    machine,
    region_code,
    region_codes,
    table,
)
from kb.text.normal import normalize


@dataclass(frozen=True, slots=True)
class Patches:
    """Whether a version still gets patches, as far as our notes' evidence says."""

    state: Literal["patched", "partly", "ended", "unknown"] = "unknown"
    until: str = ""
    """Date of the end of patches, where known (YYYY-MM-DD)."""
    evidence: str = ""
    """Ids in notes/evidence.yaml."""
    section: str = ""
    """The section of our notes that says so, and a word of the statement in it."""
    holds: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """One AWS image: where it is, and how it is used."""

    framework: str
    """The table's name, such as sklearn."""
    name: str
    """As people write it, such as scikit-learn."""
    version: str
    """As it stands in the tag."""
    base: str
    """The framework below Hugging Face's transformers, such as pytorch2.6.0; else empty."""
    python: str
    """Such as py312; empty where the tables name none."""
    region: str
    scope: Scope
    instance: str
    """Empty where one image serves every instance and none was given."""
    processor: str
    """cpu, gpu, inf, trn …; empty where one image serves all."""
    account: str
    registry: str
    """The registry's host name."""
    repository: str
    tag: str
    uri: str
    login: str
    """The shell command after which docker may pull from the registry."""
    from_line: str
    patches: Patches
    source: str
    """The package and version that all of this comes from."""
    assumed: tuple[str, ...] = ()
    """Which of version, instance, base and python were chosen, because they were not given."""


@dataclass(frozen=True, slots=True)
class Options:
    """What can be asked for, in the order to be shown: for select boxes."""

    frameworks: Mapping[str, str]
    """The table's name to the name that people write."""
    versions: Mapping[str, Mapping[Scope, tuple[str, ...]]]
    """By framework and purpose, the newest first; a purpose without images is left out."""
    regions: tuple[str, ...]
    instances: tuple[str, ...]
    """One for each kind; any other type can be given, too."""
    source: str


def resolve(
    framework: str,
    version: str = "",
    *,
    region: str,
    scope: str = "",
    instance: str = "",
    python: str = "",
    base: str = "",
    today: date | None = None,
) -> Image:
    """The image for these words; without a version, the newest one that fits the rest.

    Raises ImageError for a part that is missing, unknown or not to be had, ImageDataMissing when
    the tables are not installed.
    """
    name = framework_id(framework)
    purpose = scope_for(name, scope)
    code = region_code(region)
    host = machine(instance) if instance else None
    base = "".join(normalize(base).split())
    chosen = choose(name, purpose, code, version=version, host=host, base=base, python=python)
    return _image(name, purpose, code, chosen, base, today or date.today())


def options() -> Options:
    """Everything that `resolve` knows."""
    usual = table("usual_frameworks")
    ordered = [*usual, *(name for name in framework_names() if name not in usual)]
    return Options(
        frameworks={name: framework_name(name) for name in ordered},
        versions={
            name: {scope: versions_of(builds_for(name, scope)) for scope in scopes_of(name)}
            for name in ordered
        },
        regions=region_codes(),
        instances=tuple(dict.fromkeys(table("instances").values())),
        source=image_data.source(),
    )


def _image(name: str, scope: Scope, region: str, chosen: Choice, base: str, today: date) -> Image:
    build = chosen.build
    tag = _tag(chosen, base)
    account = build.registries[region]
    registry = f"{account}.dkr.ecr.{region}.{_domain(region)}"
    uri = f"{registry}/{build.repository}:{tag}"
    return Image(
        framework=name,
        name=framework_name(name),
        version=chosen.version,
        base=build.base,
        python=build.python,
        region=region,
        scope=scope,
        instance=chosen.host.instance if chosen.host else "",
        processor=chosen.processor,
        account=account,
        registry=registry,
        repository=build.repository,
        tag=tag,
        uri=uri,
        login=f"aws ecr get-login-password --region {region} | "
        f"docker login --username AWS --password-stdin {registry}",
        from_line=f"FROM {uri}",
        patches=patches_of(build, tag, today),
        source=image_data.source(),
        assumed=chosen.assumed,
    )


def _tag(chosen: Choice, base: str) -> str:
    """Version, processor, Python and end, as far as the tables say that the tag has them."""
    build, processor = chosen.build, chosen.processor
    start = build.tag_prefix or chosen.version
    if build.base:
        # Tags with Neuron have the whole version only.
        below = base if base in build.base_aliases and not build.sdk else build.base
        start = f"{below.lstrip('abcdefghijklmnopqrstuvwxyz')}-transformers{build.version}"
    end = (build.tag_ends or {}).get(processor, "")
    if build.sdk:
        end = f"{build.sdk}-{end}"
    if build.repository.endswith(("-inference-graviton", "-inference-arm64")):
        end = f"{end}-sagemaker"
    elif build.scope == "inference_graviton":
        start = f"{start}-arm64"
    tag = "-".join(filter(None, (start, _in_tag(build, processor), build.python, end)))
    if chosen.host and chosen.host.family == "p4d":
        end = table("p4d").get(f"{build.framework}-{tag}")
        tag = f"{tag}-{end}" if end else tag
    return tag


def _in_tag(build: Build, processor: str) -> str:
    """How the tag names the processor."""
    if not build.processor_in_tag:
        return ""
    if build.framework == "sagemaker-tritonserver" and processor == "gpu":
        return ""
    chips = {
        "pytorch-neuron": "neuron",
        "huggingface-neuron": "neuron",
        "huggingface-neuronx": "neuronx",
    }
    return chips.get(build.framework, processor)


def _domain(region: str) -> str:
    ends = table("domains")
    return next((ends[start] for start in ends if region.startswith(start)), "amazonaws.com")


def patches_of(build: Build, tag: str, today: date) -> Patches:
    """What images.yaml knows, with its evidence; of most versions nothing is known."""
    for row in table("patches"):
        versions = row.get("versions")
        same = (row["table"], row["scope"]) == (build.framework, build.scope)
        listed = versions is None or any(build.version.startswith(f"{v}.") for v in versions)
        if same and listed and row.get("tag", "") in tag:
            until = row.get("until", "")
            ended = bool(until) and until < today.isoformat()
            state: Literal["patched", "partly", "ended"] = (
                "partly" if row.get("partly") else "patched"
            )
            return Patches(
                "ended" if ended else state, until, row["evidence"], row["section"], row["holds"]
            )
    return Patches()
