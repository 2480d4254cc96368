"""The browser app: navigation and session. Start with `make run`."""

from __future__ import annotations

import streamlit as st

from pages.shared import label, look, ui_language


def main() -> None:
    """Navigation, the language switch, and the page that was asked for."""
    st.set_page_config(page_title="SageMaker Container KB", page_icon="📦", layout="centered")
    ui_language()
    look()
    page = st.navigation(
        [
            st.Page("pages/chat.py", title=label("chat"), icon=":material/chat:", default=True),
            st.Page(
                "pages/source.py",
                title=label("source"),
                icon=":material/article:",
                url_path="source",
                visibility="hidden",
            ),
        ],
        position="sidebar",
    )
    with st.sidebar:
        st.segmented_control(
            label("language"),
            options=["ja", "en"],
            format_func={"ja": "日本語", "en": "English"}.__getitem__,
            key="language",
            required=True,
        )
    page.run()


main()
