"""A person's message in the conversation: the words as a heading, what was pasted as code below.

Takes the message, gives HTML, safely, and a title of one line. Knows nothing about answers.
"""

from __future__ import annotations

import html
import re

from kb.messages import message
from kb.reading.parts import find_parts
from kb.reading.reading import Part
from kb.text.language import language

_FENCE_LINE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})[^`\n]*$\n?", re.MULTILINE)


def asked_html(question: str) -> str:
    """The message; nothing of what was typed is lost but the fences."""
    tongue = language(question)
    pasted = _pasted(question)
    if not pasted:
        return _heading(question, tongue)
    words, at = "", 0
    shown: list[str] = []
    for part in pasted:
        before = _words(question[at : part.start])
        if before and not words and not shown:
            words = before
        elif before:
            shown.append(f'<p class="kb-asked-more" lang="{tongue}">{html.escape(before)}</p>')
        shown.append(f'<pre class="kb-paste">{html.escape(part.text.strip(chr(10)))}</pre>')
        at = part.end
    behind = _words(question[at:])
    if behind:
        shown.append(f'<p class="kb-asked-more" lang="{tongue}">{html.escape(behind)}</p>')
    return _heading(words or _kind(pasted[0], question), tongue) + "".join(shown)


def title_line(question: str) -> str:
    """The words of a message on one line; of a mere paste what it is and how it begins."""
    pasted = _pasted(question)
    if not pasted:
        return " ".join(question.split())
    ends = [0, *(part.end for part in pasted)]
    begins = [*(part.start for part in pasted), len(question)]
    words = [_words(question[a:b]) for a, b in zip(ends, begins, strict=True)]
    said = " ".join(" ".join(words).split())
    first = " ".join(pasted[0].text.strip().partition("\n")[0].split())
    return said or f"{_kind(pasted[0], question)}: {first}"


def _pasted(question: str) -> list[Part]:
    """What was pasted over more than a line, or within fences."""
    if "\n" not in question:
        return []
    return [
        part
        for part in find_parts(question)
        if part.kind not in ("question", "prose")
        and ("\n" in part.text.strip() or _FENCE_LINE.search(question[: part.start]))
    ]


def _words(text: str) -> str:
    return _FENCE_LINE.sub("", text).strip()


def _heading(text: str, tongue: str) -> str:
    return f'<h2 class="kb-asked" lang="{tongue}">{html.escape(text)}</h2>'


def _kind(part: Part, question: str) -> str:
    return message(f"review_name_{part.kind}", language(question))
