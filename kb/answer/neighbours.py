"""Neighbours: questions that lie next to what was just answered.

Takes the citations of an answer and an index, gives the questions that the sections beside those
quoted answer. Knows nothing about how they are offered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from kb.records import Chunk, Citation, Language
from kb.search.index import Index
from kb.text.tokens import search_tokens

MOST = 3
"""Questions offered at most: a glance takes in no more."""
_REACH = 3
"""Sections that one looks ahead and back."""


def neighbours(
    citations: Sequence[Citation], index: Index, language: Language, asked: Collection[str] = ()
) -> tuple[str, ...]:
    """The headings nearest to the sections quoted, the first one quoted first; none that was asked.

    Only of notes, whose headings are questions that their sections answer.
    """
    sections = _sections(index, language)
    quoted = dict.fromkeys((c.document, c.heading.rpartition(" > ")[2]) for c in citations)
    known = {heading for _, heading in quoted} | set(asked)
    words = [set(search_tokens(text)) for text in known]
    found: list[str] = []
    for step in (*range(1, _REACH + 1), -1):
        for document, heading in quoted:
            headings = sections.get(document, ())
            if heading not in headings:
                continue
            place = headings.index(heading) + step
            if not 0 <= place < len(headings) or headings[place] in {*known, *found}:
                continue
            if _is_same(set(search_tokens(headings[place])), words):
                continue
            found.append(headings[place])
            if len(found) == MOST:
                return tuple(found)
    return tuple(found)


def _is_same(words: set[str], known: Sequence[set[str]]) -> bool:
    """Said in other words already: most of its words stand in one question."""
    return any(words and len(words & other) / len(words) > 0.8 for other in known)


def _sections(index: Index, language: Language) -> Mapping[str, tuple[str, ...]]:
    """The headings of the notes in this language, by document, in their order."""
    firsts: dict[str, list[Chunk]] = defaultdict(list)
    for group, chunks in index.groups.items():
        if group.startswith("note:"):
            for chunk in chunks:
                if chunk.language == language and chunk.kind == "statement":
                    firsts[chunk.document].append(chunk)
                    break
    return {
        document: tuple(c.heading[-1] for c in sorted(chunks, key=lambda c: c.start) if c.heading)
        for document, chunks in firsts.items()
    }
