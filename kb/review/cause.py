"""Cause: which of several error lines names what went wrong.

Takes error lines and an index, gives them in another order: those that a section of the notes knows
first, those that only say that something ended, failed a check or stands in a log last. Knows
nothing about how the lines were found.
"""

from __future__ import annotations

from collections.abc import Sequence

from kb.reading.error_lines import is_doubtful, wraps
from kb.reading.reading import Part
from kb.reading.shapes import FRAME
from kb.search.index import Index
from kb.search.wordings import errors_in

_KNOWN, _UNKNOWN, _KNOWN_END, _KNOWN_WRAPPER, _LAST = range(5)


def by_cause(lines: Sequence[Part], index: Index) -> tuple[Part, ...]:
    """The line that names the cause first; the frames of tracebacks last, each part kept whole."""
    frames = [line for line in lines if FRAME.match(line.text)]
    errors = [line for line in lines if not FRAME.match(line.text)]
    return (*sorted(errors, key=lambda line: _rank(line, index)), *frames)


def own_causes(parts: Sequence[Part], index: Index) -> tuple[Part, ...]:
    """Sentences of the person that quote an error which the notes know, and which names a cause."""
    own = [part for part in parts if part.kind in ("question", "prose")]
    return tuple(part for part in own if _rank(part, index) in (_KNOWN, _KNOWN_END))


def is_wrapper(line: Part, index: Index) -> bool:
    """Neither the line nor a section that knows it says why."""
    return _rank(line, index) >= _KNOWN_END


def _rank(line: Part, index: Index) -> int:
    shown = errors_in(line.text, index)
    first = next(iter(shown.named), None)
    if first is not None and first not in shown.wrappers:
        return _KNOWN_END if wraps(line.text) else _KNOWN
    if first is not None:
        return _KNOWN_WRAPPER
    return _LAST if wraps(line.text) or is_doubtful(line) else _UNKNOWN
