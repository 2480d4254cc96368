"""`python -m kb`: the assistant without a browser.

Exit codes: 0 done; 1 nothing done, one sentence on standard error; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from kb.assistant import Assistant
from kb.errors import KbError
from kb.messages import message
from kb.records import Answer, Turn
from kb.serialize import to_json
from kb.settings import Settings, read_settings
from kb.text import language
from kb.wiring import open_assistant, open_store

_LOG = logging.getLogger("kb")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options, read_settings(), sys.stdout))
    except KbError as error:
        print(error, file=sys.stderr)  # noqa: T201 the command line's voice
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kb", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    ask = commands.add_parser("ask", help="answer a question")
    ask.add_argument("question", nargs="?", default="", help="the question, in Japanese or English")
    ask.add_argument("--json", action="store_true", help="the answer as one JSON object")
    ask.add_argument("--jsonl", action="store_true", help="questions from standard input, one object a line")
    ask.set_defaults(run=_ask)
    source = commands.add_parser("source", help="print a document exactly as stored")
    source.add_argument("document", help="as named in a citation")
    source.set_defaults(run=_source)
    return parser


def _ask(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    if options.jsonl:
        return _ask_lines(open_assistant(settings), sys.stdin, out)
    if not options.question.strip():
        raise KbError('Give the question in quotes: python -m kb ask "…", or use --jsonl.')
    answer = open_assistant(settings).ask(options.question)
    print(json.dumps(to_json(answer), ensure_ascii=False) if options.json else _text(answer), file=out)
    return 0


def _text(answer: Answer) -> str:
    """The answer for a terminal, with its sources below."""
    parts = [answer.notice, answer.answer] if answer.notice else [answer.answer]
    if answer.suggestions:
        parts.append(message("suggest", answer.language))
        parts.append("\n".join(f"- {suggestion}" for suggestion in answer.suggestions))
    if answer.citations:
        parts.append("\n".join(f"[{c.number}] {c.title} – {c.heading}\n    {c.url}" for c in answer.citations))
    return "\n\n".join(parts)


def _ask_lines(assistant: Assistant, lines: Iterable[str], out: TextIO) -> int:
    for number, line in enumerate(lines, 1):
        if line.strip():
            print(json.dumps(_ask_line(assistant, line, number), ensure_ascii=False), file=out, flush=True)
    return 0


def _ask_line(assistant: Assistant, line: str, number: int) -> dict[str, Any]:
    """One answer as an object; a bad line gives its id and an error, and never stops the rest."""
    identity: Any = f"line-{number}"
    try:
        row = json.loads(line)
        if not isinstance(row, dict):
            raise TypeError("expected an object with id and question")
        identity = row.get("id", identity)
        question = row.get("question")
        if not isinstance(question, str):
            raise TypeError("expected “question” to be a text")
        return {**to_json(assistant.ask(question, _history(row.get("history")))), "id": identity}
    except (ValueError, TypeError, KbError) as error:
        return {"id": identity, "error": f"line {number}: {error}"}
    except Exception:  # one bad line must not cost the others their answers
        _LOG.exception("line %d failed", number)
        return {"id": identity, "error": f"line {number}: {message('failed', language(line))}"}


def _history(rows: Any) -> list[Turn]:
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise TypeError("expected “history” to be a list of objects with role and content")
    turns = []
    for row in rows:
        if not isinstance(row, dict) or row.get("role") not in ("user", "assistant"):
            raise TypeError("expected each turn to have role user or assistant")
        turns.append(Turn(row["role"], str(row.get("content", ""))))
    return turns


def _source(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    document = open_store(settings).current().document(options.document)
    out.write(document.text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
