"""Where the start files of an image lie, whether a shell finds them on PATH, and whether they run.

Takes a `Paste` and the name of a program, gives its places in the image, the folders of PATH at the
end, and the last word on its execute bit. Knows nothing about checks and wording.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from kb.review.dockerfile import Instruction, fill
from kb.review.paste import Paste

_DEFAULT = tuple("/usr/local/sbin /usr/local/bin /usr/sbin /usr/bin /sbin /bin".split())
"""PATH of a container whose image sets none, and of the plain distributions.
https://docs.docker.com/reference/cli/docker/container/run/#env"""
_OF_BASES = (
    (r"continuumio/|mambaorg/|condaforge/|pytorch/pytorch", ("/opt/conda/bin",)),
    (r"nvidia/cuda|nvcr\.io/", ("/usr/local/nvidia/bin", "/usr/local/cuda/bin")),
    (r"golang", ("/go/bin", "/usr/local/go/bin")),
    (r"rust", ("/usr/local/cargo/bin",)),
    (r"openjdk|temurin", ("/opt/java/openjdk/bin", "/usr/local/openjdk-11/bin")),
    (r"julia", ("/usr/local/julia/bin",)),
)
"""What the Dockerfiles of public images put before it."""
_COMMANDS = re.compile(r"&&|\|\||;|\n")
_MAKES = ("cp", "mv", "ln", "install", "tee", "curl", "wget")
"""Commands whose last path is a file that they make."""
_ONLY_LOOKS = ("chmod", "chown", "ls", "test", "cat", "sed", "dos2unix", "rm", "head", "file")


@dataclass(frozen=True, slots=True)
class Mode:
    """What an instruction leaves of the execute bit of a file."""

    runs: bool
    one: Instruction
    written: str
    """The mode as written, such as `644` or `a-x`."""


def path_folders(paste: Paste) -> tuple[str, ...]:
    """PATH at the end; the part that the base image brings is filled in where it is known."""
    own = paste.dockerfile.environment.get("PATH")
    base = _DEFAULT + tuple(
        folder
        for sign, folders in _OF_BASES
        if re.search(sign, paste.dockerfile.base)
        for folder in folders
    )
    if own is None:
        return base
    folders: list[str] = []
    for folder in own.strip("\"'").split(":"):
        if re.fullmatch(r"\$\{?PATH\b[^}]*\}?", folder):
            folders += base
        else:
            folders.append(folder.rstrip("/") or "/")
    return tuple(folders)


def places_of(paste: Paste, word: str) -> tuple[tuple[Instruction, str], ...]:
    """The instructions that bring a file of that name into the image, and its whole path."""
    found = []
    for one, sources, place in paste.dockerfile.copies:
        names = {posixpath.basename(source.rstrip("/")) for source in sources}
        if posixpath.basename(place) == word and len(sources) == 1 and place[-1:] != "/":
            if not any(source.endswith("/") for source in sources):
                found.append((one, place))
        elif word in names:
            found.append((one, posixpath.join(place, word)))
    for one, folder, words in _commands(paste):
        made = _made(words)
        if made and posixpath.basename(made) == word:
            found.append((one, posixpath.normpath(posixpath.join(folder, made))))
    return tuple(found)


def is_on_path(paste: Paste, place: str) -> bool:
    return posixpath.dirname(place) in path_folders(paste)


def may_be_made(paste: Paste, word: str) -> bool:
    """A command of RUN that names the word and is not understood may bring the file."""
    made = re.compile(rf"(?:^|/|>){re.escape(word)}$")
    return any(
        made.search(token.strip("\"'"))
        for _, _, words in _commands(paste)
        if words[0] not in (*_ONLY_LOOKS, *_MAKES) and not _made(words)
        for token in words[1:]
    )


def mode_of(paste: Paste, place: str) -> Mode | None:
    """The last instruction that sets the execute bit of a file, or takes it."""
    last: Mode | None = None
    for one, sources, target in paste.dockerfile.copies:
        names = {posixpath.basename(source.rstrip("/")) for source in sources}
        flag = next((f for f in one.flags if f.startswith("--chmod=")), "")
        lands = place == target or (
            posixpath.join(target, posixpath.basename(place)) == place
            and posixpath.basename(place) in names
        )
        if flag and lands:
            last = _mode(flag.partition("=")[2], one, last)
    for one, folder, words in _commands(paste):
        if words[0] != "chmod" or len(words) < 3:
            continue
        deep = any(re.fullmatch(r"-[a-zA-Z]*R[a-zA-Z]*|--recursive", word) for word in words)
        rest = [w for w in words[1:] if not re.fullmatch(r"-[RfvcH]+|--[a-z-]+", w)]
        for target in rest[1:]:
            whole = posixpath.normpath(posixpath.join(folder, target))
            if whole == place or (deep and place.startswith(whole.rstrip("/") + "/")):
                last = _mode(rest[0], one, last)
            elif whole == posixpath.dirname(place) + "/*":
                last = _mode(rest[0], one, last)
    return last


def _mode(written: str, one: Instruction, before: Mode | None) -> Mode | None:
    """Octal or symbolic, as POSIX defines them for chmod."""
    if re.fullmatch(r"0?[0-7]{3,4}", written):
        return Mode(bool(int(written, 8) & 0o111), one, written)
    for who, sign, bits in re.findall(r"([ugoa]*)([-+=])([rwxXst]*)", written):
        if sign == "+" and "x" in bits:
            before = Mode(True, one, written)
        elif sign == "-" and "x" in bits and who in ("", "a", "ugo", "u"):
            before = Mode(False, one, written)
        elif sign == "=" and who in ("", "a", "ugo", "u"):
            before = Mode("x" in bits.lower(), one, written)
    return before


def _commands(paste: Paste) -> Iterator[tuple[Instruction, str, list[str]]]:
    """Each command of RUN with the folder that it runs in, and its words."""
    for folder, one, known in paste.dockerfile.walk():
        if one.keyword != "RUN":
            continue
        script = one.script if one.words is None else " ".join(one.words)
        here = folder
        for command in _COMMANDS.split(fill(script, known)):
            try:
                words = shlex.split(command, comments=True)
            except ValueError:
                words = command.split()
            if words and words[0] == "cd" and len(words) > 1:
                here = posixpath.normpath(posixpath.join(here, words[1]))
            elif words:
                yield one, here, words


def _made(words: list[str]) -> str:
    """The path of a file that a command makes."""
    for before, word in zip(words, words[1:], strict=False):
        if before in (">", ">>"):
            return word
    arrow = next((w for w in words[1:] if re.match(r">>?[^>&=\s]", w)), "")
    if arrow:
        return arrow.lstrip(">")
    if words[0] in _MAKES and len(words) > 1:
        for flag in ("-o", "-O", "--output"):
            if flag in words[:-1]:
                return words[words.index(flag) + 1]
        if words[0] in ("curl", "wget"):
            return ""
        if words[-1].endswith("/") and len(words) > 2:
            return posixpath.join(words[-1], posixpath.basename(words[-2]))
        return words[-1]
    return ""
