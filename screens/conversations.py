"""The conversations of this browser's person: stored, listed in the sidebar, opened, shared.

While the database is away, or where nothing may be stored (KB_KEEP_CONVERSATIONS), the session has
its own, and what is not stored yet is stored as soon as it can be. Knows nothing about answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

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
        if known is None:
            return
        exchange.stored = True
    if any(exchange.stored for exchange in chat.exchanges):
        chat.addressed = True
        if st.query_params.get("chat") != chat.id:
            st.query_params["chat"] = chat.id


def follow_address() -> bool:
    """Show the conversation that the address names; False when this person has none of that id."""
    if session.has_acted():
        return True  # on what is on the screen, whatever older address came along
    wanted, chat = st.query_params.get("chat", ""), session.chat()
    if wanted and wanted != chat.id:
        return open_chat(wanted)
    if not wanted and chat.addressed and not st.session_state.get("arrived"):
        session.new_chat()  # the way back in the browser leads to the page as it was before
    return True


def open_chat(identity: str) -> bool:
    """Put a conversation on the screen; False when this person has none of that id."""
    ours = session.chats().get(identity)
    if ours is None:
        found = _tried(lambda store: store.open(identity, person()))
        if found is None:
            st.query_params.pop("chat", None)
            return False
        ours = _chat(found)
        session.chats()[identity] = ours
    session.show(ours)
    return True


def _chat(found: Conversation) -> Chat:
    exchanges = [
        Exchange(e.question, begun=True, partial=e.partial, answer=e.answer, kept=True, stored=True)
        for e in found.exchanges
    ]
    return Chat(found.id, exchanges, found.title, found.share, addressed=True)


def shared(key: str) -> Chat | None:
    """A conversation that somebody shares, to be read."""
    found = _tried(lambda store: store.shared(key))
    return _chat(found) if found else None


def take_over(key: str) -> None:
    """Go on with a shared conversation as one's own."""
    copied = _tried(lambda store: store.copy(key, person()))
    st.query_params.pop("shared", None)
    if copied and open_chat(copied):
        st.query_params["chat"] = copied


def share(chat: Chat) -> None:
    session.act()
    chat.share = _tried(lambda store: store.share(chat.id, person())) or ""


def unshare(chat: Chat) -> None:
    session.act()
    if _tried(lambda store: store.unshare(chat.id, person())):
        chat.share = ""


def rename(chat: Chat, name: str) -> None:
    session.act()
    chat.name = name.strip()
    _tried(lambda store: store.rename(chat.id, person(), chat.name))


def delete(chat: Chat) -> None:
    _tried(lambda store: store.delete(chat.id, person()))
    session.chats().pop(chat.id, None)
    st.query_params.pop("chat", None)
    session.new_chat()


def _tried(job: Callable[[ConversationStore], T]) -> T | None:
    """What the store gives; None while it is away or may not be used."""
    if not are_kept() or time.monotonic() < st.session_state.get("conversations_retry", 0.0):
        return None
    try:
        given = job(_store())
    except KbError as error:
        LOG.warning("%s: %s", type(error).__name__, error)
        st.session_state.conversations_retry = time.monotonic() + RETRY
        return None
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
    if open_chat(identity):
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
    stored: list[Listed] = _tried(lambda store: store.of(person(), words)) or []
    rows = [_Row(one.id, title_line(one.title), one.changed_at) for one in stored]
    known = {row.id for row in rows}
    for chat in session.chats().values():
        fits = all(w in chat.title.lower() for w in words.lower().split())
        only_here = not any(exchange.stored for exchange in chat.exchanges)
        if chat.id not in known and only_here and fits:
            rows.append(_Row(chat.id, chat.title, chat.begun_at))
    return sorted(rows, key=lambda row: row.changed_at, reverse=True)


def _day(moment: datetime) -> str:
    """The day in words, in the browser's time."""
    ago = days_ago(moment)
    return label("today" if ago <= 0 else "yesterday") if ago <= 1 else day(moment)
