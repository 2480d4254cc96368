"""The parts of a message: what was pasted, and the sentences of the person around it.

Takes a message of any length, gives `Part` values in reading order, each an exact slice. Judged by
code fences and, outside of them, by the runs of kb.reading.runs. Knows nothing about what a part
means; the error lines in it are found by kb.reading.error_lines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from kb.reading import shapes
from kb.reading.error_lines import find_error_lines, telling
from kb.reading.reading import Part, PartKind
from kb.reading.runs import Line, Run, runs_of
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
_LONGEST_PARAGRAPH = 4_000
"""Characters of prose that are cut into sentences at once, so that this stays linear."""


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


def _lines(message: str) -> list[Line]:
    lines, start = [], 0
    for piece in message.split("\n"):
        text = piece.removesuffix("\r")
        lines.append(Line(start, start + len(text), text))
        start += len(piece) + 1
    return lines


def _fences(lines: Sequence[Line]) -> Iterator[tuple[int, int, str]]:
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


def _fenced(message: str, lines: Sequence[Line], label: str) -> Iterator[Part]:
    """All of it was pasted. A label counts for program text, the content for everything else."""
    named = _LABELS.get(label.lower())
    runs = [
        run for run in runs_of(lines) if run.kind
    ]  # a line without a shape goes with the others
    kinds = {run.kind for run in runs}
    apart = kinds & {"dockerfile", "traceback"} - {named}
    if not apart or (named in ("shell", "data", "code") and "traceback" not in apart):
        weights = Counter[PartKind | None]()
        for run in runs:
            weights[run.kind] += run.last - run.first
        most = weights.most_common(1)[0][0] if weights else "log"
        yield from _part(message, lines, Run(named or most, 0, len(lines)))
        return
    # Several texts in one fence: each begins where a Dockerfile or a traceback begins or ends.
    cuts: list[Run] = []
    for run in runs:
        kind = named if named and run.kind in ("shell", "code", "data") else run.kind
        if cuts and cuts[-1].kind == kind:
            cuts[-1] = Run(kind, cuts[-1].first, run.last)
        else:
            cuts.append(Run(kind, cuts[-1].last if cuts else 0, run.last))
    cuts[-1] = Run(cuts[-1].kind, cuts[-1].first, len(lines))
    for cut in cuts:
        yield from _part(message, lines, cut)


def _part(message: str, lines: Sequence[Line], run: Run) -> Iterator[Part]:
    first, last = run.first, run.last
    while first < last and lines[first].is_blank:
        first += 1
    while last > first and lines[last - 1].is_blank:
        last -= 1
    if first < last and run.kind:
        start, end = lines[first].start, lines[last - 1].end
        yield Part(run.kind, start, end, message[start:end])


# --- not fenced -----------------------------------------------------------------------------------


def _open_text(message: str, lines: Sequence[Line]) -> Iterator[Part]:
    for run in runs_of(lines):
        if run.kind:
            yield from _part(message, lines, run)
        else:
            yield from _sentences(message, lines[run.first : run.last])


# --- prose ----------------------------------------------------------------------------------------


def _sentences(message: str, lines: Sequence[Line]) -> Iterator[Part]:
    for start, end in _paragraphs(lines):
        for first, last in sentences(message[start:end]):
            text = message[start + first : start + last]
            kind: PartKind = "question" if asks(text) else "prose"
            yield Part(kind, start + first, start + last, text)


def asks(sentence: str) -> bool:
    """A sentence that asks, by its mark, its ending (Japanese) or its beginning (English)."""
    return bool(_ASKS.search(sentence[-200:]) or _ASKS_EN.match(sentence[:200]))


def _paragraphs(lines: Sequence[Line]) -> Iterator[tuple[int, int]]:
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


def _goes_on(before: Line, line: Line) -> bool:
    """An English line that goes on with the one before: it begins in lower case."""
    japanese = shapes.JAPANESE.search(line.text[:40]) or shapes.JAPANESE.search(before.text[-4:])
    return line.text.lstrip()[:1].islower() and not japanese
