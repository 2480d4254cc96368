"""Resume: the vectors of an ingest that was stopped, for the next one.

Takes vectors batch by batch and keeps each in a file of its own; gives back all that are whole.
A stop loses the batch that was under way. Knows nothing about texts or models.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np


class Unfinished:
    """The batches of one model in the index folder."""

    def __init__(self, index_dir: Path, model: str) -> None:
        self._root = index_dir / "unfinished"
        self._folder = self._root / hashlib.sha256(model.encode()).hexdigest()[:16]
        self._next = 0

    def read(self) -> dict[str, Any]:
        """Vectors by key; a batch that is damaged is as if it were not there."""
        vectors: dict[str, Any] = {}
        for file in sorted(self._folder.glob("*.npz")):
            self._next = max(self._next, int(file.stem) + 1 if file.stem.isdigit() else 0)
            with (
                suppress(OSError, ValueError, KeyError, EOFError, BadZipFile),
                file.open("rb") as opened,
                np.load(opened, allow_pickle=False) as stored,
            ):
                vectors.update(zip(map(str, stored["keys"]), stored["vectors"], strict=True))
        return vectors

    def keep(self, vectors: Mapping[str, Any]) -> None:
        """Keep a batch. A disk without room is no reason to stop; then it is lost with a kill."""
        if not vectors:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            new = self._folder / "new"
            with new.open("wb") as out:
                np.savez(out, keys=np.array(list(vectors)), vectors=np.stack([*vectors.values()]))
            os.replace(new, self._folder / f"{self._next:06d}.npz")
            self._next += 1

    def clear(self) -> None:
        """All of it stands in a version now."""
        shutil.rmtree(self._root, ignore_errors=True)
