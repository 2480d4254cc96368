"""Follow-ups: how well a message is answered in its conversation: `python -m evals.followups`.

Holds the conversations of data/followups.jsonl with the index in use, judges the answer to the last
message of each, and prints by split, kind and language the share that is right, with n and Wilson's
interval. Right is an answer that is not declined, holds the needed facts, opens with the one asked
for, has the pattern, the form and the language asked for, and asks back only where it may.
Conversations of the split `test` are for figures as a whole; `--each` prints the others.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.intervals import wilson
from evals.metrics import fact_share
from kb.assistant import Assistant
from kb.records import LANGUAGES, Answer, Turn
from kb.search.embedding import load_embedder
from kb.search.index import IndexStore
from kb.settings import read_settings
from kb.text.language import language

FILE = Path(__file__).parent / "data" / "followups.jsonl"
_OPENING = 2
"""Sentences that quote a source, in which the thing asked for has to stand."""
Facts = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """The person's messages, and what the answer to the last one has to be."""

    id: str
    kind: str
    language: str
    split: str
    messages: tuple[str, ...]
    facts: Facts = ()
    opens: Facts = ()
    """Facts that its first sentences hold."""
    absent_first: tuple[str, ...] = ()
    """What its first sentence must not speak of."""
    patterns: tuple[str, ...] | None = None
    reply: str = ""
    """The language that is asked for."""
    lines: int = 0
    """How many statements it may have; 0: any number."""
    clarify: bool = True
    """It may ask back."""
    choices: bool = True
    """It may offer choices in place of an answer."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The last answer, and what is wrong with it."""

    conversation: Conversation
    answer: Answer
    wrong: tuple[str, ...]


def read_conversations(file: Path = FILE) -> list[Conversation]:
    """One JSON object a line."""
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return [_conversation(row) for row in rows]


def _conversation(row: dict[str, Any]) -> Conversation:
    given: dict[str, Any] = {
        **row,
        "messages": tuple(row["messages"]),
        "facts": tuple(map(tuple, row.get("facts", ()))),
        "opens": tuple(map(tuple, row.get("opens", ()))),
        "absent_first": tuple(row.get("absent_first", ())),
        "patterns": tuple(row["patterns"]) if "patterns" in row else None,
    }
    return Conversation(**given)


def judge(conversation: Conversation, answer: Answer) -> Outcome:
    """What is wrong with the answer to the last message."""
    quoting = [s for s in answer.sentences if s.citations]
    statements = [s for s in quoting if not s.text.startswith("```")]
    opening = "\n".join(s.text for s in quoting[:_OPENING])
    first = answer.sentences[0].text if answer.sentences else answer.answer
    wrong = {
        "declined": answer.declined,
        "facts": fact_share(answer.answer, conversation.facts) < 1,
        "opens": fact_share(opening, conversation.opens) < 1,
        "first": any(word in first for word in conversation.absent_first),
        "pattern": conversation.patterns is not None and answer.patterns != conversation.patterns,
        "language": bool(conversation.reply)
        and language("\n".join(s.text for s in statements)) != conversation.reply,
        "lines": bool(conversation.lines) and not 0 < len(statements) <= conversation.lines,
        "asks back": not conversation.clarify and answer.clarify is not None,
        "offers": not conversation.choices and bool(answer.choices),
    }
    return Outcome(conversation, answer, tuple(name for name, is_so in wrong.items() if is_so))


def hold(conversation: Conversation, assistant: Assistant) -> Outcome:
    """The conversation held for real."""
    history: list[Turn] = []
    for message in conversation.messages:
        answer = assistant.ask(message, history)
        history += [Turn("user", message), Turn("assistant", answer.answer)]
    return judge(conversation, answer)


def lines(outcomes: Sequence[Outcome]) -> list[str]:
    """The table: a line a slice."""
    result = []
    for split in ("tune", "test"):
        part = [o for o in outcomes if o.conversation.split == split]
        slices = {split: part}
        for code in LANGUAGES:
            slices[f"{split} {code}"] = [o for o in part if o.conversation.language == code]
        for kind in dict.fromkeys(o.conversation.kind for o in part):
            slices[f"{split} {kind}"] = [o for o in part if o.conversation.kind == kind]
        for name, some in slices.items():
            if not some:
                continue
            right = sum(not o.wrong for o in some)
            low, high = wilson(right, len(some))
            share = right / len(some)
            result.append(f"{name:<16} {share:.2f} [{low:.2f}–{high:.2f}] n={len(some)}")
    return result


def _each(outcomes: Iterable[Outcome]) -> list[str]:
    result = []
    for one in outcomes:
        if one.conversation.split == "tune" and one.wrong:
            result.append(f"--- {one.conversation.id}: {', '.join(one.wrong)}")
            result += [f"    > {message}" for message in one.conversation.messages]
            result.append("    " + one.answer.answer[:900].replace("\n", "\n    "))
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", action="store_true", help="what is wrong, of the split `tune`")
    options = parser.parse_args(arguments)
    settings = read_settings()
    assistant = Assistant(IndexStore(settings.index_dir), load_embedder(settings.embedding_model))
    outcomes = [hold(one, assistant) for one in read_conversations()]
    text = [*(_each(outcomes) if options.each else ()), *lines(outcomes)]
    sys.stdout.write("\n".join(text) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
