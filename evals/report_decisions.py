"""Report of decisions: what an evaluation of cases gave, as text for a terminal.

Takes outcomes and what was accepted, gives text. Knows nothing about asking or judging.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evals.decisions import Decided, decision_slices, summarize_decisions
from evals.report import aligned


def decision_text(outcomes: Sequence[Decided], worse: Sequence[str]) -> str:
    """The table by split and language, the cases that went wrong, and those that flipped."""
    rows: list[tuple[str, Mapping[str, float]]] = [
        (name, summarize_decisions(part)) for name, part in decision_slices(outcomes).items()
    ]
    # Of the set-aside slice only figures are shown, so that nobody tunes on it.
    wrong = [o for o in outcomes if not o.right and o.case.split == "tune"]
    parts = ["Decisions", "\n".join(aligned(rows))] if rows else []
    parts += [
        f"  {o.case.id}: {_named(o.case.pattern, o.case.clarify)} wanted, "
        f"{_named(o.pattern, o.clarify)} given"
        for o in wrong
    ]
    if worse:
        parts.append(f"- worse than the baseline: {', '.join(worse)}")
    return "\n".join(parts)


def _named(pattern: str | None, clarify: bool) -> str:
    return pattern or ("a question back" if clarify else "no decision")
