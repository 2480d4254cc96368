"""The way to a verdict as a drawing: the rules that were looked at in order, and the one that took.

Takes a verdict and a language, gives an inline SVG in the colours of the page around it, and the
same path in words. Knows nothing about pages; classes are styled in screens/look.css.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kb.messages import message
from kb.pattern.decide import Verdict
from kb.pattern.patterns import Rule, load_model
from kb.records import Language

_WIDTH = 400
"""Units of the drawing; a little more than a phone's width, so that its text keeps its size."""
_SPINE = 16
_LEFT = 36
_LINE = 18
_GAP = 9
_LETTER = 7.0
"""Average width of a Latin letter; a Japanese one is as wide as the text is high."""
_HIGH = 13.0
_PIECE = re.compile(r"(?:[!-~]+|[^ -~])[、。）」・／]* ?|.")
"""What is never broken: a Latin word or one Japanese letter, and the signs that end it."""


def path_svg(verdict: Verdict, language: Language) -> str:
    """The drawing, with a title and a description for those who do not see it."""
    return _draw(_steps(verdict, language), _ends(verdict, language), verdict, language)


def path_words(verdict: Verdict, language: Language) -> str:
    """The same path as a numbered list, to unfold."""
    listed = "".join(f"<li>{html.escape(step)}</li>" for step in _steps(verdict, language))
    closing = "".join(f"<p>{html.escape(end)}</p>" for end in _ends(verdict, language))
    summary = html.escape(message("path_in_words", language))
    return (
        f'<details class="kb-path-words"><summary>{summary}</summary>'
        f"<ol>{listed}</ol>{closing}</details>"
    )


def rule_label(rule: Rule, language: Language) -> str:
    """What a rule asks for: the conditions of the case that make it fit."""

    def labels(ids: Iterable[str], between: str) -> str:
        known = load_model().signal
        joined = message(f"path_{between}", language)
        return joined.join(known[signal].label.of(language) for signal in ids)

    parts = [part for part in (labels(rule.all, "all"), labels(rule.any, "any")) if part]
    said = message("path_all", language).join(parts) or message("path_nothing", language)
    if rule.none:
        said += message("path_without", language, signals=labels(rule.none, "any"))
    return said[:1].upper() + said[1:] if said.isascii() else said


def _steps(verdict: Verdict, language: Language) -> list[str]:
    rules = {rule.id: rule for rule in load_model().rules}
    return [rule_label(rules[step.rule], language) for step in verdict.path]


def _ends(verdict: Verdict, language: Language) -> list[str]:
    """Where the path leads: the outcome, or the question and what its answers lead to."""
    if verdict.outcome is not None:
        return [verdict.outcome.title.of(language)]
    assert verdict.question is not None
    known = load_model()
    sides = (
        f"{known.signal[side].label.of(language)} → {known.outcome[pattern].title.of(language)}"
        for side, pattern in verdict.open
    )
    return [verdict.question.asks.of(language), *sides]


@dataclass
class _Canvas:
    """Parts of the drawing, from the top down."""

    parts: list[str] = field(default_factory=list)
    y: float = 0.0

    def text(self, lines: Iterable[str], kind: str, x: float) -> None:
        for line in lines:
            self.y += _LINE
            self.parts.append(
                f'<text class="{kind}" x="{x:g}" y="{self.y - 5:g}">{html.escape(line)}</text>'
            )


def _draw(steps: list[str], ends: list[str], verdict: Verdict, language: Language) -> str:
    canvas = _Canvas(y=4)
    for number, step in enumerate(steps, 1):
        took = number == len(steps)
        middle = canvas.y + _LINE / 2
        radius = 7 if took else 4.5
        canvas.parts.append(
            f'<circle class="{"took" if took else "passed"}" cx="{_SPINE}" cy="{middle:g}" '
            f'r="{radius:g}"/>'
        )
        lines = wrapped(f"{number}. {step}", _WIDTH - _LEFT - 4)
        canvas.text(lines, "took" if took else "passed", _LEFT)
        canvas.y += _GAP
    last = canvas.y
    for end in ends:
        _box(canvas, end, asked=verdict.outcome is None and end is ends[0])
    arrow = (
        f'<path class="spine" d="M{_SPINE} {4 + _LINE / 2:g}V{last + 4:g}"/>'
        f'<path class="tip" d="M{_SPINE - 5} {last + 3:g}h10l-5 7z"/>'
    )
    title = message("path_title", language, count=len(steps), end=ends[0])
    said = message("path_desc", language, passed=len(steps) - 1, rule=steps[-1], end=" ".join(ends))
    return (
        f'<svg class="kb-path" viewBox="0 0 {_WIDTH} {canvas.y:g}" role="img" '
        'aria-labelledby="kb-path-title kb-path-desc" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="kb-path-title">{html.escape(title)}</title>'
        f'<desc id="kb-path-desc">{html.escape(said)}</desc>'
        f"{arrow}{''.join(canvas.parts)}</svg>"
    )


def _box(canvas: _Canvas, text: str, *, asked: bool) -> None:
    """A frame around a text; a question has a dashed one."""
    canvas.y += 10
    lines = list(wrapped(text, _WIDTH - 34, letter=7.6))
    high = len(lines) * _LINE + 16
    canvas.parts.append(
        f'<rect class="{"asked" if asked else "end"}" x="1" y="{canvas.y:g}" '
        f'width="{_WIDTH - 2}" height="{high:g}" rx="9"/>'
    )
    canvas.y += 8
    canvas.text(lines, "result", 15)
    canvas.y += 9


def wrapped(text: str, width: float, *, letter: float = _LETTER) -> Iterator[str]:
    """Lines no wider than `width`; SVG breaks none by itself. Latin words stay whole."""
    line, used = "", 0.0
    for piece in _PIECE.findall(text):
        wide = sum(letter if sign.isascii() else _HIGH for sign in piece)
        if line and used + wide - letter * piece.endswith(" ") > width:
            yield line.rstrip()
            line, used = "", 0.0
        line += piece
        used += wide
    yield line.rstrip()
