"""What the pages share: the open assistant, the language of the interface, the look."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import streamlit as st

from kb.assistant import Assistant
from kb.errors import DatabaseError, IndexDamaged, IndexMissing, KbError
from kb.messages import message
from kb.records import Language
from kb.search.index import Index, IndexStore
from kb.settings import read_settings
from kb.wiring import open_assistant, open_store
from screens.html.answer import words_html

LOG = logging.getLogger("kb.app")
_NAMES = {"ja": "日本語", "en": "English"}
_HERE = Path(__file__).parent
_TAB = 60
"""Characters of a title in a tab."""
_WORDS = (
    "sources", "close", "copied", "uncopied", "newest", "send", "stop", "open", "shut", "menu",
)  # fmt: skip
"""What screens/page.js says."""
_FOLLOW_THEME = """{
  const app = document.querySelector('.stApp');
  const follow = () => {
    document.documentElement.style.colorScheme = getComputedStyle(app).colorScheme;
  };
  follow();
  new MutationObserver(follow).observe(app, {attributeFilter: ['class']});
}"""
"""Dialogs stand outside of the app's element, and would take the light colours of look.css."""


@st.cache_resource(show_spinner=False)
def store() -> IndexStore:
    """The index versions; shared by all sessions."""
    return open_store(read_settings())


@st.cache_resource(show_spinner=False)
def assistant() -> Assistant:
    """The assistant; shared by all sessions, it holds no conversation."""
    return open_assistant(read_settings(), store())


def current_index() -> Index:
    """The index version in use."""
    return store().current()


def language_switch() -> None:
    """Japanese or English: as the address says, else as chosen before, else as the browser's locale
    says. What is chosen stays in the address, and so in links and after a reload.
    """
    state, asked = st.session_state, _addressed_language()
    if "language" not in state or (asked and asked != state.get("addressed_language")):
        state.language = asked or browser_language()
    state.addressed_language = asked
    st.segmented_control(
        "表示言語 / Language",
        options=list(_NAMES),
        format_func=_NAMES.__getitem__,
        key="language",
        required=True,
        label_visibility="collapsed",
        on_change=_address_language,
    )


def browser_language() -> Language:
    return "ja" if (st.context.locale or "ja").lower().startswith("ja") else "en"


def _addressed_language() -> Language | None:
    """Of `?language=`; some links hold the name of a language in place of its code."""
    word = str(st.query_params.get("language", "")).lower()
    if word in ("ja", _NAMES["ja"]):
        return "ja"
    return "en" if word in ("en", _NAMES["en"].lower()) else None


def _address_language() -> None:
    st.query_params["language"] = ui_language()
    st.session_state.addressed_language = ui_language()


def ui_language() -> Language:
    """The language of the interface; answers follow the question instead."""
    return "en" if st.session_state.get("language") == "en" else "ja"


def label(name: str, **values: object) -> str:
    """A text of the interface in the language chosen."""
    return message(f"ui_{name}", ui_language(), **values)


def failure(error: Exception) -> str:
    """Name of the sentence that a person reads about `error`; the log gets the details."""
    if not isinstance(error, KbError):
        LOG.error("failed", exc_info=error)
        return "failed"
    LOG.warning("%s: %s", type(error).__name__, error)
    if isinstance(error, DatabaseError):
        return "no_database"
    return "no_index" if isinstance(error, IndexMissing | IndexDamaged) else "misconfigured"


def look() -> None:
    """Styles, and the language of the page for browsers and screen readers."""
    st.html(_HERE / "look.css")
    st.html(_HERE / "chat.css")
    run_script("language", f"document.documentElement.lang = '{ui_language()}'")
    run_script("theme", _FOLLOW_THEME)
    with st.container(key="script-words"):
        st.html(words_html({name: label(f"js_{name}") for name in _WORDS}, _to_address()))
    run_script("page", (_HERE / "page.js").read_text(encoding="utf-8"))


def _to_address() -> str:
    """The language that the address must name, as the browser alone would choose another."""
    return ui_language() if ui_language() != browser_language() else ""


def title_tab(title: str) -> None:
    """Name the tab after what it shows."""
    line = " ".join(title.split())
    short = line if len(line) <= _TAB else line[: _TAB - 1] + "…"
    st.set_page_config(page_title=f"{short} – {label('title')}")


def day(moment: datetime) -> str:
    """A day in words, in the browser's time."""
    offset = timedelta(minutes=-(st.context.timezone_offset or 0))
    then, now = moment + offset, datetime.now(moment.tzinfo) + offset
    name = "day" if then.year == now.year else "day_of_year"
    month = label("months").split()[then.month - 1]
    return label(name, year=then.year, month=month, day=then.day)


def moment_text(iso: str) -> str:
    """A moment (ISO 8601, UTC) as day and time, in the browser's time; empty without one."""
    if not iso:
        return ""
    moment = datetime.fromisoformat(iso)
    then = moment - timedelta(minutes=st.context.timezone_offset or 0)
    today = days_ago(moment) == 0
    return label("moment", day=label("today") if today else day(moment), time=f"{then:%H:%M}")


def days_ago(moment: datetime) -> int:
    """How many midnights ago, in the browser's time."""
    offset = timedelta(minutes=-(st.context.timezone_offset or 0))
    return ((datetime.now(moment.tzinfo) + offset).date() - (moment + offset).date()).days


def run_script(name: str, code: str) -> None:
    """Run a few lines of our JavaScript in the page; never what a person or a source wrote."""
    with st.container(key=f"script-{name}"):
        st.html(f"<script>{code}</script>", unsafe_allow_javascript=True)


def keep_in_view(
    name: str, selector: str, block: Literal["start", "center"], once: str = ""
) -> None:
    """Keep what `selector` finds in sight while the page grows, until the person scrolls or types.

    `once`: runs anew where it differs from the script of this `name` before.
    """
    kept = json.dumps({"selector": selector, "block": block})
    run_script(name, f"/* {once} */ window.kbKept = {kept}; window.kbKeepInView?.()")


def draw(svg: str) -> None:
    """Show a drawing of ours; Streamlit takes the SVG out of HTML that it is given as such."""
    text = json.dumps(svg).replace("<", "\\u003c")  # else the script counts as mark-up
    script = f"document.currentScript.previousElementSibling.innerHTML = {text}"
    st.html(f"<div></div><script>{script}</script>", unsafe_allow_javascript=True)
