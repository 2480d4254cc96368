"""The keys that screens/page.js listens to, in a small help."""

from __future__ import annotations

import streamlit as st

from screens.html.listing import keys_html
from screens.shared import label, ui_language

_KEYS = {
    "focus": ("/", "Ctrl K"),
    "new": ("Ctrl Shift O",),
    "edit": ("↑",),
    "close": ("Esc",),
}


def show_shortcuts() -> None:
    with st.popover(label("keys"), icon=":material/keyboard:", type="tertiary"):
        keys = {label(f"key_{name}"): keys for name, keys in _KEYS.items()}
        st.html(keys_html(keys, ui_language()))
