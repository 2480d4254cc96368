"""`python -m kb eval`: the golden questions asked, judged and held against the baseline.

Takes the files of questions and baselines, prints tables. Knows nothing about how it is measured.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TextIO

from evals.aside import aside, fitted
from evals.decisions import (
    decide_cases,
    read_cases,
    read_decisions,
    worse_decisions,
    write_decisions,
)
from evals.evaluate import (
    baseline_of,
    evaluate,
    flips,
    read_baseline,
    read_golden,
    sources_of,
    write_baseline,
)
from evals.report import FIGURES, as_html, as_text, gather
from evals.report_decisions import decision_text
from kb.assistant import Assistant
from kb.errors import KbError
from kb.settings import Settings
from kb.wiring import open_assistant, open_store


def run(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    items = [i for i in read_golden(options.golden) if options.split in ("all", i.split)]
    store = open_store(settings)
    index = store.current()
    baseline = read_baseline(options.baseline)
    if options.accept:
        _check_acceptable(options, sources_of(index))
    assistant = open_assistant(settings, store)
    outcomes = evaluate(items, assistant, index)
    comparable = baseline is None or baseline.sources == sources_of(index)
    worse, better = flips(outcomes, baseline.items if baseline and comparable else {})
    facts = gather(
        index,
        fit=FIGURES,
        peer=options.report.with_name("peer.json"),
    )
    options.report.parent.mkdir(parents=True, exist_ok=True)
    page = as_html(items, outcomes, facts, worse, better)
    options.report.write_text(page, encoding="utf-8")
    if options.accept:
        write_baseline(baseline_of(outcomes, index), options.baseline)
    print(as_text(outcomes, worse, better), file=out)
    decided_worse = _eval_decisions(options, assistant, out, comparable=comparable)
    print("\nSet aside, with the 95 % interval:", file=out)
    for share in aside(assistant, outcomes, options.golden.parent):
        print(share, file=out)
    print("\nThe safety model is fitted on these; the whole way is measured:", file=out)
    for share in fitted(assistant, options.golden.parent):
        print(share, file=out)
    print(f"\nReport: {options.report}", file=out)
    if options.accept:
        print(f"Accepted: {options.baseline}", file=out)
        return 0
    if baseline is None:
        print("Nothing has been accepted yet: run `make eval-accept`.", file=out)
    elif not comparable:
        sources = ", ".join(baseline.sources)
        print(f"The baseline is of other sources ({sources}): nothing is compared.", file=out)
    return int(bool(worse) or decided_worse)


def _eval_decisions(
    options: argparse.Namespace, assistant: Assistant, out: TextIO, *, comparable: bool
) -> bool:
    """Decide the cases beside the golden questions, if there are any; whether one got worse."""
    file = options.golden.with_name("decisions.yaml")
    if not file.exists():
        return False
    cases = [case for case in read_cases(file) if options.split in ("all", case.split)]
    outcomes = decide_cases(cases, assistant)
    baseline = options.baseline.with_name("decisions-baseline.json")
    worse = worse_decisions(outcomes, read_decisions(baseline)) if comparable else []
    print(f"\n{decision_text(outcomes, worse)}", file=out)
    if options.accept:
        write_decisions(outcomes, baseline)
    return bool(worse)


def _check_acceptable(options: argparse.Namespace, sources: Sequence[str]) -> None:
    """A baseline covers all questions, on an index of the notes alone, as the tests build it."""
    if options.split != "all":
        raise KbError("A baseline covers all questions; leave --split away to accept one.")
    if tuple(sources) != ("notes",):
        raise KbError(
            f"A baseline is made on an index of the notes alone; this one holds "
            f"{', '.join(sources)}. Run `make eval-accept`, which builds one and accepts it."
        )
