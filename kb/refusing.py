"""Refusing: what is not answered, and in which words.

Takes a `Request` and what was found for it, gives `Content` with a reason: nothing asked, harm, an
attack, or that the sources hold nothing. Knows nothing about decisions or chat models.
"""

from __future__ import annotations

from dataclasses import replace

from kb.answer.content import Content
from kb.answer.covers import covers
from kb.composing import suggestions
from kb.messages import message
from kb.records import Reason
from kb.request import Found, Request
from kb.search.several import Search


def refused(request: Request) -> Content | None:
    """Nothing asked, nothing but an attack, or help with harm."""
    reading = request.reading
    if reading.danger == "unsafe":
        return declined(request, "unsafe")
    # An attack of which nothing is left asks nothing, whatever its words resemble.
    whole = reading.danger == "attack" and reading.queries == (reading.message.strip(),)
    if whole or (not reading.queries and reading.act != "paste"):
        text = message("empty_question", request.language)
        if reading.danger == "attack":
            text = covers(request.index, request.language)
        return Content(text=text, reason="out_of_scope")
    return None


def not_held(request: Request, found: Found) -> Content | None:
    """The sources say nothing on any part of the question."""
    reasons = {part.scope.reason for part in found.parts}
    reason = found.first.scope.reason
    if reason is None or None in reasons or (reason == "not_in_sources" and len(found.parts) == 1):
        return None  # what is near to our subject may be named, and told from what is not held
    if request.reading.danger == "attack":
        text = covers(request.index, request.language)
        return Content(text=text, reason=reason, trace=found.trace)
    return replace(declined(request, reason, found.first), trace=found.trace)


def declined(request: Request, reason: Reason, search: Search | None = None) -> Content:
    """A polite refusal, with the nearest questions that our notes answer."""
    name = f"declined_{reason}"
    text = message(name, request.language) + "\n\n" + covers(request.index, request.language)
    near = suggestions(search, request.language) if search else ()
    return Content(text=text, reason=reason, suggestions=near)
