"""The state of the sources, for people who ask: how many there are, since when, what is missing.

Takes an index, shows a line or a banner. The page of the sources has the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import streamlit as st

from kb.errors import KbError
from kb.search.index import Index
from kb.search.versions import is_ingesting, last_fetch
from kb.settings import read_settings
from screens.html.answer import safe_markdown
from screens.shared import current_index, day, label, ui_language

_NAMED = 2
"""Sources that failed, named in the banner."""


def show_line() -> None:
    """How many documents there are, and when they were last updated."""
    try:
        index = current_index()
    except KbError:
        return
    st.caption(state_line(index))


def state_line(index: Index) -> str:
    updated = day(datetime.fromisoformat(index.manifest["created"]))
    return label("version", documents=len(index.documents), date=updated)


def title_of(source: Mapping[str, Any]) -> str:
    """What people call a source: its title in sources.yaml, else its id."""
    return str(source.get("title") or source["id"])


def show_state(index: Index) -> None:
    """A banner where sources failed or are still coming; nothing where all is well."""
    index_dir = read_settings().index_dir
    if is_ingesting(index_dir):
        st.info(label("sources_coming"), icon=":material/sync:")
        return
    known = {source["id"]: source for source in index.manifest["sources"]}
    failed = [
        title_of({"id": name, **known.get(name, {}), **last})
        for name, last in last_fetch(index_dir).items()
        if last["state"] == "failed"
    ]
    if failed:
        more = " …" if len(failed) > _NAMED else ""
        names = safe_markdown(label("and").join(failed[:_NAMED]) + more)
        address = f"sources?language={ui_language()}"
        st.warning(
            label("sources_failed", count=len(failed), names=names, address=address),
            icon=":material/cloud_off:",
        )
