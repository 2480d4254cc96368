"""A place in a paste where a check fires, and how its lines would read instead.

Takes nothing, gives the values that every predicate gives. Knows nothing about checks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from kb.review.dockerfile import Instruction


@dataclass(frozen=True, slots=True)
class Edit:
    """Lines `first` to `last` (from 1) become `lines`; none: they go. `last < first`: inserted
    before line `first`.
    """

    first: int
    last: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """One line of the paste."""

    line: int
    """From 1."""
    quote: str
    """The line as written."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What fills the placeholders of the check's fix."""
    edit: Edit | None = None
    """None where the right lines depend on what was not pasted."""


def at(one: Instruction, sign: re.Pattern[str] | None = None, **values: str) -> Spot:
    """The line of an instruction that has a sign, else its first line."""
    line, quote = one.line_with(sign) if sign else (one.first, one.lines[0])
    return Spot(line, quote, values)


def replaced(one: Instruction, *lines: str, **values: str) -> Spot:
    """A whole instruction that becomes other lines."""
    edit = Edit(one.first, one.first + len(one.lines) - 1, lines)
    return Spot(one.first, one.lines[0], values, edit)


def line_replaced(line: int, quote: str, better: str, **values: str) -> Spot:
    """One line that becomes another, which the fix may name as `better`."""
    return Spot(line, quote, {**values, "better": better.strip()}, Edit(line, line, (better,)))
