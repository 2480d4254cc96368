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
from kb.yaml_file import read_nodes

NOTES = "notes"
"""Id of the source of our own notes; sections with questions come from nowhere else."""
KINDS: dict[str, dict[str, type]] = {
    # kind: field -> type
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
        """Changes when the entry points to something else, or names its page otherwise."""
        title = self.title if self.kind == "web" else ""
        return "|".join((self.kind, self.path, self.url, self.commit, title, *self.paths))


def read_sources(file: Path) -> list[Source]:
    """The sources listed in `file`; raises SourcesError with line and field."""
    missing = "set KB_SOURCES to a list of sources or restore the file"
    root = read_nodes(file, SourcesError, missing)
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
    expected = "expected “sources:” and below it a list of entries with id and kind."
    if not isinstance(root, yaml.MappingNode) or not root.value:
        raise SourcesError(f"{file}, line 1: {expected}")
    for key, value in root.value:
        if key.value != "sources" or not isinstance(value, yaml.SequenceNode) or not value.value:
            raise SourcesError(f"{file}, line {key.start_mark.line + 1}: {expected}")
    _, value = root.value[-1]
    for entry in value.value:
        if not isinstance(entry, yaml.MappingNode):
            raise SourcesError(
                f"{file}, line {entry.start_mark.line + 1}: expected an entry with id and kind."
            )
    return list(value.value)


def _source(file: Path, entry: yaml.MappingNode) -> Source:
    fields = _fields(file, entry)
    line = entry.start_mark.line + 1
    for name in ("id", "kind"):
        if name not in fields:
            raise SourcesError(f"{file}, line {line}: the field “{name}” is missing.")
    kind_line, kind_node = fields["kind"]
    kind = str(_value(file, kind_line, "kind", kind_node, str))
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


def _fields(file: Path, entry: yaml.MappingNode) -> dict[str, tuple[int, yaml.Node]]:
    """Field name to its line and value."""
    fields: dict[str, tuple[int, yaml.Node]] = {}
    for key, node in entry.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in fields:
            raise SourcesError(f"{file}, line {line}: field “{name}” stands twice in one entry.")
        fields[name] = (line, node)
    return fields


def _value(
    file: Path, line: int, name: str, node: yaml.Node, wanted: type
) -> str | tuple[str, ...]:
    if wanted is list:
        if isinstance(node, yaml.SequenceNode) and all(map(_is_text, node.value)):
            return tuple(str(item.value).strip() for item in node.value)
        raise SourcesError(f"{file}, line {line}: “{name}” must be a list of paths.")
    if isinstance(node, yaml.ScalarNode):
        return str(node.value).strip() if _is_text(node) else ""
    raise SourcesError(f"{file}, line {line}: “{name}” must be a single text.")


def _is_text(node: yaml.Node) -> bool:
    """A value that is written out; nothing at all, `~` and `null` are none."""
    return isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null"


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
    if not all(_inside(path) for path in source.paths):
        raise SourcesError(
            f"{file}, line {lines['paths']}: “paths” must name files or folders inside the "
            "repository, without “..” and without a slash at the beginning."
        )
    schemes = {"web": ("http", "https"), "git": ("file", "http", "https", "ssh")}.get(source.kind)
    if schemes:
        _check_url(f"{file}, line {lines['url']}", source.url, schemes)


def _inside(path: str) -> bool:
    parts = path.split("/")
    return not path.startswith(("/", "-")) and parts != [""] and not {".", ".."} & set(parts)


def _check_url(place: str, url: str, schemes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in schemes and bool(parts.hostname or parts.scheme == "file")
    except ValueError:  # such as http://[
        whole = False
    if not whole or any(character.isspace() for character in url):
        raise SourcesError(
            f"{place}: url is “{url}”, expected one that begins with "
            f"{' or '.join(scheme + '://' for scheme in schemes)}."
        )
    if parts.password is not None or (parts.username and parts.scheme.startswith("http")):
        raise SourcesError(
            f"{place}: url holds a user name or password, which every citation would show; "
            "take it out."
        )
