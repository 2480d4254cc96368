"""Runs: where a text that is pasted without a fence begins and ends.

Takes the lines of a message, gives `Run` values: consecutive lines of one kind, those of the person
between them. Judged by the shapes of lines (kb.reading.shapes). Knows nothing about sentences.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kb.reading import shapes
from kb.reading.reading import PartKind

_SYSTEM = re.compile(
    r"\s*(?:[\w.+/\[\]()-]+(?::\d+)?:\s|exec[ :])(?:[\w./\\\"'`’‘$ -]{1,120}:\s){0,4}"
    r"[\w./\\\"'-]{0,80}"
    r"\s?(?:exec format error|no such file or directory|permission denied|command not found"
    r"|executable file not found in \S+|not found|cannot execute(?: binary file)?(?::.{1,60})?"
    r"|is a directory|no space left on device|(?:bus|segmentation) (?:error|fault)|killed)[.\s]*$",
    re.IGNORECASE | re.ASCII,
)
"""`exec /usr/local/bin/serve: exec format error`: names and paths with colons, then what errno(3)
calls the error. https://pubs.opengroup.org/onlinepubs/9799919799/functions/strerror.html"""
_NAMED_ERROR = re.compile(r"[A-Za-z_][\w.]{0,200}(?::\s|$)", re.ASCII)
"""`hydra.MissingThing: no value`, whatever its class is called."""
_UNTIL_NESTED = 30
"""Lines of keys after which a text of names and values is no YAML, if none lies below another."""
_GAP = 12
"""Lines without a shape that may stand between two lines of one log."""
_LONGEST_HEADER = 40
"""Lines of comments above the first instruction of a Dockerfile."""
_LONGEST_HERE = 400
"""Lines of a here-document in which its end is looked for."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a message, and where it stands."""

    start: int
    end: int
    text: str

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


@dataclass(frozen=True, slots=True)
class Run:
    """Lines of one kind: `lines[first:last]`; None for what the person wrote."""

    kind: PartKind | None
    first: int
    last: int


def runs_of(lines: Sequence[Line]) -> list[Run]:
    """The lines as runs of one kind, those of the person between them."""
    runs: list[Run] = []
    at = 0
    while at < len(lines):
        run = _run_at(lines, at)
        kind = run.kind if run else None
        last = run.last if run else at + 1
        if runs and runs[-1].kind == kind and kind in (None, "log", "shell"):
            runs[-1] = Run(kind, runs[-1].first, last)
        else:
            runs.append(Run(kind, at, last))
        at = last
    return runs


def _run_at(lines: Sequence[Line], at: int) -> Run | None:
    """The pasted text that begins at a line."""
    line = lines[at].text
    if lines[at].is_blank:
        return None
    if line.startswith("#") and _comments_a_dockerfile(lines, at):
        return Run("dockerfile", at, _end_of_dockerfile(lines, at))
    for kind, starts, end_of in _TEXTS:
        if starts(line):
            last = end_of(lines, at)
            if last > at:
                return Run(kind, at, last)
    return None


def _end_of_traceback(lines: Sequence[Line], at: int) -> int:
    """Behind its last exception: indented lines and frames, then one that stands at the margin."""
    last, body = at, _is_frame(lines[at].text)
    headed = not body
    number = at + 1
    while number < len(lines):
        raw = lines[number].text
        text = shapes.without_prefix(raw)
        if shapes.is_traceback_start(raw) or shapes.TRACEBACK_LINKS.match(text):
            last, body = number, True
        elif not text.strip():
            if not _goes_on_behind_blank(lines, number):
                break
        elif shapes.FRAME.match(text) or text[0] in " \t":
            last, body = number, True
        elif text.startswith("Caused by: "):
            last, body = number, True
        elif body and _may_be_error(text, headed=headed):
            last, body = number, False
        else:
            break
        number += 1
    return last + 1


def _goes_on_behind_blank(lines: Sequence[Line], at: int) -> bool:
    for line in lines[at + 1 : at + 3]:
        text = shapes.without_prefix(line.text)
        if text.strip():
            linked = shapes.TRACEBACK_LINKS.match(text) or shapes.FRAME.match(text)
            return bool(linked or shapes.is_traceback_start(line.text))
    return False


