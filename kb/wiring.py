"""Wiring: the one file that names concrete classes.

Takes settings, gives an `Assistant` ready to answer, and the stores of feedback, progress and
conversations.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from kb.assistant import Assistant
from kb.errors import DatabaseError
from kb.image.listed import listed_version
from kb.pattern.knowing import KnowingReader
from kb.pattern.own_reader import own_reader
from kb.reading.reading import Reader
from kb.search.embedding import load_embedder
from kb.search.index import IndexStore
from kb.search.rerank import Reranker
from kb.settings import Settings
from kb.writer.generate import load_writer
from kb.writer.model import Limits, load_limits, load_model
from kb.writer.reading import ModelReader

if TYPE_CHECKING:
    from kb.store.conversations import ConversationStore
    from kb.store.feedback import FeedbackStore
    from kb.store.progress import ProgressStore

_LOG = logging.getLogger("kb")


def open_store(settings: Settings) -> IndexStore:
    """The index versions that the settings name."""
    return IndexStore(settings.index_dir, settings.chroma_url)


def open_assistant(settings: Settings, store: IndexStore | None = None) -> Assistant:
    """An assistant as the settings describe it; raises KbError when a part cannot be loaded."""
    limits = load_limits(settings, _stored_tokens(settings)) if settings.chat_model else None
    return Assistant(
        store or open_store(settings),
        load_embedder(settings.embedding_model),
        read_by=partial(_read_by, settings, limits) if limits else None,
        writer=load_writer(settings, limits) if limits else None,
        rerank=Reranker(settings.reranker).rerank if settings.reranker else None,
    )


def open_reader(settings: Settings) -> Reader:
    """What reads messages with the chat model of the settings, without an index."""
    own = own_reader(load_embedder(settings.embedding_model), listed_version)
    return _read_by(settings, load_limits(settings), own) if settings.chat_model else own


def _read_by(settings: Settings, limits: Limits, own: Reader) -> Reader:
    """The chat model's reading around ours; what was clicked, and versions, stay exact."""
    by_model = ModelReader(own, load_model(settings, limits), settings.read_timeout)
    return KnowingReader(by_model, listed_version)


def _stored_tokens(settings: Settings) -> Callable[[datetime], int] | None:
    """The tokens that answers of all processes took since a time, where there is a budget."""
    if not settings.chat_budget:
        return None
    store = open_feedback(settings)

    def tokens(since: datetime) -> int:
        try:
            return store.tokens_since(since)
        except DatabaseError as error:
            _LOG.warning("the budget counts this process alone: %s", error)
            return 0

    return tokens


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
