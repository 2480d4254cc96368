"""The list of sources: sources.yaml, read and validated.

Takes a YAML file, gives frozen `Source` values. Knows nothing about fetching. Every mistake in the
file is answered with one sentence that names line and field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from kb.errors import SourcesError

KINDS: dict[str, dict[str, type]] = {
    # kind: field -> type; the first field is required, and for git the commit and paths too
    "folder": {"path": str, "title": str},
    "web": {"url": str, "title": str},
    "git": {"url": str, "commit": str, "paths": list, "title": str},
}
REQUIRED = {"folder": ("path",), "web": ("url",), "git": ("url", "commit", "paths")}
_ID = re.compile(r"[a-z0-9][a-z0-9-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Source:
    """One entry of the list. Which fields are filled depends on `kind`."""

    id: str
    kind: str
    path: str = ""
    url: str = ""
    commit: str = ""
    paths: tuple[str, ...] = ()
    title: str = ""

    @property
    def fingerprint(self) -> str:
        """Changes when the entry points to something else."""
        return "|".join((self.kind, self.path, self.url, self.commit, *self.paths))


def read_sources(file: Path) -> list[Source]:
    """The sources listed in `file`; raises SourcesError with line and field."""
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SourcesError(
            f"{file} does not exist; set KB_SOURCES to a list of sources or restore the file."
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f", line {where.line + 1}" if where else ""
        raise SourcesError(f"{file}{line}: this is not valid YAML; check indentation and quotes.") from error
    entries = _entries(file, root)
    sources = [_source(file, entry) for entry in entries]
    seen: dict[str, int] = {}
    for source, entry in zip(sources, entries, strict=True):
        line = entry.start_mark.line + 1
        if source.id in seen:
            raise SourcesError(
                f"{file}, line {line}: id “{source.id}” is used twice (first in line "
                f"{seen[source.id]}); give each source its own id."
            )
        seen[source.id] = line
    return sources


def _entries(file: Path, root: yaml.Node | None) -> list[yaml.MappingNode]:
    shape = f"{file}: expected “sources:” and below it a list of entries with id and kind."
    if not isinstance(root, yaml.MappingNode) or len(root.value) != 1:
        raise SourcesError(shape)
    key, value = root.value[0]
    if key.value != "sources" or not isinstance(value, yaml.SequenceNode) or not value.value:
        raise SourcesError(shape)
    for entry in value.value:
        if not isinstance(entry, yaml.MappingNode):
            raise SourcesError(
                f"{file}, line {entry.start_mark.line + 1}: expected an entry with id and kind."
            )
    return list(value.value)


def _source(file: Path, entry: yaml.MappingNode) -> Source:
    fields = {key.value: (key.start_mark.line + 1, node) for key, node in entry.value}
    line = entry.start_mark.line + 1
    for name in ("id", "kind"):
        if name not in fields:
            raise SourcesError(f"{file}, line {line}: the field “{name}” is missing.")
    kind_line, kind_node = fields["kind"]
    kind = str(kind_node.value)
    if kind not in KINDS:
        raise SourcesError(
            f"{file}, line {kind_line}: kind is “{kind}”, expected one of {', '.join(KINDS)}."
        )
    allowed = {"id": str, "kind": str, **KINDS[kind]}
    values: dict[str, str | tuple[str, ...]] = {}
    for name, (at, node) in fields.items():
        if name not in allowed:
            raise SourcesError(
                f"{file}, line {at}: unknown field “{name}” for kind {kind}; known are "
                f"{', '.join(allowed)}."
            )
        values[name] = _value(file, at, name, node, allowed[name])
    for name in REQUIRED[kind]:
        if not values.get(name):
            raise SourcesError(f"{file}, line {line}: kind {kind} needs the field “{name}”.")
    source = Source(**values)  # type: ignore[arg-type]
    _check(file, {name: at for name, (at, _) in fields.items()}, source)
    return source


def _value(file: Path, line: int, name: str, node: yaml.Node, wanted: type) -> str | tuple[str, ...]:
    if wanted is list:
        if isinstance(node, yaml.SequenceNode) and all(
            isinstance(item, yaml.ScalarNode) for item in node.value
        ):
            return tuple(str(item.value) for item in node.value)
        raise SourcesError(f"{file}, line {line}: “{name}” must be a list of paths.")
    if not isinstance(node, yaml.ScalarNode):
        raise SourcesError(f"{file}, line {line}: “{name}” must be a single text.")
    return str(node.value).strip()


def _check(file: Path, lines: dict[str, int], source: Source) -> None:
    if not _ID.fullmatch(source.id):
        raise SourcesError(
            f"{file}, line {lines['id']}: id is “{source.id}”, expected lower-case letters, digits "
            "and hyphens."
        )
    if source.kind == "git" and not _COMMIT.fullmatch(source.commit):
        raise SourcesError(
            f"{file}, line {lines['commit']}: commit is “{source.commit}”, expected the full 40 "
            "hexadecimal digits, so that citations stay at the same place."
        )
    if source.kind == "git" and any(path.startswith(("/", "-")) or ".." in path for path in source.paths):
        raise SourcesError(
            f"{file}, line {lines['paths']}: “paths” must lie inside the repository, without “..”."
        )
    schemes = {"web": {"http", "https"}, "git": {"https", "http", "ssh", "file"}}.get(source.kind)
    if schemes and urlsplit(source.url).scheme not in schemes:
        raise SourcesError(
            f"{file}, line {lines['url']}: url is “{source.url}”, expected one that begins with "
            f"{' or '.join(sorted(scheme + '://' for scheme in schemes))}."
        )
