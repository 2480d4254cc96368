"""Examples for the first screen: the usual ones where the index holds our notes, which answer them;
else headings of what it holds.

Takes an index, gives questions. Knows nothing about how they are shown.
"""

from __future__ import annotations

from kb.search.index import Index
from screens.shared import label, ui_language

MOST = 6
"""Examples shown, as many as there are usual ones (ui_example_1 …)."""


def examples(index: Index) -> list[str]:
    """Questions in the language of the page."""
    if any(group.startswith("note:") for group in index.groups):
        return [label(f"example_{number + 1}") for number in range(MOST)]
    return headings(index)


def headings(index: Index) -> list[str]:
    """The first heading of each document, those in the language of the page first."""
    first: dict[str, tuple[bool, str]] = {}
    for chunk in index.chunks.values():
        if chunk.heading and chunk.document not in first:
            first[chunk.document] = (chunk.language != ui_language(), chunk.heading[-1])
    return list(dict.fromkeys(heading for _, heading in sorted(first.values())))[:MOST]
