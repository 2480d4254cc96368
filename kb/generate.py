"""Generate: hits to the sentences of an answer, written by a chat model. (Interface; see below.)"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from kb.compose import Citations
from kb.embedding import Embedder
from kb.errors import ChatModelError
from kb.index import Index
from kb.records import Language, Sentence, Turn
from kb.retrieve import Retrieval


class WriterGaveUp(ChatModelError):
    """The chat model gave no usable answer twice; the caller answers from the sources."""


@dataclass(frozen=True, slots=True)
class Written:
    """A checked answer of the chat model."""

    sentences: Sequence[Sentence]
    citations: Citations


class Writer:
    """Writes answers with a chat model of LangChain."""

    name: str

    def write(
        self,
        question: str,
        history: Sequence[Turn],
        retrieval: Retrieval,
        index: Index,
        language: Language,
        embedder: Embedder,
    ) -> Generator[str, None, Written]:
        """Pieces of Markdown as they come; returns the checked sentences. Raises WriterGaveUp."""
        raise NotImplementedError
        yield ""


def load_writer(settings: object) -> Writer:
    """The writer that the settings describe."""
    raise NotImplementedError
