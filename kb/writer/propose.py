"""Propose: conditions of a case that a chat model reads out of it, each held against its words.

Takes the person's words and a way to ask the model, gives signals. What counts is only what the
decision model knows and what stands in the words; all else that the model says is dropped. A model
that fails proposes nothing. Knows nothing about rules or answers.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Sequence

from kb.pattern.patterns import load_model
from kb.records import Raised
from kb.text.fold import fold
from kb.writer.chat import ChatFailed, Message
from kb.writer.handover import defused
from kb.writer.prompts import prompt

_LOG = logging.getLogger("kb")
_LONGEST = 4_000
"""Characters of the words that the model is given."""
_MOST = 8
"""Signals that are taken from one reply."""
_ARRAY = re.compile(r"\[.*\]", re.DOTALL)
_TAG = re.compile(r"<(?=\s*/?\s*case\b)", re.IGNORECASE)

Say = Callable[[Sequence[Message]], str]
"""Asks the chat model, gives its whole reply; raises ChatFailed."""


def propose(words: str, say: Say) -> tuple[Raised, ...]:
    """The signals that the model finds in `words`, each with the part of them that it stands on."""
    case = _TAG.sub("\u2039", defused(words[:_LONGEST]))
    known = "\n".join(f"{signal.id}: {signal.label.en}" for signal in load_model().signals)
    asked = [("system", prompt("signals", signals=known)), ("human", f"<case>\n{case}\n</case>")]
    try:
        reply = say(asked)
    except ChatFailed as failure:
        _LOG.warning("no conditions proposed: %s", failure)
        return ()
    return _checked(reply, words)


def _checked(reply: str, words: str) -> tuple[Raised, ...]:
    """What of a reply is a signal that we know, on words that the person said."""
    found = _ARRAY.search(reply)
    try:
        rows = json.loads(found[0]) if found else []
    except ValueError:
        rows = []
    raised: dict[str, Raised] = {}
    for row in rows[:_MOST]:
        if isinstance(row, dict):
            signal, said = row.get("signal"), row.get("words")
            place = _place(said, words) if isinstance(said, str) else ""
            if signal in load_model().signal and place:
                raised.setdefault(str(signal), Raised(str(signal), place))
    return tuple(raised.values())


def _place(said: str, words: str) -> str:
    """The part of `words` that reads like `said`; widths, case and blanks may differ."""
    whole, part = fold(words), fold(said).text.strip()
    at = whole.text.find(part) if len(part) > 1 else -1
    return whole.words(at, at + len(part)) if at >= 0 else ""
