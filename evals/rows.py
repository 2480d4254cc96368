"""A YAML file of evals as a list of rows.

Takes a file and what it should hold, gives its rows; raises KbError that says what is wrong with
it. Knows nothing about the fields of a row.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from kb.errors import KbError


def read_rows(file: Path, what: str) -> list[Any]:
    """`what`: what the rows are, in a few words, such as `golden questions`."""
    try:
        rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KbError(f"There are no {what} at {file}; name them with a path.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KbError(f"The {what} at {file} cannot be read: {error}.") from error
    except yaml.YAMLError as error:
        raise KbError(f"{file} is no YAML: {error}") from error
    if not isinstance(rows, list):
        raise KbError(f"{file} holds {type(rows).__name__}, expected a list of {what}.")
    return rows
