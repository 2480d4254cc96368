"""Which build of the tables fits a version, an instance and a Region.

Takes names (kb.image.words has made them of people's words), gives the `Build`, or raises
ImageError with what there is instead. Knows nothing about URIs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from kb.errors import ImageError
from kb.image import data as image_data
from kb.image.data import Build, version_key
from kb.image.words import (
    SCOPES,
    Machine,
    Scope,
    framework_name,
    image_error,
    machine,
    python_id,
    python_name,
    scope_id,
    table,
)
from kb.text.normal import normalize

_SHOWN = 6
"""Versions or Regions that an error names; their number says how many there are."""
_ON_TRAINIUM = ("pytorch", "pytorch-neuron", "huggingface-vllm-neuronx")
"""Tables that the official function reads for Trainium."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A build, and how it is run and named."""

    build: Build
    version: str
    """As the tag spells it: the version, or the alias that was asked for."""
    host: Machine | None
    """None: nothing was given, and one image serves every instance."""
    processor: str
    """Of the tables; empty: one image serves all."""
    assumed: tuple[str, ...]
    """Which of version, instance, base and python were not given, though there are several."""


def choose(
    name: str,
    scope: str,
    region: str,
    *,
    version: str,
    host: Machine | None,
    base: str,
    python: str,
) -> Choice:
    """The build; what is empty is chosen: the newest version, base and Python, a usual instance."""
    assumed = []
    fitting = builds_on(name, scope, host)
    wanted = "" if is_latest(version) else normalize(version).strip().removeprefix("v")
    found = _of_version(name, fitting, wanted, region, host)
    if not wanted and len(versions_of(fitting)) > 1:
        assumed.append("version")
    based = _on_base(name, found, base)
    if not base and len({build.base for build in found}) > 1:
        assumed.append("base")
    build = _in_python(name, based, python)
    if not python and len(based) > 1:
        assumed.append("python")
    if host is None and build.processors:
        host = machine(table("instances")[_usual_processor(build)])
        assumed.append("instance")
    short = wanted in build.aliases and not build.base
    spelled = wanted if short else build.version
    return Choice(build, spelled, host, _processor(build, host) or "", tuple(assumed))


def scopes_of(name: str) -> tuple[Scope, ...]:
    return tuple(scope for scope in SCOPES if builds_for(name, scope))


def scope_for(name: str, text: str) -> Scope:
    """The purpose; the only one that a framework has need not be said."""
    had = scopes_of(name)
    scope = had[0] if not text and len(had) == 1 else scope_id(text)
    if scope not in had:
        shown = framework_name(name)
        raise image_error("scope", "scope_without", had, framework=shown, scope=scope, other=had[0])
    return scope


def builds_for(name: str, scope: str) -> tuple[Build, ...]:
    """All builds for a purpose, those for AWS chips and Graviton included."""
    entry = table("frameworks").get(name, {})
    # Inferentia and Graviton images are for inference; a table may hold what no instance gets.
    kinds = ("trn", "inf1", "inf2", "graviton") if scope == "inference" else ("trn",)
    chips = [entry[kind] for kind in kinds if kind in entry]
    names = dict.fromkeys([name, *entry.get("also", ()), *chips])
    scopes = (scope, "inference_graviton") if scope == "inference" else (scope,)
    return tuple(b for n in names for b in image_data.builds(n) if b.scope in scopes)


def versions_of(builds: Iterable[Build]) -> tuple[str, ...]:
    """The newest first."""
    return tuple(sorted({build.version for build in builds}, key=version_key, reverse=True))


def named(builds: Sequence[Build], wanted: str) -> list[Build]:
    """Builds of the version, of the one with that alias, or of the only one that begins so."""
    exact = [build for build in builds if wanted in (build.version, *build.aliases)]
    if exact:
        return exact
    begins = {b.version for b in builds if b.version.startswith((f"{wanted}.", f"{wanted}-"))}
    return [build for build in builds if build.version in begins] if len(begins) == 1 else []


def is_latest(text: str) -> bool:
    return normalize(text).strip() in ("latest", "newest", "最新", "最新版")


# --- instance -------------------------------------------------------------------------------------


def builds_on(name: str, scope: str, host: Machine | None) -> list[Build]:
    """Builds for a purpose that run on an instance; without one, on those with CPU or GPU."""
    builds = builds_for(name, scope)
    fitting = [b for b in builds if _table_fits(name, b, host) and _processor(b, host) is not None]
    if fitting or host is None:
        return fitting
    near = _instances(name, builds)
    raise image_error(
        "instance",
        "instance_without",
        near,
        framework=framework_name(name),
        scope=scope,
        given=host.instance,
        near=near,
    )


def _table_fits(name: str, build: Build, host: Machine | None) -> bool:
    """Graviton, Inferentia and Trainium have tables of their own."""
    entry = table("frameworks").get(name, {})
    kind = host.kind if host else "cpu"
    own = entry.get(host.family[:4] if host and kind == "inf" else kind)
    names = (own,) if own else (name, *entry.get("also", ()))
    for_graviton = build.scope == "inference_graviton" or build.framework.endswith("-arm64")
    return build.framework in names and for_graviton == (kind == "graviton")


def _processor(build: Build, host: Machine | None) -> str | None:
    """The processor of the tables that an instance is; empty: all the same; None: none fits."""
    if host and host.kind == "trn" and build.framework not in _ON_TRAINIUM:
        return None
    if not build.processors:
        return ""
    if host is None:
        return _usual_processor(build)
    kind = "cpu" if host.kind == "graviton" else host.kind
    chip = "neuronx" if kind == "trn" or host.family.startswith("inf2") else kind
    return next((p for p in (host.family, kind, chip) if p in build.processors), None)


