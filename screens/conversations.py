"""The conversations of this browser's person: stored, listed in the sidebar, opened, shared.

While the database is away, or where nothing may be stored (KB_KEEP_CONVERSATIONS), the session has
its own, and what is not stored yet is stored as soon as it can be. Knows nothing about answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal, TypeVar

import streamlit as st

from kb.errors import KbError
from kb.settings import read_settings
from kb.store.conversations import Conversation, ConversationStore, Listed, Stored
from kb.wiring import open_conversations
from screens import session
from screens.html.answer import label_markdown
from screens.html.asked import title_line
from screens.person import person
from screens.session import Chat, Exchange
from screens.shared import LOG, day, days_ago, label

RETRY = 10.0
"""Seconds until a database that was away is tried again; a page must not wait for it each time."""
_LISTED = 15
"""Conversations listed at first."""
_SEARCHABLE = 6
"""From so many on there is a field to search them."""
CHAT_PAGE = "screens/chat.py"
T = TypeVar("T")


class Away(Enum):
    """What comes in place of a conversation while the database is away: nothing is known then."""

    AWAY = "away"


AWAY: Literal[Away.AWAY] = Away.AWAY


@st.cache_resource(show_spinner=False)
def _store() -> ConversationStore:
    """Shared by all sessions. Tried anew until the database is there."""
    return open_conversations(read_settings())


def are_kept() -> bool:
    """Whether conversations may be stored at all."""
    try:
        return read_settings().keep_conversations
    except KbError:
        return False


def keep(chat: Chat) -> None:
    """Store what is not stored yet, and have the address name the conversation."""
    for place, exchange in enumerate(chat.exchanges):
        done = exchange.answer is not None or (exchange.begun and exchange.partial)
        if exchange.stored or exchange.error or not done:
            continue
        stored = Stored(exchange.question, exchange.answer, exchange.partial)
        known = _tried(lambda s, p=place, e=stored: s.keep(chat.id, person(), p, e))  # type: ignore[misc]
        if known is None or known is AWAY:
            return
        exchange.stored = True
    if any(exchange.stored for exchange in chat.exchanges):
        chat.addressed = True
        if st.query_params.get("chat") != chat.id:
            st.query_params["chat"] = chat.id


def follow_address() -> str:
    """Show the conversation that the address names. Gives the name of the sentence that says why it
    is not there; empty when all is well.
    """
    chat = session.chat()
    if session.has_acted():
        leave_address()
        return ""  # on what is on the screen, whatever older address came along
    wanted = st.query_params.get("chat", "")
    if wanted and wanted != chat.id:
        problem = open_chat(wanted)
        if problem and chat.exchanges:
            session.new_chat()  # what was on the screen is not what the address names
        if problem == "chat_unknown":
            st.query_params.pop("chat", None)  # while the database is away, a reload tries it again
        return problem
    if not wanted and chat.addressed and not st.session_state.get("arrived"):
        session.new_chat()  # the way back in the browser leads to the page as it was before
    return ""


def leave_address() -> None:
    """Have the address name no other conversation than the one on the screen."""
    if st.query_params.get("chat", "") not in ("", session.chat().id):
        st.query_params.pop("chat", None)


def open_chat(identity: str) -> str:
    """Put a conversation on the screen; gives the name of the sentence that says why not."""
    ours = session.chats().get(identity)
    if ours is None:
        found = _tried(lambda store: store.open(identity, person()))
        if found is AWAY:
            return "chat_away"
        if found is None:
            return "chat_unknown"
        ours = _chat(found)
        session.chats()[identity] = ours
    session.show(ours)
    return ""


def _chat(found: Conversation) -> Chat:
    exchanges = [
        Exchange(e.question, begun=True, partial=e.partial, answer=e.answer, kept=True, stored=True)
        for e in found.exchanges
    ]
    return Chat(found.id, exchanges, found.title, found.share, addressed=True)


def shared(key: str) -> Chat | Literal[Away.AWAY] | None:
    """A conversation that somebody shares, to be read; None when it is shared no more."""
    found = _tried(lambda store: store.shared(key))
    return _chat(found) if isinstance(found, Conversation) else found


def take_over(key: str) -> None:
    """Go on with a shared conversation as one's own."""
    copied = _tried(lambda store: store.copy(key, person()))
    if copied is AWAY:
        _say("chat_unchanged")
        return
    st.query_params.pop("shared", None)
    if copied and not open_chat(copied):
        st.query_params["chat"] = copied


def share(chat: Chat) -> None:
    session.act()
    key = _tried(lambda store: store.share(chat.id, person()))
    if key is AWAY:
        _say("chat_unchanged")
    else:
        chat.share = key or ""


def unshare(chat: Chat) -> None:
    session.act()
    if _tried(lambda store: store.unshare(chat.id, person())) is AWAY:
        _say("chat_unchanged")
    else:
        chat.share = ""


