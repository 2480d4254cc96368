"""The chat: questions, streamed answers with numbered citations, and the quotes in their place."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from kb.errors import KbError
from kb.records import Answer, Citation, Turn
from kb.render import answer_markdown, passage_html, safe_markdown, source_page
from pages.shared import LOG, assistant, current_index, label, ui_language

_EXAMPLES = 6


@dataclass
class Exchange:
    """A question and what came of it."""

    question: str
    partial: str = ""
    answer: Answer | None = None
    error: str = ""


def main() -> None:
    exchanges: list[Exchange] = st.session_state.setdefault("exchanges", [])
    _sidebar(exchanges)
    if not exchanges:
        _welcome()
    for number, exchange in enumerate(exchanges):
        _show(exchange, number, last=number == len(exchanges) - 1)
    typed = st.chat_input(label("placeholder"), submit_mode="stop", key="question")
    question = typed or st.session_state.pop("asked", None)
    if question and str(question).strip():
        _answer(str(question), exchanges)
        st.rerun()


def _sidebar(exchanges: list[Exchange]) -> None:
    with st.sidebar:
        if st.button(
            label("new_chat"), icon=":material/add:", width="stretch", disabled=not exchanges
        ):
            exchanges.clear()
            st.rerun()
        try:
            index = current_index()
        except KbError:
            return
        st.caption(label("version", version=index.version, documents=len(index.documents)))


def _welcome() -> None:
    st.title(label("title"))
    st.markdown(label("intro"))
    try:
        current_index()
    except KbError as error:
        LOG.warning("no index: %s", error)
        st.warning(label("no_index"))
        return
    columns = st.columns(2)
    for number in range(_EXAMPLES):
        example = label(f"example_{number + 1}")
        if columns[number % 2].button(example, key=f"example_{number}", width="stretch"):
            _ask(example)


def _ask(question: str) -> None:
    st.session_state.asked = question
    st.rerun()


def _show(exchange: Exchange, number: int, *, last: bool) -> None:
    with st.chat_message("user"):
        st.markdown(safe_markdown(exchange.question))
    with st.chat_message("assistant"):
        if exchange.error:
            st.error(exchange.error)
        elif exchange.answer is None:
            st.markdown(exchange.partial)
            st.caption(label("stopped"))
        else:
            _show_answer(exchange.answer, number)
        if last and st.button(label("retry"), key=f"retry_{number}", icon=":material/refresh:", type="tertiary"):
            st.session_state.exchanges.pop()
            _ask(exchange.question)


def _show_answer(answer: Answer, number: int) -> None:
    if answer.notice:
        st.info(answer.notice)
    st.markdown(answer_markdown(answer))
    if answer.suggestions:
        st.markdown(label("suggestions"))
        for position, suggestion in enumerate(answer.suggestions):
            if st.button(suggestion, key=f"suggestion_{number}_{position}"):
                _ask(suggestion)
    if answer.citations:
        with st.expander(label("sources", count=len(answer.citations)), icon=":material/format_quote:"):
            for citation in answer.citations:
                _show_citation(citation)


def _show_citation(citation: Citation) -> None:
    document = current_index().documents.get(citation.document)
    st.markdown(f"**[{citation.number}]** {safe_markdown(citation.title)} › {safe_markdown(citation.heading)}")
    if document is not None and document.text[citation.start : citation.end] == citation.quote:
        st.html(passage_html(document, citation.start, citation.end, around=160))
    else:  # the index moved on since this answer was given
        st.markdown("> " + safe_markdown(citation.quote).replace("\n", "\n> "))
    links = [f"[{label('open_source')}]({source_page(citation)})"]
    if citation.url.startswith("https://"):
        links.append(f"[{label('open_original')}]({citation.url})")
    links += [
        f"[{label('evidence')} {position}]({url})" for position, url in enumerate(citation.based_on, 1)
    ]
    if document is not None:
        links.append(_origin(document.commit, document.fetched))
    st.caption(" · ".join(link for link in links if link))


def _origin(commit: str | None, fetched: str) -> str:
    if commit:
        return label("commit", commit=commit[:12])
    return label("fetched", date=fetched[:10]) if fetched else ""


def _answer(question: str, exchanges: list[Exchange]) -> None:
    """Stream the answer; what has come so far is kept, so that stopping loses nothing."""
    history = [
        turn
        for exchange in exchanges
        if exchange.answer is not None
        for turn in (Turn("user", exchange.question), Turn("assistant", exchange.answer.answer))
    ]
    exchange = Exchange(question)
    exchanges.append(exchange)
    with st.chat_message("user"):
        st.markdown(safe_markdown(question))
    with st.chat_message("assistant"):
        shown = st.empty()
        shown.caption(label("searching"))
        try:
            for part in assistant().stream(question, history):
                if isinstance(part, Answer):
                    exchange.answer = part
                else:
                    exchange.partial += safe_markdown(part)
                    shown.markdown(exchange.partial)
        except KbError as error:
            LOG.warning("not answered: %s", error)
            exchange.error = label("no_index")
        except Exception:  # noqa: BLE001 a person gets one sentence, the log the rest
            LOG.exception("not answered")
            exchange.error = label("failed")


ui_language()
main()
