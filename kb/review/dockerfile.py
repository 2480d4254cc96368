"""A Dockerfile: its text to instructions with their lines, and what the last stage ends up with.

Takes text, gives a frozen `Dockerfile`; raises nothing: `problems` lists what it cannot read.
Knows continued lines, comments among them, here-documents, the `escape` directive, instructions in
any case, JSON and shell form, flags, ARG and ENV in later lines, several stages, ONBUILD. Knows
nothing about SageMaker. https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

KEYWORDS = frozenset(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL"
    " STOPSIGNAL USER VOLUME WORKDIR".split()
)
_DIRECTIVE = re.compile(r"#\s*(\w+)\s*=\s*(\S+)\s*$")
_HERE = re.compile(r"<<-?\s*([\"']?)([A-Za-z_]\w*)\1")
_FLAG = re.compile(r"--[a-z][\w-]*(?:=(?:\"[^\"]*\"|\S*))?\s+")
_VARIABLE = re.compile(r"(?<!\\)\$(?:\{(\w+)(?::?([-+])([^}]*))?\}|(\w+))")
_PAIR = re.compile(r"([\w.\-/]+|\"[^\"]*\")=((?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|\\.|[^\s\\])*)")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, as written and as meant."""

    keyword: str
    """In capital letters."""
    value: str
    """Arguments without flags, comments and line ends; variables stand as written."""
    first: int
    """Number of its first line, from 1."""
    lines: tuple[str, ...]
    """Its lines as written."""
    flags: tuple[str, ...] = ()
    body: str = ""
    """Its here-documents."""

    @property
    def words(self) -> tuple[str, ...] | None:
        """Exec form: the JSON list; None for shell form."""
        if not self.value.startswith("["):
            return None
        try:
            words = json.loads(self.value)
        except ValueError:
            return None
        return tuple(words) if all(isinstance(word, str) for word in words) else None

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words of either form."""
        if self.words is not None:
            return self.words
        try:
            return tuple(shlex.split(self.value, posix=True))
        except ValueError:
            return tuple(self.value.split())

    @property
    def script(self) -> str:
        """What a shell runs."""
        return f"{self.value}\n{self.body}" if self.body else self.value

    def line_with(self, pattern: re.Pattern[str]) -> tuple[int, str]:
        """The first of its lines that has the pattern, else its first line."""
        for number, line in enumerate(self.lines, self.first):
            if pattern.search(line) and not line.lstrip().startswith("#"):
                return number, line
        return self.first, self.lines[0]


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that is no Dockerfile."""

    line: int
    text: str
    kind: str
    """unknown: no such instruction; empty: nothing behind it; open: a here-document without end;
    before: an instruction before FROM."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What one FROM begins."""

    origin: Instruction | None
    """Its FROM line; None for a piece of a file that has none."""
    image: str
    """With variables filled in where they are known."""
    name: str
    instructions: tuple[Instruction, ...]
    platform: str = ""


