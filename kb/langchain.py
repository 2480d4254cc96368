"""Our retrieval as a LangChain retriever, for chains of your own.

    from kb.langchain import KnowledgeRetriever
    from kb.settings import read_settings

    retriever = KnowledgeRetriever.from_settings(read_settings())
    retriever.invoke("apt で入れるパッケージが必要なときは？")

Takes a question, gives `Document` values, best first: each an exact slice of a stored document,
with the place it comes from. Nothing in kb imports this file: langchain-core takes long to load.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field, SkipValidation

from kb.records import Chunk, Hit, Language
from kb.search.embedding import Embedder, load_embedder
from kb.search.index import Index, IndexStore
from kb.search.links import deep_link
from kb.search.retrieve import retrieve
from kb.settings import Settings
from kb.text.language import language
from kb.wiring import open_store


class KnowledgeRetriever(BaseRetriever):
    """The sections and passages nearest to a question, from the index version in use.

    Safe to share between threads; a newly published version is noticed at the next question.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    store: IndexStore
    embedder: SkipValidation[Embedder]
    k: int = Field(default=4, ge=1)
    """Documents at most."""
    language: Language | None = None
    """Preferred where a section exists in both languages; else the question's."""

    @classmethod
    def from_settings(cls, settings: Settings, *, k: int = 4) -> Self:
        """A retriever as the settings describe it; raises KbError when a part cannot be loaded."""
        return cls(
            store=open_store(settings), embedder=load_embedder(settings.embedding_model), k=k
        )

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        index = self.store.current()
        found = retrieve(index, self.embedder, query, self.language or language(query), k=self.k)
        return [to_document(index, hit) for hit in found.hits]


def to_document(index: Index, hit: Hit) -> Document:
    """A hit as one slice: from its first shown chunk to its last, `text[start:end]` word for word.

    `metadata`: document, title, url, heading, start, end (characters), score (1 for the best hit),
    language, based_on (URLs of the evidence) and index_version.
    """
    shown = [chunk for chunk in hit.chunks if chunk.kind != "question"]
    document = index.documents[shown[0].document]
    start, end = min(chunk.start for chunk in shown), max(chunk.end for chunk in shown)
    text = document.text[start:end]
    lines = min(chunk.lines[0] for chunk in shown), max(chunk.lines[1] for chunk in shown)
    return Document(
        id=hit.group,
        page_content=text,
        metadata={
            "document": document.id,
            "title": document.title,
            "url": deep_link(document, shown[0], text, lines),
            "heading": " > ".join(shown[0].heading),
            "start": start,
            "end": end,
            "score": hit.score,
            "language": document.language,
            "based_on": _evidence(shown),
            "index_version": index.version,
        },
    )


def _evidence(chunks: Sequence[Chunk]) -> list[str]:
    return list(dict.fromkeys(url for chunk in chunks for url in chunk.based_on))
