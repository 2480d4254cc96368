"""One source document, with the quote that a citation stands for highlighted in its place."""

from __future__ import annotations

import streamlit as st

from kb.answer.places import origin
from kb.errors import DocumentUnknown
from kb.records import Document
from kb.search.index import Index
from screens.html.answer import evidence_links, safe_markdown, title_html
from screens.html.passage import passage_html
from screens.shared import LOG, current_index, label, title_tab, ui_language
from screens.state import title_of


def main() -> None:
    wanted = st.query_params.get("document", "")
    if not wanted:
        st.info(label("source_none"))
        return
    index = current_index()
    try:
        document = index.document(wanted)
    except DocumentUnknown as error:
        LOG.warning("source: %s", error)
        st.warning(label("source_unknown"))
        return
    start, end = _span(document)
    title_tab(document.title)
    st.html(title_html(document.title))
    st.caption(_about(document, index))
    if start == end:
        st.html(passage_html(document, 0, 0, around=None))
        return
    st.html(passage_html(document, start, end))
    _show_evidence(document, index, start, end)
    if document.id.startswith("https://"):
        st.link_button(label("open_original"), document.id, icon=":material/open_in_new:")
    with st.expander(label("whole_document")):
        st.html(passage_html(document, start, end, around=None))


def _span(document: Document) -> tuple[int, int]:
    """The place asked for; (0, 0) when the address names none that is in the document."""
    try:
        start, end = (int(st.query_params.get(name, "0")) for name in ("start", "end"))
    except ValueError:
        return 0, 0
    return (start, end) if 0 <= start < end <= len(document.text) else (0, 0)


def _about(document: Document, index: Index) -> str:
    sources = {source["id"]: title_of(source) for source in index.manifest["sources"]}
    title = sources.get(document.source, document.source)
    parts = (title, document.id, origin(document, ui_language()))
    return " · ".join(safe_markdown(part) for part in parts if part)


def _show_evidence(document: Document, index: Index, start: int, end: int) -> None:
    """What a statement of our notes is based on."""
    holds = (
        chunk.based_on
        for chunk in index.chunks.values()
        if chunk.document == document.id and chunk.start <= start and end <= chunk.end
    )
    urls = next(filter(None, holds), ())
    if urls:
        st.markdown(f"**{label('based_on')}**")
        st.html(evidence_links(urls))


main()
