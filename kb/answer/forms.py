"""Forms: the standing answer shorter, longer, as steps, a table, code, or to be pasted elsewhere.

Takes a `Standing` answer, gives `Content`; nothing is searched. What a form needs and the answer
lacks comes from the sections that it quotes; where they lack it too, the text says so. Knows
nothing about messages, decisions or chat models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kb.answer.compared import Pair, compared
from kb.answer.content import Content, fixed
from kb.answer.imperative import commands
from kb.answer.standing import Page, Standing
from kb.messages import message
from kb.records import Chunk, Citation, Sentence
from kb.text.markup import plain

LINES = 3
"""Lines of a shorter answer where the message names no number."""
_DETAIL = 14
"""Statements that an answer in detail has at most."""
_COMMAND = 15
"""Lines of code up to which it goes along with a short answer."""
_BLOCKS = 3
"""Pieces of code, or tables, that are shown at once."""
_COLUMNS = ("line", "what", "instead")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINKED = re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)")


def shorter(standing: Standing) -> Content:
    """The direct sentence and the command."""
    page = Page(standing)
    for sentence in standing.cited[:1]:
        page.keep(sentence, marker="")
    if any(_is_code(sentence) for sentence in standing.cited[:1]):
        return page.content()
    for block in [s for s in standing.cited if _is_code(s)][:1]:
        page.keep(block)
        return page.content()
    for chunk in _code(standing)[:1]:
        if chunk.text.count("\n") < _COMMAND:
            page.quote(chunk)
    return page.content()


def first(content: Content, standing: Standing, lines: int) -> Content:
    """As many of its sentences as lines are wanted, without code; what is said of them stays."""
    made = replace(standing, answer=replace(standing.answer, citations=content.citations))
    page = Page(made)
    for sentence in [s for s in content.sentences if s.citations and not _is_block(s)][:lines]:
        page.keep(sentence)
    return page.content() if page.sentences else content


def in_lines(standing: Standing, lines: int) -> Content:
    """As many sentences as lines are wanted, the direct one first; each of two decisions."""
    page = Page(standing)
    told = [s for s in standing.cited if not _is_block(s)]
    verdicts = [s for s in told if s.text.startswith("**") or "**" in s.text]
    if len(standing.answer.patterns) > 1 and len(verdicts) >= len(standing.answer.patterns):
        told = [*verdicts, *(s for s in told if s not in verdicts)]
        lines = max(lines, len(standing.answer.patterns))
    for sentence in told[:lines]:
        page.keep(sentence, marker="- ")
    for chunk in _statements(standing):
        if len(page.sentences) >= lines:
            break
        page.quote(chunk, marker="- ")
    return page.content()


def detail(standing: Standing) -> Content:
    """What the sections hold besides, below the direct sentence."""
    page, told = Page(standing), standing.cited
    if not told:
        return page.content()
    page.keep(told[0], marker="")
    shown = {c.id for c in standing.quoted if c is not None}
    new = blocks = 0
    for section in standing.sections:
        for chunk in section:
            if chunk.kind in ("code", "table"):
                blocks += 1
                if blocks <= _BLOCKS:
                    page.quote(chunk)
            elif len(page.sentences) < _DETAIL:
                new += chunk.id not in shown
                page.quote(chunk, marker="- ")
    if not new:
        page.say("form_no_more")
    return page.content()


def steps(standing: Standing) -> Content:
    """The steps alone, with the code that belongs to them; else what the sections say to do."""
    page = Page(standing)
    if findings := _findings(standing):
        return _fixes(standing, findings)
    own = [sentence for sentence in standing.cited if sentence.marker[:1].isdigit()]
    for sentence in own:
        page.keep(sentence, marker="1. ", lead=False)
    if own:
        for block in [s for s in standing.cited if _is_code(s)][:1]:
            page.keep(block)
        return page.content()
    for section in [*standing.sections, *standing.near]:
        listed = [c for c in section if c.kind == "statement" and c.marker[:1].isdigit()]
        if len(listed) > 1:
            for chunk in section:
                in_step = chunk.order in {c.order for c in listed}
                if chunk in listed or (chunk.kind == "code" and in_step):
                    page.quote(chunk, marker="1. ")
            return page.content()
    return _commands(standing) or _without(standing, "form_no_steps")


def _fixes(standing: Standing, findings: Sequence[_Finding]) -> Content:
    """What to write instead, line by line."""
    page = Page(standing)
    for finding in findings:
        numbers = page.adopted(finding.fix)
        step = replace(finding.fix, citations=numbers, marker="1. ", lead=finding.place)
        page.sentences += [step, *finding.blocks]
    return page.content()


def _commands(standing: Standing) -> Content | None:
    """The statements that say what to do, in their order, each with the commands below it."""
    page = Page(standing)
    for section in standing.sections:
        orders = commands(standing.index, list(section))
        for chunk, then in zip(section, [*section[1:], None], strict=True):
            if len(page.sentences) >= _DETAIL:
                break
            leads = then is not None and then.kind == "code" and chunk.kind == "statement"
            if chunk in orders or leads:
                page.quote(chunk, marker="1. ")
            elif chunk.kind == "code":
                page.quote(chunk)
    if not page.sentences:
        return None
    page.sentences.insert(0, fixed("form_steps_made", standing.answer.language))
    return page.content()


def table(standing: Standing, wish: str = "") -> Content:
    """The tables of the sections quoted; else its own sentences as one, and that says so.

    `wish`: the message that asks for it. Two things that it or the question names make a column
    each; of a review each finding is a row.
    """
    if findings := _findings(standing):
        return _reviewed(standing, findings)
    page = Page(standing)
    pair = _pair(standing, wish)
    if pair is not None and not any(map(pair.set_side_by_side, _tables(standing))):
        return _side_by_side(standing, pair)
    for sentence in [s for s in standing.cited if s.text.startswith("|")][:_BLOCKS]:
        page.keep(sentence)
    if not page.sentences:
        held = [c for section in standing.sections for c in section if c.kind == "table"]
        for chunk in held[:_BLOCKS]:
            page.quote(chunk)
    if not page.sentences:
        rows = [sentence for sentence in standing.cited if not _is_block(sentence)]
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
    for sentence in [s for s in standing.cited if not _is_block(s)]:
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


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a review says of one line."""

    place: str
    """`**Line 2** ...`, as it leads its statement."""
    reasons: tuple[Sentence, ...]
    fix: Sentence
    blocks: tuple[Sentence, ...]


