"""`python -m kb ask`: one answer, or lines of questions to lines of answers.

Takes the words of the command line, prints answers. Knows nothing about how they come about.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TextIO

from cli.jsonl import answer_lines
from cli.serialize import to_json
from kb.messages import message
from kb.records import Answer
from kb.settings import Settings
from kb.wiring import open_assistant, open_store


def run(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
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
