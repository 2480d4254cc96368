"""Take away: an answer or a conversation as text for other places: Markdown, or Slack.

Takes answers and exchanges, gives text with its sources listed. Knows nothing about pages.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from kb.messages import message
from kb.records import Answer, Citation, Language

_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_LINK = re.compile(r"\[([^\[\]]+)\]\((https?://[^()\s]+)\)")
_BULLET = re.compile(r"^([ \t]*)[-*] ", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)


def answer_text(answer: Answer) -> str:
    """The answer as Markdown, its sources numbered as its markers are."""
    if not answer.citations:
        return answer.answer
    head = message("take_sources", answer.language)
    sources = "\n".join(_source(citation) for citation in answer.citations)
    return f"{answer.answer}\n\n**{head}**\n\n{sources}"


def slack_text(answer: Answer) -> str:
    """The same for Slack's message field: its bold, its bullets, bare addresses."""
    parts = _CODE.split(answer_text(answer))
    return "".join(part if number % 2 else _for_slack(part) for number, part in enumerate(parts))


def conversation_text(title: str, exchanged: Iterable[tuple[str, Answer | None, str]]) -> str:
    """A conversation as Markdown: each question, and its answer or what had come of it."""
    parts = [f"# {' '.join(title.split())}"]
    for question, answer, partial in exchanged:
        quoted = "\n".join(f"> {line}".rstrip() for line in question.split("\n"))
        parts += [quoted, answer_text(answer) if answer else partial]
    return "\n\n".join(part for part in parts if part) + "\n"


def copies_html(answer: Answer, language: Language, note: str = "") -> str:
    """The buttons that copy; screens/page.js does it. `note`: the case for a design document."""
    texts = {"ui_copy": answer_text(answer), "ui_copy_slack": slack_text(answer)}
    if note:
        texts["ui_copy_note"] = note
    buttons = "".join(
        f'<button type="button" class="kb-action" data-kb-copy="{html.escape(text)}">'
        f"{html.escape(message(name, language))}</button>"
        for name, text in texts.items()
    )
    return f'<div class="kb-actions">{buttons}</div>'


def _source(citation: Citation) -> str:
    """The evidence where there is some, else the place itself."""
    name = " › ".join(part for part in (citation.title, *citation.heading.split(" > ")) if part)
    urls = citation.based_on[:1] or (citation.url,)
    address = f"<{urls[0]}>" if urls[0].startswith("http") else urls[0]
    return f"{citation.number}. {name}: {address}"


def _for_slack(text: str) -> str:
    text = _LINK.sub(r"\1 (\2)", text)
    text = re.sub(r"<(https?://[^<>]+)>", r"\1", text)
    text = _HEADING.sub(r"*\1*", _BOLD.sub(r"*\1*", text))
    return _BULLET.sub(r"\1• ", text)
