"""Choose a pattern: conditions clicked together, the decision with its reasons, and what follows.

A case lives in the address (`?case=training,os_packages`), so that a link opens it again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import streamlit as st

from kb.messages import message
from kb.pattern.case_link import case_word, open_case, shown
from kb.pattern.decide import Verdict, decide_signals
from kb.pattern.explain import Explained, comparison, design_note, explain
from kb.pattern.patterns import Group, Question, Signal, load_model
from kb.search.index import Index
from screens import session
from screens.base_image import show_base_image
from screens.html.answer import (
    label_markdown,
    safe_markdown,
    sentences_markdown,
    title_html,
    without_question,
)
from screens.html.comparison import comparison_html, question_html, verdict_bar
from screens.html.path_drawing import path_svg, path_words, rule_label
from screens.html.proofs import proofs_html
from screens.shared import current_index, draw, label, ui_language

# Groups that most cases do not need.
_RARE = ("serving", "job", "team")


def main() -> None:
    index = current_index()
    st.html(title_html(label("choose")))
    st.markdown(label("choose_intro"))
    ignored = _restore()
    if ignored:
        st.info(label("choose_ignored", ids=safe_markdown(shown(ignored))))
    form, result = st.columns(2, gap="medium")
    with form, st.container(key="choose-form"):
        signals = _form()
    _keep(signals)
    verdict = decide_signals(signals)
    explained = explain(verdict, (), index, ui_language())
    with result, st.container(key="choose-result"):
        _show_verdict(verdict, explained, index)
    _show_more(verdict, index)


# The case.


def _key(group: Group) -> str:
    return f"case_{group.id}"


def _restore() -> tuple[str, ...]:
    """Set the form as the address says, or as it was left; gives what the address has too much.

    The address counts whenever it is not the one set here: the way back in the browser undoes.
    """
    state = st.session_state
    addressed, left = st.query_params.get("case", ""), state.get("case", "")
    word = addressed or left if state.get("arrived") else addressed
    opened = open_case(word)
    for group, signals in load_model().in_groups():
        if _key(group) not in state or word != left:
            chosen = [signal.id for signal in signals if signal.id in opened.signals]
            state[_key(group)] = next(iter(chosen), None) if group.one else chosen
    return opened.ignored if word != left or state.get("arrived") else ()


def _form() -> frozenset[str]:
    """The groups of the model; gives the signals that are clicked."""
    clicked: list[str] = []
    groups = load_model().in_groups()
    side = st.session_state.get(_key(groups[0][0]))
    rare = [pair for pair in groups if _is_rare(*pair, side)]
    for pair in groups:
        if pair not in rare:
            clicked += _group(*pair, side)
    if rare:
        names = " / ".join(group.label.of(ui_language()) for group, _ in rare)
        with st.expander(label("choose_rare", names=names)):
            for pair in rare:
                clicked += _group(*pair, side)
    for one, other in contradictions(clicked):
        text = label("choose_contradiction", one=_label_of(one), other=_label_of(other))
        st.warning(text, icon=":material/error:")
    st.button(
        label("choose_clear"),
        icon=":material/close:",
        type="tertiary",
        disabled=not clicked,
        on_click=_clear,
    )
    return frozenset(clicked)


def _is_rare(group: Group, signals: Sequence[Signal], side: str | None) -> bool:
    """Folded until something of it is chosen, or the side that its signals belong to."""
    chosen = st.session_state.get(_key(group))
    belongs = {signal.implies for signal in signals}
    return group.id in _RARE and not chosen and (side is None or side not in belongs)


def _group(group: Group, signals: Sequence[Signal], side: str | None) -> list[str]:
    """A group of conditions without those of the other side; gives what is clicked."""
    key = _key(group)
    state = st.session_state.get(key) or []
    chosen_before = state if isinstance(state, list) else [state]
    offered = [
        signal
        for signal in signals
        if side is None or signal.implies in (None, side) or signal.id in chosen_before
    ]
    if not offered:
        return []
    names = {signal.id: _capital(signal.label.of(ui_language())) for signal in offered}
    title, tips = group.label.of(ui_language()), _examples(offered)
    if group.one:
        one = st.segmented_control(
            title, list(names), format_func=names.__getitem__, key=key, help=tips
        )
        return [one] if one else []
    return st.pills(
        title,
        list(names),
        selection_mode="multi",
        format_func=names.__getitem__,
        key=key,
        help=tips,
    )


def contradictions(signals: Collection[str]) -> list[tuple[str, str]]:
    """Pairs of clicked conditions of which only one can hold, where the model names such pairs."""
    pairs: Sequence[tuple[str, str]] = load_model().exclude
    return [(one, other) for one, other in pairs if one in signals and other in signals]


def _label_of(signal: str) -> str:
    return load_model().signal[signal].label.of(ui_language())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if not text.startswith("pip ") else text


def _examples(signals: Iterable[Signal]) -> str:
    """What people say when they mean a condition; shown beside its group."""
    rows = (
        f"- **{safe_markdown(signal.label.of(ui_language()))}**: "
        + safe_markdown(" / ".join(signal.examples.of(ui_language())[:2]))
        for signal in signals
    )
    return "\n".join(rows)


def _keep(signals: frozenset[str]) -> None:
    """In the address, and for the way back from another page."""
    st.session_state["case"] = case_word(signals)
    if signals:
        st.query_params["case"] = case_word(signals)
    elif "case" in st.query_params:
        del st.query_params["case"]


def _clear() -> None:
    for group in load_model().groups:
        st.session_state[_key(group)] = None if group.one else []


def _add(signal: str) -> None:
    """The answer to a question back is one more click in the form."""
    group = next(g for g, held in load_model().in_groups() if signal in [s.id for s in held])
    held = st.session_state[_key(group)]
    st.session_state[_key(group)] = signal if group.one else [*held, signal]


# The decision.


def _show_verdict(verdict: Verdict, explained: Explained | None, index: Index) -> None:
    st.html(verdict_bar(_headline(verdict)))
    if verdict.question is not None:
        _ask(verdict.question)
    if explained is None:
        st.warning(label("choose_unproven"))
        return
    citations = explained.citations.all
    with st.container(key="choose-known" if verdict.question else "choose-verdict"):
        asks = verdict.question.asks.of(ui_language()) if verdict.question else None
        sentences = without_question(explained.sentences, asks, ui_language())
        st.markdown(sentences_markdown(sentences, citations, ui_language()))
    _ask_in_chat(verdict)
    with st.expander(label("sources", count=len(citations)), icon=":material/format_quote:"):
        st.html(proofs_html(citations, index.documents, ui_language()))


def _headline(verdict: Verdict) -> str:
    """The decision in a few words, or the question."""
    if verdict.outcome is not None:
        return verdict.outcome.title.of(ui_language())
    assert verdict.question is not None
    return verdict.question.asks.of(ui_language())


def _deciding(verdict: Verdict) -> str:
    """The rule that took, and where it leads."""
    asks = rule_label(verdict.rule, ui_language())
    return f"{asks} → {_headline(verdict)}"


def _ask_in_chat(verdict: Verdict) -> None:
    """The case as a question in the field of the chat."""
    order = [signal.id for signal in load_model().signals if signal.id in verdict.signals]
    if order and st.button(label("choose_ask"), key="ask_case", icon=":material/chat:"):
        conditions = label("and").join(_label_of(signal) for signal in order)
        session.draft(label("choose_question", conditions=conditions), ui_language())
        st.switch_page("screens/chat.py")


def _ask(question: Question) -> None:
    """The question back; each of its choices clicks a condition."""
    st.html(question_html(question.asks.of(ui_language())))
    for signal, choice in zip(question.raises, question.choices.of(ui_language()), strict=True):
        st.button(
            label_markdown(choice),
            key=f"choice_{signal}",
            icon=":material/add:",
            on_click=_add,
            args=(signal,),
        )


def _show_more(verdict: Verdict, index: Index) -> None:
    names = ("compare", "path", "note", "image")
    compare, path, note, image = st.tabs([label(f"choose_{name}") for name in names])
    with compare:
        found = comparison(index, ui_language())
        if found is None:
            st.warning(label("choose_unproven"))
        else:
            rows, citations = found
            st.html(comparison_html(rows, citations.all, verdict, ui_language()))
    with path:
        st.markdown(f"**{label('choose_rule')}** {safe_markdown(_deciding(verdict))}")
        with st.expander(label("choose_rules", count=len(verdict.path))):
            st.caption(message("path_intro", ui_language()))
            draw(path_svg(verdict, ui_language()))
            st.html(path_words(verdict, ui_language()))
    with note:
        _show_note(verdict, index)
    with image:
        show_base_image(verdict, index)


def _show_note(verdict: Verdict, index: Index) -> None:
    """Markdown to copy, and the link to the case."""
    address = _address(case_word(verdict.signals))
    note = design_note(verdict, index, ui_language()) if verdict.outcome else ""
    if note:
        note = f"{note}\n{label('choose_link')}: <{address}>\n"
        st.download_button(
            label("choose_download"),
            note,
            "container-pattern.md",
            "text/markdown",
            icon=":material/download:",
            on_click="ignore",
        )
        st.code(note, language="markdown", wrap_lines=True, height=420)
    else:
        st.info(label("choose_undecided"))
    st.caption(label("choose_link"))
    st.code(address, language=None, wrap_lines=True)


def _address(word: str) -> str:
    """Where the case can be opened again."""
    here = (st.context.url or "choose").split("?")[0]
    return f"{here}?case={word}&language={ui_language()}"


main()
