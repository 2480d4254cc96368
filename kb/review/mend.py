"""A pasted file with the edits of its findings applied.

Takes text and findings, gives the new text and the findings that it leaves. Knows nothing about
wording.
"""

from __future__ import annotations

from collections.abc import Iterable

from kb.review.checks import Finding


def mend(text: str, findings: Iterable[Finding]) -> tuple[str, list[Finding]]:
    """Worst first: of two edits of the same lines the first one counts.

    A finding that holds on a condition only (`if_side`) changes nothing.
    """
    lines = text.split("\n")
    edits, left, taken = [], [], set[int]()
    for finding in findings:
        edit = finding.spot.edit
        if edit is None or finding.if_side is not None:
            left.append(finding)
            continue
        span = set(range(edit.first, edit.last + 1))
        if span & taken:
            left.append(finding)
            continue
        taken |= span
        edits.append(edit)
    for edit in sorted(edits, key=lambda edit: edit.first, reverse=True):
        lines[edit.first - 1 : edit.last] = edit.lines
    return "\n".join(lines), left
