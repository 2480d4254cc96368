"""The browser app: navigation and session. Start with `make run`."""

from __future__ import annotations

import streamlit as st

from screens import conversations
from screens.managing import may_manage
from screens.person import remember_person
from screens.shared import failure, label, language_switch, look
from screens.shortcuts import show_shortcuts
from screens.state import show_line


def main() -> None:
    """The language switch, navigation, the conversations, and the page that was asked for."""
    st.set_page_config(page_title="SageMaker Container KB", page_icon="📦", layout="centered")
    with st.sidebar:
        language_switch()
    look()
    remember_person()
    gaps = st.Page("screens/gaps.py", title=label("gaps"), icon=":material/build:")
    page = st.navigation(
        [
            st.Page("screens/chat.py", title=label("chat"), icon=":material/chat:", default=True),
            st.Page("screens/choose.py", title=label("choose"), icon=":material/alt_route:"),
            st.Page("screens/onboarding.py", title=label("onboarding"), icon=":material/school:"),
            *([gaps] if may_manage() else []),
            st.Page(
                "screens/sources.py", title=label("sources_page"), icon=":material/library_books:"
            ),
            st.Page(
                "screens/source.py",
                title=label("source"),
                icon=":material/article:",
                url_path="source",
                visibility="hidden",
            ),
        ],
        position="sidebar",
    )
    # Whether the person comes from another page: then an address without a chat asks for none.
    st.session_state.arrived = st.session_state.get("page") != page.url_path
    st.session_state.page = page.url_path
    try:
        with st.sidebar:
            conversations.show_new_chat()
            chats = st.container(key="chat-list")
            show_line()
            show_shortcuts()
        conversations.go_where_clicked(in_chat=page.url_path == "")
        conversations.show_problem()
        page.run()
        with chats:  # now, as what was asked just now is among them
            conversations.show_list()
    except Exception as error:  # noqa: BLE001 a person gets one sentence, the log the rest
        st.error(label(failure(error)))


main()
