"""A file of YAML, read: every failure is one sentence with the file and the line.

Takes a path, gives plain values, or nodes where a caller needs the line of each entry. The loader
is PyYAML's safe one, in C where PyYAML was built with it. Knows nothing about what a file is for:
whoever asks names the error to raise and what to do about a missing file.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml

from kb.errors import KbError

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
T = TypeVar("T")


def read_yaml(file: Path, error: type[KbError] = KbError, missing: str = "restore the file") -> Any:
    """The values of a file; raises `error`. `missing`: what to do where there is none."""
    return _read(file, error, missing, lambda text: yaml.load(text, LOADER))  # noqa: S506 a safe one


def read_nodes(
    file: Path, error: type[KbError] = KbError, missing: str = "restore the file"
) -> yaml.Node | None:
    """The same as nodes, each with its mark."""
    return _read(file, error, missing, lambda text: yaml.compose(text, LOADER))


def _read(file: Path, error: type[KbError], missing: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise error(f"{file} does not exist; {missing}.") from None
    except OSError as reason:
        raise error(f"{file} cannot be read ({reason.strerror}).") from reason
    except (yaml.YAMLError, UnicodeDecodeError) as reason:
        mark = getattr(reason, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise error(
            f"{file}{place}: this is not valid YAML; check indentation and quotes."
        ) from reason
