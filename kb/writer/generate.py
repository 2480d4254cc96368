"""Generate: hits to the sentences of an answer, written by a chat model and checked afterwards.

Takes the question, the turns before it and the hits; gives Markdown as it comes, then sentences
with proven citations. The sources go to the model as data under ids that it cannot guess; what
fails is tried once more, then the caller is told. Knows nothing about providers or surfaces.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dotenv import load_dotenv

from kb.answer.quotes import Citations
from kb.errors import ChatModelError
from kb.messages import message
from kb.records import Chunk, Language, Sentence, Turn
from kb.search.embedding import Embedder
from kb.search.index import Index
from kb.search.retrieve import Retrieval
from kb.settings import Settings
from kb.text.language import language as language_of
from kb.text.markup import plain
from kb.writer.attribute import attribute
from kb.writer.chat import ChatFailed, Message, open_chat_model, stream_text
from kb.writer.check import Ask, Claim, Standing, check
from kb.writer.citing import CitationFilter, Cited, Part
from kb.writer.handover import NOTHING, hand_over, messages
from kb.writer.units import Unit, read_units

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_LOG = logging.getLogger("kb")
BACKOFF = 0.5
"""Seconds before the second try, unless the provider asks for more."""
PATIENCE_AFTER = 5.0
"""Seconds that a provider's Retry-After is honoured at most."""
_ATTEMPTS = 2
_NOTHING_SAID = re.compile(rf"`?{NOTHING}`?[.。]?")
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


class WriterGaveUp(ChatModelError):
    """The chat model gave no usable answer twice; the caller answers from the sources."""


@dataclass(frozen=True, slots=True)
class Written:
    """A checked answer of the chat model."""

    sentences: Sequence[Sentence]
    citations: Citations
    declined: bool = False
    """The model found no answer in the sources; there are no sentences then."""
    removed: int = 0
    """Sentences that the checking model found contradicted by their quotes; they are left out."""
    checked_short: bool = False
    """The checking model gave no verdicts: the words alone decided what is supported."""

    def notice(self, language: Language) -> str:
        """One sentence on how the answer was checked, where there is something to say."""
        if self.checked_short:
            return message("check_short", language)
        return message("check_removed", language, count=str(self.removed)) if self.removed else ""


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
        name: str,
        open_model: Callable[[float | None], BaseChatModel],
        timeout: float,
        *,
        sleep: Callable[[float], None] = time.sleep,
        ask_checker: Ask | None = None,
    ) -> None:
        """`open_model` takes a temperature; None leaves it to the model. `timeout` in seconds.

        `ask_checker`: the model that checks what was written; None: the words alone decide.
        """
        self.name = name
        self._open = open_model
        self._model = open_model(0.0)
        self._timeout = timeout
        self._sleep = sleep
        self._ask_checker = ask_checker

    def write(
        self,
        question: str,
        history: Sequence[Turn],
        retrieval: Retrieval,
        index: Index,
        language: Language,
        embedder: Embedder,
    ) -> Generator[str, None, Written]:
        """Pieces of Markdown as they come; returns the checked sentences. Raises WriterGaveUp.

        A second try is not shown as it comes when the first one was: the caller's final text
        replaces what the user has seen.
        """
        shown = reminded = False
        for number in range(1, _ATTEMPTS + 1):
            attempt = _Attempt(hand_over(retrieval.hits), shown=shown)
            asked = messages(question, history, attempt.sources, index, language, again=reminded)
            try:
                yield from self._stream(asked, attempt)
                written = _checked(attempt, index, language, embedder)
                return self._judged(question, written, language)
            except ChatFailed as failure:
                _LOG.warning("%s, try %d of %d: %s", self.name, number, _ATTEMPTS, failure)
                if not failure.retry:
                    break
                shown = attempt.shown
                reminded = isinstance(failure, _Unusable)
                if number < _ATTEMPTS:
                    self._sleep(max(BACKOFF, min(failure.wait, PATIENCE_AFTER)))
        raise WriterGaveUp(f"{self.name} gave no usable answer.")

    def _judged(self, question: str, written: Written, language: Language) -> Written:
        """The sentences as the checking model sees them; raises _Unusable when few are left."""
        if self._ask_checker is None or written.declined:
            return written
        cited = [s for s in written.sentences if s.citations and not s.text.startswith("```")]
        quotes = {citation.number: citation.quote for citation in written.citations.all}
        claims = [
            Claim(
                _unmarked(sentence.text, language),
                tuple(quotes[number] for number in sentence.citations),
            )
            for sentence in cited
        ]
        result = check(question, claims, self._ask_checker)
        if result is None:
            return replace(written, checked_short=True)
        standing = {id(s): v.standing for s, v in zip(cited, result.verdicts, strict=True)}
        kept = tuple(
            _marked(sentence, standing.get(id(sentence)), language)
            for sentence in written.sentences
            if standing.get(id(sentence)) != "contradicted"
        )
        supported = sum(verdict.standing == "supported" for verdict in result.verdicts)
        if 2 * supported < len(claims):
            raise _Unusable(f"{supported} of {len(claims)} sentences are supported")
        return replace(written, sentences=kept, removed=len(written.sentences) - len(kept))

    def say(self, asked: Sequence[Message]) -> str:
        """The model's whole reply to messages of the caller. Raises ChatFailed."""
        return "".join(self._text(asked))

    def _stream(self, asked: Sequence[Message], attempt: _Attempt) -> Iterator[str]:
        """Markdown with numbers in place of ids, unless something was shown before."""
        silent = attempt.shown
        numbers: dict[str, int] = {}
        last = ""
        for part in self._parts(asked, attempt.sources):
            attempt.parts.append(part)
            if silent:
                continue
            piece = _markdown(part, numbers, last)
            if piece:
                attempt.shown, last = True, piece
                yield piece

    def _parts(self, asked: Sequence[Message], sources: Mapping[str, Chunk]) -> Iterator[Part]:
        sieve = CitationFilter(sources)
        for piece in self._text(asked):
            yield from sieve.feed(piece)
        yield from sieve.close()

    def _text(self, asked: Sequence[Message]) -> Iterator[str]:
        try:
            yield from stream_text(self._model, asked, self._timeout)
        except ChatFailed as failure:
            if failure.status != 400 or "temperature" not in str(failure):
                raise
            _LOG.info("%s refuses the temperature; it is left to the model from now on", self.name)
            self._model = self._open(None)
            yield from stream_text(self._model, asked, self._timeout)