@dataclass(frozen=True)
class Dockerfile:
    """A file, or a piece of one."""

    instructions: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    problems: tuple[Problem, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    """Values of ARG before the first FROM."""

    @cached_property
    def chain(self) -> tuple[Stage, ...]:
        """The last stage and those that it is built on, the lowest first."""
        if not self.stages:
            return ()
        by_name = {stage.name.lower(): stage for stage in self.stages if stage.name}
        chain = [self.stages[-1]]
        while (below := by_name.get(chain[-1].image.lower())) and below not in chain:
            chain.append(below)
        return tuple(reversed(chain))

    def root(self, stage: Stage) -> str:
        """The image that a stage is built on, through the stages between."""
        by_name = {one.name.lower(): one for one in self.stages if one.name}
        seen = [stage]
        while (below := by_name.get(seen[-1].image.lower())) and below not in seen:
            seen.append(below)
        return seen[-1].image

    @property
    def base(self) -> str:
        """The image that the last stage is built on; empty where it is not told."""
        return self.chain[0].image if self.chain else ""

    @cached_property
    def final(self) -> tuple[Instruction, ...]:
        """The instructions that make the image that is left at the end."""
        return tuple(one for stage in self.chain for one in stage.instructions)

    def last(self, keyword: str) -> Instruction | None:
        """The one that counts where a later one replaces an earlier one."""
        if keyword == "CMD":
            return self._command()
        return next((one for one in reversed(self.final) if one.keyword == keyword), None)

    def _command(self) -> Instruction | None:
        return next((one for one in reversed(self.final) if one.keyword == "CMD"), None)

    def all(self, *keywords: str) -> Iterator[Instruction]:
        return (one for one in self.final if one.keyword in keywords)

    @cached_property
    def environment(self) -> dict[str, str]:
        """ENV at the end, with variables filled in where they are known."""
        values: dict[str, str] = {}
        for _, one, known in self.walk():
            if one.keyword == "ENV":
                values |= {name: known[name] for name, _ in pairs(one)}
        return values

    @cached_property
    def copies(self) -> tuple[tuple[Instruction, tuple[str, ...], str], ...]:
        """COPY and ADD of the last stages: sources, and the place inside the image, absolute."""
        copies = []
        for folder, one, known in self.walk():
            if one.keyword in ("COPY", "ADD"):
                words = [fill(word, known) for word in one.arguments if not word.startswith("<<")]
                if one.body and words:
                    words = ["<<", words[-1]]
                if len(words) >= 2:
                    place = posixpath.join(folder, words[-1])
                    end = "/" if words[-1].endswith(("/", ".")) else ""
                    copies.append((one, tuple(words[:-1]), posixpath.normpath(place) + end))
        return tuple(copies)

    def filled(self, value: str) -> str:
        """A value with the variables of the last stage filled in."""
        return fill(value, self._known)

    @cached_property
    def _known(self) -> dict[str, str]:
        known: dict[str, str] = {}
        for _, _, known in self.walk():  # noqa: B007 the last one counts
            pass
        return {**self.known, **known}

    def walk(self) -> Iterator[tuple[str, Instruction, dict[str, str]]]:
        """Each instruction with the folder and the variables behind it."""
        folder, known = "/", dict[str, str]()
        for one in self.final:
            if one.keyword == "WORKDIR":
                folder = posixpath.normpath(
                    posixpath.join(folder, fill(one.value, known).strip("\"'"))
                )
            elif one.keyword == "ENV":
                known |= {name: fill(value, known) for name, value in pairs(one)}
            elif one.keyword == "ARG":
                name, _, value = one.value.partition("=")
                known.setdefault(
                    name.strip(), fill(value, known) or self.known.get(name.strip(), "")
                )
            yield folder, one, known


def read_dockerfile(text: str) -> Dockerfile:
    """The file, as far as it can be read."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    escape, at = _directives(lines)
    instructions: list[Instruction] = []
    problems: list[Problem] = []
    while at < len(lines):
        if not lines[at].strip() or lines[at].lstrip().startswith("#"):
            at += 1
            continue
        end, joined = _joined(lines, at, escape)
        keyword, _, rest = joined.strip().partition(" ")
        keyword, rest = keyword.upper(), rest.strip()
        body, behind = "", end
        if keyword in ("RUN", "COPY", "ADD"):
            body, behind = _here_documents(rest, lines, end)
            if behind < 0:
                problems.append(Problem(at + 1, lines[at], "open"))
                behind = end
        if keyword not in KEYWORDS:
            problems.append(Problem(at + 1, lines[at], "unknown"))
        elif not rest:
            problems.append(Problem(at + 1, lines[at], "empty"))
        else:
            flags, value = _flags(rest)
            written = tuple(lines[at:behind])
            instructions.append(Instruction(keyword, value, at + 1, written, flags, body))
        at = behind
    return _staged(instructions, problems)


def _directives(lines: Sequence[str]) -> tuple[str, int]:
    """The escape sign, and where the instructions begin."""
    escape = "\\"
    for number, line in enumerate(lines):
        directive = _DIRECTIVE.match(line.strip())
        if not directive:
            return escape, number
        if directive[1].lower() == "escape" and directive[2] in ("`", "\\"):
            escape = directive[2]
    return escape, len(lines)


def _joined(lines: Sequence[str], at: int, escape: str) -> tuple[int, str]:
    """The line behind an instruction, and its lines as one."""
    pieces: list[str] = []
    number = at
    while number < len(lines):
        line = lines[number]
        if number > at and line.lstrip().startswith("#"):
            number += 1
            continue
        if number > at and not line.strip() and not _more(lines, number):
            break
        number += 1
        stripped = line.rstrip()
        goes_on = stripped.endswith(escape)
        pieces.append(stripped[:-1] if goes_on else stripped)
        if not goes_on and (line.strip() or number - at == 1):
            break
    return number, " ".join(" ".join(pieces).split()) if len(pieces) > 1 else " ".join(
        pieces[0].split()
    )


def _more(lines: Sequence[str], number: int) -> bool:
    """An empty line inside a continued instruction: Docker skips it, with a warning."""
    return number + 1 < len(lines) and lines[number + 1][:1] in (" ", "\t")


def _here_documents(rest: str, lines: Sequence[str], at: int) -> tuple[str, int]:
    """The documents that begin behind an instruction, and the line behind them; -1: no end."""
    body: list[str] = []
    for found in _HERE.finditer(rest):
        start = at
        while at < len(lines) and lines[at].strip() != found[2]:
            at += 1
        if at == len(lines):
            return "", -1
        body += lines[start:at]
        at += 1
    return "\n".join(body), at


def _flags(rest: str) -> tuple[tuple[str, ...], str]:
    flags = []
    while found := _FLAG.match(rest):
        flags.append(found[0].strip())
        rest = rest[found.end() :]
    return tuple(flags), rest


def _staged(instructions: Sequence[Instruction], problems: list[Problem]) -> Dockerfile:
    known: dict[str, str] = {}
    stages: list[tuple[Instruction | None, str, str, str, list[Instruction]]] = []
    has_from = any(one.keyword == "FROM" for one in instructions)
    for one in instructions:
        if one.keyword == "FROM":
            words = fill(one.value, known).split()
            name = words[2] if len(words) > 2 and words[1].lower() == "as" else ""
            flag = next((f for f in one.flags if f.startswith("--platform=")), "")
            platform = fill(flag.partition("=")[2], known)
            stages.append((one, words[0] if words else "", name, platform, []))
        elif stages:
            stages[-1][4].append(one)
        elif one.keyword == "ARG" and has_from:
            for name, value in pairs(one) or [(one.value, "")]:
                known[name] = fill(value, known)
        elif has_from:
            problems.append(Problem(one.first, one.lines[0], "before"))
        else:
            stages.append((None, "", "", "", [one]))
    made = tuple(Stage(o, image, name, tuple(own), p) for o, image, name, p, own in stages)
    ordered = sorted(problems, key=lambda problem: problem.line)
    return Dockerfile(tuple(instructions), made, tuple(ordered), known)


def pairs(one: Instruction) -> list[tuple[str, str]]:
    """Names and values of ENV, LABEL or ARG, in both of their forms."""
    if "=" not in one.value.split(" ", 1)[0]:
        name, _, value = one.value.partition(" ")
        return [(name, value.strip())] if value.strip() else []
    found = []
    for name, value in _PAIR.findall(one.value):
        bare = value[1:-1] if value[:1] in "\"'" and value[-1:] == value[:1] else value
        found.append((name.strip('"'), bare))
    return found


def fill(value: str, known: Mapping[str, str]) -> str:
    """`$NAME` and `${NAME:-default}` replaced where the value is known."""

    def one(found: re.Match[str]) -> str:
        name = found[1] or found[4]
        if found[2] == "-":
            return known.get(name) or found[3]
        if found[2] == "+":
            return found[3] if known.get(name) else ""
        return known.get(name) or found[0]

    return _VARIABLE.sub(one, value)
