"""Tables: the standing answer as one.

Takes a `Standing` answer and the message that asks, gives `Content`: the tables of the sections
quoted, two things side by side, the findings of a review, or its own sentences as rows. Knows
nothing about which form is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kb.answer.compared import Pair, compared
from kb.answer.content import Content
from kb.answer.findings import Finding, findings_of
from kb.answer.forms import BLOCKS, BOLD, LINES, is_block
from kb.answer.standing import Page, Standing
from kb.messages import message
from kb.records import Chunk, Sentence

_ABOVE = 2
"""Lines of a table above its rows."""
_COLUMNS = ("line", "what", "instead")
"""Of the table of a review."""


def table(standing: Standing, wish: str = "", rows: int | None = None) -> Content:
    """The tables of the sections quoted; else its own sentences as one, and that says so.

    `wish`: the message that asks for it. Two things that it or the question names make a column
    each; of a review each finding is a row. `rows`: as many as are wanted at most; what is left out
    is said.
    """
    content = _table(standing, wish)
    return content if rows is None else _first_rows(content, standing, rows)


def _first_rows(content: Content, standing: Standing, rows: int) -> Content:
    """The first table with its first rows, and what is said of it."""
    blocks = [s for s in content.sentences if s.text.startswith("|")]
    lines = blocks[0].text.splitlines() if blocks else []
    if len(lines) <= _ABOVE:
        return content
    head, rule, *body = lines
    text = "\n".join((head, rule, *body[:rows]))
    page = Page(replace(standing, answer=replace(standing.answer, citations=content.citations)))
    page.sentences = [s for s in content.sentences if not s.citations]
    page.keep(replace(blocks[0], text=text))
    if len(body) > rows:
        page.say("form_table_rows", shown=str(rows), all=str(len(body)))
    return page.content()


def _table(standing: Standing, wish: str) -> Content:
    if findings := findings_of(standing):
        return _reviewed(standing, findings)
    page = Page(standing)
    pair = _pair(standing, wish)
    if pair is not None and not any(map(pair.set_side_by_side, _tables(standing))):
        return _side_by_side(standing, pair)
    for sentence in [s for s in standing.cited if s.text.startswith("|")][:BLOCKS]:
        page.keep(sentence)
    if not page.sentences:
        held = [c for section in standing.sections for c in section if c.kind == "table"]
        for chunk in held[:BLOCKS]:
            page.quote(chunk)
    if not page.sentences:
        rows = [sentence for sentence in standing.cited if not is_block(sentence)]
        numbers = [number for sentence in rows for number in page.adopted(sentence)]
        page.say("form_table_made")
        supported = all(sentence.supported is not False for sentence in rows)
        page.set(_as_table(rows, standing), numbers, supported=supported)
    return page.content()


def _tables(standing: Standing) -> list[str]:
    own = [s.text for s in standing.cited if s.text.startswith("|")]
    return own + [c.text for section in standing.sections for c in section if c.kind == "table"]


def _pair(standing: Standing, wish: str) -> Pair | None:
    """The two things that are set side by side."""
    answer = standing.answer
    texts = [s.text for s in standing.cited]
    texts += [c.text for section in [*standing.sections, *standing.others] for c in section]
    asked = (wish, answer.question, answer.trace.query if answer.trace else "")
    return next((pair for text in asked if text and (pair := compared(text, texts))), None)


def _side_by_side(standing: Standing, pair: Pair) -> Content:
    """A row a statement, in the column of what it names; what names neither stands below."""
    page, language = Page(standing), standing.answer.language
    page.say("form_table_pair", first=pair.first, second=pair.second)
    rows: list[Sentence] = []
    sides: list[tuple[bool, bool]] = []
    below: list[Sentence] = []
    for sentence in [s for s in standing.cited if not is_block(s)]:
        side = pair.named(sentence.text)
        if not any(side):
            chunk = standing.quoted[sentence.citations[0] - 1]
            side = pair.named(chunk.heading[-1]) if chunk and chunk.heading else side
            side = side if not all(side) else (False, False)
        if any(side):
            rows.append(sentence)
            sides.append(side)
        else:
            below.append(sentence)
    numbers = [number for sentence in rows for number in page.adopted(sentence)]
    texts = [sentence.text for sentence in rows]
    more = Page(standing)
    for column in (0, 1):
        if not any(side[column] for side in sides):
            for chunk in _naming(standing, pair, column)[:LINES]:
                more.quote(chunk)
                texts.append(more.sentences[-1].text)
                sides.append(pair.named(chunk.text))
                numbers += [page.citations.adopt(more.citations.all[-1]).number]
    both = message("form_table_both", language)
    body = "\n".join(
        f"| {_cell(text) if side[0] else ''} | "
        f"{both if all(side) else _cell(text) if side[1] else ''} |"
        for text, side in zip(texts, sides, strict=True)
    )
    head = f"| {_cell(pair.first)} | {_cell(pair.second)} |\n|---|---|\n"
    page.set(head + body, numbers, supported=all(s.supported is not False for s in rows))
    for sentence in below:
        page.keep(sentence, marker="- ", lead=False)
    return page.content()


def _naming(standing: Standing, pair: Pair, column: int) -> list[Chunk]:
    """Statements of what was found that speak of one of the two."""
    wanted = (column == 0, column == 1)
    return [
        chunk
        for section in [*standing.sections, *standing.others]
        for chunk in section
        if chunk.kind == "statement"
        and chunk.language == standing.answer.language
        and pair.named(chunk.text) == wanted
    ]


def _reviewed(standing: Standing, findings: Sequence[Finding]) -> Content:
    """Line, what it does, and what to write instead."""
    page, language = Page(standing), standing.answer.language
    numbers: list[int] = []
    rows: list[str] = []
    for finding in findings:
        kept = [*finding.reasons, finding.fix]
        numbers += [number for sentence in kept for number in page.adopted(sentence)]
        gap = " " if language == "en" else ""
        what = gap.join(sentence.text for sentence in finding.reasons)
        place = finding.place.rstrip("：: ")
        rows.append(f"| {_cell(place)} | {_cell(what)} | {_cell(finding.fix.text)} |")
    head = " | ".join(message(f"form_review_{name}", language) for name in _COLUMNS)
    body = "\n".join(rows)
    supported = all(s.supported is not False for one in findings for s in one.reasons)
    page.set(f"| {head} |\n|---|---|---|\n{body}", numbers, supported=supported)
    for finding in findings:
        page.sentences += [
            replace(block, lead=f"{finding.place.rstrip('：: ')}\n") for block in finding.blocks
        ]
    told = [sentence for finding in findings for sentence in (*finding.reasons, finding.fix)]
    for sentence in standing.cited:
        if sentence not in told and not is_block(sentence):
            page.keep(sentence, marker="- ", lead=False)
    return page.content()


def _as_table(rows: Iterable[Sentence], standing: Standing) -> str:
    """Label and statement side by side; where no sentence has a label, they are numbered."""
    language, cells, above = standing.answer.language, list[tuple[str, str]](), ""
    for sentence in rows:
        heading, _, label = sentence.lead.rpartition("\n")
        above = _label(heading) or ("" if label else above)
        cells.append((_label(label) or above, sentence.text))
    if not any(label for label, _ in cells):
        cells = [(str(number), text) for number, (_, text) in enumerate(cells, 1)]
    elif not cells[0][0]:
        cells[0] = (message("decide_verdict", language), cells[0][1])
    head = f"| {message('form_table_label', language)} | {message('form_table_text', language)} |"
    body = "\n".join(f"| {_cell(label)} | {_cell(text)} |" for label, text in cells)
    return f"{head}\n|---|---|\n{body}"


def _label(lead: str) -> str:
    """The label of a lead, without the words behind it: `**Why**: “…”. ` gives `Why`."""
    found = BOLD.search(lead)
    return found[1] if found else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())
