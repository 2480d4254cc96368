"""Links: a place in a document to the URL that opens it.

Takes a `Document` and a slice, gives a URL. A repository at a pinned commit opens at its lines, a
web page at a text fragment, a PDF at its page, a file of this project at its heading or line.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from kb.records import Chunk, Document
from kb.text import plain

_FRAGMENT = 60
"""Characters of a quote from which a text fragment names only its two ends."""
_END = 20


def deep_link(document: Document, chunk: Chunk, text: str, lines: tuple[int, int]) -> str:
    """Where `text`, which stands in `chunk` on `lines`, can be read."""
    if document.kind == "pdf":
        page = next((part.split()[1] for part in chunk.heading if part.startswith("page ")), "1")
        return f"{document.id}#page={page}"
    if document.kind == "html":
        return f"{document.id}#:~:text={_text_fragment(text)}"
    if document.kind == "notebook":
        return document.id  # neither GitHub nor a file has anchors for cells
    if "/blob/" in document.id and document.commit:
        # Without plain=1 GitHub shows Markdown rendered, where line anchors do nothing.
        query = "?plain=1" if document.kind in ("markdown", "note") else ""
        return f"{document.id}{query}#L{lines[0]}-L{lines[1]}"
    if document.kind in ("markdown", "note") and chunk.heading:
        return f"{document.id}#{slug(chunk.heading[-1])}"
    return f"{document.id}#L{lines[0]}-L{lines[1]}"


def slug(heading: str) -> str:
    """The anchor that GitHub and most renderers give a heading."""
    return re.sub(r"[^\w\- ]", "", plain(heading).lower()).strip().replace(" ", "-")


def _text_fragment(text: str) -> str:
    """Text directive (https://wicg.github.io/scroll-to-text-fragment/) of the first line of `text`."""
    line = plain(text.strip().split("\n", 1)[0])
    if len(line) <= _FRAGMENT:
        return _encode(line)
    return f"{_encode(line[:_END].rstrip())},{_encode(line[-_END:].lstrip())}"


def _encode(text: str) -> str:
    return quote(text, safe="").replace("-", "%2D")
