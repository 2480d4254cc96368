"""A message and its conversation as read, before anything is searched.

Takes nothing, gives the frozen values that every `Reader` fills and the assistant acts on. Knows
nothing about how they are found. Places count characters of the message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from kb.records import Act, Condition, Language, ListedVersion, Side, Turn, Usage

PartKind = Literal["question", "prose", "dockerfile", "traceback", "log", "shell", "code", "data"]
"""`question`: a sentence that asks. `prose`: other sentences of the person. The others are pasted;
`data` is JSON or YAML."""
Form = Literal[
    "shorter", "lines", "detail", "steps", "table", "code", "english", "japanese", "slack"
]
IN_LANGUAGE: Mapping[Form | None, Language] = {"english": "en", "japanese": "ja"}
"""The forms that are a language."""
Danger = Literal["unsafe", "attack"]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the message: `message[start:end] == text`."""

    kind: PartKind
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class CaseReading:
    """What the whole conversation says of a case."""

    conditions: tuple[Condition, ...]
    """Those that hold after this message, then those that it dropped."""
    sides: tuple[Side, ...] = ()
    """The sides that a decision is wanted for; both, one, or none where it was never told."""
    wanted: float = 0.0
    """Likelihood that this message wants a decision, 0 to 1."""
    sure: float = 0.0
    """Likelihood of the deciding condition, 0 to 1; below the reader's floor nothing decides."""
    changed: bool = False
    """This message added, took back, replaced or narrowed something of an earlier case."""
    listed: ListedVersion | None = None
    """What the official tables list of the framework version that the case turns on."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One message, read."""

    message: str
    language: Language
    act: Act
    queries: tuple[str, ...] = ()
    """One to three texts to search for, each standing alone; none where nothing is searched."""
    form: Form | None = None
    lines: int | None = None
    """How many lines a shorter form may have, where the message says a number."""
    parts: tuple[Part, ...] = ()
    error_lines: tuple[Part, ...] = ()
    """Lines that name an error, the telling one first; each within a pasted part or the prose."""
    case: CaseReading | None = None
    """None where no case was ever told."""
    follows: bool = False
    """The queries took their subject from earlier turns."""
    danger: Danger | None = None
    usage: Usage | None = None
    """What a chat model was asked for this reading."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """Version of each prompt file that went into it."""
    form_likely: float = 1.0
    """Likelihood of the form, 0 to 1."""


class Reader(Protocol):
    """Reads a message; raises nothing, whatever came."""

    def read(self, message: str, history: Sequence[Turn]) -> Reading: ...
