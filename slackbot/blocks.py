"""Blocks: an `Answer` as Slack messages within Slack's limits.

Takes answers and documents, gives messages made of Block Kit blocks as plain dictionaries. The
language is the answer's. Knows nothing about channels, tokens or Slack's libraries.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kb.answer.markdown import to_markdown
from kb.answer.places import evidence_name, origin
from kb.messages import message
from kb.pattern.conditions import conditions, dropping, name_of
from kb.pattern.patterns import load_model
from kb.records import Answer, Citation, Document, Language
from kb.text.markup import plain as bare
from slackbot.mrkdwn import escape, link, shorten, split, to_mrkdwn

Block = dict[str, Any]
Vote = Literal["up", "down"]

SECTION = 2_900
"""Characters of a section; Slack takes 3,000."""
TEXT = 3_900
"""Characters of a message's plain text; chat.update takes 4,000."""
_BLOCKS = 45
"""Blocks of a message; Slack takes 50."""
_SIZE = 10_000
"""Characters of all blocks of a message as JSON. Slack takes about 13,000, and says so nowhere."""
_LABEL = 75
_VALUE = 1_900
_SOURCES = 10
_QUOTE = 200
_ABOUT = 1_900
"""Characters of the line above a quote, addresses included."""
_EVIDENCE = 3


@dataclass(frozen=True, slots=True)
class Message:
    """What one call posts: blocks, and the text for notifications and screen readers."""

    text: str
    blocks: tuple[Block, ...] = ()

    def pieces(self) -> list[str]:
        """All of it as plain mrkdwn, for a Slack that refuses the blocks."""
        texts = [text for block in self.blocks for text in _texts(block)]
        return split("\n".join(texts) or self.text, TEXT)


def plain(text: str) -> Message:
    """A fixed sentence as a message."""
    return Message(text, (section(text),))


def answer_messages(
    answer: Answer,
    documents: Mapping[str, Document],
    *,
    help_button: bool = False,
    share: bool = False,
) -> list[Message]:
    """The whole answer: text, decision, question back, sources, buttons; mostly one message."""
    blocks = [section(part) for part in split(to_mrkdwn(_markdown(answer)), SECTION)]
    blocks += [*_notice(answer), *_understood(answer), *_next_step(answer)]
    blocks += _question_back(answer)
    blocks += [*_suggestions(answer), *_sources(answer, documents)]
    blocks += _buttons(answer, help_button=help_button, share=share)
    return [Message(_text_of(part, answer), tuple(part)) for part in _packed(blocks)]


def _text_of(blocks: Sequence[Block], answer: Answer) -> str:
    """What the sections of a message say, as far as its plain text may be long."""
    said = "\n\n".join(block["text"]["text"] for block in blocks if block["type"] == "section")
    return next(iter(split(said, TEXT)), "") or _label(answer, "slack_goes_on")


def _markdown(answer: Answer) -> str:
    """The text with its markers; a sentence that is not proven says so."""
    if not answer.sentences:
        return answer.answer
    return to_markdown(answer.sentences, doubt=message("unproven", answer.language))


def _notice(answer: Answer) -> list[Block]:
    return [context(escape(answer.notice))] if answer.notice else []


def _understood(answer: Answer) -> list[Block]:
    """The conditions of the case, each a button that takes it away: the decision follows."""
    holding = [c for c in conditions(answer) if c.state == "holds"][:10]
    if not holding:
        return []
    buttons = (
        button(
            f"✕ {name_of(condition, answer.language)}",
            f"kb_ask_drop_{number}",
            f"{answer.id} {dropping(condition, answer.language)}",
        )
        for number, condition in enumerate(holding)
    )
    return [context(f"*{_label(answer, 'slack_understood')}*"), actions(buttons)]


def _next_step(answer: Answer) -> list[Block]:
    """The question that follows a decision, as a button; the answer itself opens with the rest."""
    if answer.pattern is None:
        return []
    name = load_model().outcome[answer.pattern].title.of(answer.language)
    asked = "slack_next_none" if answer.pattern == "none" else "slack_next"
    return [_questions(answer, [_label(answer, asked, pattern=name)], "next")]


