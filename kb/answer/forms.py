"""Forms: the standing answer shorter, longer, as steps, code, or to be pasted elsewhere.

Takes a `Standing` answer, gives `Content`; nothing is searched. What a form needs and the answer
lacks comes from the sections that it quotes; where they lack it too, the text says so. Knows
nothing about messages, decisions or chat models.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kb.answer.content import Content, fixed
from kb.answer.findings import Finding, findings_of
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
BLOCKS = 3
"""Pieces of code, or tables, that are shown at once."""
BOLD = re.compile(r"\*\*(.+?)\*\*")
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
    decided = any(pattern != "none" for pattern in standing.answer.patterns)
    if decided and not standing.of_patterns:
        return page.content()
    for chunk in _code(standing)[:1]:
        if chunk.text.count("\n") < _COMMAND:
            page.quote(chunk)
    return page.content()


def first(content: Content, standing: Standing, lines: int) -> Content:
    """As many of its sentences as lines are wanted, without code; what is said of them stays."""
    made = replace(standing, answer=replace(standing.answer, citations=content.citations))
    page = Page(made)
    for sentence in [s for s in content.sentences if s.citations and not is_block(s)][:lines]:
        page.keep(sentence)
    return page.content() if page.sentences else content


def in_lines(standing: Standing, lines: int) -> Content:
    """As many sentences as lines are wanted, the direct one first; each of two decisions."""
    page = Page(standing)
    told = [s for s in standing.cited if not is_block(s)]
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
                if blocks <= BLOCKS:
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
    if findings := findings_of(standing):
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


def _fixes(standing: Standing, findings: Sequence[Finding]) -> Content:
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


def code(standing: Standing) -> Content:
    """The code of the answer and of its sections, each below the statement that leads it in."""
    page = Page(standing)
    for sentence in [s for s in standing.cited if _is_code(s)][:BLOCKS]:
        page.keep(sentence)
    if not page.sentences:
        for chunk in _code(standing)[:BLOCKS]:
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
        if is_block(sentence):
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


def is_block(sentence: Sentence) -> bool:
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
    """Code on the pattern decided for; else of the sections quoted, or found beside them."""
    for sections in (standing.of_patterns, standing.sections, standing.near):
        held = [c for section in sections for c in section if c.kind == "code"]
        if held:
            return held
    return []


def _leading(standing: Standing, chunk: Chunk) -> list[Chunk]:
    """The statement that a piece of code hangs on."""
    return [
        c
        for section in [*standing.of_patterns, *standing.sections, *standing.near]
        for c in section
        if c.kind == "statement" and (c.group, c.order) == (chunk.group, chunk.order)
    ][:1]


def _for_slack(text: str) -> str:
    return BOLD.sub(r"*\1*", _LINKED.sub(r"\1 (\2)", text))


def _place(citation: Citation) -> str:
    named = f"{plain(citation.title)} – {plain(citation.heading)}"
    where = citation.url if citation.url.startswith("https://") else citation.document
    link = citation.based_on[0] if citation.based_on else where
    return f"{named}: {link}"
