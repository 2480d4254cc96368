"""Check: what a second model says of each written sentence and its quotes, in one call.

Takes the question, claims with their quotes and a way to ask the model; gives a verdict a claim, or
None where the model gave nothing that can be used. Knows nothing about how either came about.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from kb.writer.chat import ChatFailed, Message
from kb.writer.handover import defused
from kb.writer.prompts import prompt

_LOG = logging.getLogger("kb")
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)
_TAG = re.compile(r"<(?=\s*/?\s*(?:claim|quote|question)\b)", re.IGNORECASE)
_LONGEST = 1_500
"""Characters of a quote or claim that the model is given."""

_QUERY = 300
Ask = Callable[[Sequence[Message]], str]
"""Asks the model, gives its whole reply; raises ChatFailed."""
Standing = Literal["supported", "contradicted", "not_stated"]
_STANDINGS: tuple[Standing, ...] = ("supported", "contradicted", "not_stated")


@dataclass(frozen=True, slots=True)
class Claim:
    """A written sentence with the quotes that it cites."""

    text: str
    quotes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model says of one claim."""

    standing: Standing
    words: str = ""
    """The words of the claim that differ from its quotes, an exact part of it; or empty."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A verdict a claim, in order."""

    verdicts: tuple[Verdict, ...]
    answered: bool
    missing: str = ""
    """What to search for instead, where the question is not answered."""


def check(question: str, claims: Sequence[Claim], ask: Ask) -> Checked | None:
    """One call for all claims. None: no verdict on each of them, so that another check decides."""
    if not claims:
        return Checked((), answered=True)
    asked = [("system", prompt("check")), ("human", _listed(question, claims))]
    try:
        reply = ask(asked)
    except ChatFailed as failure:
        _LOG.warning("no check by a model: %s", failure)
        return None
    checked = _read(reply, claims)
    if checked is None:
        _LOG.warning("no check by a model: %d characters without verdicts", len(reply))
    return checked


def _listed(question: str, claims: Sequence[Claim]) -> str:
    lines = [f"<question>\n{_data(question)}\n</question>"]
    for number, claim in enumerate(claims, 1):
        quotes = "\n".join(f"<quote>{_data(quote)}</quote>" for quote in claim.quotes)
        lines.append(f'<claim number="{number}">{_data(claim.text)}\n{quotes}\n</claim>')
    return "\n".join(lines)


def _data(text: str) -> str:
    return _TAG.sub("\u2039", defused(text[:_LONGEST]))


def _read(reply: str, claims: Sequence[Claim]) -> Checked | None:
    """The verdicts of a reply; None unless there is one, of the known ones, for each claim."""
    found = _OBJECT.search(reply)
    try:
        read = json.loads(found[0]) if found else {}
    except ValueError:
        return None
    rows = read.get("claims") if isinstance(read, dict) else None
    verdicts: dict[int, Verdict] = {}
    for row in rows if isinstance(rows, list) else []:
        number, standing = (
            (row.get("number"), row.get("verdict")) if isinstance(row, dict) else (0, "")
        )
        if isinstance(number, int) and 0 < number <= len(claims) and standing in _STANDINGS:
            words = row.get("words")
            known = isinstance(words, str) and words in claims[number - 1].text
            verdicts[number] = Verdict(standing, words if known else "")
    if len(verdicts) < len(claims):
        return None
    ordered = tuple(verdicts[number] for number in range(1, len(claims) + 1))
    missing = read.get("missing")
    return Checked(
        ordered,
        answered=read.get("answered") is not False,
        missing=" ".join(missing.split())[:_QUERY] if isinstance(missing, str) else "",
    )
