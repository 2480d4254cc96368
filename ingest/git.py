"""The files of a repository at a pinned commit, by the `git` program.

Takes a git `Source`, gives the files below its paths. Sparse and blobless: only those are brought.
Git runs without prompts, redirects, hooks, large-file downloads and submodules, and knows nothing
of a repository around it.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

from ingest.sources import Source
from kb.errors import FetchError

_OPTIONS = (
    "-c core.autocrlf=false -c core.hooksPath=/dev/null -c http.followRedirects=false "
    "-c advice.detachedHead=false -c gc.auto=0"
).split()
_SURROUNDINGS = frozenset(
    "GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_COMMON_DIR GIT_NAMESPACE GIT_PREFIX "
    "GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES".split()
)
"""What git sets for its hooks; with these our commands would change the repository around us."""


def fetch_git(source: Source, folder: Path, patience: float) -> Path:
    """Check `source.paths` of `source.commit` out into `folder`; gives the work tree.

    Raises FetchError when git is missing, the repository is silent for `patience` seconds, or the
    commit or one of the paths does not exist there.
    """
    short = f"{source.url} at {source.commit[:12]}"
    _git(["init", "--quiet", "."], folder, patience, short)
    _git(["remote", "add", "origin", source.url], folder, patience, short)
    options = ["--progress", "--depth=1", "--no-tags", "--filter=blob:none"]
    _git(["fetch", *options, "origin", source.commit], folder, patience, short)
    paths = [f"/{path}" for path in source.paths]
    _git(["sparse-checkout", "set", "--no-cone", *paths], folder, patience, short)
    _git(["checkout", "--progress", source.commit], folder, patience, short)
    for path in source.paths:
        if not os.path.lexists(folder / path):
            raise FetchError(f"{short} has no {path}; correct “paths” in the list of sources")
    return folder


def _git(arguments: list[str], folder: Path, patience: float, what: str) -> None:
    """Run git; stop it when it says nothing for `patience` seconds."""
    environment = {
        **{name: value for name, value in os.environ.items() if name not in _SURROUNDINGS},
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=8",
        "LC_ALL": "C",
    }
    try:
        process = subprocess.Popen(
            ["git", *_OPTIONS, *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise FetchError(
            "the program git is not installed; install it to read git sources"
        ) from None
    said = _watch(process, patience)
    if said is None:
        raise FetchError(f"{what} could not be fetched (no answer within {patience:g} s)")
    if process.returncode != 0:
        raise FetchError(f"{what} could not be fetched ({_reason(said)})")


def _reason(said: str) -> str:
    lines = [line.strip() for line in said.replace("\r", "\n").splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (fatal or lines or ["git gave no reason"])[-1][:140]


def _watch(process: subprocess.Popen[bytes], patience: float) -> str | None:
    """What the process says on standard error; None when it was silent for too long and killed."""
    said = bytearray()
    last = time.monotonic()
    assert process.stderr is not None
    stream = process.stderr

    def listen() -> None:
        nonlocal last
        while piece := os.read(stream.fileno(), 4096):
            said.extend(piece)
            last = time.monotonic()

    def kill() -> None:
        with suppress(ProcessLookupError, PermissionError):  # nobody is left
            os.killpg(process.pid, signal.SIGKILL)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    atexit.register(kill)  # its own session hides it from the terminal's Ctrl-C
    silent = False
    while process.poll() is None:
        if time.monotonic() - last > patience:
            silent = True
            kill()
        time.sleep(0.01)
    atexit.unregister(kill)
    listener.join(timeout=1)
    kill()  # helpers that outlive git would keep the pipe open
    listener.join()
    stream.close()
    return None if silent else said.decode("utf-8", "replace")
