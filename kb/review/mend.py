"""A pasted file with the edits of its findings applied.

Takes a paste and what finds in it, gives the new text and what is left to mend. Knows nothing about
wording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from kb.review.checks import Finding
from kb.review.paste import Paste

Find = Callable[[Paste], list[Finding]]
_ROUNDS = 5
"""Times that a mended file is looked at again: a line may need several mends."""


def mend(paste: Paste, find: Find) -> tuple[str, list[Finding]]:
    """The file mended, and the findings that the mended one still has.

    The worst first; of several edits of the same lines each is made on what the one before left. A
    finding that holds on a condition only (`if_side`) changes nothing.
    """
    for _ in range(_ROUNDS):
        findings = find(paste)
        text = _edited(paste.text, findings)
        if text == paste.text:
            break
        paste = replace(paste, text=text)
    return paste.text, find(paste)


def mended_lines(paste: Paste, finding: Finding, find: Find) -> tuple[str, ...]:
    """What the lines of a finding become with every edit of them made; none where it has none."""
    edit = finding.spot.edit
    if edit is None or not edit.lines or finding.if_side is not None:
        return ()
    first, lines = edit.first, edit.lines
    for _ in range(_ROUNDS):
        same = [f for f in find(paste) if f.spot.edit and f.spot.edit.first == first]
        text = _edited(paste.text, same)
        taken = next((f.spot.edit for f in same if f.spot.edit and f.if_side is None), None)
        if text == paste.text or taken is None:
            break
        paste, lines = replace(paste, text=text), taken.lines
    return lines


def _edited(text: str, findings: Iterable[Finding]) -> str:
    """One round: of two edits of the same lines the first one counts."""
    lines = text.split("\n")
    edits, taken = [], set[int]()
    for finding in findings:
        edit = finding.spot.edit
        if edit is None or finding.if_side is not None:
            continue
        span = set(range(edit.first, edit.last + 1))
        if span & taken:
            continue
        taken |= span
        edits.append(edit)
    for edit in sorted(edits, key=lambda edit: edit.first, reverse=True):
        lines[edit.first - 1 : edit.last] = edit.lines
    return "\n".join(lines)