def _question_back(answer: Answer) -> list[Block]:
    if not answer.clarify:
        return []
    asks = answer.clarify not in answer.answer
    asked = [section(f"*{escape(shorten(answer.clarify, 500))}*")] if asks else []
    return [*asked, _questions(answer, answer.choices, "choice")] if answer.choices else asked


def _suggestions(answer: Answer) -> list[Block]:
    if not answer.suggestions:
        return []
    said = escape(message("suggest", answer.language))
    return [section(said), _questions(answer, answer.suggestions, "suggestion")]


def _questions(answer: Answer, texts: Sequence[str], kind: str) -> Block:
    """Buttons that ask their text, as what follows `answer`."""
    return actions(
        button(text, f"kb_ask_{kind}_{number}", f"{answer.id} {text}")
        for number, text in enumerate(texts[:10])
    )


def _sources(answer: Answer, documents: Mapping[str, Document]) -> list[Block]:
    """The first ten, the others behind a button."""
    if not answer.citations:
        return []
    head = context(f"*{_label(answer, 'ui_sources', count=len(answer.citations))}*")
    shown = [source(citation, documents, answer.language) for citation in answer.citations]
    hidden = len(shown) - _SOURCES
    if hidden <= 0:
        return [head, *shown]
    more = button(_label(answer, "slack_more", count=hidden), "kb_more", answer.id)
    return [head, *shown[:_SOURCES], actions([more])]


def source(citation: Citation, documents: Mapping[str, Document], language: Language) -> Block:
    """Number, title, heading, link, age or commit; below it the quote."""
    name = " › ".join(part for part in (citation.title, *citation.heading.split(" > ")) if part)
    document = documents.get(citation.document)
    about = [link(citation.url, shorten(name, 150))]
    about.append(escape(origin(document, language)) if document else "")
    about += [link(url, shorten(evidence_name(url), 80)) for url in citation.based_on[:_EVIDENCE]]
    while len(" · ".join(about)) > _ABOUT:
        about.pop()
    quote = escape(shorten(bare(citation.quote), _QUOTE))
    return context(f"*[{citation.number}]* {' · '.join(filter(None, about))}\n“{quote}”")


def more_sources(answer: Answer, documents: Mapping[str, Document]) -> Block:
    """A modal with the sources beyond the first ten."""
    rest = [source(c, documents, answer.language) for c in answer.citations[_SOURCES:]]
    title = _label(answer, "ui_sources", count=len(answer.citations))
    return _modal(title, rest[:99], answer.language)


def _buttons(answer: Answer, *, help_button: bool, share: bool) -> list[Block]:
    language = answer.language
    votes = {
        "type": "feedback_buttons",
        "action_id": "kb_vote",
        "positive_button": _vote("up", answer, "👍"),
        "negative_button": _vote("down", answer, "👎"),
    }
    buttons = []
    if share:
        buttons.append(button(_label(answer, "slack_share"), "kb_share", answer.id))
    if help_button:
        asked = f"{language} {answer.id} {answer.question}"
        buttons.append(button(_label(answer, "slack_help"), "kb_help", asked))
    row = [actions(buttons)] if buttons else []
    return [*row, {"type": "context_actions", "elements": [votes]}]