def _end_of_dockerfile(lines: Sequence[Line], at: int) -> int:
    """Behind the last instruction with its continued lines and here-documents."""
    small = not _first_word(lines[at].text).isupper()
    escape = "`" if re.match(r"#\s*escape\s*=\s*`", lines[at].text, re.IGNORECASE) else "\\"
    last, number, count = at, at, 0
    while number < len(lines):
        text = lines[number].text
        stripped = text.strip()
        if not stripped or stripped.startswith("#"):
            number += 1
            continue
        near = number - last <= 1 and count > 0
        if not shapes.is_instruction(text, any_case=small or near):
            if not (near and _is_misspelt(lines, number)):
                break
        number = _behind_instruction(lines, number, escape)
        last, count = number - 1, count + 1
    return last + 1 if count else at


def _comments_a_dockerfile(lines: Sequence[Line], at: int) -> bool:
    """Comments above FROM: one right above it, or several, with blank lines among them."""
    comments, blank = 0, False
    for line in lines[at : at + _LONGEST_HEADER]:
        if line.is_blank:
            blank = True
        elif line.text.startswith("#") and not shapes.is_dockerfile_start(line.text):
            comments += 1
        else:
            from_there = shapes.is_dockerfile_start(line.text) or shapes.is_instruction(line.text)
            return from_there and (comments > 1 or not blank)
    return False


def _is_misspelt(lines: Sequence[Line], number: int) -> bool:
    """An unknown instruction, or a line left over from a broken one, amid a Dockerfile."""
    text = lines[number].text
    if shapes.is_prose(text) or shapes.JAPANESE.search(text[:20]):
        return False
    behind = lines[number + 1 : number + 3]
    capital = _first_word(text).isalpha() and _first_word(text).isupper() and len(text.split()) > 1
    return capital or any(shapes.is_instruction(line.text) for line in behind)


def _behind_instruction(lines: Sequence[Line], number: int, escape: str) -> int:
    here = re.findall(r"<<-?\s*[\"']?([A-Za-z_]\w*)[\"']?", lines[number].text[: shapes.LONGEST])
    continued = lines[number].text.rstrip().endswith(escape)
    number += 1
    while continued and number < len(lines):
        text = lines[number].text.strip()
        continued = not text or text.startswith("#") or text.endswith(escape)
        if not text and not (number + 1 < len(lines) and lines[number + 1].text[:1] in (" ", "\t")):
            break
        number += 1
    for word in here:
        inside = lines[number : number + _LONGEST_HERE]
        behind = [n for n, line in enumerate(inside, 1) if line.text.strip() == word]
        number += behind[0] if behind else 0
    return min(number, len(lines))


def _end_of_log(lines: Sequence[Line], at: int) -> int:
    """Behind the last line of a program, over gaps of lines that have no shape of their own."""
    last, number = at, at + 1
    gap = 0
    while number < len(lines) and gap <= _GAP:
        text = lines[number].text
        if shapes.is_traceback_start(text) and text == shapes.without_prefix(text):
            break
        if shapes.is_dockerfile_start(text):
            break
        if _starts_log(text) or _is_alike(lines[number - 1].text, text):
            last, gap = number, 0
        elif shapes.is_prose(text) and (lines[number - 1].is_blank or shapes.JAPANESE.search(text)):
            break
        else:
            gap += 1
        number += 1
    return last + 1


def _end_of_data(lines: Sequence[Line], at: int) -> int:
    """Behind the bracket that closes the first one."""
    depth, number = 0, at
    while number < len(lines):
        text = re.sub(r'"(?:[^"\\\n]|\\.){0,2000}"', "", lines[number].text)
        depth += text.count("{") + text.count("[") - text.count("}") - text.count("]")
        number += 1
        if depth <= 0:
            break
        if number < len(lines) and shapes.is_prose(lines[number].text):
            break  # never closed
    return number


def _end_of_yaml(lines: Sequence[Line], at: int) -> int:
    """Keys with something below one of them; a flat list of names and values is a person's."""
    number, keys, nested = at, 0, False
    while number < len(lines):
        text = lines[number].text
        if shapes.is_yaml(text):
            keys += not text.lstrip().startswith("- ")
            nested = nested or text[:1] == " "
            if number - at > _UNTIL_NESTED and not nested:
                return at
        elif lines[number].is_blank or not text[:1] == " " or shapes.is_prose(text):
            break
        number += 1
    return number if nested and keys >= 2 else at


