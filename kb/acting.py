"""Acting on the standing answer: another form of it, why, other ways, a complaint; and small talk.

Takes a `Request` and the answer that stands with the request behind it; gives `Content`. Nothing is
searched and nothing new is decided. Knows nothing about how the standing answer is found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kb.answer import again, forms
from kb.answer.content import Content, fixed, said
from kb.answer.standing import Standing, standing_on
from kb.pattern import around
from kb.reading.reading import Form
from kb.records import Act, Answer, Language, Sentence
from kb.request import Request

_SMALL: Mapping[Act, str] = {
    "thanks": "act_thanks",
    "greeting": "act_greeting",
    "capabilities": "act_capabilities",
    "help": "act_help",
}
_FORMS: Mapping[Form, Callable[[Standing], Content]] = {
    "shorter": forms.shorter,
    "detail": forms.detail,
    "steps": forms.steps,
    "table": forms.table,
    "code": forms.code,
    "slack": forms.slack,
}
_LANGUAGES: Mapping[Form | None, Language] = {"english": "en", "japanese": "ja"}
_NAMED = 80
"""Characters of a question that is named in a sentence."""
_CHOICES = 3


def small_talk(request: Request) -> Content | None:
    """One or two sentences to thanks, a greeting, or a question about the assistant itself."""
    name = _SMALL.get(request.reading.act)
    return said(fixed(name, request.language)) if name else None


def language_of_form(request: Request) -> Language | None:
    """The language that the message asks the last answer in."""
    return _LANGUAGES.get(request.reading.form) if request.reading.act == "form" else None


def acted(request: Request, asked: Request, answer: Answer) -> Content:
    """What the message does with `answer`, which stands in its language; `asked` led to it."""
    act = request.reading.act
    if act == "complaint":
        return complained(request, asked, answer)
    if answer.declined:
        return said(fixed("standing_declined", answer.language))
    case = asked.case if answer.decision is not None else None
    standing = standing_on(answer, request.index)
    if act == "why":
        reasons = around.why(case, request.index, answer.language) if case else None
        return reasons or again.evidence(standing)
    if act == "alternatives":
        ways = around.alternatives(case, request.index, answer.language) if case else None
        return ways or again.others(standing)
    return formed(request, standing)


def formed(request: Request, standing: Standing) -> Content:
    """The standing answer in another form."""
    form, answer = request.reading.form, standing.answer
    if not standing.cited:
        return _as_it_stands(answer)
    if answer.clarify:
        return _question_back(answer, short=form in ("shorter", "lines"))
    if form == "lines" or (form == "shorter" and request.reading.lines):
        return forms.in_lines(standing, request.reading.lines or forms.LINES)
    if form is not None and form in _FORMS:
        return _FORMS[form](standing)
    return _as_it_stands(answer)  # in the language asked for


def complained(request: Request, asked: Request, answer: Answer) -> Content:
    """What was understood, and what to correct as choices."""
    if answer.decision is not None or answer.clarify:
        case = asked.case
        if case is not None:
            return around.correct(case, request.language)
    question = " ".join((answer.trace.query if answer.trace else asked.question).split())
    question = question if len(question) <= _NAMED else question[: _NAMED - 1] + "…"
    understood = fixed("complaint_question", request.language, question=question)
    near = again.nearest(standing_on(answer, request.index), request.language)
    return said(understood, choices=near[:_CHOICES])


def _question_back(answer: Answer, *, short: bool) -> Content:
    """A question back stays one; `short`: without what can be said before its answer."""
    if not short or answer.clarify is None:
        return _as_it_stands(answer)
    asks = Sentence(answer.clarify, (), supported=None)
    return Content((asks,), clarify=answer.clarify, choices=answer.choices)


def _as_it_stands(answer: Answer) -> Content:
    return Content(
        answer.sentences,
        answer.citations,
        text=answer.answer,
        clarify=answer.clarify,
        choices=answer.choices,
        understood=tuple(c for c in answer.understood if c.state == "holds"),
        trace=answer.trace,
        notice=answer.notice,
    )
