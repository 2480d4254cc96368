"""A YAML file of evals as a list of rows.

Takes a file and what it should hold, gives its rows; raises KbError that says what is wrong with
it. Knows nothing about the fields of a row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kb.errors import KbError
from kb.yaml_file import read_yaml


def read_rows(file: Path, what: str) -> list[Any]:
    """`what`: what the rows are, in a few words, such as `golden questions`."""
    rows = read_yaml(file, missing=f"name the {what} with a path")
    if not isinstance(rows, list):
        raise KbError(f"{file} holds {type(rows).__name__}, expected a list of {what}.")
    return rows
