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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kb.attribute import attribute
from kb.chat import ChatFailed, Message, open_chat_model, stream_text
from kb.citing import CitationFilter, Cited, Part, defused, fresh_ids
from kb.compose import Citations
from kb.embedding import Embedder
from kb.errors import ChatModelError
from kb.index import Index
from kb.prompts import prompt
from kb.records import Chunk, Hit, Language, Sentence, Turn
from kb.retrieve import Retrieval
from kb.settings import Settings
from kb.text import language as language_of
from kb.text import plain
from kb.units import Unit, read_units

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_LOG = logging.getLogger("kb")
BACKOFF = 0.5
"""Seconds before the second try, unless the provider asks for more."""
PATIENCE_AFTER = 5.0
"""Seconds that a provider's Retry-After is honoured at most."""
_ATTEMPTS = 2
_TURNS = 6
"""Earlier messages that the model is given at most, and characters of each."""
_TURN_LENGTH = 1_500
_QUESTION_LENGTH = 4_000
_SOURCES_LENGTH = 14_000
"""Characters of all sources together; the best hit is given whole in any case."""
_NOTHING = "NOT_IN_SOURCES"
_NOTHING_SAID = re.compile(rf"`?{_NOTHING}`?[.。]?")
_NAMES: dict[Language, str] = {"ja": "Japanese (です・ます)", "en": "English"}
_DECLINE = re.compile(
    r"(?:資料|出典|ソース|情報|記載|文書)[^。]{0,40}(?:見つか(?:り|ら)|見当た(?:り|ら)|あり?ま?せん|ない|含まれ|不足)"
    r"|(?:お答え|回答)(?:でき|いたしかね)"
    r"|\b(?:sources?|documents?|context)\b[^.]{0,60}\b(?:not|n't|no|nothing|lack)\b"
    r"|\b(?:cannot|can't|unable to)\b[^.]{0,30}\b(?:answer|find)\b|\bno (?:information|mention)\b",
    re.IGNORECASE,
)


class WriterGaveUp(ChatModelError):
    """The chat model gave no usable answer twice; the caller answers from the sources."""


@dataclass(frozen=True, slots=True)
class Written:
    """A checked answer of the chat model."""

    sentences: Sequence[Sentence]
    citations: Citations
    declined: bool = False
    """The model found no answer in the sources; there are no sentences then."""


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
        backoff: float = BACKOFF,
    ) -> None:
        """`open_model` takes a temperature; None leaves it to the model."""
        self.name = name
        self._open = open_model
        self._model = open_model(0.0)
        self._timeout = timeout
        self._backoff = backoff

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
        shown, reminder = False, ""
        for number in range(1, _ATTEMPTS + 1):
            attempt = _Attempt(hand_over(retrieval.hits), shown=shown)
            messages = _messages(question, history, attempt.sources, index, language, reminder)
            try:
                yield from self._stream(messages, attempt)
                return _checked(attempt, index, language, embedder)
            except ChatFailed as failure:
                _LOG.warning("%s, try %d of %d: %s", self.name, number, _ATTEMPTS, failure)
                if not failure.retry:
                    break
                shown = attempt.shown
                if isinstance(failure, _Unusable):
                    reminder = prompt("reminder", language=_NAMES[language])
                if number < _ATTEMPTS:
                    time.sleep(max(self._backoff, min(failure.wait, PATIENCE_AFTER)))
        raise WriterGaveUp(f"{self.name} gave no usable answer.")

    def _stream(self, messages: Sequence[Message], attempt: _Attempt) -> Iterator[str]:
        """Markdown with numbers in place of ids, unless something was shown before."""
        silent = attempt.shown
        numbers: dict[str, int] = {}
        last = ""
        for part in self._parts(messages, attempt.sources):
            attempt.parts.append(part)
            if silent:
                continue
            piece = _markdown(part, numbers, last)
            if piece:
                attempt.shown, last = True, piece
                yield piece

    def _parts(self, messages: Sequence[Message], sources: Mapping[str, Chunk]) -> Iterator[Part]:
        sieve = CitationFilter(sources)
        for piece in self._text(messages):
            yield from sieve.feed(piece)
        yield from sieve.close()

    def _text(self, messages: Sequence[Message]) -> Iterator[str]:
        try:
            yield from stream_text(self._model, messages, self._timeout)
        except ChatFailed as failure:
            if failure.status != 400 or "temperature" not in str(failure):
                raise
            _LOG.info("%s refuses the temperature; it is left to the model from now on", self.name)
            self._model = self._open(None)
            yield from stream_text(self._model, messages, self._timeout)


class _Unusable(ChatFailed):
    """The model answered, but not from the sources."""


def load_writer(settings: Settings, *, backoff: float = BACKOFF) -> Writer:
    """The writer that the settings describe; raises SettingsError when it cannot be set up."""
    return Writer(
        settings.chat_model,
        lambda temperature: open_chat_model(settings, temperature=temperature),
        settings.chat_timeout,
        backoff=backoff,
    )


def hand_over(hits: Sequence[Hit]) -> dict[str, Chunk]:
    """The sources of an answer, best hit first, under ids that are new each time."""
    chunks: dict[str, Chunk] = {}
    length = 0
    for position, hit in enumerate(hits):
        own = [chunk for chunk in hit.chunks if chunk.kind not in ("answer", "question")]
        for chunk in own:
            if position and length + len(chunk.text) > _SOURCES_LENGTH:
                break
            length += len(chunk.text)
            chunks[chunk.id] = chunk
    return dict(zip(fresh_ids(len(chunks)), chunks.values(), strict=True))


def _messages(
    question: str,
    history: Sequence[Turn],
    sources: Mapping[str, Chunk],
    index: Index,
    language: Language,
    reminder: str,
) -> list[Message]:
    one, two = fresh_ids(2)
    rules = prompt(
        "answer", language=_NAMES[language], nothing=_NOTHING, example_one=one, example_two=two
    )
    asked = prompt(
        "question",
        sources="\n".join(_source(identity, chunk, index) for identity, chunk in sources.items()),
        question=defused(question[:_QUESTION_LENGTH]),
        reminder=reminder,
    )
    return [("system", rules), *_turns(history), ("human", asked.strip())]


def _source(identity: str, chunk: Chunk, index: Index) -> str:
    title = index.documents[chunk.document].title
    heading = " > ".join(part for part in chunk.heading if part != title)
    about = f'id="{identity}" title="{_attribute(title)}" heading="{_attribute(heading)}"'
    return f'<source {about} language="{chunk.language}">\n{defused(chunk.text)}\n</source>'


def _attribute(text: str) -> str:
    return defused(" ".join(plain(text).replace('"', "'").split()))[:200]


def _turns(history: Sequence[Turn]) -> list[Message]:
    """The last turns, user and assistant in turn; numbers of old citations taken out."""
    pairs: list[Message] = []
    for turn in history[-_TURNS:]:
        text = defused(re.sub(r"\s?\[\d{1,3}\]", "", turn.content))[:_TURN_LENGTH].strip()
        role = "human" if turn.role == "user" else "ai"
        if text and (pairs or role == "human"):
            if pairs and pairs[-1][0] == role:
                pairs.pop()
            pairs.append((role, text))
    return pairs[:-1] if pairs and pairs[-1][0] == "human" else pairs


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
    if not cited and (_NOTHING in text or (len(text) < 400 and _DECLINE.search(text))):
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
    """Most sentences are in the other language."""
    prose = [plain(unit.text) for unit in units if unit.kind == "sentence"]
    return sum(language_of(text) != language for text in prose) > len(prose) / 2
