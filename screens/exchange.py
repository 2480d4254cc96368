"""One exchange of a conversation: the question, its answer as it comes, and what one does with it.

Takes exchanges and their place, shows them. Knows nothing about where conversations are stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb.answer.neighbours import neighbours
from kb.errors import KbError
from kb.messages import message
from kb.pattern.case_link import open_case
from kb.pattern.conditions import case_of, conditions, dropping, name_of
from kb.pattern.decide import decide_signals
from kb.pattern.explain import design_note
from kb.records import Answer, Document, Turn
from screens import session
from screens.html.answer import answer_markdown, label_markdown, safe_markdown, say_html
from screens.html.asked import asked_html
from screens.html.proofs import proofs_html
from screens.html.takeaway import copies_html
from screens.session import Exchange
from screens.shared import (
    assistant,
    current_index,
    failure,
    keep_in_view,
    label,
    run_script,
    ui_language,
)


def question_button(
    place: DeltaGenerator, question: str, key: str, width: Literal["stretch", "content"] = "content"
) -> None:
    """A button that asks its own text."""
    place.button(
        label_markdown(question), key=key, width=width, on_click=session.ask, args=(question,)
    )


def show(
    exchange: Exchange, number: int, before: Sequence[Exchange], *, last: bool, ours: bool = True
) -> DeltaGenerator:
    """Show a question and its answer, which comes now if it is waited for.

    `ours`: it can be acted on. Gives the place for its rating, which is empty as long as an answer
    may be streaming.
    """
    with st.chat_message("user"):
        if last and ours and session.editing():
            _edit(exchange)
        else:
            st.html(asked_html(exchange.question))
    with st.chat_message("assistant"):
        back, shown, stopping = st.empty(), st.empty(), st.empty()
        below, rating = st.empty(), st.empty()
        if exchange.waiting:
            keep_in_view("scroll", f".st-key-exchange-{number}", "start")
            with stopping.container(key="stopping"):  # its last two parts: when stopped here
                st.html(say_html(f"{number}|{label('searching')}", working=True))
                st.caption(label("stopped"))
                _again(f"stopped_{number}")
            _stream(exchange, session.turns(before), shown)
            stopping.empty()
        if exchange.answer is not None and exchange.answer.clarify and not exchange.error:
            with back.container(key=f"back-{number}"):
                _question_back(exchange.answer, number, open_=last and ours)
        with below.container(key=f"below-{number}"):
            _finish(exchange, number, shown, last=last and ours)
    return rating


def _edit(exchange: Exchange) -> None:
    """The question, to be typed anew."""
    run_script(
        "edit",
        f"/* {len(session.exchanges())} */ "
        "setTimeout(() => { const e = document.querySelector('.st-key-editor textarea');"
        " e?.scrollIntoView({block: 'center'}); e?.focus({preventScroll: true}); }, 200)",
    )
    with st.container(key="editor"), st.form("edit", border=False):
        typed = st.text_area(label("edit_question"), exchange.question, height="content")
        with st.container(horizontal=True):
            sent = st.form_submit_button(label("edit_send"), type="primary")
            left = st.form_submit_button(label("edit_cancel"))
    if sent and typed.strip():
        session.ask(typed.strip())
        st.rerun()
    if left:
        session.stop_editing()
        st.rerun()


def _stream(exchange: Exchange, history: list[Turn], shown: DeltaGenerator) -> None:
    """Show the answer as it comes; what has come is kept, so that stopping loses nothing."""
    exchange.begun = True
    try:
        for part in assistant().stream(exchange.question, history, language=exchange.language):
            if isinstance(part, Answer):
                exchange.answer = part
            else:
                exchange.partial += part
                shown.markdown(safe_markdown(exchange.partial))
    except Exception as error:  # noqa: BLE001 a person gets one sentence, the log the rest
        exchange.error = failure(error)


def _finish(exchange: Exchange, number: int, shown: DeltaGenerator, *, last: bool) -> None:
    answer = exchange.answer
    if exchange.error:
        shown.error(label(exchange.error))
        _again(number)
        return
    if answer is None:
        shown.markdown(safe_markdown(exchange.partial))
        st.caption(label("stopped"))
        if last:
            _again(number)
        return
    text = answer_markdown(answer, ui_language())
    with shown.container(key=f"answer-{answer.language}-{number}"):
        st.markdown(text)
    if last:
        st.html(say_html(f"{answer.id}|{label('answered')}"))
    if not answer.clarify:  # below a question back they would push its choices out of sight
        _understood(answer, number, open_=last)
    _show_proof(answer)
    _act(answer, number, last=last)
    if last:
        _onward(answer, number)


def _again(key: object) -> None:
    st.button(
        label("retry"),
        key=f"retry_{key}",
        icon=":material/refresh:",
        type="tertiary",
        on_click=session.retry,
    )


def _question_back(answer: Answer, number: int, *, open_: bool) -> None:
    """The question back, right below it what it can be answered with; a click sends it."""
    st.markdown(f"**{safe_markdown(answer.clarify or '')}**")
    if answer.choices and open_:  # later it has been answered, or left behind
        row = st.container(horizontal=True, key=f"choices-{number}")
        for position, choice in enumerate(answer.choices):
            question_button(row, choice, f"choice_{number}_{position}")
        # On a phone what is known already is longer than the screen.
        keep_in_view(f"choices-{number}", f".st-key-choices-{number}", "center")


# The case as it was understood.


def _understood(answer: Answer, number: int, *, open_: bool) -> None:
    """The conditions, each to be taken away with a click; what was dropped is struck out."""
    shown = conditions(answer)
    if not shown:
        return
    with st.container(horizontal=True, key=f"understood-{number}"):
        st.caption(label("understood"), width="content")
        for place, condition in enumerate(shown):
            name = label_markdown(name_of(condition, answer.language))
            words = safe_markdown(condition.words)
            dropped = condition.state == "dropped"
            st.button(
                f"~~{name}~~" if dropped else name,
                key=f"drop_{number}_{place}",
                icon=None if dropped else ":material/close:",
                icon_position="right",
                disabled=dropped or not open_,
                help=label("understood_words", words=words) if words else None,
                on_click=session.ask,
                args=(dropping(condition, answer.language),),
            )
        if open_:
            st.page_link(
                "screens/choose.py",
                label=label("open_in_form"),
                icon=":material/tune:",
                query_params={"case": case_of(answer), "language": ui_language()},
            )


# What stands below an answer.


def _show_proof(answer: Answer) -> None:
    if answer.notice:
        st.caption(f":material/info: {safe_markdown(answer.notice)}")
    if answer.citations:
        with st.expander(
            label("sources", count=len(answer.citations)), icon=":material/format_quote:"
        ):
            st.html(proofs_html(answer.citations, _documents(), ui_language()))


def _act(answer: Answer, number: int, *, last: bool) -> None:
    with st.container(horizontal=True, key=f"acts-{number}"):
        note = _note(answer) if last else ""
        st.html(copies_html(answer, ui_language(), note), width="content")
        if last:
            st.button(
                label("edit"),
                key=f"edit_{number}",
                icon=":material/edit:",
                type="tertiary",
                on_click=session.edit,
            )
            if _may_differ(answer):
                _again(number)


def _note(answer: Answer) -> str:
    """The decision for a design document, where the conditions lead to what was decided."""
    word = case_of(answer) if answer.pattern and not answer.clarify else ""
    verdict = decide_signals(open_case(word).signals) if word else None
    if verdict is None or verdict.outcome is None or verdict.outcome.id != answer.pattern:
        return ""
    try:
        return design_note(verdict, current_index(), answer.language)
    except KbError:
        return ""


def _may_differ(answer: Answer) -> bool:
    """Whether the same question can get another answer: from a model, or from a newer index."""
    try:
        return answer.model != "extractive" or answer.index_version != current_index().version
    except KbError:
        return True


def _onward(answer: Answer, number: int) -> None:
    """Where to go from here: what can be answered instead, or what lies next to it."""
    offered, head = answer.suggestions, message("suggest", answer.language)
    if not offered and answer.citations and not answer.clarify:
        try:
            index = current_index()
        except KbError:
            return
        asked = [exchange.question for exchange in session.exchanges()]
        offered = neighbours(answer.citations, index, answer.language, asked)
        head = message("ui_next", answer.language)
    if offered:
        with st.container(key=f"onward-{number}", gap="small"):
            st.markdown(head)
            for position, suggestion in enumerate(offered):
                question_button(st.container(), suggestion, f"suggestion_{number}_{position}")


def _documents() -> dict[str, Document]:
    """The documents of the index in use; none when it has gone since the answer was given."""
    try:
        return dict(current_index().documents)
    except KbError:
        return {}