def _findings(standing: Standing) -> list[_Finding]:
    """The findings of a review: a place, its statements, what to write instead."""
    fix = message("review_fix", standing.answer.language)
    found: list[_Finding] = []
    reasons: list[Sentence] = []
    for sentence in standing.answer.sentences:
        if sentence.lead == fix:
            place = next((r.lead for r in reasons if r.lead), "")
            found.append(_Finding(place, tuple(reasons), sentence, ()))
            reasons = []
        elif found and not reasons and sentence.text.startswith("```") and not sentence.citations:
            found[-1] = replace(found[-1], blocks=(*found[-1].blocks, sentence))
        elif sentence.marker[:1].isdigit():
            reasons = [sentence]
        elif reasons:
            reasons.append(sentence)
    return found


def _reviewed(standing: Standing, findings: Sequence[_Finding]) -> Content:
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
        if sentence not in told and not _is_block(sentence):
            page.keep(sentence, marker="- ", lead=False)
    return page.content()


def code(standing: Standing) -> Content:
    """The code of the answer and of its sections, each below the statement that leads it in."""
    page = Page(standing)
    for sentence in [s for s in standing.cited if _is_code(s)][:_BLOCKS]:
        page.keep(sentence)
    if not page.sentences:
        for chunk in _code(standing)[:_BLOCKS]:
            for leading in _leading(standing, chunk):
                page.quote(leading)
            page.quote(chunk)
    return page.content() if page.sentences else _without(standing, "form_no_code")


def slack(standing: Standing) -> Content:
    """The answer as text to paste into Slack: its bold, its bullets, the sources as links."""
    page, lines = Page(standing), []
    for sentence in standing.cited:
        numbers = page.adopted(sentence)
        marks = " ".join(f"[{number}]" for number in numbers)
        if _is_block(sentence):
            lines.append(f"{sentence.text}\n{marks}")
            continue
        label = sentence.lead.rpartition("\n")[2]
        mark = "• " if sentence.marker.strip() else ""
        lines.append(f"{mark}{_for_slack(label + sentence.text)} {marks}")
    lines += ["", message("form_slack_sources", standing.answer.language)]
    lines += [f"[{c.number}] {_place(c)}" for c in page.citations.all]
    page.say("form_slack")
    cited = [citation.number for citation in page.citations.all]
    body = "\n".join(lines)
    supported = all(s.supported is not False for s in standing.cited)
    page.set(f"````text\n{body}\n````", cited, supported=supported)
    return page.content()


def _without(standing: Standing, name: str) -> Content:
    """The sentence that says what the sections lack, and the direct sentence again."""
    page = Page(standing)
    page.say(name)
    for sentence in standing.cited[:1]:
        page.keep(sentence, marker="", lead=False)
    return page.content()


def _is_block(sentence: Sentence) -> bool:
    return sentence.text.startswith(("```", "|"))


def _is_code(sentence: Sentence) -> bool:
    return sentence.text.startswith("```")


def _statements(standing: Standing) -> list[Chunk]:
    """Statements of the sections that the answer left out."""
    shown = {c.id for c in standing.quoted if c is not None}
    return [
        chunk
        for section in standing.sections
        for chunk in section
        if chunk.kind == "statement" and chunk.id not in shown
    ]


def _code(standing: Standing) -> list[Chunk]:
    """Code of the sections quoted; where they hold none, of those found beside them."""
    for sections in (standing.sections, standing.near):
        held = [c for section in sections for c in section if c.kind == "code"]
        if held:
            return held
    return []


def _leading(standing: Standing, chunk: Chunk) -> list[Chunk]:
    """The statement that a piece of code hangs on."""
    return [
        c
        for section in [*standing.sections, *standing.near]
        for c in section
        if c.kind == "statement" and (c.group, c.order) == (chunk.group, chunk.order)
    ][:1]


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
    found = _BOLD.search(lead)
    return found[1] if found else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


def _for_slack(text: str) -> str:
    return _BOLD.sub(r"*\1*", _LINKED.sub(r"\1 (\2)", text))


def _place(citation: Citation) -> str:
    named = f"{plain(citation.title)} – {plain(citation.heading)}"
    where = citation.url if citation.url.startswith("https://") else citation.document
    link = citation.based_on[0] if citation.based_on else where
    return f"{named}: {link}"
