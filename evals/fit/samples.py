"""Samples: what the models of kb.reading are taught by, from evals/data.

Takes the files, gives `Sample` values: a message, where it stands in its conversation, and what is
known of it. Knows nothing about features or models.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from evals.fit.place import Place
from evals.fit.reader import golden, others, read_examples, told
from kb.pattern.patterns import load_model
from kb.reading.parts import find_parts
from kb.reading.reading import Part
from kb.records import SIDES, Language

DATA = Path(__file__).parents[1] / "data"
MESSAGES = DATA / "messages"
CASES = DATA / "cases"
LANGUAGES: tuple[Language, Language] = ("ja", "en")
_OTHERS = 0.4
"""What a question from the notes counts: there are many more of them than of messages."""


@dataclass(frozen=True, slots=True)
class Told:
    """A condition that a message names."""

    signal: str
    words: str
    state: str
    side: str | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A message and what is known of it; None where nobody has looked."""

    text: str
    group: str
    """What is held out together: a persona, a thread, a brief, a writer."""
    source: str
    language: str = ""
    place: Place = Place()
    earlier: tuple[str, ...] = ()
    """The person's messages before."""
    act: str | None = None
    form: str | None = None
    wanted: bool | None = None
    conditions: tuple[Told, ...] | None = None
    denied: frozenset[str] = frozenset()
    """Signals that the message takes back or rules out, where nobody has marked the words."""
    danger: str | None = None
    goes_on: bool | None = None
    """A case that is told further, not a new one."""
    takes_back: bool | None = None
    """Something that stood, other than a side, stands no more."""
    narrows: str | None = None
    """The side that is left of two, or took the place of the other; "" where none did."""
    patterns: tuple[str, ...] = ()
    ask_back: bool = False
    weight: float = 1.0
    answer: str = ""
    """The answer before the message, where it is known."""
    standing: tuple[tuple[str, str | None], ...] = ()
    """What held before it: signal and side, where that is known."""
    gone: frozenset[str] | None = None
    """What of it holds no more after the message."""
    by: str = ""
    """The condition that decides, where somebody has looked."""


def all_samples() -> list[Sample]:
    """Every sample that the files give."""
    return [
        *(s for file in sorted(MESSAGES.glob("turns*.jsonl")) for s in turns(file)),
        *turns(MESSAGES / "own.jsonl"),
        *choices(),
        *(s for kind in ("messages", "cases") for s in firsts(kind)),
        *(
            sample
            for file in sorted(MESSAGES.glob("conversations*.jsonl"))
            for talk in conversations(file)
            for sample in talk
        ),
        *cases(),
        *dangers(),
        *questions(),
    ]


def turns(file: Path) -> list[Sample]:
    """Second messages; what stands before most of them is not known."""
    return [_turn(row, file.stem) for row in _rows(file)]


def _turn(row: Any, source: str) -> Sample:
    if not row.get("before"):
        place = Place(follows="before" not in row and not row.get("first", False))
        return _sample(row, row["persona"], source, place)
    before, standing = row["before"], {one["signal"]: one["side"] for one in row["standing"]}
    place = Place(True, None, _asks(before["assistant"]), bool(standing))
    off = {c["signal"] for c in row["conditions"] if c["state"] in ("dropped", "negated")}
    return replace(
        _sample(row, row["persona"], source, place, (before["user"],)),
        answer=before["assistant"],
        standing=tuple(standing.items()),
        gone=frozenset(standing) & off if standing else None,
    )


def choices() -> Iterator[Sample]:
    """The choices of each question back, as people click them."""
    for question in load_model().questions:
        for language in LANGUAGES:
            texts = question.choices.of(language)
            for text, signal in zip(texts, question.raises, strict=True):
                side = signal if signal in ("training", "inference") else None
                yield Sample(
                    text,
                    "patterns.yaml",
                    "choices",
                    language,
                    Place(True, "case", asked=True, case=True),
                    act="case",
                    wanted=True,
                    conditions=(Told(signal, text, "holds", side),),
                    goes_on=True,
                    answer=question.asks.of(language),
                )


def firsts(kind: str) -> Iterator[Sample]:
    """First messages: restated from public threads, or long cases."""
    for file in sorted(MESSAGES.glob(f"{kind}-*.jsonl")):
        for row in _rows(file):
            yield _sample(row, row["thread"], "messages", Place())


def conversations(file: Path) -> Iterator[list[Sample]]:
    """Whole conversations, a sample a message."""
    for row in _rows(file):
        talk: list[Sample] = []
        place, standing = Place(), dict[str, Any]()
        earlier: tuple[str, ...] = ()
        answer = ""
        group = row.get("group", row["brief"])
        for turn in row["turns"]:
            turn = {**turn, "message": turn["text"], "language": row["language"]}
            goes_on = True if standing and turn["wants_decision"] else None
            sample = _sample(turn, group, "conversations", place, earlier, goes_on)
            after = {one["signal"]: one["side"] for one in turn["standing"]}
            sample = replace(
                sample,
                answer=answer,
                standing=tuple(standing.items()),
                gone=frozenset(standing) - frozenset(after) if standing else None,
            )
            if standing and turn["act"] in ("case", "revision", "complaint", "question"):
                sample = replace(
                    sample,
                    takes_back=bool(set(standing) - set(after) - set(SIDES)),
                    narrows=_narrowed(standing, after),
                )
            talk.append(sample)
            earlier = (*earlier, turn["text"])
            answer = turn["assistant"]
            standing = after
            place = Place(True, turn["act"], _asks(turn["assistant"]), bool(standing))
        yield talk


