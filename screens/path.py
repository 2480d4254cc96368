"""What the pages know of a person's way along the onboarding path.

Gives the steps, how far this browser's person has come, and keeps each answer. While the database
is away the session remembers, and what is not stored yet is stored as soon as it is back. Knows
nothing about how a step looks.
"""

from __future__ import annotations

import time

import streamlit as st

from kb.errors import KbError
from kb.path.onboarding import Step, read_steps
from kb.settings import read_settings
from kb.store.progress import ProgressStore, StepProgress
from kb.wiring import open_progress
from screens.person import person
from screens.shared import LOG

RETRY = 10.0
"""Seconds until a database that was away is tried again; a page must not wait for it each time."""


@st.cache_resource(show_spinner=False)
def _store() -> ProgressStore:
    """Progress of all persons; shared by all sessions. Tried anew until the database is there."""
    return open_progress(read_settings())


def steps() -> tuple[Step, ...]:
    """The path; raises OnboardingError when its files cannot be used."""
    return read_steps(read_settings().onboarding)


def held() -> dict[str, StepProgress]:
    """How far this person has come, by step id."""
    unsaved = _unsaved()
    if time.monotonic() >= st.session_state.get("progress_retry", 0.0):
        try:
            for step in list(unsaved):
                _store().keep(person(), step, unsaved[step])
                del unsaved[step]
            st.session_state.progress = _store().of(person())
            st.session_state.pop("progress_retry", None)
        except KbError as error:
            LOG.warning("%s: %s", type(error).__name__, error)
            st.session_state.progress_retry = time.monotonic() + RETRY
    known: dict[str, StepProgress] = st.session_state.get("progress", {})
    return {**known, **unsaved}


def is_kept() -> bool:
    """Whether `held` could store and read."""
    return "progress_retry" not in st.session_state


def keep(step: str, progress: StepProgress) -> None:
    """What the person did on a step; `held` stores it."""
    _unsaved()[step] = progress


def start_again() -> None:
    """Forget all progress of this person; while the database is away nothing is forgotten, and
    `was_kept` says so once.
    """
    try:
        _store().forget(person())
    except KbError as error:
        LOG.warning("%s: %s", type(error).__name__, error)
        st.session_state.progress_stays = True
        return
    _unsaved().clear()
    st.session_state.progress = {}


def was_kept() -> bool:
    """Whether progress that was to be forgotten is still there; once."""
    return bool(st.session_state.pop("progress_stays", False))


def current(path: tuple[Step, ...], progress: dict[str, StepProgress]) -> int:
    """Place of the first step that is not done, from 1; 0 when all are."""
    for number, step in enumerate(path, 1):
        if progress.get(step.id, StepProgress()).done_at is None:
            return number
    return 0


def _unsaved() -> dict[str, StepProgress]:
    unsaved: dict[str, StepProgress] = st.session_state.setdefault("progress_unsaved", {})
    return unsaved
