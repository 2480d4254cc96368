"""Fit how far the embedding model puts the two languages apart: `python -m evals.fit.languages`.

Takes the index of the notes, whose statements and ways to ask say the same in both languages, gives
for each shelf the difference of the two languages' means: kb/search/languages.npz.
"""

from __future__ import annotations

import numpy as np

from kb.records import LANGUAGES
from kb.search.index import shelf_of
from kb.search.languages import FILE
from kb.search.vectors import SHELVES
from kb.settings import read_settings
from kb.wiring import open_store


def main() -> None:
    """Write languages.npz."""
    index = open_store(read_settings()).current()
    chunks = [c for c in index.chunks.values() if c.group.startswith("note:")]
    vectors = index.vectors.get(c.id for c in chunks)
    apart = {}
    for shelf in SHELVES:
        # Code and tables are alike in both: what is longer than a statement is taken for prose.
        like = "statements" if shelf == "passages" else shelf
        japanese, english = (
            np.mean(
                [vectors[c.id] for c in chunks if c.language == name and shelf_of(c) == like],
                axis=0,
            )
            for name in LANGUAGES
        )
        apart[shelf] = (japanese - english).astype(np.float32)
    np.savez_compressed(FILE, **apart)


if __name__ == "__main__":
    main()
