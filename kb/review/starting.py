"""How a container starts: CMD, ENTRYPOINT, the `train` and `serve` files.

Takes a `Paste` and the parameters of a check, gives `Spot` values. Knows nothing about wording.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence

from kb.review.dockerfile import Instruction
from kb.review.paste import Paste
from kb.review.places import is_on_path, may_be_made, mode_of, path_folders, places_of
from kb.review.rewriting import with_packages
from kb.review.spots import Spot, at, line_replaced, replaced

_SHELLS = ("sh", "bash", "ash", "dash", "zsh")
_SHELL_SIGNS = re.compile(r"&&|\|\||[;|<>&`]|\$\(")
_RUNS_ITSELF = re.compile(r"python[\d.]*|torchrun|accelerate|deepspeed|Rscript|java|[\w-]+\.py")
_SIDES = {"train": "training", "serve": "inference"}
_BEFORE_SERVER = re.compile(
    r"^(?:tini|dumb-init|exec|env|poetry|uv|conda|python3?|run|-m|--|sh|-c)$"
)


def command_is_replaced(paste: Paste, word: str) -> Iterator[Spot]:
    """A CMD that starts a program: SageMaker's word takes its place."""
    file = paste.dockerfile
    command = file.last("CMD")
    if command is None or _has_entrypoint(paste):
        return
    program = _program(command.arguments)
    if program in (word, "train", "serve", "", *_SHELLS) and len(command.arguments) <= 1:
        return
    if program in ("train", "serve") or may_start(paste, word) or places_of(paste, word):
        return
    run = " ".join(map(shlex.quote, command.words)) if command.words else command.value
    written = f"exec {run}" if not _SHELL_SIGNS.search(run) else run
    script = written.replace("'", "'\\''")
    yield replaced(
        command,
        f"RUN printf '#!/bin/sh\\n{script}\\n' > /usr/local/bin/{word} \\".replace("%", "%%"),
        f"    && chmod +x /usr/local/bin/{word}",
        word=word,
        run=run,
    )


def command_over_start(paste: Paste, word: str) -> Iterator[Spot]:
    """A CMD that starts a program, in an image whose own `train` or `serve` is started instead."""
    command = paste.dockerfile.last("CMD")
    toolkit = word == "train" and paste.has_package("sagemaker-training")
    if command is None or _has_entrypoint(paste) or not (paste.is_on_aws_image or toolkit):
        return
    if paste.scopes and not toolkit and _SIDES[word] not in paste.scopes:
        return
    program = _program(command.arguments)
    if program not in ("train", "serve", "", *_SHELLS) or len(command.arguments) > 1:
        yield replaced(command)


def nothing_starts(paste: Paste, word: str) -> Iterator[Spot]:
    """Neither ENTRYPOINT nor a file of that name, on a base that is known to have none."""
    file = paste.dockerfile
    if not file.chain or file.problems or file.last("CMD") or _has_entrypoint(paste):
        return
    lowest = file.chain[0].origin
    if (
        lowest is None
        or "$" in paste.dockerfile.base
        or not paste.is_on_plain_image
        or may_start(paste, word)
        or places_of(paste, word)
    ):
        return
    if word == "train" and (paste.has_requirements and "SAGEMAKER_PROGRAM" in file.environment):
        return
    programs = _programs(paste)
    exec_ = f"ENTRYPOINT {json.dumps(['python', programs[0]])}" if len(programs) == 1 else ""
    install = next(
        (one for manager, _, _, one in reversed(paste.installs) if manager == "pip"), None
    )
    if word == "train" and "SAGEMAKER_PROGRAM" in file.environment and install is not None:
        # The variable speaks to the toolkit: what is missing is the toolkit.
        last = [w for _, _, w, one in paste.installs if one is install and w[:1] != "-"][-1]
        lines = with_packages(install, re.split(r"[\[=<>~!]", last)[0], "sagemaker-training")
        yield replaced(install, *lines, word=word, exec="")
        return
    yield at(file.chain[-1].origin or lowest, word=word, exec=exec_)


def _programs(paste: Paste) -> list[str]:
    """The Python files that are copied by name, as they lie in the image."""
    return [
        posixpath.join(place, posixpath.basename(source)) if place[-1:] == "/" else place
        for _, sources, place in paste.dockerfile.copies
        for source in sources
        if source.endswith(".py") and (place[-1:] == "/" or place.endswith(".py"))
    ]


