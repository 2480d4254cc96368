"""Which versions of a framework AWS offers, on each side, by the official tables alone.

Takes a table's name and a number such as 2.6, gives a `ListedVersion`; None where the tables are
not installed, so that nothing is claimed. Images for CPU or GPU count, not those for AWS chips.
Knows nothing about texts or decisions.
"""

from __future__ import annotations

from functools import cache

from kb.errors import ImageDataMissing
from kb.image import data as image_data
from kb.image.choice import builds_on
from kb.image.data import version_key
from kb.image.words import SCOPES, framework_name
from kb.records import ListedVersion

Number = tuple[int, ...]
"""Major and minor."""


def listed_version(table: str, number: str) -> ListedVersion | None:
    """What the tables list under exactly this major and minor number."""
    try:
        source = image_data.source()
        sides = {scope: _versions(table, scope) for scope in SCOPES}
    except ImageDataMissing:
        return None
    wanted = _number(number)
    found = {scope: tuple(v for v in had if _number(v) == wanted) for scope, had in sides.items()}
    numbers = sorted({n for had in sides.values() for n in map(_number, had) if len(n) > 1})
    return ListedVersion(
        framework_name(table),
        number,
        found["training"],
        found["inference"],
        below=_shown([n for n in numbers if n < wanted][-1:]),
        above=_shown([n for n in numbers if n > wanted][:1]),
        source=source,
    )


@cache
def _versions(table: str, scope: str) -> tuple[str, ...]:
    """The oldest first."""
    versions = {build.version for build in builds_on(table, scope, None)}
    return tuple(sorted(versions, key=version_key))


def _number(version: str) -> Number:
    return version_key(version)[:2]


def _shown(numbers: list[Number]) -> str:
    return ".".join(map(str, numbers[0])) if numbers else ""
