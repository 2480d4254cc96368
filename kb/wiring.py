"""Wiring: the one file that names concrete classes.

Takes settings, gives an `Assistant` ready to answer, and the stores of feedback, progress and
conversations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kb.assistant import Assistant
from kb.search.embedding import load_embedder
from kb.search.index import IndexStore
from kb.search.rerank import Reranker
from kb.settings import Settings
from kb.writer.generate import load_checker, load_writer

if TYPE_CHECKING:
    from kb.store.conversations import ConversationStore
    from kb.store.feedback import FeedbackStore
    from kb.store.progress import ProgressStore


def open_store(settings: Settings) -> IndexStore:
    """The index versions that the settings name."""
    return IndexStore(settings.index_dir, settings.chroma_url)


def open_assistant(settings: Settings, store: IndexStore | None = None) -> Assistant:
    """An assistant as the settings describe it; raises KbError when a part cannot be loaded."""
    return Assistant(
        store or open_store(settings),
        load_embedder(settings.embedding_model),
        writer=(
            load_writer(settings, ask_checker=load_checker(settings))
            if settings.chat_model
            else None
        ),
        reranker=Reranker(settings.reranker) if settings.reranker else None,
    )


def open_feedback(settings: Settings) -> FeedbackStore:
    """Where answers and votes are kept; raises SettingsError, never because it is away."""
    from kb.store.feedback import FeedbackStore  # SQLAlchemy, which an answer does not need

    return FeedbackStore(settings.database_url, keep_days=settings.keep_days)


def open_progress(settings: Settings) -> ProgressStore:
    """Where progress on the onboarding path is kept; raises DatabaseError while it is away."""
    from kb.store.progress import ProgressStore  # SQLAlchemy, which an answer does not need

    return ProgressStore(settings.database_url)


def open_conversations(settings: Settings) -> ConversationStore:
    """Where the browser's conversations are kept; raises DatabaseError while it is away."""
    from kb.store.conversations import ConversationStore  # SQLAlchemy, as above

    return ConversationStore(settings.database_url)