def _end_of_code(lines: Sequence[Line], at: int) -> int:
    return _end_over_blanks(lines, at, _is_more_code)


def _is_more_code(lines: Sequence[Line], number: int) -> bool:
    text = lines[number].text
    if shapes.is_dockerfile_start(text) or shapes.is_traceback_start(text):
        return False
    inside = text[0] in " \t" and not shapes.is_prose(text)
    return inside or shapes.is_code(text, inside=True) or text.lstrip().startswith(("#", "//"))


def _end_of_script(lines: Sequence[Line], at: int) -> int:
    """Behind the last line of a shell script: over blank lines as long as commands follow."""
    return _end_over_blanks(lines, at, _is_more_script)


def _is_more_script(lines: Sequence[Line], number: int) -> bool:
    text = lines[number].text
    if shapes.is_prose(text) or shapes.is_dockerfile_start(text) or shapes.is_log(text):
        return False
    behind_blank = lines[number - 1].is_blank
    return not behind_blank or shapes.is_script(text) or text[0] in " \t"


def _end_over_blanks(
    lines: Sequence[Line], at: int, goes_on: Callable[[Sequence[Line], int], bool]
) -> int:
    """Behind the last line that goes on with what begins at a line; blank ones decide nothing."""
    last = at
    for number in range(at + 1, len(lines)):
        if lines[number].is_blank:
            continue
        if not goes_on(lines, number):
            break
        last = number
    return last + 1


def _end_of_shell(lines: Sequence[Line], at: int) -> int:
    number = at
    while number < len(lines) and not lines[number].is_blank:
        continued = number > at and lines[number - 1].text.rstrip().endswith("\\")
        if not (continued or shapes.is_shell(lines[number].text)):
            break
        number += 1
    return number


def _may_be_error(text: str, *, headed: bool) -> bool:
    """The line at the margin below frames; of frames without a header only one that begins so."""
    if shapes.EXCEPTION.match(text):
        return True
    if shapes.is_japanese(text):
        return False
    return headed or bool(_NAMED_ERROR.match(text))


def _starts_traceback(line: str) -> bool:
    """Its header, or the first frame of one that was pasted from there on."""
    return shapes.is_traceback_start(line) or _is_frame(line)


def _is_frame(line: str) -> bool:
    found = shapes.FRAME.match(shapes.without_prefix(line))
    return found is not None and bool(found["file"])


def _starts_dockerfile(line: str) -> bool:
    return shapes.is_dockerfile_start(line) or shapes.is_instruction(line, alone=True)


def _starts_log(line: str) -> bool:
    """What `shapes` takes for a log, or what a shell or the kernel says of a program."""
    return shapes.is_log(line) or bool(_SYSTEM.match(line[: shapes.LONGEST]))


def _starts_yaml(line: str) -> bool:
    return not line.lstrip().startswith("- ") and shapes.is_yaml(line)


def _first_word(line: str) -> str:
    return line.split(maxsplit=1)[0] if line.strip() else ""


def _is_alike(line: str, other: str) -> bool:
    """Two lines of one form: the same words, other numbers."""
    begins = [re.sub(r"\d+", "0", text[:40]) for text in (line, other)]
    return "0" in begins[0] and begins[0][:16] == begins[1][:16]


_TEXTS: tuple[tuple[PartKind, Callable[[str], bool], Callable[[Sequence[Line], int], int]], ...] = (
    ("traceback", _starts_traceback, _end_of_traceback),
    ("dockerfile", _starts_dockerfile, _end_of_dockerfile),
    ("log", _starts_log, _end_of_log),
    ("data", shapes.is_json, _end_of_data),
    ("shell", shapes.is_script_start, _end_of_script),
    ("code", shapes.is_code, _end_of_code),
    ("shell", shapes.is_shell, _end_of_shell),
    ("data", _starts_yaml, _end_of_yaml),
)
"""What may begin at a line, the plainest signs first."""
