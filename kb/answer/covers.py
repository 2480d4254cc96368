"""Covers: what the assistant can help with, by what its index holds.

Takes an index and a language, gives one sentence or two. Our notes say what they are about; every
other source is named by its title. Knows nothing about questions.
"""

from __future__ import annotations

from kb.messages import message
from kb.records import Language
from kb.search.index import Index

_NAMED = 5
"""Titles that are listed at most."""


def covers(index: Index, language: Language) -> str:
    """What can be asked of this index."""
    noted = {document.source for document in index.documents.values() if document.kind == "note"}
    filled = {document.source for document in index.documents.values()}
    titles = [
        str(row["title"] or row["id"])
        for row in index.manifest["sources"]
        if row["id"] in filled and row["id"] not in noted
    ]
    parts = [message("covers", language)] if noted or not titles else []
    if titles:
        quoted = message("covers_title_and", language).join(
            message("covers_title", language, title=title) for title in titles[:_NAMED]
        )
        more = message("covers_titles_more", language) if len(titles) > _NAMED else ""
        name = "covers_too" if parts else "covers_sources"
        parts.append(message(name, language, titles=quoted + more))
    return (" " if language == "en" else "").join(parts)
