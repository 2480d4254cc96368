"""Reading by the chat model: what a message does, what to search for, what it says of a case.

Takes a message with its conversation, a `Reader` and a model; gives the reading of that reader with
act, form, queries and case as the model sees them. What counts is only what we know and what stands
in the person's words. Without a usable reply it is the reading of the reader within. Knows nothing
about rules, indexes or answers.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from kb.pattern.knowing import clicked
from kb.pattern.patterns import load_model
from kb.reading.act import TALK
from kb.reading.case import Standing, case_reading, folded, supposed
from kb.reading.named import State, Told
from kb.reading.reading import IN_LANGUAGE, CaseReading, Form, Reader, Reading
from kb.records import Act, Side, Turn, Usage
from kb.search.remembering import Recent, digest
from kb.text.fold import fold
from kb.writer.chat import ChatFailed
from kb.writer.handover import defused
from kb.writer.model import Model
from kb.writer.prompts import prompt, versions

_LOG = logging.getLogger("kb")
_LONGEST = 6_000
"""Characters of the message that the model is given: its beginning and its end."""
_TURNS = 8
"""Earlier messages that it is given at most, and characters of each: the person's, ours."""
_OWN, _OURS = 1_500, 500
_QUERY = 300
_MOST = 3
_CONDITIONS = 16
"""Conditions that are taken from one reply."""
_REMEMBERED = 256
_OBJECT = re.compile(r"\{.*\}", re.DOTALL)


def _known(values: Any) -> BeforeValidator:
    """Anything else than one of `values` counts as nothing."""
    return BeforeValidator(lambda value: value if value in get_args(values) else None)


def _whole(value: object) -> object:
    return value if type(value) is int and 0 < value <= 50 else None


def _texts(value: object) -> object:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else value


class _Condition(BaseModel):
    model_config = ConfigDict(frozen=True)
    signal: str
    words: str
    state: State = "holds"
    side: Annotated[Side | None, _known(Side)] = None


def _conditions(value: object) -> object:
    """Without rows that are none."""
    rows = []
    for row in value if isinstance(value, list) else []:
        try:
            rows.append(_Condition.model_validate(row))
        except ValidationError:
            continue
    return rows[:_CONDITIONS]


class _Reply(BaseModel):
    """What the model says; one with another act than ours is none."""

    model_config = ConfigDict(frozen=True)
    act: Act
    form: Annotated[Form | None, _known(Form)] = None
    lines: Annotated[int | None, BeforeValidator(_whole)] = None
    queries: Annotated[tuple[str, ...], BeforeValidator(_texts)] = ()
    wants_decision: bool = Field(strict=True)
    conditions: Annotated[tuple[_Condition, ...], BeforeValidator(_conditions)] = ()
    sides: Annotated[tuple[str, ...], BeforeValidator(_texts)] = ()


@dataclass(frozen=True, slots=True)
class _Words:
    """Where the person said something."""

    text: str
    start: int
    is_new: bool
    """In this message, not in an earlier one."""


class ModelReader:
    """Reads with a chat model, one call a message. Safe to share between threads."""

    def __init__(self, within: Reader, model: Model, within_seconds: float) -> None:
        self._within = within
        self._model = model
        self._seconds = within_seconds
        self._known = Recent[Reading](_REMEMBERED)

    def read(self, message: str, history: Sequence[Turn]) -> Reading:
        """The message, read; raises nothing, whatever came."""
        reading = self._within.read(message, history)
        if reading.danger is not None or clicked(message) or not any(map(str.isalnum, message)):
            return reading
        spent: list[Usage] = []

        def ask() -> Reading:
            reply = self._model.ask(_asked(message, history), spent.append, within=self._seconds)
            found = _OBJECT.search(reply)
            read = _Reply.model_validate_json(found[0] if found else "")
            return replace(_merged(read, reading, message, history), prompts=versions("read"))

        try:
            reading = self._known.get(
                digest(message, *(f"{turn.role}\0{turn.content}" for turn in history)),
                ask,
                characters=len(message),
            )
        except (ChatFailed, ValidationError) as failure:
            _LOG.warning("read without the chat model: %s", _short(failure))
        return replace(reading, usage=sum(spent, Usage()) if spent else None)


