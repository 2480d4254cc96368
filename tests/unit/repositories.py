"""Git repositories on this machine, for tests that fetch."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def git(folder: Path, *arguments: str) -> str:
    surroundings = {name: v for name, v in os.environ.items() if not name.startswith("GIT_")}
    identity = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@h.example"}
    identity |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@h.example"}
    run = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=folder,
        env={**surroundings, **identity},
        check=True,
        capture_output=True,
        text=True,
    )
    return run.stdout.strip()


def commit(work: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8")
    git(work, "add", "--all")
    git(work, "commit", "--quiet", "--message", "x")
    return git(work, "rev-parse", "HEAD")


def published(work: Path, bare: Path) -> str:
    """Offer `work` as the bare repository `bare`, as GitHub offers its own; gives its URL."""
    git(work, "clone", "--quiet", "--bare", str(work), str(bare))
    git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(bare, "config", "uploadpack.allowFilter", "true")
    return bare.as_uri()
