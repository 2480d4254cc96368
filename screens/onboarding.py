"""The onboarding path: its steps, a step's lesson and questions, how far a person has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import streamlit as st

from kb.messages import message
from kb.path.lesson import Lesson, Part, Question, read_lesson
from kb.path.onboarding import Step, is_stale, step_hash
from kb.records import Language
from kb.search.index import Index
from kb.store.progress import StepProgress, answered
from screens import path, session
from screens.html.answer import (
    label_markdown,
    safe_markdown,
    sentences_markdown,
    title_html,
)
from screens.html.proofs import proofs_html
from screens.shared import current_index, label, run_script, ui_language

# Read attentively: about 500 Japanese characters, or 240 English words (Brysbaert, 2019,
# https://doi.org/10.1016/j.jml.2019.104047) of five letters.
_SIGNS_A_MINUTE: Mapping[Language, int] = {"ja": 500, "en": 1_200}
_MINUTES_A_QUESTION = 0.5


def main() -> None:
    index, steps = current_index(), path.steps()
    progress = path.held()
    if not path.is_kept():
        st.warning(label("progress_away"))
    if path.was_kept():
        st.warning(label("progress_stays"))
    wanted = st.query_params.get("step", "")
    number = next((n for n, step in enumerate(steps, 1) if step.id == wanted), 0)
    if number:
        _step(steps, number, progress, index)
    else:
        _overview(steps, progress, index)
    code = st.session_state.pop("onboarding_script", "")
    if code:
        run_script("onboarding", code)


def _open(step: str) -> None:
    """Show a step from its top, or all of them when it is empty."""
    if step:
        st.query_params["step"] = step
    else:
        st.query_params.pop("step", None)
    # The name makes each script a new one, which the browser runs again.
    st.session_state.onboarding_script = (
        f"/* {step} */ document.querySelector('.stMain')?.scrollTo(0, 0)"
    )


# All steps.


def _overview(steps: tuple[Step, ...], progress: dict[str, StepProgress], index: Index) -> None:
    st.html(title_html(label("onboarding_title")))
    st.markdown(label("onboarding_intro", steps=len(steps)))
    current = path.current(steps, progress)
    _bar(steps, progress)
    if current:
        begun = label("onboarding_continue", number=current) if progress else label("onboarding_go")
        st.button(
            begun,
            key="go",
            type="primary",
            icon=":material/arrow_forward:",
            on_click=_open,
            args=(steps[current - 1].id,),
        )
    else:
        st.success(label("onboarding_all_done"), icon=":material/celebration:")
    with st.container(key="steps", gap=None):
        for number, step in enumerate(steps, 1):
            held = progress.get(step.id, StepProgress())
            _row(step, number, held, index, current=number == current)
    if progress:
        with st.popover(label("onboarding_again"), icon=":material/restart_alt:", type="tertiary"):
            st.markdown(label("onboarding_again_sure"))
            st.button(label("onboarding_again_yes"), key="again", on_click=path.start_again)


def _bar(steps: tuple[Step, ...], progress: dict[str, StepProgress], before: str = "") -> None:
    done = sum(progress.get(step.id, StepProgress()).done_at is not None for step in steps)
    st.progress(done / len(steps), before + label("onboarding_bar", done=done, steps=len(steps)))


def _row(step: Step, number: int, held: StepProgress, index: Index, *, current: bool) -> None:
    state, icon = "open", "radio_button_unchecked"
    if held.done_at is not None:
        state, icon = "done", "check_circle"
    elif current:
        state, icon = "current", "arrow_circle_right"
    minutes = _minutes(step.id, ui_language(), index.version, index)
    states = [label("onboarding_minutes", minutes=minutes)]
    if state != "open":
        states.append(label(f"onboarding_{state}"))
    if is_stale(step, index.groups) or _changed(step, held, index):
        states.append(label("onboarding_changed"))
    st.button(
        f"{number}. {label_markdown(step.title.of(ui_language()))}{_remarks(states)}",
        key=f"step_{state}_{number}",
        icon=f":material/{icon}:",
        type="tertiary",
        width="stretch",
        on_click=_open,
        args=(step.id,),
    )


def _remarks(remarks: list[str]) -> str:
    return "".join(f" :small[·\u00a0{remark}]" for remark in remarks)


def _changed(step: Step, held: StepProgress, index: Index) -> bool:
    """The notes changed since this person finished the step."""
    return held.done_at is not None and held.section_hash != step_hash(step, index.groups)


# One step.


def _step(
    steps: tuple[Step, ...], number: int, progress: dict[str, StepProgress], index: Index
) -> None:
    step, language = steps[number - 1], ui_language()
    held = progress.get(step.id, StepProgress())
    lesson = read_lesson(step, index, language)
    st.button(
        label("onboarding_list"),
        key="list",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=_open,
        args=("",),
    )
    here = message("onboarding_step", language, number=number, steps=len(steps))
    _bar(steps, progress, f"**{here}** · ")
    st.html(title_html(lesson.title))
    if not lesson.parts:
        st.warning(message("onboarding_missing", language))
        return
    if lesson.stale:
        st.info(message("onboarding_stale", language), icon=":material/history:")
    elif _changed(step, held, index):
        st.info(label("onboarding_changed_since"), icon=":material/history:")
    for place, part in enumerate(_with_answers(lesson), 1):
        _part(lesson, part, place)
    _sources(lesson, index)
    _questions(lesson, held, step_hash(step, index.groups), index)
    _onward(steps, number, lesson, held)


def _with_answers(lesson: Lesson) -> list[Part]:
    """The parts, what a question asks about not folded: one reads it before one is asked."""
    asked = {n for question in lesson.questions for n in question.explanation.citations}
    parts = []
    for part in lesson.parts:
        needed = tuple(s for s in part.more if asked & set(s.citations))
        rest = tuple(s for s in part.more if s not in needed)
        parts.append(replace(part, opening=(*part.opening, *needed), more=rest))
    return parts


@st.cache_data(show_spinner=False, max_entries=200)
def _minutes(step: str, language: Language, version: str, _index: Index) -> int:
    """About how long a step takes: its openings read, its questions answered."""
    wanted = next(one for one in path.steps() if one.id == step)
    lesson = read_lesson(wanted, _index, language)
    text = "".join(s.text for part in _with_answers(lesson) for s in part.opening)
    read = len(text) / _SIGNS_A_MINUTE[language]
    return max(1, round(read + _MINUTES_A_QUESTION * len(lesson.questions)))


def _part(lesson: Lesson, part: Part, place: int) -> None:
    language = ui_language()
    with st.container(key=f"part-{place}", gap=None):
        st.header(label_markdown(part.heading), anchor=False)
        st.markdown(sentences_markdown(part.opening, lesson.citations, language, language))
        if part.more:
            with st.expander(label("onboarding_more", count=len(part.more))):
                st.markdown(sentences_markdown(part.more, lesson.citations, language, language))
        if st.button(
            label("onboarding_ask"),
            key=f"ask_{place}",
            icon=":material/chat:",
            type="tertiary",
        ):
            st.session_state.way_back = lesson.step
            session.draft(part.heading, language)  # a heading may be an error message
            st.switch_page("screens/chat.py")


def _sources(lesson: Lesson, index: Index) -> None:
    numbers = {n for part in _with_answers(lesson) for s in part.opening for n in s.citations}
    shown = [citation for citation in lesson.citations if citation.number in numbers]
    with st.expander(label("sources", count=len(shown)), icon=":material/format_quote:"):
        st.html(proofs_html(shown, index.documents, ui_language()))


def _questions(lesson: Lesson, held: StepProgress, section_hash: str, index: Index) -> None:
    """The questions up to the first that is not answered."""
    st.header(label("onboarding_checks"), anchor=False)
    total = len(lesson.questions)
    for place, question in enumerate(lesson.questions, 1):
        answer = _answer_of(held, question)
        with st.container(key=f"check-{place}", border=True):
            head = message("onboarding_check", ui_language(), number=place, checks=total)
            st.markdown(f"**{head}**　{safe_markdown(question.text)}")
            if answer:
                _outcome(lesson, question, answer, place, index)
                continue
            for choice, text in enumerate(question.choices, 1):
                st.button(
                    label_markdown(text),
                    key=f"choice_{place}_{choice}",
                    width="stretch",
                    on_click=_answer,
                    args=(lesson, question, choice, section_hash, place),
                )
            return


def _answer_of(held: StepProgress, question: Question) -> int:
    """The choice of this person, from 1; 0 when there is none, or none that still exists."""
    answer = held.answers.get(question.id, 0)
    return answer if 1 <= answer <= len(question.choices) else 0


def _answer(lesson: Lesson, question: Question, choice: int, section_hash: str, place: int) -> None:
    # As stored by now: another tab may have gone on meanwhile.
    held = path.held().get(lesson.step, StepProgress())
    right = {question.id: question.right for question in lesson.questions}
    now = answered(held, question.id, choice, right=right, section_hash=section_hash)
    path.keep(lesson.step, now)
    # The button that had the focus is gone: reading goes on at what came of it.
    st.session_state.onboarding_script = (
        f"/* {lesson.step} {question.id} {choice} */ "
        f"{{ const e = document.querySelector('.st-key-outcome-{place}');"
        " if (e) { e.tabIndex = -1; e.focus({preventScroll: true}); } }"
    )


def _outcome(lesson: Lesson, question: Question, answer: int, place: int, index: Index) -> None:
    language = ui_language()
    lines = []
    for choice, text in enumerate(question.choices, 1):
        icon = "radio_button_unchecked"
        notes = [label("onboarding_yours")] if choice == answer else []
        if choice == question.right:
            icon = "check_circle"
            notes.append(label("onboarding_correct"))
        elif choice == answer:
            icon = "cancel"
        said = f"**{label_markdown(text)}**" if choice == question.right else label_markdown(text)
        lines.append(f":material/{icon}: {said}{_remarks(notes)}")
    st.markdown("\n\n".join(lines))
    with st.container(key=f"outcome-{place}"):
        right = answer == question.right
        st.markdown(f"**{label('onboarding_was_right' if right else 'onboarding_was_wrong')}**")
        citation = lesson.citations[question.explanation.citations[0] - 1]
        st.html(proofs_html((citation,), index.documents, language))


def _onward(steps: tuple[Step, ...], number: int, lesson: Lesson, held: StepProgress) -> None:
    """What comes after the last answer."""
    if not all(_answer_of(held, question) for question in lesson.questions):
        return
    wrong = [q for q in lesson.questions if _answer_of(held, q) != q.right]
    count = {"right": len(lesson.questions) - len(wrong), "checks": len(lesson.questions)}
    passed = held.done_at is not None
    if passed:
        st.success(label("onboarding_score", **count), icon=":material/check_circle:")
    else:
        needed = -(-2 * len(lesson.questions) // 3)
        text = label("onboarding_not_yet", needed=needed, **count)
        st.warning(text, icon=":material/replay:")
    with st.container(horizontal=True):
        if not passed:
            pass
        elif number < len(steps):
            st.button(
                label("onboarding_next_step", number=number + 1),
                key="next",
                type="primary",
                icon=":material/arrow_forward:",
                on_click=_open,
                args=(steps[number].id,),
            )
        else:
            st.button(
                label("onboarding_list"), key="end", type="primary", on_click=_open, args=("",)
            )
        again = wrong or lesson.questions
        st.button(
            label("onboarding_retry_wrong" if wrong else "onboarding_retry"),
            key="retry",
            type="tertiary" if passed else "primary",
            icon=":material/refresh:",
            on_click=path.keep,
            args=(lesson.step, _without(held, again)),
        )


def _without(held: StepProgress, questions: Sequence[Question]) -> StepProgress:
    """Progress in which these questions come again."""
    gone = {question.id for question in questions}
    kept = {name: choice for name, choice in held.answers.items() if name not in gone}
    return replace(held, answers=kept)


main()
