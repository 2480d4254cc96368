"""Unheld: a thing of which a message asks for a file, and of which no source holds one.

Takes a message, what was found for it and the sentences of an answer, gives the names of things
whose file or code is asked for (“the Dockerfile of my-sample”), that no document is called and no
block among the sentences holds, though the sources speak of them. What is said of such a thing is
not the thing: its name goes first. Knows nothing about ranking and scope.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kb.records import Hit, Sentence
from kb.search.names import Naming, fold_name
from kb.text.normal import normalize

_FILES = "dockerfile readme makefile notebook code script file py ipynb sh yaml yml json md".split()
"""Last words of what files are called, as `fold_name` gives them."""
_JAPANESE = re.compile(r"の(?:コード|ソース|ファイル|中身)")
_BETWEEN = frozenset("の s sample example サンプル".split())
_OF = frozenset("of in from for the".split())
_NEAR = 3
"""Words between a name and the end of the file's name: “x の docker/serve.py”."""


def unheld(
    message: str, naming: Naming, hits: Iterable[Hit], sentences: Iterable[Sentence]
) -> tuple[str, ...]:
    """The names, as the person wrote them."""
    asked = [n for n in naming.unknown if n in message and _is_asked_for_file(message, n)]
    if not asked:
        return ()
    texts = [chunk.text for hit in hits for chunk in hit.chunks]
    blocks = [normalize(s.text) for s in sentences if s.text.startswith(("```", "|"))]
    return tuple(
        name
        for name in asked
        if any(f"`{name}`" in text for text in texts)  # the sources set it as a name, too
        and not any(normalize(name) in block for block in blocks)
    )


def _is_asked_for_file(message: str, name: str) -> bool:
    """“its Dockerfile”, “the Dockerfile of it”."""
    before, _, after = message.partition(name)
    return _opens_with_file(after) or _ends_with_file_of(before)


def _opens_with_file(after: str) -> bool:
    if _JAPANESE.match(after.lstrip("` 」”’\"'")):
        return True
    words: Sequence[str] = fold_name(after).split()
    while words and words[0] in _BETWEEN:
        words = words[1:]
    return any(word in _FILES for word in words[:_NEAR] if word.isascii()) and words[0].isascii()


def _ends_with_file_of(before: str) -> bool:
    words = fold_name(before).split()
    linked = len(words)
    while words and words[-1] in _OF:
        words.pop()
    return len(words) < linked and bool(words) and words[-1] in _FILES