class _Unusable(ChatFailed):
    """The model answered, but not from the sources."""


def load_checker(settings: Settings) -> Ask:
    """Asks the model of KB_CHECK_MODEL, else the chat model; raises SettingsError."""
    load_dotenv(".env")
    name = settings.check_model or settings.chat_model
    named = settings.model_copy(update={"chat_model": name})
    model = open_chat_model(named)
    return lambda asked: "".join(stream_text(model, asked, settings.chat_timeout))


def load_writer(
    settings: Settings,
    *,
    sleep: Callable[[float], None] = time.sleep,
    ask_checker: Ask | None = None,
) -> Writer:
    """The writer that the settings describe; raises SettingsError when it cannot be set up."""
    load_dotenv(".env")  # providers look for their keys in the environment only
    return Writer(
        settings.chat_model,
        lambda temperature: open_chat_model(settings, temperature=temperature),
        settings.chat_timeout,
        sleep=sleep,
        ask_checker=ask_checker,
    )


def _unmarked(text: str, language: Language) -> str:
    return text.removesuffix(message("unproven", language)).rstrip()


def _marked(sentence: Sentence, standing: Standing | None, language: Language) -> Sentence:
    """A sentence as the checking model sees it; one without a verdict stays as it is."""
    if standing is None:
        return sentence
    text = _unmarked(sentence.text, language)
    if standing == "supported":
        return replace(sentence, text=text, supported=True)
    space = " " if language == "en" else ""
    return replace(sentence, text=f"{text}{space}{message('unproven', language)}", supported=False)


def _markdown(part: Part, numbers: dict[str, int], last: str) -> str:
    if not isinstance(part, Cited):
        return _said(part)
    marks = "".join(f"[{numbers.setdefault(i, len(numbers) + 1)}]" for i in part.ids)
    return marks if last[-1:] in ("", " ", "\n", "]") else f" {marks}"


def _said(text: str) -> str:
    return _NOTHING_SAID.sub("", text)


def _checked(attempt: _Attempt, index: Index, language: Language, embedder: Embedder) -> Written:
    """The answer, every sentence held against its quotes; raises _Unusable when none is proven."""
    text = "".join(part for part in attempt.parts if isinstance(part, str))
    parts = [part if isinstance(part, Cited) else _said(part) for part in attempt.parts]
    cited = any(isinstance(part, Cited) for part in parts)
    if not cited and (NOTHING in text or (len(text) < 400 and _DECLINE.search(text))):
        return Written((), Citations(index), declined=True)
    if not cited:
        raise _Unusable(f"no known source is cited in {len(text)} characters")
    units = read_units(parts)
    if _foreign(units, language):
        raise _Unusable(f"the answer is not in the language asked for ({language})")
    sentences, citations = attribute(units, attempt.sources, index, language, embedder)
    if not sentences:
        raise _Unusable(f"none of {len(units)} sentences is proven by the sources that it cites")
    return Written(tuple(sentences), citations)


def _foreign(units: Sequence[Unit], language: Language) -> bool:
    """Most sentences are in the other language; those of names alone are in neither."""
    prose = [plain(_CODE.sub("", unit.text)) for unit in units if unit.kind == "sentence"]
    told = [text for text in prose if language_of(text) == "ja" or len(_WORD.findall(text)) > 3]
    return sum(language_of(text) != language for text in told) > len(told) / 2