def _usual_processor(build: Build) -> str:
    return "cpu" if "cpu" in build.processors else build.processors[0]


def _instances(name: str, builds: Iterable[Build]) -> tuple[str, ...]:
    """An instance for each kind that some build is made for."""
    hosts = dict.fromkeys(machine(instance) for instance in table("instances").values())

    def is_made_for(build: Build, host: Machine) -> bool:
        named = bool(build.processors) or host.kind in ("cpu", "gpu")
        return named and _table_fits(name, build, host) and _processor(build, host) is not None

    return tuple(host.instance for host in hosts if any(is_made_for(b, host) for b in builds))


# --- version and Region ---------------------------------------------------------------------------


def _of_version(
    name: str, builds: Sequence[Build], wanted: str, region: str, host: Machine | None
) -> list[Build]:
    """The builds of one version that exist in the Region; without a version, the newest there."""
    found = named(builds, wanted) if wanted else list(builds)
    if not found:
        raise _no_version(name, builds, wanted, host)
    there = [build for build in found if region in build.registries]
    if not there:
        raise _not_in(region, f"{framework_name(name)} {wanted}".strip(), found)
    newest = versions_of(there)[0]
    there = [build for build in there if build.version == newest]
    _check_p2(name, newest, host)
    return there


def _no_version(
    name: str, builds: Sequence[Build], wanted: str, host: Machine | None
) -> ImageError:
    """Why not: it exists on other instances, for the other purpose, or not at all."""
    scope, shown = _scope(builds), framework_name(name)
    elsewhere = named(builds_for(name, scope), wanted)
    if host and elsewhere:
        near = _instances(name, elsewhere)
        return image_error(
            "instance",
            "instance_version",
            near,
            framework=shown,
            version=wanted,
            scope=scope,
            given=host.instance,
            near=near,
        )
    versions = versions_of(builds)
    near = _near_versions(wanted, versions)
    other = next((s for s in scopes_of(name) if s != scope and _has(name, s, wanted)), "")
    return image_error(
        "version",
        "version_other_scope" if other else "version_unknown",
        near,
        framework=shown,
        given=wanted,
        scope=scope,
        other=other,
        near=near,
        count=len(versions),
    )


def _has(name: str, scope: str, version: str) -> bool:
    return bool(named(builds_for(name, scope), version))


def _near_versions(wanted: str, versions: Sequence[str]) -> tuple[str, ...]:
    """Those of the same line first, then the newest, the most alike, and the next numbers."""
    line = version_key(wanted)
    alike = process.extract(wanted, versions, scorer=fuzz.ratio, limit=1, score_cutoff=60)
    same = [v for v in versions if line and version_key(v)[: len(line)] == line]
    place = sum(version_key(version) > line for version in versions)
    around = versions[max(0, place - _SHOWN // 2) :]
    near = [*same, *versions[:1], *(version for version, _, _ in alike), *around]
    return tuple(dict.fromkeys(near))[:_SHOWN]


def _not_in(region: str, shown: str, builds: Iterable[Build]) -> ImageError:
    regions = {code for build in builds for code in build.registries}
    usual = dict.fromkeys(code for codes in table("usual_regions").values() for code in codes)
    begins = region.split("-")[0]
    ordered = [code for code in (*usual, *sorted(regions)) if code in regions]
    near = sorted(dict.fromkeys(ordered), key=lambda code: not code.startswith(begins))[:_SHOWN]
    return image_error(
        "region",
        "region_without",
        near,
        framework=shown,
        given=region,
        near=near,
        count=len(regions),
    )


def _check_p2(name: str, version: str, host: Machine | None) -> None:
    ends = table("p2_ends").get(name)
    if host and host.family == "p2" and ends and version_key(version) >= version_key(ends):
        near = (table("instances")["gpu"], table("instances")["cpu"])
        shown = framework_name(name)
        raise image_error(
            "instance", "instance_retired", near, framework=shown, ends=ends, near=near
        )


# --- base and Python ------------------------------------------------------------------------------


def _on_base(name: str, builds: list[Build], wanted: str) -> list[Build]:
    """Builds on the base asked for, such as pytorch2.6; else on the newest PyTorch."""
    if not wanted:
        best = max(builds, key=lambda b: (b.base.startswith("pytorch"), version_key(b.base)))
        return [build for build in builds if build.base == best.base]
    found = [build for build in builds if wanted in (build.base, *build.base_aliases)]
    if found:
        return found
    near = tuple(dict.fromkeys(build.base for build in builds if build.base))
    shown = framework_name(name)
    raise image_error(
        "base",
        "base_unknown",
        near,
        framework=shown,
        version=builds[0].version,
        given=wanted,
        near=near or ("–",),
    )


def _in_python(name: str, builds: Sequence[Build], text: str) -> Build:
    """The build in the Python asked for, else the newest; without names there is no choice."""
    if not text or not any(build.python for build in builds):
        return max(builds, key=lambda build: _python_key(build.python))
    wanted = python_id(text)
    found = next((build for build in builds if build.python == wanted), None)
    if found:
        return found
    near = tuple(build.python for build in builds)
    raise image_error(
        "python",
        "python_unknown",
        near,
        framework=framework_name(name),
        version=builds[0].version,
        given=text,
        near=[python_name(python) for python in near],
    )


def _python_key(python: str) -> tuple[int, int]:
    """py310 after py39, py3 before both."""
    digits = python.removeprefix("py")
    return (int(digits[:1] or 0), int(digits[1:] or 0))


def _scope(builds: Sequence[Build]) -> str:
    return "training" if builds[0].scope == "training" else "inference"
