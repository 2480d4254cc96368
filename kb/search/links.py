"""Links: a place in a document to the URL that opens it.

Takes a `Document` and a slice, gives a URL. A repository at a pinned commit opens at its lines, a
web page at a text fragment, a PDF at its page, a file of this project at its heading or line.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from kb.records import Chunk, Document
from kb.text.markup import plain

_FRAGMENT = 60
"""Characters of a quote from which a text fragment names only its two ends."""
_END = 30
_LIST_MARKER = re.compile(r"(?:[-*+]|\d+\.)\s+")


def deep_link(document: Document, chunk: Chunk, text: str, lines: tuple[int, int]) -> str:
    """Where `text`, which stands in `chunk` on `lines`, can be read."""
    page, _, anchor = _address(document.id).partition("#")
    if document.kind == "pdf":
        number = next((part.split()[1] for part in chunk.heading if part.startswith("page ")), "1")
        return f"{page}#page={number}"
    if document.kind == "html":
        return f"{page}#{anchor}:~:text={_text_fragment(text)}"
    if document.kind == "notebook":
        return page  # neither GitHub nor a file has anchors for cells
    if "/blob/" in page and document.commit:
        # Without plain=1 GitHub shows Markdown rendered, where line anchors do nothing.
        query = "?plain=1" if document.kind in ("markdown", "note") else ""
        return f"{page}{query}#L{lines[0]}-L{lines[1]}"
    if document.kind in ("markdown", "note") and chunk.heading:
        return f"{page}#{slug(chunk.heading[-1])}"
    return f"{page}#L{lines[0]}-L{lines[1]}"


def _address(identity: str) -> str:
    """A document's id as an address; a path may hold blanks and signs that mean something there."""
    return identity if "://" in identity else quote(identity)


def slug(heading: str) -> str:
    """The anchor that GitHub and most renderers give a heading."""
    return re.sub(r"[^\w\- ]", "", plain(heading).lower()).strip().replace(" ", "-")


def _text_fragment(text: str) -> str:
    """The first line of `text` as https://wicg.github.io/scroll-to-text-fragment/ wants it.

    Browsers find whole words only, so a long line is named by its first and last words.
    """
    line = _shown(text)
    if len(line) <= _FRAGMENT:
        return _encode(line)
    head, tail = line[:_END], line[-_END:]
    marks = [index for index, character in enumerate(head) if character in " 、，"]
    head = head[: marks[-1]] if marks else head
    marks = [index for index, character in enumerate(tail) if character in " 、，"]
    tail = tail[marks[0] + 1 :] if marks else tail
    return f"{_encode(head)},{_encode(tail)}"


def _shown(text: str) -> str:
    """What a page shows of the first line that it shows at all; of a table, the first cell."""
    for line in text.split("\n"):
        shown = _LIST_MARKER.sub("", line.strip())
        if shown.startswith("|"):
            shown = next((cell for cell in shown.split("|") if cell.strip(" -:")), "")
        if shown.strip() and not shown.startswith("```"):
            return plain(shown)
    return ""


def _encode(text: str) -> str:
    return quote(text, safe="").replace("-", "%2D")
