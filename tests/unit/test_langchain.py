"""Our retrieval in a LangChain chain, as anyone would build one."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda, RunnablePassthrough
from pydantic import ValidationError

from kb.errors import IndexMissing
from kb.langchain import KnowledgeRetriever
from kb.search.index import IndexStore
from kb.settings import Settings
from tests.unit.kb_fixtures import Notes

STOP = "学習ジョブを停止すると SIGTERM は何秒？"


@pytest.fixture
def retriever(notes: Notes) -> KnowledgeRetriever:
    return KnowledgeRetriever(store=IndexStore(notes.index_dir), embedder=notes.embedder, k=3)


def test_a_document_is_a_slice_of_what_is_stored(
    notes: Notes, retriever: KnowledgeRetriever
) -> None:
    assert isinstance(retriever, BaseRetriever)
    found = retriever.invoke(STOP)
    assert len(found) == 3
    for document in found:
        place = document.metadata
        text = notes.index.documents[place["document"]].text
        assert text[place["start"] : place["end"]] == document.page_content
        assert set(place) == {
            "document", "title", "url", "heading", "start", "end", "score", "language",
            "based_on", "index_version",
        }  # fmt: skip
        assert place["index_version"] == notes.index.version
        assert place["url"].startswith(place["document"].split("#")[0])
    assert [document.metadata["score"] for document in found] == sorted(
        (document.metadata["score"] for document in found), reverse=True
    )


def test_a_section_comes_whole_without_the_questions_above_it(
    retriever: KnowledgeRetriever,
) -> None:
    first = retriever.invoke("GPU のイメージに NVIDIA ドライバは必要？")[0]
    assert first.id == "note:start-gpu-driver"
    assert "questions:" not in first.page_content
    assert "CUDA" in first.page_content
    assert first.metadata["heading"].count(" > ") == 1
    assert first.metadata["based_on"]


def test_the_questions_language_is_preferred_unless_one_is_chosen(notes: Notes) -> None:
    store = IndexStore(notes.index_dir)
    asked = {"ja": STOP, "en": "SIGTERM when a training job is stopped: how many seconds?"}
    for language, question in asked.items():
        found = KnowledgeRetriever(store=store, embedder=notes.embedder).invoke(question)
        assert found[0].metadata["language"] == language
    chosen = KnowledgeRetriever(store=store, embedder=notes.embedder, language="en")
    assert chosen.invoke("SIGTERM 学習ジョブ 停止")[0].metadata["language"] == "en"


def test_it_works_in_async_code_and_in_a_batch(retriever: KnowledgeRetriever) -> None:
    # In a thread of its own: browser tests before this one leave a running loop in the main one.
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: asyncio.run(retriever.ainvoke(STOP))).result()
    assert found == retriever.invoke(STOP)
    assert retriever.batch([STOP, "GPU"]) == [retriever.invoke(STOP), retriever.invoke("GPU")]


def test_it_takes_its_place_in_a_chain(retriever: KnowledgeRetriever) -> None:
    def joined(documents: list[Document]) -> str:
        return "\n".join(f"{d.metadata['url']}: {d.page_content}" for d in documents)

    prompts: list[str] = []
    chain = (
        {"context": retriever | joined, "question": RunnablePassthrough()}
        | ChatPromptTemplate.from_template("Sources:\n{context}\n\nQuestion: {question}")
        | RunnableLambda(lambda prompt: prompts.append(prompt.to_string()) or prompt)
        | FakeListChatModel(responses=["120 秒です。"])
        | StrOutputParser()
    )
    assert chain.invoke(STOP) == "120 秒です。"
    assert "StopTrainingJob" in prompts[0]
    assert prompts[0].endswith(f"Question: {STOP}")


def test_it_is_opened_as_the_settings_describe_it(notes: Notes) -> None:
    settings = Settings(index_dir=notes.index_dir)
    (document,) = KnowledgeRetriever.from_settings(settings, k=1).invoke(STOP)
    assert document.id == "note:train-sigterm"


def test_what_is_wrong_is_said_in_our_words(notes: Notes, tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        KnowledgeRetriever.from_settings(Settings(index_dir=tmp_path)).invoke(STOP)
    with pytest.raises(ValidationError):
        KnowledgeRetriever(store=IndexStore(notes.index_dir), embedder=notes.embedder, k=0)
