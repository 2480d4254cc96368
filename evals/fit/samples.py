"""Samples: what the models of kb.reading are taught by, from evals/data.

Takes the files, gives `Sample` values: a message, where it stands in its conversation, and what is
known of it. Knows nothing about features or models.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from evals.fit.reader import golden, others, read_examples, told
from kb.pattern.patterns import SIDES, load_model
from kb.reading.place import Place
from kb.records import Language

DATA = Path(__file__).parents[1] / "data"
MESSAGES = DATA / "messages"
CASES = DATA / "cases"
LANGUAGES: tuple[Language, Language] = ("ja", "en")
_OTHERS = 0.4
"""What a question from the notes counts: there are many more of them than of messages."""
_EACH = {"cases": 3, "questions": 8}
"""Of what was written to few briefs, every so manieth teaches: the rest says little more."""
_CHANCES = 400
"""First messages of a kind that are set after another conversation, to start anew."""


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


def read_samples() -> list[Sample]:
    """All of them; what they teach is in the fields that are set."""
    samples = [
        *(s for file in sorted(MESSAGES.glob("turns*.jsonl")) for s in turns(file)),
        *turns(MESSAGES / "own.jsonl"),
        *choices(),
        *messages(MESSAGES / "messages-en.jsonl"),
        *messages(MESSAGES / "messages-ja.jsonl"),
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
    samples = [s for n, s in enumerate(samples) if n % _EACH.get(s.source, 1) == 0]
    samples = [replace(s, weight=s.weight * _EACH.get(s.source, 1) ** 0.5) for s in samples]
    return [*samples, *anew(samples)]


def turns(file: Path) -> list[Sample]:
    """Second messages; the first ones, and the answers, are not known."""
    return [
        _sample(row, row["persona"], file.stem, Place(follows=not row.get("first", False)))
        for row in _rows(file)
    ]


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
                )


def messages(file: Path) -> list[Sample]:
    """First messages, restated from public threads."""
    return [_sample(row, row["thread"], "messages", Place()) for row in _rows(file)]


def conversations(file: Path) -> Iterator[list[Sample]]:
    """Whole conversations, a sample a message."""
    for row in _rows(file):
        talk: list[Sample] = []
        place, standing = Place(), dict[str, Any]()
        earlier: tuple[str, ...] = ()
        group = row.get("group", row["brief"])
        for turn in row["turns"]:
            turn = {**turn, "message": turn["text"], "language": row["language"]}
            goes_on = True if standing and turn["wants_decision"] else None
            sample = _sample(turn, group, "conversations", place, earlier, goes_on)
            after = {one["signal"]: one["side"] for one in turn["standing"]}
            if standing and turn["act"] in ("case", "revision", "complaint", "question"):
                sample = replace(
                    sample,
                    takes_back=bool(set(standing) - set(after) - set(SIDES)),
                    narrows=_narrowed(standing, after),
                )
            talk.append(sample)
            earlier = (*earlier, turn["text"])
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


def anew(samples: Sequence[Sample]) -> Iterator[Sample]:
    """Cases and questions that came first, set after other conversations: they start anew."""
    before = [s for s in samples if s.source == "conversations"]
    chance = random.Random(12)
    for act in ("case", "question"):
        firsts = [s for s in samples if s.act == act and not s.place.follows]
        for sample in chance.sample(firsts, min(_CHANCES, len(firsts))):
            last = chance.choice(before)
            yield replace(
                sample,
                source="anew",
                place=Place(True, last.act, chance.random() < 0.2, chance.random() < 0.8),
                goes_on=False if act == "case" else None,
                conditions=None,
                danger=None,
                weight=0.6,
            )


def hash_of(text: str) -> int:
    """A number that is the same on every machine."""
    return sum(ord(c) * (i + 1) for i, c in enumerate(text))


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
