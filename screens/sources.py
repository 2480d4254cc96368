"""Sources: every document with its state, and the index versions with the way back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from kb.errors import DatabaseError, KbError
from kb.search.edits import Edit, edits
from kb.search.index import Index
from kb.search.versions import Change, difference, last_fetch, manifest, roll_back, versions
from kb.settings import read_settings
from screens.feedback import feedback_store
from screens.html.answer import safe_markdown, title_html
from screens.html.listing import Row, changes_html, documents_html, source_html, version_html
from screens.managing import may_manage
from screens.shared import LOG, current_index, failure, label, moment_text, ui_language
from screens.state import title_of


def main() -> None:
    st.html(title_html(label("sources_title")))
    _say_switched()
    index = current_index()
    st.markdown(
        label(
            "sources_intro",
            documents=len(index.documents),
            date=moment_text(index.manifest["created"]),
        )
    )
    documents, kept = st.tabs([label("tab_documents"), label("tab_versions")])
    with documents:
        _show_documents(index)
    with kept:
        _show_versions(index)


def _say_switched() -> None:
    """What came of a switch, once."""
    when = st.session_state.pop("switched", None)
    if when:
        st.success(label("switched", when=when), icon=":material/check_circle:")
    elif when is not None:
        st.error(label("version_failed"), icon=":material/error:")


def _show_documents(index: Index) -> None:
    cited = _cited()
    if cited is None:
        st.caption(label("no_database"))
    wanted = st.text_input(label("filter"), key="filter", placeholder=label("filter_example"))
    chunks = Counter(chunk.document for chunk in index.chunks.values())
    sources = {source["id"]: source for source in index.manifest["sources"]}
    for name, last in last_fetch(read_settings().index_dir).items():
        sources[name] = {
            "id": name,
            **sources.get(name, {}),
            **last,
        }  # a fetch that failed has no title
    found = False
    for name, last in sources.items():
        rows = [
            Row(document, chunks[document.id], None if cited is None else cited[document.id])
            for document in index.documents.values()
            if document.source == name and _fits(wanted, document.title, document.id)
        ]
        if rows or not wanted:
            found = True
            _show_source(last, rows, opened=bool(wanted))
    if not found:
        st.info(label("filter_none", wanted=safe_markdown(wanted)))


def _show_source(last: Mapping[str, Any], rows: list[Row], *, opened: bool) -> None:
    """`last`: how its last fetch went, else what the version in use says of it."""
    cited = sum(row.cited or 0 for row in rows)
    about = label("source_counts", documents=len(rows), cited=cited)
    if last["state"] == "failed":
        about = label("source_empty")
    good = last["state"] in ("fetched", "unchanged") and not last["problems"]
    with st.expander(
        f"**{safe_markdown(title_of(last))}** · {about}",
        icon=":material/check_circle:" if good else ":material/error:",
        expanded=opened,
    ):
        when = moment_text(last.get("tried") or last["fetched"])
        st.html(source_html(last, ui_language(), when))
        if rows:
            rows.sort(key=lambda row: (-(row.cited or 0), row.document.id))
            st.html(documents_html(rows, ui_language()))


def _fits(wanted: str, *texts: str) -> bool:
    return all(any(word in text.lower() for text in texts) for word in wanted.lower().split())


def _cited() -> Counter[str] | None:
    """How often each document was cited; None while the database is away."""
    try:
        return _counted()
    except DatabaseError as error:
        failure(error)
        return None


@st.cache_data(show_spinner=False, ttl=60)
def _counted() -> Counter[str]:
    """Counted once a minute: every answer is read for it."""
    return feedback_store().citations_by_document()


def _show_versions(index: Index) -> None:
    index_dir = read_settings().index_dir
    st.caption(label("versions_intro"))
    for name in versions(index_dir):
        with st.container(border=True, key=f"version-{name}"):
            try:
                _show_version(manifest(index_dir, name), index, index_dir)
            except KbError as error:  # such as one that an older release has built
                LOG.warning("version %s: %s", name, error)
                st.caption(label("version_unreadable", version=name))


def _show_version(held: Mapping[str, Any], index: Index, index_dir: Path) -> None:
    name = held["version"]
    used = name == index.version
    when = moment_text(held["created"])
    st.html(version_html(held, ui_language(), when, used=used))
    if used:
        return
    changes = _difference(index_dir, index.version, name)
    with st.expander(label("version_changes", count=len(changes))):
        edited = _edits(index_dir, index.version, name)
        st.html(changes_html(changes, ui_language(), edited))
    if not may_manage():
        return
    st.button(
        label("version_use"),
        key=f"use_{name}",
        icon=":material/history:",
        on_click=_confirm,
        args=(name, when, len(changes)),
    )


@st.cache_data(show_spinner=False, max_entries=50)
def _difference(index_dir: Path, old: str, new: str) -> list[Change]:
    """Versions never change, so their differences are read once."""
    return difference(index_dir, old, new)


@st.cache_data(show_spinner=False, max_entries=50)
def _edits(index_dir: Path, old: str, new: str) -> list[Edit]:
    return edits(index_dir, old, new)


def _confirm(version: str, when: str, count: int) -> None:
    st.dialog(label("version_use"))(_ask)(version, when, count)


def _ask(version: str, when: str, count: int) -> None:
    st.markdown(label("version_confirm", when=when, count=count))
    yes, no = st.columns(2)
    done = [
        yes.button(
            label("version_yes"),
            key="version_yes",
            type="primary",
            width="stretch",
            on_click=_switch,
            args=(version, when),
        ),
        no.button(label("version_no"), key="version_no", width="stretch"),
    ]
    if any(done):
        st.rerun()  # the whole page, without the dialog


def _switch(version: str, when: str) -> None:
    settings = read_settings()
    try:
        roll_back(settings.index_dir, version, settings.chroma_url)
    except KbError as error:
        LOG.warning("rollback to %s: %s", version, error)
        st.session_state.switched = ""
        return
    LOG.warning("the index version in use is now %s, as chosen in the browser", version)
    st.session_state.switched = when


main()