def may_start(paste: Paste, word: str) -> bool:
    """Whether the image may hold a program named `train` or `serve` that is found on PATH."""
    if paste.is_on_aws_image:
        return True
    if word == "train" and paste.has_package("sagemaker-[a-z-]*training|sagemaker-containers"):
        return True
    if word == "serve" and paste.has_package(
        "sagemaker-(?!inference$|training$)[a-z-]*(?:inference|serving)"
    ):
        return True
    if paste.has_package(r"\.") or may_be_made(paste, word):
        return True  # a package or a command of the person's own may bring it
    places = places_of(paste, word)
    if any(is_on_path(paste, place) for _, place in places):
        return True
    if places and not paste.is_on_plain_image:
        return True  # the base may have put that folder on PATH
    folders = path_folders(paste)
    for _, sources, place in paste.dockerfile.copies:
        folder = any(
            source.endswith("/") or posixpath.basename(source) in ("", ".") or is_folder(source)
            for source in sources
        )
        above = place.rstrip("/") + "/"
        if folder and any((one + "/").startswith(above) for one in folders):
            return True  # a folder that was not pasted
    return False


def is_folder(source: str) -> bool:
    """A name without a dot that is no program of SageMaker's."""
    name = posixpath.basename(source)
    return "." not in name and name not in ("train", "serve")


def start_is_off_path(paste: Paste, word: str) -> Iterator[Spot]:
    """`train` or `serve` in a folder that is not on PATH, and nothing else that starts."""
    file = paste.dockerfile
    if _has_entrypoint(paste) or not paste.is_on_plain_image or file.problems:
        return
    yield from _off_path(paste, word, file.last("CMD"))


def entrypoint_is_off_path(paste: Paste, words: Sequence[str]) -> Iterator[Spot]:
    """ENTRYPOINT by the bare name of a program that lies in a folder that is not on PATH."""
    entrypoint = paste.dockerfile.last("ENTRYPOINT")
    if entrypoint is None or not entrypoint.arguments or not paste.is_on_plain_image:
        return
    word = entrypoint.arguments[0]
    if word in words:
        yield from _off_path(paste, word, None)


def _off_path(paste: Paste, word: str, command: Instruction | None) -> Iterator[Spot]:
    """The CMD that would have started it, else the instruction that puts it there."""
    places = places_of(paste, word)
    if not places or may_start(paste, word):
        return
    one, place = places[-1]
    folder = posixpath.dirname(place)
    line = f'ENV PATH="{folder}:${{PATH}}"'
    values = {"folder": folder, "word": word}
    if command is not None and _program(command.arguments) == word:
        yield replaced(command, line, **values)
    else:
        yield replaced(one, *one.lines, line, **values)


def start_is_not_executable(paste: Paste, words: Sequence[str]) -> Iterator[Spot]:
    """`train` or `serve` whose last mode has no execute bit."""
    entrypoint = paste.dockerfile.last("ENTRYPOINT")
    if entrypoint is not None and _program(entrypoint.arguments) not in ("", *words, "tini"):
        return
    for word in words:
        for _, place in places_of(paste, word):
            mode = mode_of(paste, place)
            if mode is None or mode.runs:
                continue
            sign = re.compile(rf"(?<![\w-]){re.escape(mode.written)}(?!\w)")
            line, quote = mode.one.line_with(sign)
            better = sign.sub("755" if mode.written.isdigit() else "a+x", quote, count=1)
            yield line_replaced(line, quote, better, mode=mode.written, word=word)
            return


def _has_entrypoint(paste: Paste) -> bool:
    entrypoint = paste.dockerfile.last("ENTRYPOINT")
    return entrypoint is not None and entrypoint.words != ()


def _program(words: Sequence[str]) -> str:
    return posixpath.basename(words[0]) if words else ""


def entrypoint_is_shell_form(paste: Paste) -> Iterator[Spot]:
    """ENTRYPOINT without brackets: a shell becomes the direct child."""
    entrypoint = paste.dockerfile.last("ENTRYPOINT")
    if entrypoint is None or entrypoint.value.startswith("["):
        return
    if _SHELL_SIGNS.search(entrypoint.value) or "$" in entrypoint.value:
        yield at(entrypoint, exec="")  # what it does needs a script of its own
        return
    words = [word for word in entrypoint.arguments if word != "exec"]
    line = f"ENTRYPOINT {json.dumps(words, ensure_ascii=False)}"
    yield replaced(entrypoint, line, exec=line)


def exec_form_is_broken(paste: Paste) -> Iterator[Spot]:
    """Brackets that are no JSON: single quotes, a missing comma."""
    for keyword in ("ENTRYPOINT", "CMD"):
        one = paste.dockerfile.last(keyword)
        if one is None or not one.value.startswith("[") or one.words is not None:
            continue
        words = re.findall(r"'([^']*)'|\"([^\"]*)\"", one.value)
        line = f"{keyword} {json.dumps([a or b for a, b in words], ensure_ascii=False)}"
        yield replaced(one, line, exec=line)


