"""Gaps: questions without a good answer, and the beginning of a note for each."""

from __future__ import annotations

import streamlit as st

from kb.gaps.drafts import draft
from kb.gaps.gaps import Gap, GapFinder
from kb.records import LANGUAGES
from screens.feedback import feedback_store
from screens.html.answer import title_html
from screens.html.listing import gap_html, short_gaps_html
from screens.shared import assistant, label, store, ui_language


@st.cache_resource(show_spinner=False)
def finder() -> GapFinder:
    """Shared by all sessions, so that each question is asked once a version."""
    return GapFinder(store(), assistant())


def main() -> None:
    st.html(title_html(label("gaps_title")))
    st.markdown(label("gaps_intro"))
    gaps = _find()
    by_state = {
        state: [gap for gap in gaps if gap.state == state]
        for state in ("open", "outside", "closed")
    }
    if not by_state["open"]:
        st.info(label("gaps_none"), icon=":material/check_circle:")
    for gap in by_state["open"]:
        with st.container(border=True, key=gap.id):
            st.html(gap_html(gap, ui_language()))
            st.button(
                label("gaps_draft"),
                key=f"draft_{gap.id}",
                icon=":material/edit_note:",
                on_click=_show_draft,
                args=(gap,),
            )
    for state in ("closed", "outside"):
        if by_state[state]:
            with st.expander(label(f"gaps_{state}", count=len(by_state[state]))):
                st.caption(label(f"gaps_{state}_why"))
                st.html(short_gaps_html(by_state[state], ui_language()))


def _find() -> list[Gap]:
    place = st.empty()

    def show(done: int, total: int) -> None:
        place.progress(done / total, label("gaps_checking", done=done, total=total))

    place.caption(label("gaps_reading"))
    gaps = finder().find(feedback_store().troubled_entries(), show)
    place.empty()
    return gaps


def _show_draft(gap: Gap) -> None:
    st.dialog(label("gaps_draft"), width="large")(_draft)(gap)


def _draft(gap: Gap) -> None:
    made = draft(gap)
    st.markdown(label("draft_how"))
    parts = [
        *(
            (label(f"draft_note_{language}"), f"notes-{language}-{gap.id}.md", made.notes[language])
            for language in sorted(LANGUAGES, key=lambda one: one != ui_language())
        ),
        (label("draft_evidence"), f"evidence-{gap.id}.yaml", made.evidence),
        (label("draft_golden"), f"golden-{gap.id}.yaml", made.golden),
    ]
    for tab, (_, name, text) in zip(st.tabs([title for title, _, _ in parts]), parts, strict=True):
        with tab:
            st.code(text, language="markdown" if name.endswith(".md") else "yaml", wrap_lines=True)
            st.download_button(
                label("draft_download", file=name),
                text,
                file_name=name,
                key=name,
                icon=":material/download:",
                on_click="ignore",
            )


main()
