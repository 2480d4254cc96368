"""What a session holds: its chats, each a list of exchanges.

Takes clicks and typed questions, gives the exchanges to show. Knows nothing about how they look or
how an answer comes about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from kb.records import Answer, Language, Turn


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

    @property
    def waiting(self) -> bool:
        """Nothing was tried yet."""
        return not self.begun


def chats() -> list[list[Exchange]]:
    """All chats of this session, the oldest first; at least one."""
    held: list[list[Exchange]] = st.session_state.setdefault("chats", [[]])
    return held


def opened() -> int:
    """Position of the chat on the screen."""
    return int(st.session_state.setdefault("opened", 0))


def exchanges() -> list[Exchange]:
    """The exchanges of the chat on the screen."""
    return chats()[opened()]


def ask(question: str, language: Language | None = None) -> None:
    exchanges().append(Exchange(question, language))


def retry() -> None:
    """Ask the last question again, with the same turns before it."""
    last = exchanges().pop()
    ask(last.question, last.language)


def new_chat() -> None:
    if exchanges():
        chats().append([])
    open_chat(len(chats()) - 1)


def open_chat(number: int) -> None:
    """Show another chat; an empty one that is left behind goes."""
    if not exchanges() and number != opened():
        left = opened()
        chats().pop(left)
        number -= number > left
    st.session_state.opened = number


def turns(before: Sequence[Exchange]) -> list[Turn]:
    """What was said, as history for the next question; of a stopped answer what had come."""
    said = [(e.question, e.answer.answer if e.answer else e.partial) for e in before]
    return [
        turn
        for question, answer in said
        if answer
        for turn in (Turn("user", question), Turn("assistant", answer))
    ]
