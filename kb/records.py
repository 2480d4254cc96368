"""The frozen values that travel from source to surface.

Takes nothing, gives the vocabulary of the whole product. Knows nothing about files, models, stores.
All offsets count characters (Unicode code points) of `Document.text`; lines count from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Reason = Literal["out_of_scope", "not_in_sources", "unsafe"]
PatternId = Literal[
    "none",
    "training-1",
    "training-2",
    "training-3",
    "inference-1",
    "inference-2",
    "inference-3",
]
PATTERNS: tuple[PatternId, ...] = get_args(PatternId)
Act = Literal[
    "question",
    "case",
    "revision",
    "form",
    "why",
    "alternatives",
    "complaint",
    "thanks",
    "greeting",
    "capabilities",
    "help",
    "paste",
]
"""What a message does: asks, tells a case or changes it, acts on the last answer, or is said to
somebody who listens."""
Side = Literal["training", "inference"]
SIDES: tuple[Side, ...] = get_args(Side)
ChunkKind = Literal["passage", "code", "table", "statement", "question"]
"""What a chunk is. Notes give `statement`, `question` (a way people ask for a section), `code` and
`table`; every other document gives `passage`, `code` and `table`, and as `question` what leads to
each of them: its names, and with `order` from 1 its sentences, rows and comments."""


@dataclass(frozen=True, slots=True)
class Document:
    """A source document as stored: every quote is an exact slice of `text`."""

    id: str
    """Path in this project, or the URL that opens the document."""
    source: str
    """Id of the entry in sources.yaml."""
    title: str
    text: str
    kind: str
    """markdown, note, text, notebook, python, shell, dockerfile, config, html or pdf."""
    language: Language
    commit: str | None = None
    fetched: str = ""
    """ISO 8601 date-time (UTC) of the fetch."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of a document: `document.text[start:end] == text`."""

    id: str
    document: str
    kind: ChunkKind
    start: int
    end: int
    text: str
    search_text: str
    """What is embedded and indexed: `text` without mark-up, with its headings where they help."""
    heading: tuple[str, ...]
    lines: tuple[int, int]
    language: Language
    group: str
    """What a hit points to: a section of a note, in both languages; elsewhere a passage, a block of
    code or a table, with what leads to it."""
    order: int = 0
    """Place within the group."""
    marker: str = ""
    """List marker of a statement (`- `, `1. `), kept for display. Of a `question` that is the
    wording of an error, the wording with its `*`."""
    based_on: tuple[str, ...] = ()
    """URLs of the evidence behind a statement of a note."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A group that matched, best first."""

    group: str
    score: float
    """1 for the best hit, less for the others; comparable within one question only."""
    chunks: tuple[Chunk, ...]
    """The group's chunks in the language preferred, in reading order."""
    similarities: Mapping[str, float] = field(default_factory=dict)
    """Cosine similarity to the query by chunk id, for the chunks that dense search returned."""
    ranks: Mapping[str, int] = field(default_factory=dict)
    """Rank (from 1) in each list that was fused."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The place that proves a sentence: `document_text[start:end] == quote`."""

    number: int
    document: str
    title: str
    heading: str
    url: str
    quote: str
    start: int
    end: int
    based_on: tuple[str, ...] = ()
    source: str = ""
    """Id of the document's entry in sources.yaml."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence (or code block, or table) of an answer, with the numbers of its citations."""

    text: str
    citations: tuple[int, ...]
    marker: str = ""
    """How the sentence is set: a paragraph (``), one that goes on with the next (` `), a bullet
    (`- `), a step (`1. `)."""
    supported: bool | None = True
    """Whether its quotes support it; None where it makes no claim of a source."""
    lead: str = ""
    """Markdown set before the sentence, which is no claim of a source: the person's own words, a
    label. What stands before its last line end is a line above the sentence."""
    looked_up: str = ""
    """The official data that the text was looked up in and that it names, such as
    `sagemaker-core 2.27.0`. Its citations show the form and the way, they do not prove the text."""

    @property
    def is_doubtful(self) -> bool:
        """Neither its quotes nor official data stand behind it."""
        return self.supported is False and not self.looked_up


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of the person's case, as understood."""

    signal: str
    """Id in patterns.yaml."""
    words: str
    """The person's own words, an exact slice of a message; empty where it was clicked."""
    state: Literal["holds", "dropped"] = "holds"
    side: Side | None = None
    """The side that it is told for; None where it holds for whatever is asked."""


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """What AWS's official image tables list of one version, such as PyTorch 2.6."""

    framework: str
    """As people write it."""
    number: str
    """Major and minor, such as 2.6."""
    training: tuple[str, ...]
    """The versions of that number with a training image, such as 2.6.0; none: there is no image."""
    inference: tuple[str, ...]
    below: str
    """Where neither side has it: the nearest older number of the tables; empty: there is none."""
    above: str
    source: str
    """The package and version of the tables."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A signal of the decision model that holds for a case, and what raised it."""

    signal: str
    """Id in patterns.yaml."""
    words: str = ""
    """The person's own words that raised it; empty where it was clicked in a form."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Which pattern fits a case, and because of what."""

    pattern: PatternId
    raised: tuple[Raised, ...]
    """Every signal of the case, those that decided first."""
    rule: str = ""
    """Id in patterns.yaml of the rule that decided."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What chat models were asked for one answer."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    is_estimate: bool = False
    """A provider did not count: a third of the characters stands for its tokens."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.is_estimate or other.is_estimate,
        )


@dataclass(frozen=True, slots=True)
class Trace:
    """How the answer came about; for logs, tests and the curious."""

    query: str
    """The question after normalisation and, for a follow-up, rewriting."""
    rewritten: bool
    hits: tuple[Hit, ...]
    signals: Mapping[str, float | str]
    """What the decision to answer or decline was based on."""
    usage: Usage = Usage()
    """Of chat models, the reading of this message among it."""
    prompts: Mapping[str, str] = field(default_factory=dict)
    """Version of each prompt file that went into the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What every surface renders."""

    id: str
    question: str
    language: Language
    declined: bool
    reason: Reason | None
    pattern: PatternId | None
    clarify: str | None
    """One question back, where the case needs one more fact."""
    answer: str
    """Markdown with [1] markers."""
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    model: str
    index_version: str
    seconds: float
    suggestions: tuple[str, ...] = ()
    """Up to three nearby questions that can be answered; offered when declining."""
    notice: str = ""
    """One sentence about how the answer was made, when that was not as configured."""
    choices: tuple[str, ...] = ()
    """Two to four answers to `clarify`, each fit to be sent as the next question."""
    decision: Decision | None = None
    """Set with `pattern`: how it was decided."""
    act: Act = "question"
    """What the message was taken for."""
    understood: tuple[Condition, ...] = ()
    """The conditions of the case that hold, and those that this message dropped."""
    patterns: tuple[PatternId, ...] = ()
    """Every pattern decided for, `pattern` first; two where both sides were asked."""
    trace: Trace | None = None
