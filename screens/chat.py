"""The chat: questions, streamed answers with numbered citations, and the quotes in their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from kb.errors import KbError
from kb.messages import message
from kb.records import Answer, Document, Turn
from screens import feedback, path, session
from screens.html.answer import (
    answer_markdown,
    citation_html,
    label_markdown,
    safe_markdown,
    title_html,
)
from screens.session import Exchange
from screens.shared import LOG, assistant, current_index, failure, label, run_script, ui_language

_EXAMPLES = 6


def main() -> None:
    typed = st.bottom.chat_input(label("placeholder"), submit_mode="stop", key="question")
    if typed and typed.strip():
        session.ask(typed.strip())
    exchanges = session.exchanges()
    _sidebar()
    first = st.empty()  # cleared at once when a question comes
    if not exchanges:
        with first.container():
            _welcome()
        return
    streaming = exchanges[-1].waiting
    ratings = []
    with st.container(key="conversation"):
        for number, exchange in enumerate(exchanges):
            with st.container(key=f"exchange-{number}"):
                last = exchange is exchanges[-1]
                ratings.append(_show(exchange, number, exchanges[:number], last=last))
            if not streaming:
                _show_rating(exchange, ratings[number])
    for number, exchange in enumerate(exchanges):
        _keep(exchange, exchanges[:number])
    if streaming:  # only now, because a click on a thumb would have ended the stream
        for exchange, place in zip(exchanges, ratings, strict=True):
            _show_rating(exchange, place)


def _sidebar() -> None:
    with st.sidebar:
        st.button(
            label("new_chat"),
            icon=":material/add:",
            width="stretch",
            disabled=not session.exchanges(),
            on_click=session.new_chat,
        )
        if len(session.chats()) > 1:
            st.caption(label("chats"))
            with st.container(gap=None):
                _earlier_chats()
        try:
            index = current_index()
        except KbError:
            return
        st.caption(label("version", version=index.version, documents=len(index.documents)))


def _earlier_chats() -> None:
    """The chats of this session, the newest first, under their first questions."""
    for number, chat in reversed(list(enumerate(session.chats()))):
        if chat:
            st.button(
                label_markdown(chat[0].question),
                key=f"chat_{number}",
                type="tertiary",
                width="stretch",
                disabled=number == session.opened(),
                on_click=session.open_chat,
                args=(number,),
            )


def _welcome() -> None:
    st.html(title_html(label("title")))
    st.markdown(label("intro"))
    try:
        current_index()
    except KbError as error:
        st.warning(label(failure(error)))
        return
    examples = [label(f"example_{number + 1}") for number in range(_EXAMPLES)]
    for row in range(0, _EXAMPLES, 2):  # row by row, so that a narrow screen keeps their order
        for column, number in zip(st.columns(2), (row, row + 1), strict=True):
            _question_button(column, examples[number], f"example_{number}", width="stretch")
    _way_in()


def _way_in() -> None:
    """One line that leads to the onboarding path, or on along it."""
    try:
        steps, progress = path.steps(), path.held()
    except KbError as error:
        LOG.warning("%s: %s", type(error).__name__, error)
        return
    number = path.current(steps, progress)
    if number:
        name = "onboarding_way_on" if progress else "onboarding_way_in"
        text = label(name, number=number, steps=len(steps))
        st.page_link("screens/onboarding.py", label=text, icon=":material/school:")


def _question_button(
    place: DeltaGenerator, question: str, key: str, width: Literal["stretch", "content"] = "content"
) -> None:
    place.button(
        label_markdown(question), key=key, width=width, on_click=session.ask, args=(question,)
    )


def _show(
    exchange: Exchange, number: int, before: Sequence[Exchange], *, last: bool
) -> DeltaGenerator:
    """Show a question and its answer, which comes now if it is waited for.

    Gives the place for its rating, which is empty as long as an answer may be streaming.
    """
    with st.chat_message("user"):
        st.text(exchange.question)
    with st.chat_message("assistant"):
        shown, below, rating = st.empty(), st.empty(), st.empty()
        if last:  # before the answer comes, so that a stopped one can be asked again, too
            st.button(
                label("retry"),
                key=f"retry_{number}",
                icon=":material/refresh:",
                type="tertiary",
                on_click=session.retry,
            )
        if exchange.waiting:
            run_script(
                "scroll", f"document.querySelector('.st-key-exchange-{number}')?.scrollIntoView()"
            )
            with below.container(key="stopping"):  # seen when the script stops here
                st.caption(label("stopped"))
            _stream(exchange, session.turns(before), shown)
        with below.container():
            _finish(exchange, number, shown, last=last)
    return rating


def _stream(exchange: Exchange, history: list[Turn], shown: DeltaGenerator) -> None:
    """Show the answer as it comes; what has come is kept, so that stopping loses nothing."""
    exchange.begun = True
    shown.caption(label("searching"))
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
    if exchange.error:
        shown.error(label(exchange.error))
    elif exchange.answer is None:
        shown.markdown(safe_markdown(exchange.partial))
        st.caption(label("stopped"))
    else:
        shown.markdown(answer_markdown(exchange.answer, ui_language()))
        if last:  # later the question back has been answered, or left behind
            _show_choices(exchange.answer, number)
        _show_proof(exchange.answer, number)


def _show_choices(answer: Answer, number: int) -> None:
    """What the question back can be answered with; a click sends it."""
    if answer.choices:
        row = st.container(horizontal=True, key=f"choices-{number}")
        for position, choice in enumerate(answer.choices):
            _question_button(row, choice, f"choice_{number}_{position}")


def _show_proof(answer: Answer, number: int) -> None:
    if answer.notice:
        st.caption(f":material/info: {safe_markdown(answer.notice)}")
    if answer.suggestions:
        st.markdown(message("suggest", answer.language))
        for position, suggestion in enumerate(answer.suggestions):
            _question_button(st.container(), suggestion, f"suggestion_{number}_{position}")
    if answer.citations:
        with st.expander(
            label("sources", count=len(answer.citations)), icon=":material/format_quote:"
        ):
            documents = _documents()
            shown = (
                citation_html(citation, documents.get(citation.document), ui_language())
                for citation in answer.citations
            )
            st.html("".join(shown))


def _keep(exchange: Exchange, before: Sequence[Exchange]) -> None:
    """Once; also later, when a click came between the answer and this line."""
    if exchange.answer is not None and not exchange.kept:
        feedback.keep(exchange.answer, session.turns(before))
        exchange.kept = True


def _show_rating(exchange: Exchange, place: DeltaGenerator) -> None:
    if exchange.answer is not None and not exchange.error:
        with place.container():
            feedback.rate(exchange.answer)


def _documents() -> dict[str, Document]:
    """The documents of the index in use; none when it has gone since the answer was given."""
    try:
        return dict(current_index().documents)
    except KbError:
        return {}


main()
