"""An image URI back to what the official tables hold about it.

Takes a URI as in a FROM line, gives its parts and the builds that it may be. Knows nothing about
questions. Nothing is raised where the tables are not installed: then nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from kb.errors import ImageDataMissing
from kb.image import data as image_data
from kb.image.data import Build
from kb.image.lookup import Patches, patches_of

_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?"
    r"|on\.aws|[\w.-]+)/(?P<rest>.+)$"
)
_NAME = re.compile(
    r"(?P<repository>[^@:]+(?::\d+/[^@:]+)?)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>\S+))?$"
)


@dataclass(frozen=True, slots=True)
class ImageName:
    """An image as written; parts that are not there are empty."""

    account: str
    region: str
    repository: str
    """With the registry where it is none of ECR, such as `nvcr.io/nvidia/pytorch`."""
    tag: str
    digest: str


def read_image(text: str) -> ImageName:
    """The parts of `registry/repository:tag@digest`."""
    ecr = _ECR.match(text)
    name = _NAME.match(ecr["rest"] if ecr else text)
    account, region = (ecr["account"], ecr["region"]) if ecr else ("", "")
    if not name:
        return ImageName(account, region, text, "", "")
    return ImageName(account, region, name["repository"], name["tag"] or "", name["digest"] or "")


def builds_of(image: ImageName) -> tuple[Build, ...]:
    """The builds of the repository whose version the tag begins with; all without a version."""
    found = _repositories().get(image.repository, ())
    fitting = [
        build
        for build in found
        if any(
            re.match(rf"{re.escape(name)}(?![\d.])", image.tag)
            for name in (build.version, *build.aliases)
        )
    ]
    return tuple(fitting or found)


def accounts_of(image: ImageName) -> frozenset[str]:
    """The AWS accounts that hold this repository in this Region; none where it is not known."""
    return frozenset(
        build.registries[image.region]
        for build in _repositories().get(image.repository, ())
        if image.region in build.registries
    )


def is_of_aws(account: str) -> bool:
    """Whether AWS keeps images in this account, in whatever Region."""
    return account in _accounts()


def patches(image: ImageName, today: date) -> Patches:
    """Whether the version still gets patches, as far as our notes' evidence says."""
    known = (patches_of(build, image.tag, today) for build in builds_of(image) if image.tag)
    return next((one for one in known if one.state != "unknown"), Patches())


@cache
def _repositories() -> Mapping[str, tuple[Build, ...]]:
    found: dict[str, list[Build]] = {}
    try:
        for name in image_data.names():
            for build in image_data.builds(name):
                found.setdefault(build.repository, []).append(build)
    except ImageDataMissing:
        return {}
    return {name: tuple(builds) for name, builds in found.items()}


@cache
def _accounts() -> frozenset[str]:
    return frozenset(
        account
        for builds in _repositories().values()
        for build in builds
        for account in build.registries.values()
    )
