"""Managing: whether this page may switch the index version and show everybody's questions.

Takes KB_MANAGE and the address under which the browser has the page, gives yes or no. Knows nothing
about who a person is: there is no login.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from kb.errors import KbError
from kb.settings import read_settings

_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_BY_PROXY = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
"""Headers of a page that comes from another machine, under whatever name."""


def may_manage() -> bool:
    """As KB_MANAGE says; without it, where the page is open on the machine that serves it."""
    try:
        wanted = read_settings().manage
    except KbError:
        return False
    if wanted != "local":
        return wanted == "true"
    try:
        host = urlsplit(st.context.url or "").hostname
    except ValueError:  # no address of the web
        return False
    return host in _HERE and not any(name in st.context.headers for name in _BY_PROXY)
