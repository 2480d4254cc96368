"""Generate: hits to the sentences of an answer, written by a chat model and checked afterwards.

Takes the question, the turns before it and the hits; gives Markdown as it comes, then sentences
with proven citations. The sources go to the model as data under ids that it cannot guess; what
fails is tried once more, what is missing is searched for once more, then the caller is told. Knows
nothing about providers or surfaces.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from kb.answer.quotes import Citations
from kb.errors import ChatModelError
from kb.reading.reading import Reading
from kb.records import Chunk, Language, Turn, Usage
from kb.search.embedding import Embedder
from kb.search.index import Index
from kb.search.retrieve import Retrieval
from kb.search.several import fused
from kb.settings import Settings
from kb.text.language import language as language_of
from kb.text.markup import plain
from kb.writer.attribute import attribute
from kb.writer.chat import ChatFailed, Message
from kb.writer.citing import CitationFilter, Cited, Part
from kb.writer.handover import NOTHING, SECTIONS, hand_over, messages
from kb.writer.judging import Unusable, Written, judged
from kb.writer.model import BudgetSpent, Limits, Model, load_limits, load_model
from kb.writer.prompts import versions
from kb.writer.units import Unit, read_units

_LOG = logging.getLogger("kb")
BACKOFF = 0.5
"""Seconds before the second try, unless the provider asks for more."""
PATIENCE_AFTER = 5.0
"""Seconds that a provider's Retry-After is honoured at most."""
_ATTEMPTS = 2
_QUERY = 300
_NOTHING_SAID = re.compile(rf"`?{NOTHING}`?[.。]?")
_MISSING = re.compile(rf"{NOTHING}`?\s*[:：]\s*(\S[^\n]*)")
_DECLINE = re.compile(
    r"(?:資料|出典|ソース|(?:提供|与え)られた情報)[^。]{0,40}"
    r"(?:見つか(?:り|ら)|見当た(?:り|ら)|ありません|ない|含まれて)"
    r"|(?:お答え|回答)(?:でき|いたしかね)"
    r"|\b(?:sources?|documents?|context)\b[^.]{0,60}\b(?:not|n't|no|nothing|lack)\b"
    r"|\b(?:cannot|can't|unable to)\b[^.]{0,30}\b(?:answer|find)\b|\bno (?:information|mention)\b",
    re.IGNORECASE,
)
_CODE = re.compile(r"`[^`]*`")
_WORD = re.compile(r"[A-Za-z]{2,}")

Find = Callable[[str], Retrieval]
"""Searches once more for what the model says is missing."""


class WriterGaveUp(ChatModelError):
    """The chat model gave no usable answer twice; the caller answers from the sources."""

    def __init__(self, reason: str, usage: Usage, notice: str) -> None:
        super().__init__(reason)
        self.usage = usage
        self.notice = notice
        """Name of the sentence that says so to people."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be answered, and what does not change between tries and rounds."""

    question: str
    history: Sequence[Turn]
    index: Index
    language: Language
    embedder: Embedder
    reading: Reading | None = None


@dataclass(slots=True)
class _Attempt:
    """What has come of one try."""

    sources: Mapping[str, Chunk]
    parts: list[Part] = field(default_factory=list)
    shown: bool = False


