"""Feedback below an answer: a thumb, then a comment. Nothing here can break an answer.

Takes finished answers and clicks, hands both to the store of feedback.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from kb.errors import KbError
from kb.records import Answer, Turn
from kb.settings import read_settings
from kb.store.entries import Rating
from kb.store.feedback import FeedbackStore
from kb.wiring import open_feedback
from screens.person import person
from screens.shared import failure, label, run_script

_RATINGS: tuple[Rating, Rating] = ("down", "up")  # as st.feedback numbers its thumbs


@st.cache_resource(show_spinner=False)
def feedback_store() -> FeedbackStore:
    """Where feedback is kept; shared by all sessions. Raises SettingsError."""
    return open_feedback(read_settings())


def keep(answer: Answer, history: Sequence[Turn]) -> None:
    """Keep an answered question: to be rated, and to be mended when it went unanswered."""
    store = _store()
    if store is not None:
        store.record_answer(answer, history=history, person=person(), surface="browser")


@st.fragment
def rate(answer: Answer) -> None:
    """Thumbs, and a field for a comment once one is chosen."""
    if _store() is None:
        return
    thumb = st.feedback(
        key=f"thumb_{answer.id}", persist_state="session", on_change=_vote, args=(answer.id,)
    )
    if thumb is None:
        return
    st.caption(label(_outcomes()[answer.id][1]))
    with st.form(f"rating_{answer.id}", border=False):
        st.text_area(
            label(f"comment_{_RATINGS[thumb]}"),
            key=f"comment_{answer.id}",
            persist_state="session",
            height=80,
            max_chars=2_000,
            help=label("stored", person=person()),
        )
        st.form_submit_button(label("comment_send"), on_click=_vote, args=(answer.id,))
    if st.session_state.pop("rated", "") == answer.id:
        run_script(
            f"rated-{answer.id}",
            f"document.querySelector('.st-key-comment_{answer.id}')"
            "?.scrollIntoView({block: 'nearest'})",
        )


def _vote(answer_id: str) -> None:
    """Hand the vote and the comment to the store; a thumb clicked twice stays chosen."""
    key = f"thumb_{answer_id}"
    before = _outcomes().get(answer_id)
    if st.session_state[key] is None and before is not None:
        st.session_state[key] = before[0]
    thumb, store = st.session_state[key], _store()
    if thumb is None or store is None:
        return
    comment = st.session_state.get(f"comment_{answer_id}") or ""
    stored = store.record_vote(answer_id, person=person(), vote=_RATINGS[thumb], comment=comment)
    said = ("thanks_comment" if comment else "thanks") if stored else "feedback_waits"
    _outcomes()[answer_id] = (thumb, said)
    st.session_state.rated = answer_id


def _outcomes() -> dict[str, tuple[int, str]]:
    """By answer: the thumb that was chosen, and the sentence that says what became of it."""
    outcomes: dict[str, tuple[int, str]] = st.session_state.setdefault("ratings", {})
    return outcomes


def _store() -> FeedbackStore | None:
    """The store; None when a setting keeps it closed, which the log then says."""
    try:
        return feedback_store()
    except KbError as error:
        failure(error)
        return None
