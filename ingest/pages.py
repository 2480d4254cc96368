"""Pages, PDFs and plain text to blocks.

Takes a `RawDocument`, gives text, title and blocks. Knows nothing about tokens or chunks.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace

from ingest.blocks import Block, Result, paragraphs
from ingest.decode import decode, page_text
from ingest.fetch import RawDocument
from ingest.markdown import markdown_blocks

_NUMBERED = re.compile(r"^(\d+)(?:\.\d+)*\.?[ \t]+(\S.{1,60})$", re.MULTILINE)
"""A line that may head a section of a paper: a number and a few words."""


def read_text(raw: RawDocument) -> Result:
    text = decode(raw.data)
    return text, "", [Block(start, end, "prose", ()) for start, end in paragraphs(text)]


def read_html(raw: RawDocument) -> Result:
    """The article of a page as Markdown; menus, banners and comments are left out."""
    from ingest.page import read_page  # heavy, and only pages need it

    text, title = read_page(page_text(raw.data))
    return text, title, list(markdown_blocks(text, 0, []))


def read_pdf(raw: RawDocument) -> Result:
    """Page by page, and where its headings are numbered section by section; the heading path ends
    with the number of the page.
    """
    import pypdf  # heavy, and only PDFs need it

    reader = pypdf.PdfReader(io.BytesIO(raw.data))
    pages = [(page.extract_text() or "").strip() for page in reader.pages]
    title = str((reader.metadata and reader.metadata.title) or "") or _running_title(pages)
    text, heading = "", ""
    blocks: list[Block] = []
    for number, content in enumerate(pages, 1):
        if not content:
            continue
        text += "\n\n" if text else ""
        at = 0
        heads = [found for found in _NUMBERED.finditer(content) if _heads(found)]
        for end, name in [*((f.start(), f[0].strip()) for f in heads), (len(content), "")]:
            if content[at:end].strip():
                path = tuple(filter(None, (heading, f"page {number}")))
                blocks.append(Block(len(text) + at, len(text) + end, "prose", path))
            at, heading = end, name or heading
        text += content
    return text, title, [_stripped(text, block) for block in blocks]


def _running_title(pages: list[str]) -> str:
    """The line that heads every page, where there is one."""
    first = [page.split("\n", 1)[0].strip() for page in pages if page]
    return first[0] if len(first) > 1 and len(set(first)) == 1 else ""


def _heads(found: re.Match[str]) -> bool:
    """Not a step of a list, which is a sentence and goes on."""
    return not found[2].rstrip().endswith((".", "。", ",", ";", ":")) and found[2][0].isupper()


def _stripped(text: str, block: Block) -> Block:
    piece = text[block.start : block.end]
    start = block.start + len(piece) - len(piece.lstrip())
    return replace(block, start=start, end=start + len(piece.strip()))
