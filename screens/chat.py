"""The chat: a conversation with its head, or the first screen, or one that somebody shares."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb.errors import KbError
from screens import conversations, exchange, feedback, path, session
from screens.examples import examples
from screens.html.answer import safe_markdown, title_html
from screens.html.takeaway import conversation_text
from screens.person import person
from screens.session import Chat, Exchange
from screens.shared import (
    LOG,
    current_index,
    failure,
    keep_in_view,
    label,
    title_tab,
    ui_language,
)
from screens.state import show_state, state_line

# Exchanges drawn at first; of a longer conversation those before are a click away, so that the
# thirtieth answer comes as fast as the first.
_AT_ONCE = 6
# Characters of a message: what is read of one. `max_chars` of the field would drop a longer paste
# without a word.
LONGEST = 200_000


def main() -> None:
    key = st.query_params.get("shared", "")
    if key:
        _read_only(key)
        return
    problem = conversations.follow_address()
    typed = st.bottom.chat_input(label("placeholder"), submit_mode="stop", key="question")
    too_long = bool(typed) and len(typed or "") > LONGEST
    if typed and typed.strip() and not too_long:
        session.ask_typed(typed.strip())
        conversations.leave_address()
    if too_long:
        st.bottom.warning(label("too_long", count=f"{len(typed or ''):,}", most=f"{LONGEST:,}"))
    chat = session.chat()
    first = st.empty()  # cleared at once when a question comes
    if not chat.exchanges:
        with first.container():
            if problem:
                st.warning(label(problem))
            _way_back()
            _welcome()
        return
    _head(chat)
    _way_back()  # below the head, which covers what is above it
    _converse(chat)


def _converse(chat: Chat) -> None:
    exchanges = chat.exchanges
    streaming = exchanges[-1].waiting
    ratings = {}
    hidden = _hidden(chat)
    with st.container(key="conversation"):
        for number in range(hidden, len(exchanges)):
            one = exchanges[number]
            with st.container(key=f"exchange-{number}"):
                last = one is exchanges[-1]
                ratings[number] = exchange.show(one, number, exchanges[:number], last=last)
                if not streaming:
                    _rate(one, ratings[number])
    _go_on_where_it_ended(chat)
    for number, one in enumerate(exchanges):
        _keep(one, exchanges[:number])
    conversations.keep(chat)
    if streaming:  # only now, because a click on a thumb would have ended the stream
        for number, place in ratings.items():
            _rate(exchanges[number], place)


def _go_on_where_it_ended(chat: Chat) -> None:
    """Show the last exchange of a conversation that was opened, until something new is asked."""
    state, count = st.session_state, len(chat.exchanges)
    if state.get("opened_chat") != chat.id:
        state.opened_chat, state.opened_with = chat.id, count
    if count > 1 and count == state.opened_with:
        newest = f".st-key-exchange-{count - 1}"
        keep_in_view("opened", newest, "start", chat.id)


def _hidden(chat: Chat) -> int:
    """How many exchanges are not drawn; a click draws them all."""
    hidden = max(0, len(chat.exchanges) - _AT_ONCE)
    if not hidden or st.session_state.get("whole_chat") == chat.id:
        return 0
    st.button(
        label("earlier", count=hidden),
        key="earlier",
        type="tertiary",
        icon=":material/expand_less:",
        on_click=st.session_state.__setitem__,
        args=("whole_chat", chat.id),
    )
    return hidden


def _keep(one: Exchange, before: list[Exchange]) -> None:
    """Once; also later, when a click came between the answer and this line."""
    if one.answer is not None and not one.kept:
        feedback.keep(one.answer, session.turns(before))
        one.kept = True


def _rate(one: Exchange, place: DeltaGenerator) -> None:
    if one.answer is not None and not one.error:
        with place.container():
            feedback.rate(one.answer)


def _way_back() -> None:
    """To the step of the onboarding path from which a question was brought along."""
    step = st.session_state.get("way_back")
    if step:
        st.page_link(
            "screens/onboarding.py",
            label=label("way_back"),
            icon=":material/arrow_back:",
            query_params={"step": step, "language": ui_language()},
        )


# The head of a conversation.


def _head(chat: Chat) -> None:
    title_tab(chat.title)
    with st.container(horizontal=True, key="chat-head", vertical_alignment="center"):
        st.html(title_html(chat.title))
        st.button(label("new"), key="new_here", icon=":material/add:", on_click=conversations.begin)
        with st.popover(label("chat_menu"), icon=":material/more_horiz:", key="chat_menu"):
            _menu(chat)


def _menu(chat: Chat) -> None:
    st.text_input(
        label("chat_name"),
        chat.title,
        key=f"name_{chat.id}",
        max_chars=120,
        on_change=lambda: conversations.rename(chat, st.session_state[f"name_{chat.id}"]),
    )
    if conversations.are_kept():
        _share(chat)
    exchanged = [(one.question, one.answer, one.partial) for one in chat.exchanges]
    st.download_button(
        label("chat_export"),
        partial(conversation_text, chat.title, exchanged),
        "conversation.md",
        "text/markdown",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
    )
    st.button(
        label("chat_delete"),
        key="chat_delete",
        icon=":material/delete:",
        width="stretch",
        on_click=_confirm,
        args=(chat,),
    )
    st.caption(label("chat_stored" if conversations.are_kept() else "chat_unstored", id=person()))


def _share(chat: Chat) -> None:
    if not chat.share:
        st.button(
            label("chat_share"),
            key="chat_share",
            icon=":material/share:",
            width="stretch",
            on_click=conversations.share,
            args=(chat,),
        )
        return
    st.caption(label("chat_shared"))
    here = (st.context.url or "").split("?")[0].rstrip("/")
    st.code(f"{here}/?shared={chat.share}", language=None, wrap_lines=True)
    st.button(
        label("chat_unshare"),
        key="chat_unshare",
        icon=":material/link_off:",
        width="stretch",
        on_click=conversations.unshare,
        args=(chat,),
    )


def _confirm(chat: Chat) -> None:
    st.dialog(label("chat_delete"))(_ask_deletion)(chat)


def _ask_deletion(chat: Chat) -> None:
    st.markdown(label("chat_delete_sure", title=safe_markdown(chat.title)))
    yes, no = st.columns(2)
    done = [
        yes.button(
            label("chat_delete_yes"),
            key="chat_delete_yes",
            type="primary",
            width="stretch",
            on_click=conversations.delete,
            args=(chat,),
        ),
        no.button(label("version_no"), key="chat_delete_no", width="stretch"),
    ]
    if any(done):
        st.rerun()


# A conversation that somebody shares.


def _read_only(key: str) -> None:
    chat = conversations.shared(key)
    if not isinstance(chat, Chat):
        st.html(title_html(label("shared_title")))
        st.warning(label("shared_unknown" if chat is None else "chat_away"))
        st.button(label("new_chat"), key="shared_leave", on_click=_leave)
        return
    title_tab(chat.title)
    st.html(title_html(chat.title))
    with st.container(key="shared"):
        st.info(label("shared_intro"), icon=":material/visibility:")
        st.button(
            label("shared_take"),
            key="shared_take",
            type="primary",
            icon=":material/forum:",
            on_click=conversations.take_over,
            args=(key,),
        )
    with st.container(key="conversation"):
        for number, one in enumerate(chat.exchanges):
            with st.container(key=f"exchange-{number}"):
                before = chat.exchanges[:number]
                exchange.show(one, number, before, last=False, ours=False)


def _leave() -> None:
    st.query_params.pop("shared", None)


# The first screen.


def _welcome() -> None:
    st.html(title_html(label("title")))
    st.markdown(label("intro"))
    try:
        index = current_index()
    except KbError as error:
        st.warning(label(failure(error)))
        return
    show_state(index)
    offered = examples(index)
    for row in range(0, len(offered), 2):  # row by row, so that a narrow screen keeps their order
        for column, number in zip(st.columns(2), range(row, len(offered)), strict=False):
            exchange.question_button(column, offered[number], f"example_{number}", width="stretch")
    _ways()
    with st.container(key="state-line"):  # where the sidebar, which has it too, is closed
        st.caption(state_line(index))


def _ways() -> None:
    """Two other ways in: the form, and the onboarding path or on along it."""
    form, lessons = st.columns(2)
    with form.container(border=True, key="way-form", height="stretch"):
        st.page_link("screens/choose.py", label=label("way_form"), icon=":material/alt_route:")
        st.caption(label("way_form_why"))
    with lessons.container(border=True, key="way-path", height="stretch"):
        text = _along_the_path()
        st.page_link("screens/onboarding.py", label=text, icon=":material/school:")
        st.caption(label("way_path_why"))


def _along_the_path() -> str:
    try:
        steps, progress = path.steps(), path.held()
    except KbError as error:
        LOG.warning("%s: %s", type(error).__name__, error)
        return label("onboarding")
    number = path.current(steps, progress)
    if not number:
        return label("onboarding")
    name = "onboarding_way_on" if progress else "onboarding_way_in"
    return label(name, number=number, steps=len(steps))


main()
