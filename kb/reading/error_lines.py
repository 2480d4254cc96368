"""The lines of a message that name an error, the telling one first.

Takes the message and its parts, gives one `Part` a line: `FailureReason` first, then the last
exception of each traceback (with the frame in the person's own file) and the error lines of logs in
the order of time, then what only follows from them. Judged by the form of program output: names of
exceptions, levels, words for failing in a line that no person wrote. Knows nothing about what an
error means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kb.reading import shapes
from kb.reading.reading import Part, PartKind
from kb.text.logs import sends_to_log

_MOST = 8
"""Error lines that are given."""
_PERHAPS = 3
"""Tier of a line that is perhaps no error."""
_PASTED = ("traceback", "log", "shell")
_FAILURE_REASON = re.compile(r"Failure ?Reason", re.IGNORECASE)
_FAILS = re.compile(
    r"\b(?:error|failed|failure|fatal|cannot|can't|could not|couldn't|unable|denied|not found"
    r"|no such|no space left|not permitted|unsupported|not supported|invalid|refused|timed out"
    r"|killed|oomkilled|out of memory|segmentation fault|core dumped|unauthori[sz]ed"
    r"|not authori[sz]ed|does not (?:exist|pass|match|contain)|did not (?:pass|respond)"
    r"|insufficient|exceeded|mismatch|aborted|panic)\b",
    re.IGNORECASE,
)
"""What programs write when they fail."""
_NONE_OF_IT = re.compile(
    r"\b(?:no|0|zero|without) (?:errors?|failures?)\b"
    r"|\b(?:errors?|failed|failures?)[=: ]+(?:0|none|null|false|\d+\.\d+)\b"
    r"|\berrors?_?\w*=|\b(?:error|failure)[_ ](?:handler|rate|count)",
    re.IGNORECASE,
)
_FOLLOWS = re.compile(
    r"\b(?:exit(?:ed)?(?: with)?(?: (?:code|status))?:? ?[1-9]|exit ?code:? ?[1-9]"
    r"|return(?:ed)? (?:code|non-zero)|non-zero|executeuserscripterror|childfailederror"
    r"|calledprocesserror|reporting training failure"
    r"|(?:worker|process|child|container|server)\b.{0,40}\b(?:died|exit|terminat|stopp|kill)"
    r"|shutting down|broken pipe|connection reset|terminating|aborting"
    r"|did not complete successfully|failed to (?:solve|compute)|sending (?:process|sig)|sigterm"
    r"|retrying|re-?try)"
    r"|(?:^|\s)(?:Failed|Stopp(?:ed|ing)) - ",
    re.IGNORECASE,
)
"""That something ended, because of something else; the last: the status of a job, which the SDK
prints as `Failed - Training job failed`."""
_WAITS = re.compile(
    r"\bhealth ?-?checks?\b|\bdid not (?:respond|become|reach|start)\b|\bunhealthy\b"
    r"|\btimed out (?:while |after |waiting)|\btimed out\W*$",
    re.IGNORECASE,
)
"""That something was waited for in vain."""
_SOFT = re.compile(
    r"(?<![\w-])(?:DEBUG|INFO|NOTICE|TRACE|WARN(?:ING)?)(?![\w-])|\bwarning\b|^[IW]\d{4} \d",
    re.IGNORECASE,
)
_HARD = re.compile(
    r"(?<![\w-])(?:ERROR|ERR|FATAL|CRITICAL|SEVERE)(?![\w-])|^(?:error|fatal)\b|^[EF]\d{4} \d",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"site-packages|dist-packages|/lib/python\d|\bpython\d[\d.]*/|<frozen|<string>|<stdin>|/conda/|node_modules"
    r"|node:internal|^(?:java|org|sun|jdk)\b|sagemaker_training|importlib"
)
"""Places of files that a person did not write."""
_SIGN = re.compile(
    r"(?<![\w.])(?:[A-Za-z_]\w{0,80}\.){0,12}[A-Z]\w{0,80}?(?:Error|Exception|Interrupt|Timeout|Expired)\b\s?[:(]"
    r"|\b(?:exec|exec_?user|standard_init_linux\S*|oci runtime\S*|error|fatal|denied)\s?: ",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?<![\w.])(?:[A-Za-z_]\w{0,80}\.){0,12}[A-Z]\w{0,80}?(?:Error|Exception)\b")
_ASCII_RUN = re.compile(r"[\x21-\x7e][\x20-\x7e]{6,600}[\x21-\x7e]")
_INLINE = re.compile(
    r"`([^`\n]{4,400})`|“([^“”\n]{6,400})”|「([^「」\n]{6,400})」|\"([^\"\n]{8,400})\""
)


@dataclass(frozen=True, slots=True)
class _Found:
    tier: int
    """0 FailureReason; 1 an error; 2 an error that follows from another; 3 perhaps one."""
    stamp: str
    place: int
    parts: tuple[Part, ...]


def find_error_lines(message: str, parts: Sequence[Part], most: int = _MOST) -> tuple[Part, ...]:
    """Each within a pasted part or the prose: `message[start:end] == text`."""
    found: list[_Found] = []
    for part in parts:
        if part.kind in _PASTED:
            found += _in_output(message, part)
        elif part.kind == "data":
            found += _in_data(message, part)
    found = _in_time([_introduces(message, one) for one in found])
    if not any(one.tier < _PERHAPS for one in found):
        prose = [
            one
            for part in parts
            if part.kind in ("question", "prose")
            for one in _in_prose(message, part)
        ]
        found = prose + found
    result = dict.fromkeys(part for one in found for part in one.parts)
    return tuple(result)[:most]


def _lines(message: str, part: Part) -> Iterator[tuple[int, str]]:
    start = part.start
    for piece in message[part.start : part.end].split("\n"):
        yield start, piece.removesuffix("\r")
        start += len(piece) + 1


def telling(lines: Sequence[Part]) -> Part | None:
    """The line to search for: the first one that says more than that something ended."""
    return next((line for line in lines if not wraps(line.text)), next(iter(lines), None))


def wraps(line: str) -> bool:
    """It only says that something ended, was waited for in vain, or stands in a log."""
    return bool(_FOLLOWS.search(line) or _WAITS.search(line) or sends_to_log(line))


def is_doubtful(line: Part) -> bool:
    """Perhaps no error: a warning, a word for failing in what was typed into a shell."""
    return _tier(line.text[: shapes.LONGEST], line.kind) == _PERHAPS


def _introduces(message: str, found: _Found) -> _Found:
    """An error line right above a traceback only announces it."""
    last = found.parts[0]
    below = message[last.end : last.end + shapes.LONGEST].split("\n")
    if found.tier == 1 and len(below) > 1 and shapes.is_traceback_start(below[1]):
        return replace(found, tier=2)
    return found


def _in_time(found: list[_Found]) -> list[_Found]:
    """By tier, then by time: the stamps where the log runs backwards, else the order of lines."""
    stamps = [one.stamp for one in sorted(found, key=lambda one: one.place) if one.stamp]
    backwards = len(stamps) > 1 and stamps[0] > stamps[-1]
    return sorted(found, key=lambda one: (one.tier, -one.place if backwards else one.place))


def _in_output(message: str, part: Part) -> Iterator[_Found]:
    """Error lines of a log or a traceback, one pass."""
    inside = False
    frame: Part | None = None
    stamp = ""
    for start, line in _lines(message, part):
        text = line[: shapes.LONGEST]
        stamped = shapes.STAMP.search(text[:60])
        stamp = (stamped["stamp"] or "") if stamped else stamp
        bare = shapes.without_prefix(line)
        if shapes.is_traceback_start(line):
            inside, frame = "Traceback" in bare[:60], None
            if not inside:
                yield _Found(1, stamp, start, (_slice(part.kind, start, line),))
            continue
        where = shapes.FRAME.match(bare)
        if where:
            inside = inside or bool(where["file"])  # Java and Node name the error first
            if (where["file"] or where["jfile"]) and not _OWN.search(bare):
                frame = _slice(part.kind, start, line)
            continue
        if inside and (not bare.strip() or bare[0] in " \t"):
            continue
        error = _slice(part.kind, start, line)
        if inside:
            if shapes.TRACEBACK_LINKS.match(bare):
                continue
            inside = False
            tier = 2 if _FOLLOWS.search(bare[:200]) else 1
            yield _Found(tier, stamp, start, (error, frame) if frame else (error,))
            continue
        tier_of = _tier(text, part.kind)
        if tier_of is not None:
            yield _Found(tier_of, stamp, start, (error,))


def _tier(text: str, kind: PartKind) -> int | None:
    if _FAILURE_REASON.search(text):
        return 0
    named = shapes.EXCEPTION.search(text)
    fails = _FAILS.search(text) and not _NONE_OF_IT.search(text)
    if not (named or fails or _HARD.search(text[:80])):
        return None
    if wraps(text):
        return 2
    if kind == "shell" and not named and not _HARD.search(text[:80]):
        return _PERHAPS
    if _SOFT.search(text[:80]) and not _HARD.search(text[:80]) and not named:
        return _PERHAPS
    return 1


def _in_data(message: str, part: Part) -> Iterator[_Found]:
    """`FailureReason` of a description of a job, and keys that name an error."""
    for start, line in _lines(message, part):
        if _FAILURE_REASON.search(line[: shapes.LONGEST]):
            yield _Found(0, "", start, (_slice(part.kind, start, line),))


def _in_prose(message: str, part: Part) -> Iterator[_Found]:
    """What a person quotes of a program: in quotation marks, or ASCII amid Japanese."""
    text = message[part.start : part.end]
    quoted = [(m.start(m.lastindex or 0), m.end(m.lastindex or 0)) for m in _INLINE.finditer(text)]
    japanese = bool(shapes.JAPANESE.search(text))
    runs = [m.span() for m in _ASCII_RUN.finditer(text)] if japanese else []
    signs = [] if japanese else [(m.start(), len(text)) for m in _SIGN.finditer(text)][:1]
    names = [m.span() for m in _NAMED.finditer(text)]
    for rank, spans in enumerate((signs, runs, quoted, names)):
        for start, end in spans:
            piece = text[start:end]
            if rank < 3 and not (_SIGN.search(piece) or _NAMED.search(piece) or _is_failure(piece)):
                continue
            trimmed = piece.strip(" 、。,;()（）")
            at = part.start + start + piece.index(trimmed)
            yield _Found(1, "", at, (Part(part.kind, at, at + len(trimmed), trimmed),))
            return


def _is_failure(piece: str) -> bool:
    """Words for failing, amid at least three others or an identifier."""
    return (
        bool(_FAILS.search(piece)) and len(piece.split()) >= 3 and not piece.rstrip().endswith("?")
    )


def _slice(kind: PartKind, start: int, line: str) -> Part:
    shown = line.strip()
    at = start + (len(line) - len(line.lstrip()))
    return Part(kind, at, at + len(shown), shown)
