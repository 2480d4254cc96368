"""Listing: gaps, documents and differences of versions as HTML for a browser, safely.

Takes values, gives HTML text in the language of the interface. Everything that a person or a source
wrote is escaped. Knows nothing about Streamlit.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kb.answer.places import origin
from kb.gaps.gaps import Gap
from kb.messages import message
from kb.records import Document, Language
from kb.search.edits import Edit
from kb.search.versions import Change
from screens.html.answer import link, source_address

_SIGNS = {"added": "+", "removed": "−", "changed": "~"}
_COLUMNS = ("document", "state", "chunks", "cited")
_GOOD = ("fetched", "unchanged")
_EDITS = 30
"""Sentences of a document that are shown before and after."""
_REASONS = (
    (re.compile(r"resolve host|Name or service|could not be reached|onnection"), "unreachable"),
    (re.compile(r"\b404\b"), "missing"),
    (re.compile(r"\b40[13]\b"), "refused"),
    (re.compile(r"timed? ?out", re.IGNORECASE), "slow"),
)
"""What the error of a fetch says, for people; the error itself stands behind it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A document with what is known of it."""

    document: Document
    chunks: int
    cited: int | None
    """None: not known, as the database is away."""


def gap_html(gap: Gap, language: Language) -> str:
    """A gap: how often and why, the ways it was asked, comments, and what lies near."""
    why = " · ".join(
        message(f"trouble_{trouble}", language, times=times)
        for trouble, times in gap.troubles.items()
    )
    times = message("asked_times", language, times=gap.times)
    comments = [comment for asked in gap.questions for comment in asked.comments]
    near = [
        link(source_address(s.document, s.start, s.end, language), s.heading or s.document)
        + f' <span class="kb-about">{html.escape(s.document)}</span>'
        for s in gap.nearest
    ]
    parts = [
        f"<h2>{html.escape(gap.title)}</h2>",
        f'<p class="kb-about">{times} · {why}</p>',
        _list((html.escape(asked.text) for asked in gap.questions[1:]), "kb-asked"),
        "".join(f"<blockquote>{html.escape(comment)}</blockquote>" for comment in comments),
        f'<p class="kb-near">{message("near", language)}</p>{_list(near, "kb-near")}'
        if near
        else "",
    ]
    return f'<article class="kb-gap">{"".join(parts)}</article>'


def short_gaps_html(gaps: Iterable[Gap], language: Language) -> str:
    """Gaps that need no work: one line each."""
    return _list(
        (
            f"{html.escape(gap.title)} "
            f'<span class="kb-about">{message("asked_times", language, times=gap.times)}</span>'
            for gap in gaps
        ),
        "kb-asked",
    )


def source_html(last: Mapping[str, Any], language: Language, when: str) -> str:
    """How the last fetch of a source went, and what went wrong in it.

    `last`: a row of the manifest or of the last fetch. `when`: that was, in words.
    """
    good = last["state"] in _GOOD and not last["problems"]
    state = message(f"state_{last['state']}", language)
    problems = [_problem(text, language) for text in (last["reason"], *last["problems"]) if text]
    return (
        f'<p class="kb-state {"kb-good" if good else "kb-bad"}">{state}'
        f'<span class="kb-about"> {html.escape(when)} · {html.escape(last["id"])}</span></p>'
        + _list(problems, "kb-problems")
    )


def _problem(text: str, language: Language) -> str:
    """Why, in the page's language, then the error as it came."""
    name = next((name for error, name in _REASONS if error.search(text)), "")
    if not name:
        return html.escape(text)
    why = message(f"fetch_{name}", language)
    return f'{why}<br><span class="kb-about">{html.escape(text)}</span>'


def documents_html(rows: Sequence[Row], language: Language) -> str:
    """A table of documents, each a link to its text."""
    names = [
        message(f"column_{name}", language) for name in ("document", "state", "chunks", "cited")
    ]
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = "".join(_document_row(row, names, language) for row in rows)
    return f'<table class="kb-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _document_row(row: Row, names: Sequence[str], language: Language) -> str:
    document = row.document
    name = link(source_address(document.id, 0, 0, language), document.title or document.id)
    cells = (
        origin(document, language),
        str(row.chunks),
        "–" if row.cited is None else str(row.cited),
    )
    # The name of the column beside each value is shown on narrow screens only.
    return (
        f'<tr><th scope="row">{name}<span class="kb-about">{html.escape(document.id)}</span></th>'
        + "".join(
            f'<td data-name="{html.escape(column)}">{html.escape(cell)}</td>'
            for column, cell in zip(names[1:], cells, strict=True)
        )
        + "</tr>"
    )


def version_html(held: Mapping[str, Any], language: Language, when: str, *, used: bool) -> str:
    """What the manifest of a version says about it. `when`: it was built, in words."""
    mark = f' <span class="kb-badge">{message("in_use", language)}</span>' if used else ""
    lines = [message("version_about", language, documents=held["documents"])]
    if "eval" in held:
        items = held["eval"]["items"]
        right = items - len(held["eval"]["wrong"])
        lines.append(message("version_eval", language, right=right, items=items))
    lines.append(message("version_name", language, version=html.escape(held["version"])))
    about = "".join(f'<p class="kb-about">{line}</p>' for line in lines)
    title = message("version_title", language, when=html.escape(when))
    return f'<div class="kb-version"><h2>{title}{mark}</h2>{about}</div>'


def changes_html(changes: Sequence[Change], language: Language, edited: Sequence[Edit] = ()) -> str:
    """What differs between two versions: the documents, and in them the sentences."""
    if not changes:
        return f'<p class="kb-about">{message("no_change", language)}</p>'
    by_document: dict[str, list[Edit]] = {}
    for edit in edited:
        by_document.setdefault(edit.document, []).append(edit)
    return _list(
        (
            f"<b>{_SIGNS[change.state]}</b> {html.escape(change.document)} "
            f'<span class="kb-about">{message(f"change_{change.state}", language)}</span>'
            + _edits(by_document.get(change.document, []), language)
            for change in changes
        ),
        "kb-changes",
    )


def _edits(edited: Sequence[Edit], language: Language) -> str:
    """The sentences of a document, before and after, by section."""
    if not edited:
        return ""
    parts, heading = [], None
    for edit in edited[:_EDITS]:
        if edit.heading != heading:
            heading = edit.heading
            parts.append(f"<h3>{html.escape(heading)}</h3>")
        for name, text in (("before", edit.before), ("after", edit.after)):
            if text:
                label = message(f"edit_{name}", language)
                parts.append(f'<p class="kb-{name}"><b>{label}</b> {html.escape(text)}</p>')
    if len(edited) > _EDITS:
        more = message("edits_more", language, count=len(edited) - _EDITS)
        parts.append(f'<p class="kb-about">{more}</p>')
    summary = message("edits", language, count=len(edited))
    return f"<details><summary>{summary}</summary>{''.join(parts)}</details>"


def keys_html(keys: Mapping[str, Sequence[str]], language: Language) -> str:
    """What keys do, one line each."""
    joined = message("key_or", language)
    rows = "".join(
        f"<dt>{joined.join(f'<kbd>{html.escape(key)}</kbd>' for key in pressed)}</dt>"
        f"<dd>{html.escape(does)}</dd>"
        for does, pressed in keys.items()
    )
    return f'<dl class="kb-keys">{rows}</dl>'


def _list(items: Iterable[str], name: str) -> str:
    rows = "".join(f"<li>{item}</li>" for item in items)
    return f'<ul class="{name}">{rows}</ul>' if rows else ""