def _short(failure: Exception) -> str:
    """Why, without what the person or the model wrote."""
    if isinstance(failure, ValidationError):
        places = {".".join(map(str, error["loc"])) or error["type"] for error in failure.errors()}
        return f"the reply does not fit: {', '.join(sorted(places))}"
    return str(failure)


def _asked(message: str, history: Sequence[Turn]) -> list[tuple[str, str]]:
    known = "\n".join(f"{signal.id}: {signal.label.en}" for signal in load_model().signals)
    turns = [
        f"<person>\n{_data(turn.content, _OWN)}\n</person>"
        if turn.role == "user"
        else f"<assistant>\n{_data(turn.content, _OURS)}\n</assistant>"
        for turn in history[-_TURNS:]
    ]
    conversation = "\n".join(("<conversation>", *turns, "</conversation>"))
    own = f"<message>\n{_data(message, _LONGEST)}\n</message>"
    return [("system", prompt("read", signals=known)), ("human", f"{conversation}\n{own}")]


def _data(text: str, longest: int) -> str:
    """Text as data; of a long one the beginning and the end."""
    if len(text) > longest:
        text = f"{text[: longest * 3 // 4]}\n…\n{text[-longest // 4 :]}"
    return defused(text)


def _merged(read: _Reply, within: Reading, message: str, history: Sequence[Turn]) -> Reading:
    """The reading of the reader within, with what the model knows better."""
    talks = read.act in TALK
    queries = () if talks else _queries(read, within)
    own = [turn.content for turn in history if turn.role == "user"]
    spoken = within.language if read.act == "form" else IN_LANGUAGE.get(read.form, within.language)
    return replace(
        within,
        language=spoken,
        act=read.act,
        queries=queries,
        form=read.form,
        lines=read.lines,
        case=_case(read, message, own),
        follows=bool(own) and bool(queries) and queries[0] not in message,
    )


def _queries(read: _Reply, within: Reading) -> tuple[str, ...]:
    """The model's, with the line that names an error, which is searched for as it stands."""
    texts = [" ".join(query.split())[:_QUERY] for query in read.queries]
    found = [text for text in dict.fromkeys(texts) if text][:_MOST]
    errors = [part.text.strip() for part in within.error_lines]
    lines = [q for q in within.queries if any(q in e or e in q for e in errors if e)]
    if not found:
        return within.queries
    new = [line for line in lines if not any(line in query for query in found)]
    return (*found[: _MOST - len(new[:1])], *new[:1])


def _case(read: _Reply, message: str, own: Sequence[str]) -> CaseReading | None:
    """The case as it stands, by what the person's words hold."""
    holds: list[Told] = []
    supposes: list[Told] = []
    gone: list[Told] = []
    is_new, is_old = False, False
    for row in read.conditions:
        words = _find(row.words, message, own) if row.signal in load_model().signal else None
        if words is None:
            continue
        told = Told(row.signal, words.text, words.start, row.state, row.side, 1.0)
        is_new = is_new or words.is_new
        is_old = is_old or not words.is_new
        if row.state == "hypothetical":
            supposes.append(told)
        elif row.state == "dropped":
            gone.append(told)
        else:
            holds.append(told)
    standing, dropped = folded(Standing(), [*holds, *(replace(g, state="negated") for g in gone)])
    stood = Standing((*standing.told, *gone)) if own and (is_old or gone) else Standing()
    if supposes:
        standing, lifted = supposed(standing, supposes)
        dropped = (*dropped, *lifted)
    if not standing and not gone and not read.wants_decision:
        return None
    dropped = (*dropped, *(g for g in gone if g.signal not in {t.signal for t in standing.told}))
    case = case_reading(
        standing,
        dropped,
        stood,
        wanted=float(read.wants_decision),
        order=(),
    )
    changed = bool(stood) and (case.changed or is_new)
    asked = tuple(side for side in case.sides if side in read.sides)  # the other one may stand, too
    return replace(case, sure=1.0, changed=changed, sides=asked or case.sides)


def _find(words: str, message: str, own: Sequence[str]) -> _Words | None:
    """Where the person said so, the new message first; widths, case and blanks may differ."""
    part = fold(words).text.strip()
    if len(part) < 2:
        return None
    for place, text in enumerate((message, *reversed(own))):
        whole = fold(text)
        at = whole.text.find(part)
        if at >= 0:
            found = whole.words(at, at + len(part))
            return _Words(found, max(text.find(found), 0), place == 0)
    return None
