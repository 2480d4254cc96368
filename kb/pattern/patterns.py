"""The decision model: signals, outcomes, rules and questions back, from patterns.yaml beside it.

Takes the file, gives a validated, frozen `Model`. Every claim of the model is a `Reference` to a
statement of our notes. Knows nothing about questions, indexes or how a decision is shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from kb.answer.statements import Reference, read_reference
from kb.errors import PatternsError
from kb.reading.signals import FILE
from kb.records import PATTERNS, SIDES, Language, PatternId, Side
from kb.yaml_file import read_yaml


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _pattern(value: Any) -> re.Pattern[str]:
    try:
        return re.compile(value, re.ASCII)  # so that `\b` stands between apt and で
    except (re.error, TypeError) as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from error


Statement = Annotated[Reference, BeforeValidator(read_reference)]
Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]


class Text(_Frozen):
    """A text that people read, in both languages."""

    ja: str
    en: str

    def of(self, language: Language) -> str:
        return self.ja if language == "ja" else self.en


class Texts(_Frozen):
    """Several texts, in both languages."""

    ja: tuple[str, ...]
    en: tuple[str, ...]

    def of(self, language: Language) -> tuple[str, ...]:
        return self.ja if language == "ja" else self.en


class Group(_Frozen):
    """Signals that stand together in a form."""

    id: str
    label: Text
    one: bool = False
    """At most one of them holds."""


class Signal(_Frozen):
    """A condition of a case."""

    id: str
    group: str
    label: Text
    examples: Texts
    implies: Side | None = None
    """The side that it belongs to, where none is named."""
    need: bool = False
    """An AWS image as it is does not meet it."""
    lasting: bool = False
    """It stays where a new need takes the place of the one before."""
    mention: bool = False
    """It decides nothing, and says what else to mind."""
    on_gpu: bool = False
    """A case with it runs on a GPU."""
    closer: tuple[str, ...] = ()
    """The signals that tell what this one leaves open."""
    alone: Pattern | None = None
    """Words that name it in a message that says nothing else."""
    proof: Statement
    """The statement that tells what the signal means for the choice."""


class Offered(_Frozen):
    """A framework whose versions are looked up in the official tables."""

    name: Pattern
    table: str
    """Its name there."""


class Versions(_Frozen):
    """The signal of what the official tables list of a version."""

    both: str
    training: str
    inference: str
    neither: str
    unknown: str
    """The tables are not at hand."""
    beside: frozenset[str]
    """Conditions beside which it counts whether AWS offers the version that is named."""

    @property
    def claims(self) -> frozenset[str]:
        """What says whether AWS offers a version."""
        return frozenset((self.both, self.training, self.inference, self.neither))

    @property
    def from_table(self) -> frozenset[str]:
        """What the tables say better than words do. That AWS has none may be said by a person."""
        return self.claims - {self.neither} | {self.unknown}


class UsualImage(_Frozen):
    """The framework of the AWS image that a case with these signals starts from."""

    all: frozenset[str] = frozenset()
    side: Side | None = None
    framework: str


class Sided(_Frozen):
    """A statement for each side."""

    training: Statement
    inference: Statement


Pointed = Statement | Sided


def on_sides(pointed: Pointed | None, sides: Collection[Side]) -> tuple[Reference, ...]:
    """The statements for these sides; one that holds for both stands once."""
    if pointed is None:
        return ()
    if not isinstance(pointed, Sided):
        return (pointed,)
    return tuple(getattr(pointed, side) for side in SIDES if side in sides)


class Outcome(_Frozen):
    """One of the seven ways, as every place shows it."""

    id: PatternId
    title: Text
    what: Statement
    """What it is."""
    named: tuple[Statement, ...]
    """What proves its title."""
    costs: tuple[Statement, ...]
    changes: tuple[Statement, ...]
    """What would change the decision."""
    steps: tuple[Pointed, ...]
    sample: Pointed


class Question(_Frozen):
    """One question back."""

    id: str
    asks: Text
    choices: Texts
    """Each fit to be sent as the next message."""
    raises: tuple[str, ...]
    """The signal that each choice raises, in order."""
    known: tuple[Statement, ...] = ()
    """What can be said before the answer."""


class Rule(_Frozen):
    """Signals to an outcome, or to a question back. The first rule that fits decides."""

    id: str
    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    outcome: Literal["none"] | None = None
    training: PatternId | None = None
    inference: PatternId | None = None
    ask: str | None = None
    says: Text | None = None
    """The verdict in words, where the outcome's title says too little."""
    reason: Pointed | None = None
    costs: tuple[Statement, ...] = ()
    changes: tuple[Statement, ...] = ()
    steps: tuple[Pointed, ...] = ()
    sample: Pointed | None = None
    """These take the place of the outcome's own."""

    def gives(self, side: Side) -> PatternId | None:
        """The outcome on one side; None when the rule asks, or does not speak of that side."""
        return self.outcome or (self.training if side == "training" else self.inference)

    def fits(self, signals: Collection[str], side: Side) -> bool:
        if self.ask is None and self.gives(side) is None:
            return False
        return (
            all(signal in signals for signal in self.all)
            and (not self.any or any(signal in signals for signal in self.any))
            and not any(signal in signals for signal in self.none)
        )

    def reason_on(self, side: Side) -> Reference:
        """Why, on one side. A rule that decides has a reason; the model is checked for that."""
        assert self.reason is not None
        return on_sides(self.reason, (side,))[0]

    @property
    def named(self) -> tuple[str, ...]:
        """The signals that make it fit."""
        return (*self.all, *self.any)


