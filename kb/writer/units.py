"""Units: a model's finished text to the units that are checked one by one.

Takes text and the sources cited in it, gives sentences, code blocks and tables in order, each with
the ids that it cites and how it is set. Knows nothing about what the sources say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from kb.messages import message
from kb.records import LANGUAGES
from kb.text.sentences import sentences
from kb.writer.citing import Cited, Part

_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})(.*)")
_ITEM = re.compile(r"[ \t]*(?:[-*+•・]|(\d+)[.)])[ \t]+")
_HEADING = re.compile(r"[ \t]*(?:#{1,6}[ \t]+(.+?)[ \t#]*|\*\*([^*]+)\*\*[:：]?)$")
_BARE_LINE = re.compile(r"[ \t]*(?:(?:[-*+•・>]|\d+[.)])[ \t]*)*")
_NOT_COVERED = tuple(message("not_covered", language) for language in LANGUAGES)
_EMPTY_BRACKETS = re.compile(r"（\s*）|(?<![\w`])\(\s*\)|(?<!\S)\[\s*\](?!\S)")


@dataclass(frozen=True, slots=True)
class Unit:
    """What is proven or not as a whole."""

    text: str
    kind: Literal["sentence", "heading", "code", "table"]
    start: int
    end: int
    paragraph: int
    """Sentences of one paragraph, and items of one list, share it."""
    item: int = 0
    """Sentences of one list item share it; 0 outside of lists."""
    marker: str = ""
    ids: tuple[str, ...] = ()

    @property
    def leads(self) -> bool:
        """A heading, or a line that announces what follows."""
        return self.kind == "heading" or (self.kind == "sentence" and self.text[-1:] in ":：")

    @property
    def is_uncovered(self) -> bool:
        """It says what the sources do not hold, in the words that the rules give for that."""
        return self.kind == "sentence" and self.text.startswith(_NOT_COVERED)

    @property
    def is_block(self) -> bool:
        return self.kind in ("code", "table")


def read_units(parts: Sequence[Part]) -> list[Unit]:
    """The units of an answer, each with the sources that it cites."""
    text, cited = "", []
    for part in parts:
        if isinstance(part, Cited):
            cited.append((len(text), part.ids))
        else:
            text += part
    units = [unit for unit in _units(text) if unit.text]
    for at, ids in cited:
        place = _owner(units, text, at)
        if place is not None:
            unit = units[place]
            units[place] = replace(unit, ids=tuple(dict.fromkeys((*unit.ids, *ids))))
    return units


def _owner(units: Sequence[Unit], text: str, at: int) -> int | None:
    """The unit that a marker at offset `at` belongs to: the one before, or the line it opens."""
    line = text.rfind("\n", 0, at) + 1
    rest = text[at:].split("\n", 1)[0]
    opens = _BARE_LINE.fullmatch(text, line, at) is not None and bool(rest.strip())
    before = [number for number, unit in enumerate(units) if unit.start < at and not opens]
    after = [number for number, unit in enumerate(units) if unit.start >= at and opens]
    return before[-1] if before else after[0] if after else None


def _units(text: str) -> Iterator[Unit]:
    paragraph = item = 0
    at = 0
    in_list = False
    while at < len(text):
        line, end = _line(text, at)
        if not line.strip():
            paragraph += not in_list
        elif _FENCE.match(line):
            end = _fence_end(text, at)
            yield Unit(_dedented(text[at:end]), "code", at, end, paragraph)
            paragraph, in_list = paragraph + 1, False
        elif line.lstrip().startswith("|"):
            end = _block_end(text, at, lambda other: other.lstrip().startswith("|"))
            yield Unit(text[at:end].strip(), "table", at, end, paragraph)
            paragraph, in_list = paragraph + 1, False
        elif heading := _HEADING.match(line):
            paragraph, in_list = paragraph + 1, False
            title = (heading[1] or heading[2]).strip("* ")
            yield Unit(f"**{title}**" if title else "", "heading", at, end, paragraph)
        else:
            opening = _ITEM.match(line)
            if bool(opening) != in_list:
                paragraph, in_list = paragraph + 1, bool(opening)
            item += bool(opening)
            start = at + (opening.end() if opening else 0)
            end = _block_end(text, at, _goes_on)
            marker = "" if opening is None else "1. " if opening[1] else "- "
            for left, right in sentences(text[start:end]):
                place = (start + left, start + right)
                yield Unit(
                    _clean(text[slice(*place)]),
                    "sentence",
                    *place,
                    paragraph,
                    item * in_list,
                    marker,
                )
        at = end + 1


def _line(text: str, at: int) -> tuple[str, int]:
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return text[at:end], end


def _block_end(text: str, at: int, belongs: Callable[[str], bool]) -> int:
    """End of the line at `at` and of those below it that belong to it."""
    _, end = _line(text, at)
    while end < len(text):
        line, following = _line(text, end + 1)
        if not belongs(line):
            break
        end = following
    return end


def _goes_on(line: str) -> bool:
    """The line continues the paragraph above."""
    opens = _FENCE.match(line) or _ITEM.match(line) or _HEADING.match(line)
    return bool(line.strip()) and not opens and not line.lstrip().startswith("|")


def _fence_end(text: str, at: int) -> int:
    line, end = _line(text, at)
    found = _FENCE.match(line)
    fence = found[1] if found else "```"
    while end < len(text):
        line, end = _line(text, end + 1)
        if re.fullmatch(rf"[ \t]*{fence[0]}{{{len(fence)},}}[ \t]*", line):
            break
    return end


def _dedented(code: str) -> str:
    """A fenced block with backticks at the margin, whatever the model fenced it with."""
    lines = code.rstrip().split("\n")
    found = _FENCE.match(lines[0])
    margin = len(lines[0]) - len(lines[0].lstrip())
    body = [line[margin:] if not line[:margin].strip() else line for line in lines[1:]]
    if body and _FENCE.match(body[-1]):
        body = body[:-1]
    fence = "````" if any("```" in line for line in body) else "```"
    label = found[2].strip() if found else ""
    return "\n".join((fence + label, *body, fence)) if any(line.strip() for line in body) else ""


def _clean(text: str) -> str:
    """A sentence on one line, without what removed links leave behind."""
    joined = re.sub(r"(?<=[^\x00-\x7f])\n[ \t]*(?=[^\x00-\x7f])", "", text)
    joined = " ".join(_EMPTY_BRACKETS.sub("", joined).split())
    joined = re.sub(r"\s+([.,;:!?。、，．！？：；])", r"\1", joined)
    return joined if re.search(r"\w", joined) else ""