def _vote(vote: Vote, answer: Answer, sign: str) -> Block:
    return {
        "text": plain_text(sign, emoji=True),
        "value": Ballot(vote, answer.language, answer.id).value,
        "accessibility_label": _label(answer, f"slack_vote_{vote}"),
    }


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a vote button carries, so that a vote counts after a restart, too."""

    vote: Vote
    language: Language
    answer: str

    @property
    def value(self) -> str:
        return f"{self.vote} {self.language} {self.answer}"

    @classmethod
    def read(cls, value: str) -> Ballot:
        vote, language, answer = value.split(" ", 2)
        return cls("down" if vote == "down" else "up", "en" if language == "en" else "ja", answer)


def comment_modal(ballot: Ballot) -> Block:
    """Asks what was good or wrong; may be left empty."""
    typed = {"type": "plain_text_input", "action_id": "text", "multiline": True, "max_length": 3000}
    asked = {
        "type": "input",
        "block_id": "comment",
        "optional": True,
        "label": plain_text(message(f"slack_comment_{ballot.vote}", ballot.language)),
        "element": typed,
    }
    modal = _modal(message("slack_comment_title", ballot.language), [asked], ballot.language)
    submit = plain_text(message("slack_send", ballot.language))
    return {
        **modal,
        "callback_id": "kb_comment",
        "private_metadata": ballot.value,
        "submit": submit,
    }


def thanks(ballot: Ballot) -> Message:
    """For a vote, with a way to add a comment."""
    said = message("slack_thanks", ballot.language)
    add = button(message("slack_add_comment", ballot.language), "kb_add_comment", ballot.value)
    return Message(said, (section(said), actions([add])))


def help_message(group: str, person: str, question: str, found: str, language: Language) -> Message:
    """Calls the group, with the question and what was found; both as `escape` leaves them."""
    called = message("slack_help_call", language, group=group, person=person)
    asked = _quoted(message("slack_help_question", language), question)
    answered = _quoted(message("slack_help_found", language), found)
    return Message(called, (section(called), section(asked), section(answered)))


def shared_question(person: str, question: str, language: Language) -> Message:
    """Opens the thread of an answer that its asker shares."""
    said = message("slack_shared", language, person=person)
    return plain(f"{said}\n> {escape(shorten(question, 500))}")


def chosen(text: str, language: Language) -> Message:
    """What somebody asked by a click, so that the thread reads on."""
    said = message("slack_chosen", language, text=escape(shorten(text, 500)))
    return Message(said, (context(said),))


def received(question: str, ahead: int, language: Language) -> Message:
    """Stands above a private answer and stays: Slack shows the question to nobody else."""
    said = f"*{message('slack_help_question', language)}* {escape(shorten(question, 500)) or '—'}"
    if ahead:
        said += "\n" + message("slack_queued", language, ahead=ahead)
    return Message(said, (context(said),))


def _quoted(title: str, text: str) -> str:
    lines = split(text, 1_500)[:1] or ["—"]
    return "\n".join([f"*{title}*", *(f"> {line}" for line in lines[0].split("\n"))])


# Parts of blocks.


def section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def context(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def actions(elements: Iterable[Block]) -> Block:
    return {"type": "actions", "elements": list(elements)}


def button(text: str, action: str, value: str) -> Block:
    return {
        "type": "button",
        "text": plain_text(shorten(text, _LABEL)),
        "action_id": action,
        "value": value[:_VALUE],
    }


def plain_text(text: str, *, emoji: bool = False) -> Block:
    return {"type": "plain_text", "text": text, "emoji": emoji}


def _mrkdwn(text: str) -> Block:
    # verbatim: Slack makes no links and no mentions of its own out of names and addresses.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _modal(title: str, blocks: list[Block], language: Language) -> Block:
    return {
        "type": "modal",
        "title": plain_text(shorten(title, 24)),
        "close": plain_text(message("slack_close", language)),
        "blocks": blocks,
    }


def _label(answer: Answer, name: str, **values: object) -> str:
    return message(name, answer.language, **values)


def _texts(block: Block) -> list[str]:
    if block["type"] == "section":
        return [block["text"]["text"]]
    return [element["text"] for element in block["elements"]] if block["type"] == "context" else []


def _packed(blocks: Sequence[Block]) -> list[list[Block]]:
    """The blocks in as few messages as Slack's limits allow, in order."""
    packed: list[list[Block]] = [[]]
    size = 0
    for block in blocks:
        length = len(json.dumps(block, ensure_ascii=False))
        if packed[-1] and (len(packed[-1]) == _BLOCKS or size + length > _SIZE):
            packed.append([])
            size = 0
        packed[-1].append(block)
        size += length
    return packed
