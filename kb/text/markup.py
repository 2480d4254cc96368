"""Mark-up: Markdown as plain text.

Takes a string, gives a string for embedding and comparing; never for quoting.
"""

from __future__ import annotations

import re

_MARK_UP = re.compile(r"\*\*|(?<!\w)__(?=\S)|(?<=\S)__(?!\w)|`|^\s*#+\s*|^\s*>\s?", re.MULTILINE)
_BROKEN_LINE = re.compile(
    r"(?<=[\u3001-\u30ff\u3400-\u9fff])\s*\n\s*(?=[\u3001-\u30ff\u3400-\u9fff])"
)
"""Japanese has no blanks: a line end between two characters is none either."""


def plain(markdown: str) -> str:
    """Markdown inline mark-up taken out, for embedding and comparing; not for quoting."""
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\[\^[^\]]+\]", "", text)
    text = _MARK_UP.sub("", text)
    text = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)
    text = _BROKEN_LINE.sub("", text)
    return " ".join(text.split())
