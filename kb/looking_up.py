"""Looking up: what the official tables hold on a message, without a search.

Takes a `Request`, gives `Content`: the URI of an image, or the question back that it needs. Knows
nothing about notes or decisions.
"""

from __future__ import annotations

from dataclasses import replace

from kb.answer.content import Content
from kb.image.question import Reply, image_reply
from kb.records import Trace
from kb.request import Request

_LONGEST = 1_200
"""Characters of a message that are looked through for an image."""


def looked_up(request: Request) -> Content | None:
    """A URI looked up in the official data, or the question back that it needs."""
    reply = _image_reply(request)
    if reply is None:
        return None
    signals = {f"image {name}": value for name, value in reply.parts.signals.items()}
    return Content(
        reply.sentences,
        reply.citations,
        text=reply.clarify,
        clarify=reply.clarify or None,
        choices=reply.choices,
        notice=reply.notice,
        trace=Trace(request.question, False, (), signals),
        language=reply.language,
    )


def or_look_up(request: Request) -> Request:
    """A Region or an instance alone, in answer to a question back, is no form of the answer."""
    if request.settles or _image_reply(request) is None:
        return request
    reading = replace(request.reading, act="question", form=None, queries=(request.question,))
    return replace(request, reading=reading, wish=None)


def _image_reply(request: Request) -> Reply | None:
    """What the official tables of images hold on the message; of a long one on its two ends."""
    text = request.question
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}\n{text[-_LONGEST // 2 :]}"
    return image_reply(text, request.history, request.index, request.wanted)
