"""Named: the section about the very error that a message shows comes first.

Takes what retrieval found and which errors the message shows, gives the retrieval with that section
in front, also where no search list had found it. Knows nothing about wording and answers.
"""

from __future__ import annotations

from dataclasses import replace

from kb.records import Hit, Language
from kb.search.index import Index
from kb.search.retrieve import Retrieval, in_language
from kb.search.wordings import Shown

SURE = 20
"""Letters of a wording from which on it alone brings its section in: “exit code 137” may stand in
any log, “executable file not found in $PATH” is the error itself."""


def with_named(retrieval: Retrieval, shown: Shown, index: Index, language: Language) -> Retrieval:
    """The hits, the section with the longest wording that the message shows in front."""
    found = {hit.group: hit for hit in retrieval.hits}
    for group in shown.named:
        if group in found or shown.lengths[group] >= SURE:
            first = found.get(group) or Hit(group, 1.0, in_language(index.groups[group], language))
            rest = [hit for hit in retrieval.hits if hit.group != group]
            return replace(retrieval, hits=(replace(first, score=1.0), *rest))
    return retrieval
