"""What the pages share: the open assistant, the language of the interface, the look."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import streamlit as st

from kb.assistant import Assistant
from kb.errors import DatabaseError, IndexDamaged, IndexMissing, KbError
from kb.messages import message
from kb.records import Language
from kb.search.index import Index, IndexStore
from kb.settings import read_settings
from kb.wiring import open_assistant, open_store

LOG = logging.getLogger("kb.app")
_NAMES = {"ja": "日本語", "en": "English"}
_FOLLOW_THEME = """{
  const app = document.querySelector('.stApp');
  const follow = () => {
    document.documentElement.style.colorScheme = getComputedStyle(app).colorScheme;
  };
  follow();
  new MutationObserver(follow).observe(app, {attributeFilter: ['class']});
}"""
"""Dialogs stand outside of the app's element, and would take the light colours of look.css."""


@st.cache_resource(show_spinner=False)
def store() -> IndexStore:
    """The index versions; shared by all sessions."""
    return open_store(read_settings())


@st.cache_resource(show_spinner=False)
def assistant() -> Assistant:
    """The assistant; shared by all sessions, it holds no conversation."""
    return open_assistant(read_settings(), store())


def current_index() -> Index:
    """The index version in use."""
    return store().current()


def language_switch() -> None:
    """Japanese or English, at first as the browser's locale says; kept in the address."""
    locale = (st.context.locale or "ja").lower()
    st.segmented_control(
        "表示言語 / Language",
        options=list(_NAMES),
        format_func=_NAMES.__getitem__,
        default="ja" if locale.startswith("ja") else "en",
        key="language",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )


def ui_language() -> Language:
    """The language of the interface; answers follow the question instead."""
    return "en" if st.session_state.get("language") == "en" else "ja"


def label(name: str, **values: object) -> str:
    """A text of the interface in the language chosen."""
    return message(f"ui_{name}", ui_language(), **values)


def failure(error: Exception) -> str:
    """Name of the sentence that a person reads about `error`; the log gets the details."""
    if not isinstance(error, KbError):
        LOG.error("failed", exc_info=error)
        return "failed"
    LOG.warning("%s: %s", type(error).__name__, error)
    if isinstance(error, DatabaseError):
        return "no_database"
    return "no_index" if isinstance(error, IndexMissing | IndexDamaged) else "misconfigured"


def look() -> None:
    """Styles, and the language of the page for browsers and screen readers."""
    st.html(Path(__file__).with_name("look.css"))
    run_script("language", f"document.documentElement.lang = '{ui_language()}'")
    run_script("theme", _FOLLOW_THEME)


def run_script(name: str, code: str) -> None:
    """Run a few lines of our JavaScript in the page; never what a person or a source wrote."""
    with st.container(key=f"script-{name}"):
        st.html(f"<script>{code}</script>", unsafe_allow_javascript=True)


def draw(svg: str) -> None:
    """Show a drawing of ours; Streamlit takes the SVG out of HTML that it is given as such."""
    text = json.dumps(svg).replace("<", "\\u003c")  # else the script counts as mark-up
    script = f"document.currentScript.previousElementSibling.innerHTML = {text}"
    st.html(f"<div></div><script>{script}</script>", unsafe_allow_javascript=True)
