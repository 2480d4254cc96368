"""The parts of a message: what was pasted, and the sentences of the person around it.

Takes a message of any length, gives `Part` values in reading order, each an exact slice. Judged by
the shapes of lines (kb.reading.shapes) and by code fences, in one pass. Knows nothing about what a
part means; the error lines in it are found by kb.reading.error_lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kb.reading import shapes
from kb.reading.error_lines import find_error_lines, telling
from kb.reading.reading import Part, PartKind
from kb.text.sentences import sentences

__all__ = ["find_error_lines", "find_parts", "telling"]

_FENCE = re.compile(r"\s{0,3}(?:>\s?)?(`{3,}|~{3,})\s*([\w+#.-]*)[^`]{0,80}$")
_LABELS: dict[str, PartKind] = {
    **dict.fromkeys(("dockerfile", "docker", "containerfile"), "dockerfile"),
    **dict.fromkeys(("sh", "bash", "zsh", "shell", "console", "shell-session", "cmd"), "shell"),
    **dict.fromkeys(
        ("json", "jsonc", "jsonl", "yaml", "yml", "toml", "ini", "nginx", "conf", "xml"), "data"
    ),
    **dict.fromkeys(("log", "logs"), "log"),
    **dict.fromkeys(("pytb", "pycon", "traceback"), "traceback"),
    **dict.fromkeys(
        "python py python3 js javascript ts go java r rust c cpp c++ scala ruby".split(), "code"
    ),
}
_ASKS = re.compile(
    r"[?？]|(?:か|かな|かね|かしら|の|っけ)[。.…」]*$|(?:教え|おしえ)て|(?:て|で)(?:くださ|下さ|もらえ|ほしい|欲しい)"
    r"|(?:方法|やり方|理由|原因)(?:は|を)?[。.…]*$"
)
_ASKS_EN = re.compile(
    r"(?:and |but |so |ok,? |also,? )?(?:what|which|why|how|who|where|when|is|are|am|do|does|did"
    r"|can|could|should|would|will|has|have|must|may) (?!to\b|not\b)\w"
    r"|.{0,80}\b(?:please|pls|tell me|help me|show me)\b",
    re.IGNORECASE,
)
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
_UNTIL_NESTED = 30
"""Lines of keys after which a text of names and values is no YAML, if none lies below another."""
_GAP = 12
"""Lines without a shape that may stand between two lines of one log."""
_LONGEST_HEADER = 40
"""Lines of comments above the first instruction of a Dockerfile."""
_LONGEST_HERE = 400
"""Lines of a here-document in which its end is looked for."""
_LONGEST_PARAGRAPH = 4_000
"""Characters of prose that are cut into sentences at once, so that this stays linear."""


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    text: str

    @property
    def is_blank(self) -> bool:
        return not self.text.strip()


@dataclass(frozen=True, slots=True)
class _Run:
    """Lines of one kind: `lines[first:last]`; None for what the person wrote."""

    kind: PartKind | None
    first: int
    last: int


def find_parts(message: str) -> tuple[Part, ...]:
    """Pasted blocks, fenced or not, and the sentences around them, in reading order."""
    lines = _lines(message)
    parts: list[Part] = []
    at = 0
    for opening, closing, label in _fences(lines):
        parts += _open_text(message, lines[at:opening])
        parts += _fenced(message, lines[opening + 1 : closing], label)
        at = closing + 1
    parts += _open_text(message, lines[at:])
    return tuple(parts)


def _lines(message: str) -> list[_Line]:
    lines, start = [], 0
    for piece in message.split("\n"):
        text = piece.removesuffix("\r")
        lines.append(_Line(start, start + len(text), text))
        start += len(piece) + 1
    return lines


def _fences(lines: Sequence[_Line]) -> Iterator[tuple[int, int, str]]:
    """Opening and closing line of each fence; one that is never closed ends with the message."""
    opening: tuple[int, str, str] | None = None
    for number, line in enumerate(lines):
        fence = _FENCE.match(line.text) if len(line.text) < 120 else None
        if not fence:
            continue
        if opening is None:
            opening = (number, fence[1], fence[2])
        elif fence[1].startswith(opening[1]) and not fence[2]:
            yield opening[0], number, opening[2]
            opening = None
    if opening is not None:
        yield opening[0], len(lines), opening[2]


# --- fenced ---------------------------------------------------------------------------------------


def _fenced(message: str, lines: Sequence[_Line], label: str) -> Iterator[Part]:
    """All of it was pasted. A label counts for program text, the content for everything else."""
    named = _LABELS.get(label.lower())
    runs = [run for run in _runs(lines) if run.kind]  # a line without a shape goes with the others
    kinds = {run.kind for run in runs}
    apart = kinds & {"dockerfile", "traceback"} - {named}
    if not apart or (named in ("shell", "data", "code") and "traceback" not in apart):
        weights = Counter[PartKind | None]()
        for run in runs:
            weights[run.kind] += run.last - run.first
        most = weights.most_common(1)[0][0] if weights else "log"
        yield from _part(message, lines, _Run(named or most, 0, len(lines)))
        return
    # Several texts in one fence: each begins where a Dockerfile or a traceback begins or ends.
    cuts: list[_Run] = []
    for run in runs:
        kind = named if named and run.kind in ("shell", "code", "data") else run.kind
        if cuts and cuts[-1].kind == kind:
            cuts[-1] = _Run(kind, cuts[-1].first, run.last)
        else:
            cuts.append(_Run(kind, cuts[-1].last if cuts else 0, run.last))
    cuts[-1] = _Run(cuts[-1].kind, cuts[-1].first, len(lines))
    for cut in cuts:
        yield from _part(message, lines, cut)


def _part(message: str, lines: Sequence[_Line], run: _Run) -> Iterator[Part]:
    first, last = run.first, run.last
    while first < last and lines[first].is_blank:
        first += 1
    while last > first and lines[last - 1].is_blank:
        last -= 1
    if first < last and run.kind:
        start, end = lines[first].start, lines[last - 1].end
        yield Part(run.kind, start, end, message[start:end])


# --- not fenced -----------------------------------------------------------------------------------


def _open_text(message: str, lines: Sequence[_Line]) -> Iterator[Part]:
    for run in _runs(lines):
        if run.kind:
            yield from _part(message, lines, run)
        else:
            yield from _sentences(message, lines[run.first : run.last])


def _runs(lines: Sequence[_Line]) -> list[_Run]:
    """The lines as runs of one kind, those of the person between them."""
    runs: list[_Run] = []
    at = 0
    while at < len(lines):
        run = _run_at(lines, at)
        kind = run.kind if run else None
        last = run.last if run else at + 1
        if runs and runs[-1].kind == kind and kind in (None, "log", "shell"):
            runs[-1] = _Run(kind, runs[-1].first, last)
        else:
            runs.append(_Run(kind, at, last))
        at = last
    return runs


def _run_at(lines: Sequence[_Line], at: int) -> _Run | None:
    """The pasted text that begins at a line."""
    line = lines[at].text
    if lines[at].is_blank:
        return None
    if line.startswith("#") and _comments_a_dockerfile(lines, at):
        return _Run("dockerfile", at, _end_of_dockerfile(lines, at))
    for kind, starts, end_of in _TEXTS:
        if starts(line):
            last = end_of(lines, at)
            if last > at:
                return _Run(kind, at, last)
    return None


def _end_of_traceback(lines: Sequence[_Line], at: int) -> int:
    """Behind its last exception: indented lines and frames, then one that stands at the margin."""
    last, body = at, False
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
        elif body:  # the exception
            last, body = number, False
        else:
            break
        number += 1
    return last + 1


def _goes_on_behind_blank(lines: Sequence[_Line], at: int) -> bool:
    for line in lines[at + 1 : at + 3]:
        text = shapes.without_prefix(line.text)
        if text.strip():
            linked = shapes.TRACEBACK_LINKS.match(text) or shapes.FRAME.match(text)
            return bool(linked or shapes.is_traceback_start(line.text))
    return False


def _end_of_dockerfile(lines: Sequence[_Line], at: int) -> int:
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


def _comments_a_dockerfile(lines: Sequence[_Line], at: int) -> bool:
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


def _is_misspelt(lines: Sequence[_Line], number: int) -> bool:
    """An unknown instruction, or a line left over from a broken one, amid a Dockerfile."""
    text = lines[number].text
    if shapes.is_prose(text) or shapes.JAPANESE.search(text[:20]):
        return False
    behind = lines[number + 1 : number + 3]
    capital = _first_word(text).isalpha() and _first_word(text).isupper() and len(text.split()) > 1
    return capital or any(shapes.is_instruction(line.text) for line in behind)


def _behind_instruction(lines: Sequence[_Line], number: int, escape: str) -> int:
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


def _end_of_log(lines: Sequence[_Line], at: int) -> int:
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


def _end_of_data(lines: Sequence[_Line], at: int) -> int:
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


def _end_of_yaml(lines: Sequence[_Line], at: int) -> int:
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


def _end_of_code(lines: Sequence[_Line], at: int) -> int:
    number, last = at + 1, at
    while number < len(lines):
        text = lines[number].text
        if lines[number].is_blank:
            number += 1
            continue
        inside = text[0] in " \t" and not shapes.is_prose(text)
        if shapes.is_dockerfile_start(text) or shapes.is_traceback_start(text):
            break
        if not (
            inside or shapes.is_code(text, inside=True) or text.lstrip().startswith(("#", "//"))
        ):
            break
        last = number
        number += 1
    return last + 1


def _end_of_script(lines: Sequence[_Line], at: int) -> int:
    """Behind the last line of a shell script: over blank lines as long as commands follow."""
    number, last = at + 1, at
    while number < len(lines):
        text = lines[number].text
        if lines[number].is_blank:
            number += 1
            continue
        behind_blank = lines[number - 1].is_blank
        if shapes.is_prose(text) or shapes.is_dockerfile_start(text) or shapes.is_log(text):
            break
        if behind_blank and not (shapes.is_script(text) or text[0] in " \t"):
            break
        last = number
        number += 1
    return last + 1


def _end_of_shell(lines: Sequence[_Line], at: int) -> int:
    number = at
    while number < len(lines) and not lines[number].is_blank:
        continued = number > at and lines[number - 1].text.rstrip().endswith("\\")
        if not (continued or shapes.is_shell(lines[number].text)):
            break
        number += 1
    return number


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


_TEXTS: tuple[
    tuple[PartKind, Callable[[str], bool], Callable[[Sequence[_Line], int], int]], ...
] = (
    ("traceback", shapes.is_traceback_start, _end_of_traceback),
    ("dockerfile", _starts_dockerfile, _end_of_dockerfile),
    ("log", _starts_log, _end_of_log),
    ("data", shapes.is_json, _end_of_data),
    ("shell", shapes.is_script_start, _end_of_script),
    ("code", shapes.is_code, _end_of_code),
    ("shell", shapes.is_shell, _end_of_shell),
    ("data", _starts_yaml, _end_of_yaml),
)
"""What may begin at a line, the plainest signs first."""


# --- prose ----------------------------------------------------------------------------------------


def _sentences(message: str, lines: Sequence[_Line]) -> Iterator[Part]:
    for start, end in _paragraphs(lines):
        for first, last in sentences(message[start:end]):
            text = message[start + first : start + last]
            kind: PartKind = "question" if asks(text) else "prose"
            yield Part(kind, start + first, start + last, text)


def asks(sentence: str) -> bool:
    """A sentence that asks, by its mark, its ending (Japanese) or its beginning (English)."""
    return bool(_ASKS.search(sentence[-200:]) or _ASKS_EN.match(sentence[:200]))


def _paragraphs(lines: Sequence[_Line]) -> Iterator[tuple[int, int]]:
    """Stretches that hold whole sentences: a line end is an end, except where a line goes on."""
    start: int | None = None
    end = 0
    for number, line in enumerate(lines):
        if line.is_blank:
            if start is not None:
                yield start, end
                start = None
            continue
        if start is not None and not _goes_on(lines[number - 1], line):
            yield start, end
            start = None
        for piece in range(line.start, line.end, _LONGEST_PARAGRAPH):
            if start is not None and line.end - start > _LONGEST_PARAGRAPH:
                yield start, end
                start = None
            start = piece if start is None else start
            end = min(piece + _LONGEST_PARAGRAPH, line.end)
    if start is not None:
        yield start, end


def _goes_on(before: _Line, line: _Line) -> bool:
    """An English line that goes on with the one before: it begins in lower case."""
    japanese = shapes.JAPANESE.search(line.text[:40]) or shapes.JAPANESE.search(before.text[-4:])
    return line.text.lstrip()[:1].islower() and not japanese
