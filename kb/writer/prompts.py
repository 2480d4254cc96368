"""Prompts: one Markdown file each, in prompts/, with named placeholders.

Takes a name and the values of its placeholders, gives the text. A placeholder without a value, or
a value without a placeholder, fails by name. The first line of a file is its version, such as
`version: 3`, which no model sees.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Formatter

_FOLDER = Path(__file__).resolve().parents[2] / "prompts"


def prompt(name: str, **values: str) -> str:
    """The prompt `name`, filled. Raises LookupError that names the placeholders that differ."""
    _, text, placeholders = _read(name)
    if placeholders != values.keys():
        differing = ", ".join(sorted(placeholders ^ values.keys()))
        raise LookupError(
            f"prompts/{name}.md and its caller differ in the placeholders: {differing}"
        )
    return text.format(**values)


def versions(*names: str) -> dict[str, str]:
    """The version of each of these prompts."""
    return {name: _read(name)[0] for name in names}


@cache
def _read(name: str) -> tuple[str, str, frozenset[str]]:
    first, _, text = (_FOLDER / f"{name}.md").read_text(encoding="utf-8").partition("\n")
    label, _, version = first.partition(":")
    if label != "version" or not version.strip():
        raise LookupError(f"prompts/{name}.md opens with {first!r} instead of `version: …`")
    return (
        version.strip(),
        text,
        frozenset(field for _, field, _, _ in Formatter().parse(text) if field),
    )
