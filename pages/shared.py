"""What the pages share: the open assistant, the language of the interface, the look."""

from __future__ import annotations

import logging

import streamlit as st

from kb.assistant import Assistant
from kb.index import Index, IndexStore
from kb.messages import message
from kb.records import Language
from kb.settings import read_settings
from kb.wiring import open_assistant, open_store

LOG = logging.getLogger("kb.app")
_CSS = """
<style>
.block-container {max-width: 52rem; padding-top: 3rem;}
.kb-passage {white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.75; font-size: .92rem;
  border-left: 3px solid #0b8a83; padding: .5rem .9rem; margin: .25rem 0 .5rem;}
.kb-passage mark {background: #ffe58a; color: #1b2626; padding: .1em .15em; border-radius: .2em;}
.stChatMessage p, .stChatMessage li {line-height: 1.85;}
.stChatMessage li + li {margin-top: .25rem;}
</style>
"""


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


def ui_language() -> Language:
    """The language of the interface: as chosen, at first as the browser's locale says."""
    if "language" not in st.session_state:
        locale = (st.context.locale or "ja").lower()
        st.session_state.language = "ja" if locale.startswith("ja") else "en"
    chosen: Language = "en" if st.session_state.language == "en" else "ja"
    return chosen


def label(name: str, **values: object) -> str:
    """A text of the interface in the language chosen."""
    return message(f"ui_{name}", ui_language(), **values)


def look() -> None:
    """The styles that Streamlit's theme has no setting for."""
    st.html(_CSS)
