"""The seven outcomes as an HTML table, the fitting one marked.

Takes the rows of kb.pattern.explain, their citations and a verdict, gives HTML that is a table on
a wide screen and one card for each outcome on a narrow one (screens/look.css). Every cell is a
statement of our notes, its number a link to the place. Knows nothing about pages.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from kb.messages import message
from kb.pattern.decide import Verdict
from kb.pattern.explain import Row
from kb.records import Citation, Language, Sentence
from screens.html.answer import place

_COLUMNS = ("what", "costs", "changes", "sample")
_CODE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")


def comparison_html(
    rows: Iterable[Row], citations: Sequence[Citation], verdict: Verdict, language: Language
) -> str:
    """All outcomes, in the order of the model."""
    heads = [message(f"compare_{name}", language) for name in _COLUMNS]
    marks = _marks(verdict, language)
    first = message("compare_pattern", language)
    top = "".join(f'<th scope="col">{html.escape(head)}</th>' for head in (first, *heads))
    body = "".join(
        _row(row, heads, citations, marks.get(row.pattern, ""), language) for row in rows
    )
    caption = html.escape(message("compare_caption", language))
    return (
        f'<table class="kb-compare"><caption>{caption}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    )


def _marks(verdict: Verdict, language: Language) -> dict[str, str]:
    """What to say of the outcomes that fit, or that fit on one side."""
    if verdict.outcome is not None:
        return {verdict.outcome.id: message("compare_fits", language)}
    return {pattern: message(f"compare_fits_{side}", language) for side, pattern in verdict.open}


def _row(
    row: Row, heads: Sequence[str], citations: Sequence[Citation], mark: str, language: Language
) -> str:
    cells = "".join(
        f'<td data-head="{html.escape(head)}">{_cell(getattr(row, name), citations, language)}</td>'
        for name, head in zip(_COLUMNS, heads, strict=True)
    )
    badge = f'<span class="kb-fits">{html.escape(mark)}</span>' if mark else ""
    chosen = ' class="kb-chosen"' if mark else ""
    return f'<tr{chosen}><th scope="row">{html.escape(row.title)}{badge}</th>{cells}</tr>'


def _cell(sentence: Sentence, citations: Sequence[Citation], language: Language) -> str:
    links = (
        f'<a class="kb-mark" href="{html.escape(place(citations[number - 1], language))}" '
        f'target="_blank" rel="noopener">[{number}]</a>'
        for number in sentence.citations
    )
    return f"{_prose(sentence.text)}&nbsp;{''.join(links)}"


def _prose(text: str) -> str:
    """A statement as HTML; of its mark-up only code and bold are kept."""
    parts, at = [], 0
    for found in _CODE.finditer(text):
        parts.append(html.escape(text[at : found.start()]))
        tag = "code" if found[1] else "b"
        parts.append(f"<{tag}>{html.escape(found[1] or found[2])}</{tag}>")
        at = found.end()
    return "".join([*parts, html.escape(text[at:])])


def question_html(text: str) -> str:
    """A question back, as the heading of its choices."""
    return f'<h2 class="kb-question">{html.escape(text)}</h2>'


def verdict_bar(text: str) -> str:
    """The decision in one line, kept in sight on a phone; it leads to the reasons."""
    bar = f'<a class="kb-verdict-bar" href="#kb-verdict">{html.escape(text)}</a>'
    return f'<div id="kb-verdict" role="status">{bar}</div>'
