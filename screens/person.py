"""Who uses this browser: a random id, kept in a cookie of ours across sessions and restarts.

Gives the id under which feedback and progress are stored. It says nothing about the person, and no
two browsers share it.
"""

from __future__ import annotations

import re
import uuid

import streamlit as st

from screens.shared import run_script

_COOKIE = "kb_person"
_ID = re.compile(r"[0-9a-f]{32}")
_YEAR = 365 * 24 * 3600


def person() -> str:
    """The id of this browser; a new one when it brings none along."""
    if "person" not in st.session_state:
        brought = st.context.cookies.get(_COOKIE, "")
        st.session_state.person = brought if _ID.fullmatch(brought) else uuid.uuid4().hex
    return str(st.session_state.person)


def remember_person() -> None:
    """Have the browser keep its id; a second tab that opened meanwhile does not change it."""
    if st.context.cookies.get(_COOKIE) != person():
        run_script(
            "person",
            f"if (!/(^|; ){_COOKIE}=[0-9a-f]{{32}}(;|$)/.test(document.cookie)) document.cookie = "
            f"'{_COOKIE}={person()}; path=/; max-age={_YEAR}; SameSite=Lax'"
            " + (location.protocol === 'https:' ? '; Secure' : '')",
        )