def rename(chat: Chat, name: str) -> None:
    session.act()
    name = name.strip()
    if _tried(lambda store: store.rename(chat.id, person(), name)) is AWAY and _has_rows(chat):
        st.session_state[f"name_{chat.id}"] = chat.title
        _say("chat_unchanged")
    else:
        chat.name = name


def delete(chat: Chat) -> None:
    """It goes from the screen only once it has gone from the database."""
    if _tried(lambda store: store.delete(chat.id, person())) is AWAY and _has_rows(chat):
        session.act()
        _say("chat_undeleted")
        return
    session.chats().pop(chat.id, None)
    st.query_params.pop("chat", None)
    session.new_chat()


def _has_rows(chat: Chat) -> bool:
    """Whether something of it may stand in the database."""
    return any(exchange.stored for exchange in chat.exchanges)


def _say(problem: str) -> None:
    """Have the next page say what could not be done; `show_problem` does."""
    st.session_state.chat_problem = problem


def show_problem() -> None:
    """What could not be done, once."""
    problem = st.session_state.pop("chat_problem", "")
    if problem:
        st.warning(label(problem))


def _tried(job: Callable[[ConversationStore], T]) -> T | Literal[Away.AWAY] | None:
    """What the store gives; AWAY while it is away; None where nothing may be stored."""
    if not are_kept():
        return None
    if time.monotonic() < st.session_state.get("conversations_retry", 0.0):
        return AWAY
    try:
        given = job(_store())
    except KbError as error:
        LOG.warning("%s: %s", type(error).__name__, error)
        st.session_state.conversations_retry = time.monotonic() + RETRY
        return AWAY
    st.session_state.pop("conversations_retry", None)
    return given


# The list in the sidebar.


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    title: str
    changed_at: datetime


def show_new_chat() -> None:
    """The button that begins anew, on every page."""
    st.button(
        label("new_chat"), key="new_chat", icon=":material/add:", width="stretch", on_click=begin
    )


def begin() -> None:
    st.query_params.pop("chat", None)
    session.new_chat()
    st.session_state.to_chat = True


def _choose(identity: str) -> None:
    problem = open_chat(identity)
    if problem:
        _say(problem)
        return
    st.session_state.to_chat = True
    if session.chat().addressed:
        st.query_params["chat"] = identity


def go_where_clicked(*, in_chat: bool) -> None:
    """Leave another page for the conversation that was clicked there."""
    if st.session_state.pop("to_chat", False) and not in_chat:
        chat = session.chat()
        named = {"chat": chat.id} if chat.addressed else None
        st.switch_page(CHAT_PAGE, query_params=named)


def show_list() -> None:
    """The conversations by day, the newest first, and a field to search them."""
    words = str(st.session_state.get("chat_search") or "").strip()
    rows = _rows(words)
    if not rows and not words:
        return
    st.caption(label("chats"))
    if words or len(rows) >= _SEARCHABLE:
        st.text_input(
            label("chat_search"),
            key="chat_search",
            placeholder=label("chat_search"),
            label_visibility="collapsed",
            icon=":material/search:",
        )
    if not rows:
        st.caption(label("chat_search_none"))
    most = len(rows) if st.session_state.get("all_chats") or words else _LISTED
    before = ""
    with st.container(gap=None, key="chats"):
        for row in rows[:most]:
            if _day(row.changed_at) != before:
                before = _day(row.changed_at)
                st.caption(before)
            _link(row)
    if len(rows) > most:
        st.button(
            label("chats_all", count=len(rows)),
            key="chats_all",
            type="tertiary",
            on_click=st.session_state.__setitem__,
            args=("all_chats", True),
        )


def _link(row: _Row) -> None:
    st.button(
        label_markdown(row.title),
        key=f"open_{row.id}",
        type="tertiary",
        width="stretch",
        disabled=row.id == session.chat().id,
        on_click=_choose,
        args=(row.id,),
    )


def _rows(words: str) -> list[_Row]:
    stored = _tried(lambda store: store.of(person(), words))
    listed: list[Listed] = stored if isinstance(stored, list) else []
    rows = [_Row(one.id, title_line(one.title), one.changed_at) for one in listed]
    known = {row.id for row in rows}
    for chat in session.chats().values():
        fits = all(w in chat.title.lower() for w in words.lower().split())
        if chat.id not in known and not _has_rows(chat) and fits:
            rows.append(_Row(chat.id, chat.title, chat.begun_at))
    return sorted(rows, key=lambda row: row.changed_at, reverse=True)


def _day(moment: datetime) -> str:
    """The day in words, in the browser's time."""
    ago = days_ago(moment)
    return label("today" if ago <= 0 else "yesterday") if ago <= 1 else day(moment)