class Model(_Frozen):
    """The whole decision model."""

    offered: tuple[Offered, ...]
    tables: Statement
    """What the tables are that versions are looked up in."""
    versions: Versions
    exclude: tuple[tuple[str, str], ...]
    """Signals of which only one can hold."""
    instead: tuple[frozenset[str], ...]
    """Signals of which the one told last counts."""
    enough: str
    """The signal that holds once the last need is taken back."""
    images: tuple[UsualImage, ...]
    """The last one fits every case."""
    groups: tuple[Group, ...]
    signals: tuple[Signal, ...]
    outcomes: tuple[Outcome, ...]
    questions: tuple[Question, ...]
    rules: tuple[Rule, ...]

    @cached_property
    def signal(self) -> dict[str, Signal]:
        return {signal.id: signal for signal in self.signals}

    @cached_property
    def outcome(self) -> dict[PatternId, Outcome]:
        return {outcome.id: outcome for outcome in self.outcomes}

    @cached_property
    def question(self) -> dict[str, Question]:
        return {question.id: question for question in self.questions}

    def usual_framework(self, signals: Collection[str], side: Side) -> str:
        """Of the AWS image that a case starts from."""
        return next(
            image.framework
            for image in self.images
            if image.all <= set(signals) and image.side in (None, side)
        )

    def in_groups(self) -> list[tuple[Group, list[Signal]]]:
        """The signals as a form shows them."""
        return [(g, [s for s in self.signals if s.group == g.id]) for g in self.groups]

    def references(self) -> Iterator[Reference]:
        """Every statement that the model rests on."""
        pointed: list[Pointed | None] = [signal.proof for signal in self.signals]
        parts: tuple[Outcome | Rule, ...] = (*self.outcomes, *self.rules)
        for part in parts:
            pointed += [*part.costs, *part.changes, *part.steps, part.sample]
        for outcome in self.outcomes:
            pointed += [outcome.what, *outcome.named]
        pointed += [rule.reason for rule in self.rules]
        pointed += [statement for question in self.questions for statement in question.known]
        yield self.tables
        for one in pointed:
            yield from on_sides(one, SIDES)

    @model_validator(mode="after")
    def _hangs_together(self) -> Model:
        for name in ("groups", "signals", "outcomes", "questions", "rules"):
            ids = Counter(part.id for part in getattr(self, name))
            _refuse(name, "the same id twice", [i for i, count in ids.items() if count > 1])
        groups = {group.id for group in self.groups}
        for signal in self.signals:
            _refuse(f"signal {signal.id}", "no such group", {signal.group} - groups)
        _refuse("outcomes", "missing", set(PATTERNS) - set(self.outcome))
        for name, named in self._named().items():
            _refuse(name, "no such signal", named - set(self.signal))
        if self.images[-1].all or self.images[-1].side:
            raise ValueError("images: the last one takes every case")
        for question in self.questions:
            where = f"question {question.id}"
            _refuse(where, "no such signal", set(question.raises) - set(self.signal))
            counts = {len(question.choices.ja), len(question.choices.en), len(question.raises)}
            if len(counts) != 1 or not 2 <= len(question.raises) <= 4:
                raise ValueError(f"{where}: two to four choices, as many in each list")
        _refuse("questions", "missing", {"side"} - set(self.question))
        for rule in self.rules:
            self._check_rule(rule)
        last = self.rules[-1]
        if last.all or last.any or last.none or last.ask is None:
            raise ValueError(f"rule {last.id}: the last rule takes every case and asks back")
        return self

    def _named(self) -> dict[str, set[str]]:
        """The signals that parts other than questions and rules name."""
        return {
            "versions": {*self.versions.claims, self.versions.unknown, *self.versions.beside},
            "exclude": {signal for pair in self.exclude for signal in pair},
            "instead": {signal for group in self.instead for signal in group},
            "enough": {self.enough},
            "images": {signal for image in self.images for signal in image.all},
            "closer": {other for signal in self.signals for other in signal.closer},
        }

    def _check_rule(self, rule: Rule) -> None:
        where = f"rule {rule.id}"
        _refuse(where, "no such signal", {*rule.named, *rule.none} - set(self.signal))
        sides = [pattern for pattern in (rule.training, rule.inference) if pattern]
        if sum((rule.ask is not None, rule.outcome is not None, bool(sides))) != 1:
            raise ValueError(f"{where}: one of `ask`, `outcome`, or `training` and `inference`")
        if rule.ask is not None:
            _refuse(where, "no such question", {rule.ask} - set(self.question))
        elif rule.reason is None:
            raise ValueError(f"{where}: decides without a reason")


