"""`python -m kb`: the assistant without a browser.

Exit codes: 0 done; 1 nothing done, one sentence on standard error; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TextIO

from cli.image import add_image
from cli.jsonl import answer_lines
from cli.review import add_review
from cli.serialize import gap_to_json, to_json
from evals.decisions import (
    decide_cases,
    read_cases,
    read_decisions,
    worse_decisions,
    write_decisions,
)
from evals.evaluate import (
    SPLITS,
    baseline_of,
    evaluate,
    flips,
    read_baseline,
    read_golden,
    sources_of,
    write_baseline,
)
from evals.report import as_html, as_text, gather
from evals.report_decisions import decision_text
from kb.assistant import Assistant
from kb.errors import KbError
from kb.gaps.drafts import draft
from kb.gaps.export import write_csv, write_jsonl
from kb.gaps.gaps import Gap, GapFinder
from kb.messages import message
from kb.records import Answer
from kb.settings import Settings, read_settings
from kb.wiring import open_assistant, open_feedback, open_store


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What is stored and asked is UTF-8 everywhere, whatever the terminal's locale says.
        sys.stdout.reconfigure(encoding="utf-8", errors="replace", newline="")
    try:
        code = int(options.run(options, read_settings(), sys.stdout))
        sys.stdout.flush()
    except KbError as error:
        print(error, file=sys.stderr)  # noqa: T201 the command line's voice
        return 1
    except BrokenPipeError:
        # The reader, such as `head`, has what it wanted; Python must not flush into the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kb", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    ask = commands.add_parser("ask", help="answer a question")
    ask.add_argument("question", nargs="?", help="the question, in Japanese or English")
    how = ask.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="the answer as one JSON object")
    how.add_argument("--jsonl", action="store_true", help="one question a line on standard input")
    ask.set_defaults(run=_ask, usage=ask)
    source = commands.add_parser("source", help="print a document exactly as stored")
    source.add_argument("document", help="as named in a citation")
    source.set_defaults(run=_source)
    add_image(commands)
    add_review(commands)
    golden = Path("evals/data/golden.yaml")
    evaluation = commands.add_parser("eval", help="ask the golden questions and judge the answers")
    evaluation.add_argument("--golden", type=Path, default=golden, metavar="FILE")
    evaluation.add_argument(
        "--baseline", type=Path, default=golden.with_name("baseline.json"), metavar="FILE"
    )
    evaluation.add_argument("--accept", action="store_true", help="make the outcome the baseline")
    evaluation.add_argument(
        "--report", type=Path, default=Path("data/eval/report.html"), metavar="FILE"
    )
    evaluation.add_argument("--split", choices=("all", *SPLITS), default="all")
    evaluation.set_defaults(run=_eval)
    feedback = commands.add_parser("feedback", help="export questions, answers and votes")
    feedback.add_argument("--format", choices=("csv", "jsonl"), default="jsonl")
    feedback.set_defaults(run=_feedback)
    gaps = commands.add_parser("gaps", help="questions without a good answer, grouped by meaning")
    shape = gaps.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="all gaps as one JSON object")
    shape.add_argument("--note", metavar="ID", help="the beginning of a note that closes this gap")
    gaps.set_defaults(run=_gaps)
    forget = commands.add_parser("forget", help="delete all that is stored of a person")
    forget.add_argument("person", help="the id, as in the export")
    forget.set_defaults(run=_forget)
    return parser


def _ask(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    if options.jsonl == (options.question is not None):
        options.usage.error("give a question in quotes, or --jsonl and questions on standard input")
    store = open_store(settings)
    store.current()  # without an index no line could be answered, so that is said once
    assistant = open_assistant(settings, store)
    if options.jsonl:
        for row in answer_lines(assistant.ask, sys.stdin.buffer):
            print(json.dumps(row, ensure_ascii=False), file=out, flush=True)
        return 0
    answer = assistant.ask(options.question.encode("utf-8", "replace").decode("utf-8"))
    said = json.dumps(to_json(answer), ensure_ascii=False) if options.json else _text(answer)
    print(said, file=out)
    return 0


def _text(answer: Answer) -> str:
    """The answer for a terminal, with its sources below."""
    parts = [answer.notice, answer.answer] if answer.notice else [answer.answer]
    if answer.suggestions:
        parts.append(message("suggest", answer.language))
        parts.append("\n".join(f"- {suggestion}" for suggestion in answer.suggestions))
    if answer.citations:
        places = [f"[{c.number}] {c.title} – {c.heading}\n    {c.url}" for c in answer.citations]
        parts.append("\n".join(places))
    return "\n\n".join(parts)


def _source(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    document = open_store(settings).current().document(options.document)
    out.write(document.text)
    return 0


def _eval(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    items = [i for i in read_golden(options.golden) if options.split in ("all", i.split)]
    store = open_store(settings)
    index = store.current()
    baseline = read_baseline(options.baseline)
    if options.accept:
        _check_acceptable(options, sources_of(index))
    assistant = open_assistant(settings, store)
    outcomes = evaluate(items, assistant, index)
    worse, better = flips(outcomes, baseline.items if baseline else {})
    facts = gather(
        index,
        fit=options.golden.with_name("fit.json"),
        peer=options.report.with_name("peer.json"),
    )
    options.report.parent.mkdir(parents=True, exist_ok=True)
    page = as_html(items, outcomes, facts, worse, better)
    options.report.write_text(page, encoding="utf-8")
    if options.accept:
        write_baseline(baseline_of(outcomes, index), options.baseline)
    print(as_text(outcomes, worse, better), file=out)
    decided_worse = _eval_decisions(options, assistant, out)
    print(f"\nReport: {options.report}", file=out)
    if options.accept:
        print(f"Accepted: {options.baseline}", file=out)
        return 0
    if baseline is None:
        print("Nothing has been accepted yet: python -m kb eval --accept", file=out)
    elif baseline.sources != sources_of(index):
        held = ", ".join(baseline.sources)
        print(f"The baseline was accepted on an index of other sources ({held}).", file=out)
    return int(bool(worse) or decided_worse)


def _eval_decisions(options: argparse.Namespace, assistant: Assistant, out: TextIO) -> bool:
    """Decide the cases beside the golden questions, if there are any; whether one got worse."""
    file = options.golden.with_name("decisions.yaml")
    if not file.exists():
        return False
    cases = [case for case in read_cases(file) if options.split in ("all", case.split)]
    outcomes = decide_cases(cases, assistant)
    baseline = options.baseline.with_name("decisions-baseline.json")
    worse = worse_decisions(outcomes, read_decisions(baseline))
    print(f"\n{decision_text(outcomes, worse)}", file=out)
    if options.accept:
        write_decisions(outcomes, baseline)
    return bool(worse)


def _feedback(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    with closing(open_feedback(settings)) as store:
        write = write_csv if options.format == "csv" else write_jsonl
        write(store.entries(), out)
    return 0


def _gaps(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    store = open_store(settings)
    version = store.current().version
    with closing(open_feedback(settings)) as feedback:
        entries = feedback.entries()
    gaps = GapFinder(store, open_assistant(settings, store)).find(entries)
    if options.json:
        rows = [gap_to_json(gap) for gap in gaps]
        said = json.dumps({"index_version": version, "gaps": rows}, ensure_ascii=False)
    elif options.note:
        said = _draft(options.note, gaps)
    else:
        said = "\n\n".join(map(_gap_text, gaps)) or "No question went without a good answer."
    print(said, file=out)
    return 0


def _draft(identity: str, gaps: Sequence[Gap]) -> str:
    found = [gap for gap in gaps if gap.id == identity]
    if not found:
        raise KbError(f"There is no gap “{identity}”; `kb gaps` lists them.")
    made = draft(found[0])
    parts = {f"notes/{language}/*.md": note for language, note in made.notes.items()}
    parts |= {"notes/evidence.yaml": made.evidence, "evals/data/golden.yaml": made.golden}
    return "\n".join(f"=== {file}\n{text}" for file, text in parts.items())


def _gap_text(gap: Gap) -> str:
    why = ", ".join(f"{trouble} {times}" for trouble, times in gap.troubles.items())
    return "\n".join(
        [
            f"{gap.id}  {gap.state}  asked {gap.times} times ({why})",
            *(f"  {asked.times} × {asked.text}" for asked in gap.questions),
            *(f"      {comment}" for asked in gap.questions for comment in asked.comments),
            *(f"  near: {section.heading} ({section.document})" for section in gap.nearest),
        ]
    )


def _forget(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    with closing(open_feedback(settings)) as store:
        gone = store.forget(options.person)
    if not gone:
        raise KbError(f"Nothing is stored of “{options.person}”; `kb feedback` lists the ids.")
    print(f"Deleted: {gone} rows of {options.person}.", file=out)
    return 0


def _check_acceptable(options: argparse.Namespace, sources: Sequence[str]) -> None:
    """A baseline covers all questions, on an index of the notes alone, as the tests build it."""
    if options.split != "all":
        raise KbError("A baseline covers all questions; leave --split away to accept one.")
    if tuple(sources) != ("notes",):
        raise KbError(
            f"A baseline is made on an index of the notes alone; this one holds "
            f"{', '.join(sources)}. Build one with KB_SOURCES=evals/data/sources.yaml and "
            "KB_INDEX_DIR=data/eval/index, then accept with that KB_INDEX_DIR."
        )


if __name__ == "__main__":
    sys.exit(main())
