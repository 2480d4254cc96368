"""Whole: whether a version's files are those that were published.

Takes a version's folder, gives its manifest with the size and SHA-256 of every file, or raises
IndexDamaged. The manifest carries its own hash. Knows nothing about what the files hold.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kb.errors import IndexDamaged

FORMAT = "5"
"""Layout of a version's folder; another one is not opened."""
MANIFEST = "manifest.json"
_SEAL = "sha256"
_ADVICE = (
    "run `python -m ingest rollback` to use the one before, or `make ingest` to build a new one."
)


def seal(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of a finished version; from now on nothing in `folder` may change."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != MANIFEST)
    content = {**manifest, "files": {_name(folder, file): _print_of(file) for file in files}}
    content[_SEAL] = _seal_of(content)
    unfinished = folder / f".{MANIFEST}.new"
    with unfinished.open("w", encoding="utf-8") as out:
        out.write(json.dumps(content, ensure_ascii=False, indent=1))
        out.flush()
        os.fsync(out.fileno())
    os.replace(unfinished, folder / MANIFEST)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the version in `folder` says about itself; raises IndexDamaged."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        form = manifest.get("format")
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise IndexDamaged(f"Index version {folder.name} is incomplete; {_ADVICE}") from error
    if form != FORMAT:
        raise IndexDamaged(
            f"Index version {folder.name} has format {form}, expected {FORMAT}; run `make ingest` "
            "to build a new one."
        )
    if manifest.get(_SEAL) != _seal_of(manifest) or manifest.get("version") != folder.name:
        raise IndexDamaged(f"Index version {folder.name}: its manifest is damaged; {_ADVICE}")
    return manifest


def check_files(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Raises IndexDamaged when a file of the version is not the one that was published."""
    for name, known in manifest["files"].items():
        try:
            whole = (folder / name).stat().st_size == known[0] and _print_of(folder / name) == known
        except OSError:
            whole = False
        if not whole:
            raise IndexDamaged(f"Index version {folder.name}: {name} is damaged; {_ADVICE}")


def _name(folder: Path, file: Path) -> str:
    return file.relative_to(folder).as_posix()


def _print_of(file: Path) -> list[Any]:
    """Size and SHA-256."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        return [opened.tell(), digest]


def _seal_of(manifest: Mapping[str, Any]) -> str:
    content = {name: value for name, value in manifest.items() if name != _SEAL}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
