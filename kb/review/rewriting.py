"""Lines of a RUN instruction rewritten: packages taken out or put in, another package manager.

Takes an `Instruction`, gives its new lines; what is not meant stays as written: pins, other
packages, other commands. Knows nothing about checks.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from kb.review.dockerfile import Instruction

_INSTALL = re.compile(
    r"\b(?:apt-get|apt|dnf|microdnf|yum|apk|zypper)\b(?:\s+-\S+)*\s+(?:install|add)\b((?:\s+\S+)*)\s*$"
)
_AROUND = re.compile(
    r"(?:(?:apt-get|apt|dnf|microdnf|yum|apk|zypper)\b(?:\s+-\S+)*\s+"
    r"(?:update|upgrade|clean|autoclean|autoremove|makecache)\b.*|rm\s+-rf?\s+/var/.*)?$"
)
"""What stands around an installation and does nothing without it."""
_APT_LISTS = "rm -rf /var/lib/apt/lists/*"


def without_packages(one: Instruction, names: Collection[str]) -> tuple[str, ...]:
    """The lines without some packages; none where the instruction did nothing else."""
    pieces = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    sign = re.compile(rf"(?<![\w.=/-])[\"']?(?:{pieces})(?:[=~<>]=?[^\s\"']+)?[\"']?(?![\w.-])")
    lines = [sign.sub("", line) for line in one.lines]
    kept = [
        re.sub(r"(?<=\S)[ \t]{2,}", " ", new).rstrip()
        for new, old in zip(lines, one.lines, strict=True)
        if new == old or new.strip(" \t\\")
    ]
    if kept and kept[-1].endswith("\\"):
        kept[-1] = kept[-1][:-1].rstrip()
    return _without_empty_install(kept)


def _without_empty_install(lines: list[str]) -> tuple[str, ...]:
    """Without a command that installs nothing any more."""
    text = "\n".join(lines)
    head = re.match(r"\s*RUN\s+(?:--\S+\s+)*", text, re.IGNORECASE)
    commands = re.split(r"\s*(?:\\\n\s*)?&&\s*(?:\\\n\s*)?", text[head.end() :] if head else text)
    empty = [_installs_nothing(command) for command in commands]
    if not any(empty):
        return tuple(lines)
    left = [command for command, drop in zip(commands, empty, strict=True) if not drop]
    if all(_AROUND.match(_plain(command)) for command in left):
        return ()
    return tuple(((head[0] if head else "") + " && ".join(left)).split("\n"))


def _plain(command: str) -> str:
    return " ".join(command.replace("\\\n", " ").split())


def _installs_nothing(command: str) -> bool:
    found = _INSTALL.search(_plain(command))
    return found is not None and all(word.startswith("-") for word in found[1].split())


def with_packages(one: Instruction, beside: str, names: str) -> tuple[str, ...]:
    """The lines with packages put behind another one, whose pin stays."""
    sign = re.compile(rf"(?<![\w./=-])([\"']?){re.escape(beside)}([^\s\"']*)\1(?=\s|$)")
    lines = list(one.lines)
    for number, line in enumerate(lines):
        if sign.search(line):
            lines[number] = sign.sub(lambda found: f"{found[0]} {names}", line, count=1)
            break
    return tuple(lines)


def with_manager(one: Instruction, own: str) -> tuple[str, ...]:
    """The same packages by the other manager; names of packages are left as they are."""
    text = "\n".join(one.lines)
    if own in ("apt-get", "apt"):
        text = _to_apt(text)
    elif own in ("dnf", "microdnf", "yum"):
        text = re.sub(
            r"\b(?:apt-get|apt|apk)(?:\s+-\S+)*\s+update\s*(?:&&|;)\s*(?:\\\n\s*)?", "", text
        )
        text = re.sub(
            r"rm -rf /var/lib/apt/lists/\*\S*|\b(?:apt-get|apt) clean\b", f"{own} clean all", text
        )
        text = re.sub(r"\bapk((?:\s+-\S+)*)\s+add(?:\s+--no-cache)?", rf"{own} install -y", text)
        text = re.sub(r"\b(?:apt-get|apt)\b(?=\s)", own, text)
        text = text.replace(" --no-install-recommends", "")
    else:
        text = re.sub(
            r"\b(?:apt-get|apt|dnf|yum)(?:\s+-\S+)*\s+update\s*(?:&&|;)\s*(?:\\\n\s*)?", "", text
        )
        text = re.sub(
            r"\b(?:apt-get|apt|dnf|yum)(?:\s+-\S+)*\s+install(?:\s+-\S+)*",
            "apk add --no-cache",
            text,
        )
        text = re.sub(r"\s*(?:\\\n\s*)?&&\s*rm -rf /var/lib/apt/lists/\*", "", text)
    return tuple(text.split("\n"))


def _to_apt(text: str) -> str:
    """`apt-get` finds no package before `apt-get update`, and has no `clean all`."""
    old = r"\b(?:microdnf|dnf|yum|apk)"
    text = re.sub(rf"{old}(?:\s+-\S+)*\s+clean\s+\S+", _APT_LISTS, text)
    text = re.sub(rf"{old}(?:\s+-\S+)*\s+(?:makecache|update)(?:\s+-\S+)*", "apt-get update", text)
    text = re.sub(rf"{old}(?:\s+-\S+)*\s+(?:install|add)(?:\s+-\S+)*", "apt-get install -y", text)
    if "apt-get update" not in text:
        text = text.replace("apt-get install", "apt-get update && apt-get install", 1)
    return text