class Writer:
    """Writes answers with a chat model of LangChain. Safe to share between threads."""

    def __init__(
        self,
        model: Model,
        *,
        checker: Model | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`checker`: the model that checks what was written; None: the words alone decide."""
        self.name = model.name
        self._model = model
        self._checker = checker
        self._sleep = sleep

    @property
    def prompts(self) -> Mapping[str, str]:
        """The version of each prompt that goes into an answer."""
        return versions("answer", "question", *(("check",) if self._checker else ()))

    def write(
        self, asked: Asked, retrieval: Retrieval, find: Find | None = None
    ) -> Generator[str, None, Written]:
        """Pieces of Markdown as they come; returns the checked sentences. Raises WriterGaveUp.

        A second try or round is not shown as it comes when the first one was: the caller's final
        text replaces what the user has seen.
        """
        spent: list[Usage] = []
        written, shown = yield from self._round(asked, retrieval, spent, shown=False)
        if written.declined and written.missing and find is not None:
            both = fused([retrieval, find(written.missing)], most=SECTIONS)
            try:
                written, _ = yield from self._round(asked, both, spent, shown=shown)
            except WriterGaveUp as failure:
                _LOG.info("the second round gave nothing: %s", failure)
        return replace(written, usage=sum(spent, Usage()))

    def _round(
        self, asked: Asked, retrieval: Retrieval, spent: list[Usage], *, shown: bool
    ) -> Generator[str, None, tuple[Written, bool]]:
        """An answer from these hits, and whether something of it was shown."""
        reminded = False
        notice = "fell_back"
        for number in range(1, _ATTEMPTS + 1):
            attempt = _Attempt(hand_over(retrieval.hits), shown=shown)
            try:
                yield from self._stream(_messages(asked, attempt, again=reminded), attempt, spent)
                return self._checked(asked, attempt, spent), attempt.shown
            except ChatFailed as failure:
                _LOG.warning("%s, try %d of %d: %s", self.name, number, _ATTEMPTS, failure)
                if isinstance(failure, BudgetSpent):
                    notice = "budget_spent"
                if not failure.retry:
                    break
                shown = attempt.shown
                reminded = isinstance(failure, Unusable)
                if number < _ATTEMPTS:
                    self._sleep(max(BACKOFF, min(failure.wait, PATIENCE_AFTER)))
        raise WriterGaveUp(f"{self.name} gave no usable answer.", sum(spent, Usage()), notice)

    def _checked(self, asked: Asked, attempt: _Attempt, spent: list[Usage]) -> Written:
        """The answer, held against its quotes by words, then by the checking model."""
        written = _proven(asked, attempt)
        if self._checker is None or written.declined:
            return written
        ask = partial(self._checker.ask, spend=spent.append)
        return judged(asked.question, written, asked.language, ask)

    def _stream(
        self, asked: Sequence[Message], attempt: _Attempt, spent: list[Usage]
    ) -> Iterator[str]:
        """Markdown with numbers in place of ids, unless something was shown before."""
        silent = attempt.shown
        numbers: dict[str, int] = {}
        last = held = ""
        for part in self._parts(asked, attempt.sources, spent):
            attempt.parts.append(part)
            if silent:
                continue
            piece = held + _markdown(part, numbers, last)
            held = ""
            if not attempt.shown and _says_nothing(piece):
                held = piece
            elif piece:
                attempt.shown, last = True, piece
                yield piece

    def _parts(
        self, asked: Sequence[Message], sources: Mapping[str, Chunk], spent: list[Usage]
    ) -> Iterator[Part]:
        sieve = CitationFilter(sources)
        for piece in self._model.stream(asked, spent.append):
            yield from sieve.feed(piece)
        yield from sieve.close()


def load_writer(
    settings: Settings,
    limits: Limits | None = None,
    *,
    checked: bool = True,
    sleep: Callable[[float], None] = time.sleep,
) -> Writer:
    """The writer that the settings describe; raises SettingsError when it cannot be set up.

    `checked`: by the model of KB_CHECK_MODEL, else by the chat model.
    """
    limits = limits or load_limits(settings)
    checker = load_model(settings, limits, name=settings.check_model) if checked else None
    return Writer(load_model(settings, limits), checker=checker, sleep=sleep)


def _messages(asked: Asked, attempt: _Attempt, *, again: bool) -> list[Message]:
    return messages(
        asked.question,
        asked.history,
        attempt.sources,
        asked.index,
        asked.language,
        reading=asked.reading,
        again=again,
    )


def _says_nothing(text: str) -> bool:
    """So far the reply is, or may become, the word for an answer that the sources lack."""
    start = text.strip("`* \n")
    return NOTHING.startswith(start[: len(NOTHING)])


def _markdown(part: Part, numbers: dict[str, int], last: str) -> str:
    if not isinstance(part, Cited):
        return part
    marks = "".join(f"[{numbers.setdefault(i, len(numbers) + 1)}]" for i in part.ids)
    return marks if last[-1:] in ("", " ", "\n", "]") else f" {marks}"


def _proven(asked: Asked, attempt: _Attempt) -> Written:
    """The answer, every sentence held against its quotes; raises Unusable when none is proven."""
    text = "".join(part for part in attempt.parts if isinstance(part, str))
    parts = [
        part if isinstance(part, Cited) else _NOTHING_SAID.sub("", part) for part in attempt.parts
    ]
    cited = any(isinstance(part, Cited) for part in parts)
    if not cited and (NOTHING in text or (len(text) < 400 and _DECLINE.search(text))):
        missing = _MISSING.search(text)
        return Written(
            (),
            Citations(asked.index),
            declined=True,
            missing=missing[1].strip("`* ")[:_QUERY] if missing else "",
        )
    units = read_units(parts)
    if not cited and units and all(unit.is_uncovered for unit in units):
        return Written((), Citations(asked.index), declined=True, missing=asked.question)
    if not cited:
        raise Unusable(f"no known source is cited in {len(text)} characters")
    if _foreign(units, asked.language):
        raise Unusable(f"the answer is not in the language asked for ({asked.language})")
    sentences, citations = attribute(
        units, attempt.sources, asked.index, asked.language, asked.embedder, asked.question
    )
    if not sentences:
        raise Unusable(f"none of {len(units)} sentences is proven by the sources that it cites")
    return Written(tuple(sentences), citations)


def _foreign(units: Sequence[Unit], language: Language) -> bool:
    """Most sentences are in the other language; those of names alone are in neither."""
    prose = [plain(_CODE.sub("", unit.text)) for unit in units if unit.kind == "sentence"]
    told = [text for text in prose if language_of(text) == "ja" or len(_WORD.findall(text)) > 3]
    return sum(language_of(text) != language for text in told) > len(told) / 2
