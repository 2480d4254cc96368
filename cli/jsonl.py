"""Questions as lines of JSON to answers as lines of JSON (`python -m kb ask --jsonl`).

Takes lines of bytes, each `{"id", "question", "history": [{"role", "content"}]}`, gives one object
a line, in order. A line that cannot be read gives `{"id", "error"}` and never stops the rest. Knows
nothing about files or streams.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

from cli.serialize import to_json
from kb.errors import KbError
from kb.messages import message
from kb.records import Answer, Turn
from kb.text.language import language

_LOG = logging.getLogger("kb")
_BOM = b"\xef\xbb\xbf"
Ask = Callable[[str, list[Turn]], Answer]


class BadLine(ValueError):
    """What is wrong with a line, as the second half of a sentence."""


def answer_lines(ask: Ask, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """One object a line that is not blank."""
    for number, line in enumerate(lines, 1):
        content = line.removeprefix(_BOM).strip()
        if content:
            yield _answer_line(ask, content, number)


def _answer_line(ask: Ask, line: bytes, number: int) -> dict[str, Any]:
    identity: Any = f"line-{number}"
    question = ""
    try:
        row = _read(line)
        identity = _identity(row.get("id"), identity)
        question = _text(row.get("question"), "question")
        return {**to_json(ask(question, _history(row.get("history")))), "id": identity}
    except (BadLine, KbError) as error:
        return {"id": identity, "error": f"line {number}: {error}"}
    except Exception:  # noqa: BLE001 one bad line must not cost the others their answers
        _LOG.exception("line %d failed", number)
        return {"id": identity, "error": f"line {number}: {message('failed', language(question))}"}


def _read(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line.decode("utf-8"), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise BadLine("this is not UTF-8; save the questions as UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise BadLine(f"this is not valid JSON ({error}); write one object a line.") from error
    if not isinstance(row, dict):
        raise BadLine(f"expected an object with id and question, found {_kind(row)}.")
    return row


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _identity(value: Any, otherwise: str) -> Any:
    """Any value of JSON comes back as it is; nothing gives the number of the line."""
    try:
        json.dumps(value, allow_nan=False)  # 1e999 is read as infinity, which JSON cannot write
    except ValueError:
        return otherwise
    return otherwise if value is None else value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadLine(f"expected “{name}” to be a text, found {_kind(value)}.")
    # Halves of surrogate pairs cannot be encoded, and no model takes them.
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _history(rows: Any) -> list[Turn]:
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise BadLine(f"expected “history” to be a list of turns, found {_kind(rows)}.")
    turns = []
    for row in rows:
        if not isinstance(row, dict) or row.get("role") not in ("user", "assistant"):
            raise BadLine("expected each turn to have a role, user or assistant, and content.")
        turns.append(Turn(row["role"], _text(row.get("content"), "content")))
    return turns


def _kind(value: Any) -> str:
    """What JSON calls it."""
    if value is None:
        return "nothing"
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
    }
    return names.get(type(value), "an object")
