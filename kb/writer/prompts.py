"""Prompts: one Markdown file each, in prompts/, with named placeholders.

Takes a name and the values of its placeholders, gives the text. A placeholder without a value, or
a value without a placeholder, fails by name.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Formatter

_FOLDER = Path(__file__).resolve().parents[2] / "prompts"


def prompt(name: str, **values: str) -> str:
    """The prompt `name`, filled. Raises LookupError that names the placeholders that differ."""
    text, placeholders = _read(name)
    if placeholders != values.keys():
        differing = ", ".join(sorted(placeholders ^ values.keys()))
        raise LookupError(
            f"prompts/{name}.md and its caller differ in the placeholders: {differing}"
        )
    return text.format(**values)


@cache
def _read(name: str) -> tuple[str, frozenset[str]]:
    text = (_FOLDER / f"{name}.md").read_text(encoding="utf-8")
    return text, frozenset(field for _, field, _, _ in Formatter().parse(text) if field)
