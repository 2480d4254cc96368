"""What a session holds: the conversation on the screen, and those of before.

Takes clicks and typed questions, gives the exchanges to show. Knows nothing about how they look,
how an answer comes about, or where conversations are stored.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import streamlit as st

from kb.records import Answer, Language, Turn
from screens.html.asked import title_line


@dataclass
class Exchange:
    """A question and what came of it."""

    question: str
    language: Language | None = None
    """Of the answer; None: that of the question."""
    begun: bool = False
    partial: str = ""
    """Markdown that has come so far; stays when the answer is stopped."""
    answer: Answer | None = None
    error: str = ""
    """Name of the sentence to show instead of an answer."""
    kept: bool = False
    """The answer was handed to the store of feedback."""
    stored: bool = False
    """It stands in the stored conversation."""

    @property
    def waiting(self) -> bool:
        """Nothing was tried yet."""
        return not self.begun


@dataclass
class Chat:
    """A conversation."""

    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    exchanges: list[Exchange] = field(default_factory=list)
    name: str = ""
    """As the person named it."""
    share: str = ""
    """Key of its link; empty while it is not shared."""
    addressed: bool = False
    """The address of the page names it."""
    begun_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def title(self) -> str:
        """Its name, else its first question."""
        return title_line(self.name or (self.exchanges[0].question if self.exchanges else ""))


def chat() -> Chat:
    """The conversation on the screen."""
    opened: Chat = st.session_state.setdefault("chat", Chat())
    return opened


def chats() -> dict[str, Chat]:
    """The conversations of this session in which something was asked, by id."""
    known: dict[str, Chat] = st.session_state.setdefault("chats", {})
    return known


def exchanges() -> list[Exchange]:
    """The exchanges of the conversation on the screen."""
    return chat().exchanges


def act() -> None:
    """Note that the person does something to the conversation on the screen in this run.

    A click can come before the browser knows the address that the last run gave to the page.
    """
    st.session_state.acted = True


def has_acted() -> bool:
    """Whether the person did so, a question typed just now included; once a run."""
    typed = bool(st.session_state.get("question")) and bool(exchanges())
    return bool(st.session_state.pop("acted", False)) or typed


def ask(question: str, language: Language | None = None) -> None:
    """Ask next; a question that is being edited gives way."""
    act()
    if editing():
        stop_editing()
        exchanges().pop()
    exchanges().append(Exchange(question, language))
    chats()[chat().id] = chat()


def draft(question: str, language: Language | None = None) -> None:
    """Put a question into the field of a new conversation, to be sent or changed by the person.

    `language`: of its answer, when it is sent as it is.
    """
    new_chat()
    st.session_state.question = question
    st.session_state.drafted = (question, language)


def ask_typed(question: str) -> None:
    """Ask what was typed into the field, or put there and sent as it was."""
    drafted, language = st.session_state.pop("drafted", ("", None))
    ask(question, language if question == drafted else None)
    st.session_state.pop("acted", None)  # this run has followed the address already


def retry() -> None:
    """Ask the last question again, with the same turns before it."""
    last = exchanges().pop()
    ask(last.question, last.language)


def edit() -> None:
    """Have the last question typed anew; until that is sent, nothing changes."""
    act()
    st.session_state.editing = chat().id


def editing() -> bool:
    return st.session_state.get("editing") == chat().id and bool(exchanges())


def stop_editing() -> None:
    st.session_state.pop("editing", None)


def show(other: Chat) -> None:
    """Put another conversation on the screen."""
    stop_editing()
    st.session_state.chat = other


def new_chat() -> None:
    show(Chat())


def turns(before: Sequence[Exchange]) -> list[Turn]:
    """What was said, as history for the next question; of a stopped answer what had come."""
    said = [(e.question, e.answer.answer if e.answer else e.partial) for e in before]
    return [
        turn
        for question, answer in said
        if answer
        for turn in (Turn("user", question), Turn("assistant", answer))
    ]