def _refuse(where: str, what: str, found: Iterable[str]) -> None:
    names = ", ".join(sorted(found))
    if names:
        raise ValueError(f"{where}: {what}: {names}")


@cache
def load_model(file: Path = FILE) -> Model:
    """The model, checked; raises PatternsError that names the entry."""
    content = read_yaml(file, PatternsError)
    try:
        return Model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        reason = str(first["msg"]).removeprefix("Value error, ")
        place = _place(content, first["loc"])
        raise PatternsError(f"{file}: {f'{place}: ' if place else ''}{reason}.") from error


@cache
def deciding_sections() -> frozenset[str]:
    """The sections of our notes that tell which way to take, or that a question back rests on."""
    model = load_model()
    pointed: list[Pointed | None] = [signal.proof for signal in model.signals]
    pointed += [part for outcome in model.outcomes for part in (outcome.what, *outcome.changes)]
    pointed += [rule.reason for rule in model.rules]
    pointed += [known for question in model.questions for known in question.known]
    return frozenset(one.section for part in pointed for one in on_sides(part, SIDES))


def _place(content: Any, path: tuple[int | str, ...]) -> str:
    """Where an error is, entries named by their ids: `rules os-packages, reason`."""
    words: list[str] = []
    for step in path:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            content = None
        named = content.get("id") if isinstance(content, dict) and isinstance(step, int) else None
        words.append(str(named or step))
    return ", ".join([" ".join(words[:2]), *words[2:]]) if words else ""
