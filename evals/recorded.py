"""Evaluate a chat model without one: `python -m evals.recorded` on recorded replies.

Takes messages with labels, questions and the replies that a language model gave to their exact
prompts (evals/data/recorded); puts them through the product and prints what was read, marked and
removed, and what a question cost. Calls without a reply go to --missing with their prompts, to be
answered and recorded: first the reading, then the answer, then its check.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.messages import Slice
from evals.replay import Call, Key, Replay
from kb.pattern.situation import weigh
from kb.reading.reading import Reader, Reading
from kb.records import Answer, Turn
from kb.settings import read_settings
from kb.wiring import open_assistant, open_reader

DATA = Path("evals/data/recorded")


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


def _replies(file: Path) -> dict[Key, dict[str, Any]]:
    return {(row["id"], row["kind"], row.get("number", 1)): row for row in _lines(file)}


def outcome(reading: Reading) -> tuple[str, ...]:
    """The patterns that the case comes to, `?` for a question back, nothing where none is asked."""
    case = reading.case
    if case is None or case.wanted < 0.5:
        return ()
    verdicts = [weighed.verdict for weighed in weigh(case)]
    if any(verdict.question for verdict in verdicts):
        return ("?",)
    return tuple(v.outcome.id for v in verdicts if v.outcome is not None)


def read_all(reader: Reader, items: Iterable[Mapping[str, Any]]) -> None:
    """Print how each message is read against its label."""
    act, pattern, unasked = Slice(), Slice(), Slice()
    for item in items:
        history = [Turn(turn["role"], turn["content"]) for turn in item["history"]]
        reading = reader.read(item["message"], history)
        got = outcome(reading)
        act.add(reading.act == item["act"], f"{item['id']} {item['act']}: {reading.act}")
        if item["wants_decision"]:
            wanted = set(item["patterns"])
            pattern.add(set(got) == wanted, f"{item['id']} {sorted(wanted)}: {got}")
        else:
            unasked.add(not got, f"{item['id']} unasked: {got}")
    print(f"act right: {act}\npattern right: {pattern}\nnot asked and not decided: {unasked}")
    for line in (*act.wrong, *pattern.wrong, *unasked.wrong):
        print(f"  {line}")


def ask_all(replay: Replay, answers: Sequence[Answer], name: str) -> None:
    """Print what became of the written sentences, and what the questions cost."""
    written = [a for a in answers if a.model != "extractive" and not a.declined]
    declined = [a for a in answers if a.declined]
    cited = [s for a in written for s in a.sentences if s.citations]
    marked = [s for s in cited if s.supported is False]
    removed = [c for c in replay.calls if c.key[1] == "check"]
    usages = [a.trace.usage for a in answers if a.trace is not None]
    tokens = sorted(u.tokens_in + u.tokens_out for u in usages)
    print(f"\n{name}: {len(answers)} questions, {len(written)} written, {len(declined)} declined")
    print(f"sentences with citations: {len(cited)}, marked: {len(marked)}; checks: {len(removed)}")
    for sentence in marked:
        print(f"  marked: {sentence.text}")
    for answer in answers:
        if answer.notice:
            print(f"  {answer.question[:40]}: {answer.notice}")
    if tokens:
        p95 = tokens[min(len(tokens) - 1, round(0.95 * (len(tokens) - 1)))]
        calls = statistics.mean(u.calls for u in usages)
        print(f"tokens a question: median {statistics.median(tokens):.0f}, p95 {p95}")
        print(f"calls a question: {calls:.2f}; estimated: {any(u.is_estimate for u in usages)}")
        print(f"seconds to the checked answer: {_median_seconds(answers)}")


def _median_seconds(answers: Sequence[Answer]) -> str:
    seconds = [a.seconds for a in answers if a.model != "extractive"]
    return f"median {statistics.median(seconds):.2f}" if seconds else "none"


def _row(call: Call) -> dict[str, Any]:
    item, kind, number = call.key
    row = {"id": item, "kind": kind, "number": number, "messages": call.messages}
    if kind == "answer":
        row["sources"] = call.sources
    return row


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evals.recorded", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--missing", type=Path, help="where prompts without a reply are written")
    parser.add_argument("--pace", type=float, default=0.0, help="tokens a second; 0: at once")
    parser.add_argument("--without-check", action="store_true", help="the check by words alone")
    parser.add_argument("--only", choices=("messages", "questions"))
    options = parser.parse_args(arguments)
    messages, questions = (_lines(options.data / f"{n}.jsonl") for n in ("messages", "questions"))
    all_items = [*messages, *questions]
    texts = {str(item.get("message") or item["question"]): str(item["id"]) for item in all_items}
    replies = _replies(options.data / "replies.jsonl")
    if options.without_check:
        replies = {key: row for key, row in replies.items() if key[1] != "check"}
    with Replay(texts, replies, options.pace) as replay:
        settings = read_settings().model_copy(
            update={
                "chat_model": "openai:recorded",
                "chat_base_url": replay.base_url,
                "read_timeout": 120.0,
                "chat_timeout": 120.0,
            }
        )
        if options.only != "questions":
            read_all(open_reader(settings), messages)
        if options.only != "messages":
            assistant = open_assistant(settings)
            answers = [assistant.ask(q["question"], language=q["language"]) for q in questions]
            ask_all(replay, answers, "words alone" if options.without_check else "all")
        if options.missing:
            rows = (json.dumps(_row(call), ensure_ascii=False) for call in replay.missing)
            options.missing.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
        print(f"\ncalls without a reply: {len(replay.missing)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