def _narrowed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The side that is left of two, or that took the place of the other."""
    sides = [side for side in SIDES if side in after]
    gone = [side for side in SIDES if side in before and side not in after]
    return sides[0] if gone and len(sides) == 1 else ""


def cases() -> Iterator[Sample]:
    """Cases written to one brief; those first in a conversation teach what an act is, too."""
    for file in sorted(CASES.glob("*.jsonl")):
        for line, example in zip(_rows(file), read_examples(file), strict=True):
            history = example.case.history
            earlier = tuple(turn.content for turn in history if turn.role == "user")
            raised = line["raised"]
            sides = set(raised or ()) & {"training", "inference"}
            conditions = None
            if raised is not None:
                side = sides.pop() if len(sides) == 1 else None
                conditions = tuple(
                    Told(s, words, "holds", s if s in ("training", "inference") else side)
                    for s, words in raised.items()
                )
            act = None if history else "case" if example.wants else "question"
            asks = bool(history) and history[-1].role == "assistant" and _asks(history[-1].content)
            yield Sample(
                example.question,
                f"cases/{file.stem}",
                "cases",
                line["language"],
                Place(bool(history), None, asks, bool(history)),
                earlier,
                act=act,
                wanted=example.wants,
                conditions=conditions,
                denied=frozenset(line.get("denied", ())) - set(raised or ()),
                goes_on=True if history and example.wants else None,
                patterns=(line["pattern"],) if line["pattern"] else (),
                ask_back=line["clarify"],
                weight=0.6,
                answer=history[-1].content if history else "",
                by=line["by"],
            )


def dangers() -> Iterator[Sample]:
    """Requests to refuse, and the honest ones that share their words."""
    for kind in ("unsafe", "attack", "honest"):
        rows = yaml.safe_load((DATA / "scope" / f"{kind}.yaml").read_text(encoding="utf-8"))
        for number, row in enumerate(rows):
            honest = kind == "honest"
            yield Sample(
                row["q"],
                f"{kind}/{number}",
                kind,
                row["language"],
                act="question" if honest else None,
                wanted=False if honest else None,
                danger="" if honest else kind,
            )


def questions() -> Iterator[Sample]:
    """Questions that want no decision, and the examples of the decision model."""
    for example in (*golden(), *others()):
        history = example.case.history
        yield Sample(
            example.question,
            f"questions/{hash_of(example.question) % 20}",
            "questions",
            place=Place(bool(history)),
            act=None if history else "question",
            wanted=False,
            danger="",
            weight=1.0 if example.writer else _OTHERS,
        )
    for example in told():
        signals = tuple(example.signals or ())
        conditions = tuple(Told(s, example.question, "holds", None) for s in signals)
        yield Sample(example.question, "patterns.yaml", "patterns", conditions=conditions)


@cache
def parts_of(text: str) -> tuple[Part, ...]:
    """The parts of a message, found once."""
    return tuple(find_parts(text))


def hash_of(text: str) -> int:
    """A number that is the same on every machine."""
    return sum(ord(c) * (i + 1) for i, c in enumerate(text))


def ranked() -> list[str]:
    """Signals in the order in which the rules look at them."""
    named = [signal for rule in load_model().rules for signal in rule.named]
    return [signal for signal in dict.fromkeys(named) if signal not in SIDES]


def data_hash() -> str:
    """Of the files that the models are taught by."""
    digest = hashlib.sha256()
    for file in sorted(
        f for name in ("messages", "cases", "scope") for f in (DATA / name).iterdir()
    ):
        if file.suffix in (".jsonl", ".yaml"):
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def _sample(
    row: Any,
    group: str,
    source: str,
    place: Place,
    earlier: tuple[str, ...] = (),
    goes_on: bool | None = None,
) -> Sample:
    conditions = tuple(
        Told(c["signal"], c["words"], c["state"], c["side"]) for c in row["conditions"]
    )
    gone = {c.signal for c in conditions if c.state in ("dropped", "negated")}
    sides = {c.signal for c in conditions if c.state == "holds"} & set(SIDES)
    back: bool | None = None
    narrows: str | None = None
    if place.follows and row["act"] in ("case", "revision", "complaint") and conditions:
        back = bool(gone - set(SIDES))
        lost = gone & set(SIDES)
        narrows = next(side for side in SIDES if side not in lost) if len(lost) == 1 else ""
        if not lost and sides and row["act"] == "revision":
            narrows = None  # whether the other side stood is not known
    return Sample(
        row["message"],
        group,
        source,
        row["language"],
        place,
        earlier,
        row["act"],
        row["form"],
        row["wants_decision"],
        conditions,
        danger="",
        goes_on=goes_on,
        takes_back=back,
        narrows=narrows,
        patterns=tuple(row.get("patterns", ())),
        ask_back=row.get("ask_back", False),
    )


def _asks(answer: str) -> bool:
    return answer.rstrip().endswith(("?", "？"))


def _rows(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]
