"""One source document, with the quote that a citation stands for highlighted in its place."""

from __future__ import annotations

import streamlit as st

from kb.errors import KbError
from kb.records import Document
from kb.render import passage_html, safe_markdown
from pages.shared import LOG, current_index, label

_WHOLE = 1_000_000


def main() -> None:
    wanted = st.query_params.get("document", "")
    if not wanted:
        st.info(label("source_none"))
        return
    try:
        index = current_index()
        document = index.document(wanted)
    except KbError as error:
        LOG.warning("source: %s", error)
        st.warning(label("source_unknown"))
        return
    start, end = _span(document)
    st.subheader(safe_markdown(document.title))
    st.caption(_about(document, index.version))
    st.html(passage_html(document, start, end))
    if document.id.startswith("https://"):
        st.link_button(label("open_original"), document.id, icon=":material/open_in_new:")
    for chunk in index.chunks.values():
        if chunk.document == document.id and chunk.start == start and chunk.based_on:
            st.markdown("\n".join([label("based_on"), "", *(f"- <{url}>" for url in chunk.based_on)]))
            break
    with st.expander(label("whole_document")):
        st.html(passage_html(document, start, end, around=_WHOLE))


def _span(document: Document) -> tuple[int, int]:
    """The place asked for; the beginning when the address names none."""
    try:
        start, end = int(st.query_params.get("start", "0")), int(st.query_params.get("end", "0"))
    except ValueError:
        return 0, 0
    length = len(document.text)
    return (start, end) if 0 <= start <= end <= length else (0, 0)


def _about(document: Document, version: str) -> str:
    origin = (
        label("commit", commit=document.commit[:12])
        if document.commit
        else label("fetched", date=document.fetched[:10])
    )
    return f"{safe_markdown(document.id)} · {origin} · {version}"


main()
