"""Fixed sentences for people, from messages.yaml beside this file.

Takes a name and a language, gives the sentence. A missing name fails by name.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from kb.records import Language
from kb.yaml_file import read_yaml


@cache
def _messages() -> dict[str, dict[str, str]]:
    file = Path(__file__).with_name("messages.yaml")
    loaded: dict[str, dict[str, str]] = read_yaml(file)
    return loaded


def message(name: str, language: Language, **values: object) -> str:
    """The sentence `name` in `language`, its placeholders filled."""
    return _messages()[name][language].format(**values)
