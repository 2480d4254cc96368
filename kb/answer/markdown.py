"""Markdown: the sentences of an answer as one text with its citation marks.

Takes `Sentence` values, gives a string. Knows nothing about where they come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kb.records import Sentence


def to_markdown(
    parts: Iterable[Sentence],
    mark: Callable[[int], str] = lambda number: f"[{number}]",
    *,
    doubt: str = "",
) -> str:
    """The answer as Markdown with [1] markers (or what `mark` makes of them).

    Steps are numbered anew from 1; code and tables stay as they are, blank lines included. `doubt`:
    what stands behind a sentence that nothing proves.
    """
    text, before = "", ""
    step = 0
    for sentence in parts:
        marks = "".join(mark(number) for number in sentence.citations)
        marker = sentence.marker
        if marker[:1].isdigit():
            step += 1
            marker = f"{step}. "
        if doubt and sentence.is_doubtful:
            marks = f"{doubt} {marks}".rstrip()
        above, _, lead = sentence.lead.rpartition("\n")
        if sentence.text.startswith(("```", "|")):
            marker, piece = "", f"{sentence.text}\n\n{marks}".rstrip()
        else:
            piece = f"{marker.lstrip()}{lead}{sentence.text} {marks}".rstrip()
        piece = f"{above}\n\n{piece}" if above else piece
        # Items of one list, and a sentence that goes on with the next, share their paragraph.
        together = not above and (before == " " or (marker.strip() and before.strip()))
        text += ("\n" if together else "\n\n" if text else "") + piece
        before = marker
    return text
