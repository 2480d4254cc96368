"""Mark-up: Markdown as plain text.

Takes a string, gives a string for embedding and comparing; never for quoting.
"""

from __future__ import annotations

import re

# Linear in the text: no part of a pattern may read what a later try at it reads again.
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*(?:\([^()]*\)[^()]*)?\)")
_FOOTNOTE = re.compile(r"\[\^[^\[\]]+\]")
_MARK_UP = re.compile(
    r"\*\*|(?<!\w)__(?=\S)|(?<=\S)__(?!\w)|`|^[^\S\n]*(?:#+[^\S\n]*|>[^\S\n]?)", re.MULTILINE
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_BROKEN_LINE = re.compile(
    r"(?<=[\u3001-\u30ff\u3400-\u9fff])[^\S\n]*\n\s*+(?=[\u3001-\u30ff\u3400-\u9fff])"
)
"""Japanese has no blanks: a line end between two characters is none either."""


def plain(markdown: str) -> str:
    """Markdown inline mark-up taken out, for embedding and comparing; not for quoting."""
    text = _LINK.sub(r"\1", _LINK.sub(r"\1", markdown))  # twice: an image inside a link
    text = _FOOTNOTE.sub("", text)
    text = _MARK_UP.sub("", text)
    text = _ESCAPED.sub(r"\1", text)
    text = _BROKEN_LINE.sub("", text)
    return " ".join(text.split())
