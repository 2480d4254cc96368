"""The files of a repository at a pinned commit, by the `git` program.

Takes a git `Source`, gives the files below its paths. Sparse and blobless: only those are brought.
Git runs without prompts, credentials helpers' questions, redirects, symbolic links or submodules.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from ingest.sources import Source
from kb.errors import FetchError

_OPTIONS = (
    "-c core.symlinks=false -c core.autocrlf=false -c http.followRedirects=false "
    "-c advice.detachedHead=false"
).split()


def fetch_git(source: Source, folder: Path, patience: float) -> Path:
    """Check `source.paths` of `source.commit` out into `folder`; gives the work tree.

    Raises FetchError when git is missing, the repository is silent for `patience` seconds, or the
    commit or one of the paths does not exist there.
    """
    short = f"{source.url} at {source.commit[:12]}"
    _git(["init", "--quiet", "."], folder, patience, short)
    _git(["remote", "add", "origin", source.url], folder, patience, short)
    _git(
        ["fetch", "--progress", "--depth=1", "--no-tags", "--filter=blob:none", "origin", source.commit],
        folder,
        patience,
        short,
    )
    _git(
        ["sparse-checkout", "set", "--no-cone", *(f"/{path}" for path in source.paths)],
        folder,
        patience,
        short,
    )
    _git(["checkout", "--progress", source.commit], folder, patience, short)
    for path in source.paths:
        if not (folder / path).exists():
            raise FetchError(f"{short} has no {path}; correct “paths” in the list of sources")
    return folder


def _git(arguments: list[str], folder: Path, patience: float, what: str) -> None:
    """Run git; stop it when it says nothing for `patience` seconds."""
    environment = {
        **os.environ,
        "GIT_TERMINAL_PROMPT": "0",
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
        )
    except FileNotFoundError:
        raise FetchError("the program git is not installed; install it to read git sources") from None
    said = _watch(process, patience)
    if process.returncode != 0:
        lines = [line for line in said.replace("\r", "\n").splitlines() if line.strip()]
        reason = lines[-1].strip()[:140] if lines else f"no answer within {patience:.0f} s"
        raise FetchError(f"{what} could not be fetched ({reason})")


def _watch(process: subprocess.Popen[bytes], patience: float) -> str:
    """What the process says on standard error; it is killed when silent for too long."""
    said = bytearray()
    last = time.monotonic()
    assert process.stderr is not None
    stream = process.stderr

    def listen() -> None:
        nonlocal last
        while piece := os.read(stream.fileno(), 4096):
            said.extend(piece)
            last = time.monotonic()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    killed = False
    while process.poll() is None:
        if time.monotonic() - last > patience:
            process.kill()
            killed = True
        time.sleep(0.01)
    listener.join(timeout=1)
    stream.close()
    return "" if killed else said.decode("utf-8", "replace")
