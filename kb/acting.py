"""Acting on the standing answer: another form of it, why, other ways, a complaint; and small talk.

Takes a `Request` and the answer that stands with the request behind it; gives `Content`. Nothing is
searched and nothing new is decided. Knows nothing about how the standing answer is found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from kb.answer import again, forms, tables
from kb.answer.content import Content, fixed, said
from kb.answer.markdown import to_markdown
from kb.answer.standing import Standing, standing_on
from kb.answer.wanted import framework_before
from kb.messages import message
from kb.pattern import around
from kb.reading.reading import IN_LANGUAGE, Form
from kb.records import Act, Answer, Language, Sentence, Turn
from kb.request import Request
from kb.search.index import Index

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
    "code": forms.code,
    "slack": forms.slack,
}
_ANEW: frozenset[Form] = frozenset(("detail", "steps", "code"))
_LESS: frozenset[Form] = frozenset(("shorter", "lines"))
_SET: frozenset[Form] = frozenset(("slack", "table", "code"))
"""How an answer is set, for the one message that asks for it."""
_NAMED = 80
"""Characters of a question that is named in a sentence."""
_CHOICES = 3


def small_talk(request: Request) -> Content | None:
    """One or two sentences to thanks, a greeting, or a question about the assistant itself."""
    name = _SMALL.get(request.reading.act)
    return said(fixed(name, request.language)) if name else None


def language_of_form(request: Request) -> Language | None:
    """The language that the message asks the last answer in."""
    if request.reading.act != "form":
        return None
    return request.wish.language if request.wish else IN_LANGUAGE.get(request.reading.form)


def acted(request: Request, since: Sequence[Request], asked: Request, answer: Answer) -> Content:
    """What the message does with `answer`, which stands in its language; `asked` led to it.

    `since`: the messages between that acted on it or asked nothing, the newest first.
    """
    act = request.reading.act
    if act == "complaint":
        times = sum(one.reading.act == "complaint" for one in since)
        return complained(request, asked, answer, times)
    is_new = language_of_form(request) not in (None, _language_before(since, asked))
    if answer.declined:
        return (
            _as_it_stands(answer) if is_new else said(fixed("standing_declined", answer.language))
        )
    if act in ("why", "alternatives"):
        return _behind(act, request.index, asked, answer)
    spoken = [one for one in since if one.reading.act not in _SMALL and not language_of_form(one)]
    last = spoken[0].reading.act if spoken else act
    only_language = not _forms_of(request) and language_of_form(request) is not None
    if only_language and last in ("why", "alternatives"):
        return _behind(last, request.index, asked, answer)
    framework = framework_of(asked)
    before = _in_forms(list(reversed(since)), answer, request.index, framework)[0]
    if only_language:
        return _as_it_stands(before) if is_new else _noted(before, "form_same")
    shown, content = _in_forms([*reversed(since), request], answer, request.index, framework)
    return content if is_new or shown.answer != before.answer else _noted(shown, "form_same")


def framework_of(asked: Request) -> str:
    """The one framework that an answer is about, as the person names it; empty where none is."""
    turns = (*asked.history, Turn("user", asked.question))
    return framework_before("", turns)


def _forms_of(request: Request) -> tuple[Form, ...]:
    """The forms that a message asks for, besides a language."""
    if request.reading.act != "form":
        return ()
    if request.wish is not None:
        return request.wish.forms
    form = request.reading.form
    return (form,) if form and form not in IN_LANGUAGE else ()


def _in_forms(
    requests: Sequence[Request], answer: Answer, index: Index, framework: str
) -> tuple[Answer, Content]:
    """The answer in the forms of all messages, the oldest first."""
    shown, content = answer, _as_it_stands(answer)
    for form in _chain(requests):
        content = formed(form, standing_on(shown, index, framework))
        shown = _answered(shown, content)
    return shown, content


def _behind(act: Act, index: Index, asked: Request, answer: Answer) -> Content:
    """What the answer rests on, or the other ways."""
    case = asked.case if answer.decision is not None else None
    standing = standing_on(answer, index, framework_of(asked))
    if act == "why":
        reasons = around.why(case, index, answer.language) if case else None
        return reasons or again.evidence(standing)
    ways = around.alternatives(case, index, answer.language) if case else None
    return ways or again.others(standing)


def _language_before(since: Sequence[Request], asked: Request) -> Language:
    """The language that the answer stood in before this message."""
    wanted = (language_of_form(one) for one in since)
    return next((language for language in wanted if language), asked.language)


def _chain(requests: Sequence[Request]) -> list[Request]:
    """The forms that are applied one on the other, the oldest first; each message with one form.

    A table or a text for Slack is how an answer is set: the form of a later message starts from
    what stood before it, and what only leaves something out keeps being set for Slack. What brings
    something in starts anew, and a number of lines takes the place of what was shorter before.
    """
    chain: list[Request] = []
    for one in requests:
        wished = _forms_of(one)
        if not wished:
            continue
        slack = [old for old in chain if old.reading.form == "slack"]
        left = _SET | (_LESS if one.reading.lines else set())
        chain = [old for old in chain if old.reading.form not in left]
        chain = [] if _ANEW & {*wished} else chain
        chain += [_with_form(one, form) for form in wished]
        chain += slack[:1] if {*wished} <= _LESS else []
    return chain


def _with_form(request: Request, form: Form) -> Request:
    return replace(request, reading=replace(request.reading, form=form))


def _answered(answer: Answer, content: Content) -> Answer:
    """The answer as another form of it stands."""
    return replace(
        answer,
        answer=content.text or to_markdown(content.sentences),
        sentences=content.sentences,
        citations=content.citations,
        clarify=content.clarify,
        choices=content.choices,
    )


def _noted(answer: Answer, name: str) -> Content:
    """The answer as it stands, and first why it is no other."""
    content = _as_it_stands(answer)
    note = fixed(name, answer.language)
    if not content.sentences:
        return replace(content, text=f"{note.text}\n\n{content.text}")
    return replace(content, sentences=(note, *content.sentences), text="")


def formed(request: Request, standing: Standing) -> Content:
    """The standing answer in another form."""
    form, answer = request.reading.form, standing.answer
    if answer.clarify:
        return _question_back(request, standing)
    if not standing.cited:
        return _noted(answer, "form_no_content")
    return _in_form(request, standing) if form else _as_it_stands(answer)


def in_wish(request: Request, content: Content, answer: Answer) -> Content:
    """What a message gets, in the forms that it wishes for; `answer`: that content, made."""
    wish = request.wish
    if wish is None or not wish.forms or answer.declined:
        return content
    reading = replace(request.reading, act="form", lines=wish.lines)
    wished = replace(request, reading=reading)
    _, made = _in_forms([wished], answer, request.index, framework_of(request))
    return replace(content, sentences=made.sentences, citations=made.citations, text=made.text)


def _in_form(request: Request, standing: Standing) -> Content:
    form, lines = request.reading.form, request.reading.lines
    if form == "steps" and lines:
        return forms.first(forms.steps(standing), standing, lines)
    if form == "lines" or (form == "shorter" and lines):
        return forms.in_lines(standing, lines or forms.LINES)
    if form == "table":
        return tables.table(standing, request.question, lines)
    make = _FORMS.get(form) if form else None
    return make(standing) if make else _as_it_stands(standing.answer)


def complained(request: Request, asked: Request, answer: Answer, times: int = 0) -> Content:
    """What was understood and looked through, and what to correct or ask instead as choices.

    `times`: complaints about the same answer before this one.
    """
    if answer.decision is not None or answer.clarify:
        case = asked.case
        if case is not None:
            return around.correct(case, request.language)
    standing = standing_on(answer, request.index)
    near = again.nearest(standing, request.language)[times * _CHOICES :][:_CHOICES]
    if times:
        return said(
            fixed("complaint_more" if near else "complaint_open", request.language), choices=near
        )
    question = " ".join((answer.trace.query if answer.trace else asked.question).split())
    question = question if len(question) <= _NAMED else question[: _NAMED - 1] + "…"
    sentences = [fixed("complaint_question", request.language, question=question)]
    if searched := again.places(standing)[:_CHOICES]:
        named = [message("complaint_place", request.language, place=one) for one in searched]
        places = message("decide_and", request.language).join(named)
        sentences.append(fixed("complaint_searched", request.language, places=places))
    return said(*sentences, choices=near)


def _question_back(request: Request, standing: Standing) -> Content:
    """Why the question back must be answered first; and what can be said before, in the form."""
    answer = standing.answer
    asks = Sentence(answer.clarify or "", (), supported=None)
    why = fixed("form_needs_fact", answer.language)
    if not standing.cited:
        content = said(why, asks)
    else:
        content = _in_form(request, standing)
        so_far = fixed("form_so_far", answer.language)
        content = replace(content, sentences=(so_far, *content.sentences, why, asks))
    return replace(content, clarify=answer.clarify, choices=answer.choices)


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