def entrypoint_runs(paste: Paste, programs: str) -> Iterator[Spot]:
    """The first program of ENTRYPOINT, by name."""
    entrypoint = paste.dockerfile.last("ENTRYPOINT")
    if entrypoint is None or not re.fullmatch(programs, _program(entrypoint.arguments)):
        return
    rest = [word for word in entrypoint.arguments[1:] if word not in ("--", "-s", "-g", "-v")]
    command = paste.dockerfile.last("CMD")
    if not rest and command is not None:
        rest = list(command.arguments)
    if not rest or _program(rest) in ("train", "serve"):
        places = [place for word in _SIDES for _, place in places_of(paste, word)]
        if entrypoint.words is not None and any(is_on_path(paste, place) for place in places):
            return  # it finds the program that SageMaker names, as a shell would
        known = _programs(paste)
        yield at(
            entrypoint,
            exec=f"ENTRYPOINT {json.dumps(['python', known[0]])}" if len(known) == 1 else "",
        )
        return
    line = f"ENTRYPOINT {json.dumps(rest, ensure_ascii=False)}"
    yield replaced(entrypoint, line, exec=line)


def entrypoint_takes_no_word(paste: Paste, programs: str) -> Iterator[Spot]:
    """A program in ENTRYPOINT that stops at one argument more."""
    entrypoint = paste.dockerfile.last("ENTRYPOINT")
    if entrypoint is None or entrypoint.words is None:
        return
    words = [
        word for word in entrypoint.words if not _BEFORE_SERVER.match(posixpath.basename(word))
    ]
    if not words or not re.fullmatch(programs, _program(words)) or "-c" in entrypoint.words:
        return
    run = " ".join(map(shlex.quote, entrypoint.words)).replace("%", "%%").replace("'", "'\\''")
    yield replaced(
        entrypoint,
        f"RUN printf '#!/bin/sh\\nexec {run}\\n' > /usr/local/bin/serve \\",
        "    && chmod +x /usr/local/bin/serve",
        run=" ".join(entrypoint.words),
    )


def entrypoint_lacks_program(paste: Paste, word: str) -> Iterator[Spot]:
    """An interpreter alone in ENTRYPOINT, its script in CMD, which is replaced."""
    entrypoint, command = paste.dockerfile.last("ENTRYPOINT"), paste.dockerfile.last("CMD")
    if entrypoint is None or command is None or entrypoint.words is None or not entrypoint.words:
        return
    program = _program(entrypoint.words)
    alone = len([w for w in entrypoint.words if not w.startswith("-")]) == 1
    interprets = re.fullmatch(r"python[\d.]*|java|node|Rscript|perl|ruby|torchrun", program)
    if not alone or not interprets or _program(command.arguments) in ("train", "serve"):
        return
    line = f"ENTRYPOINT {json.dumps([*entrypoint.words, *command.arguments], ensure_ascii=False)}"
    yield replaced(entrypoint, line, exec=line, word=word, command=command.value)


def entrypoint_is_set(paste: Paste, over: str) -> Iterator[Spot]:
    """An own ENTRYPOINT over an AWS image (`aws`) or over the Training Toolkit (`toolkit`)."""
    entrypoint = paste.dockerfile.last("ENTRYPOINT")
    if entrypoint is None or entrypoint.words == ():
        return
    if "train" in map(posixpath.basename, entrypoint.arguments):
        return
    if not any(_RUNS_ITSELF.fullmatch(posixpath.basename(word)) for word in entrypoint.arguments):
        return  # a script may hand the word on: exec "$@"
    toolkit = paste.has_package("sagemaker-training")
    aws = paste.is_on_aws_image and "training" in paste.scopes and "inference" not in paste.scopes
    if (over == "toolkit" and toolkit) or (over == "aws" and aws and not toolkit):
        if _program(entrypoint.arguments) in ("tini", "init", "docker-init"):
            return  # a check of its own
        yield replaced(entrypoint)


def file_may_lack_execute_bit(paste: Paste, words: Sequence[str], says: str) -> Iterator[Spot]:
    """A `train` or `serve` file that is copied and never made executable.

    It may have its bit in the repository, so this counts only where the person tells the symptom.
    """
    if not paste.says(says) or _has_entrypoint(paste) or "chmod" in paste.text:
        return
    for one, sources, place in paste.dockerfile.copies:
        names = {posixpath.basename(source) for source in sources}
        named = next(
            (word for word in words if {word} == names or posixpath.basename(place) == word), ""
        )
        if named and not any(flag.startswith(("--chmod", "--from")) for flag in one.flags):
            target = place if posixpath.basename(place) == named else f"{place.rstrip('/')}/{named}"
            line = f"RUN chmod +x {target}"
            yield replaced(one, *one.lines, line, better=line)
