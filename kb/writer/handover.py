"""Hand over: question, turns and hits to the messages that a chat model is given.

Takes hits, gives the sources under ids that the model cannot guess, and the prompt around them.
Everything that others wrote is data there: it is made unable to close its tags or pass for a
citation. Knows nothing about models or answers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from kb.messages import message
from kb.reading.reading import Form, Reading
from kb.records import Chunk, Hit, Language, Turn
from kb.search.index import Index
from kb.text.markup import plain
from kb.writer.chat import Message
from kb.writer.citing import fresh_ids, is_id
from kb.writer.prompts import prompt

NOTHING = "NOT_IN_SOURCES"
"""What the model is told to say when the sources do not hold the answer."""
_NAMES: dict[Language, str] = {"ja": "Japanese (です・ます)", "en": "English"}
_TURNS = 6
"""Earlier messages that the model is given at most, and characters of each."""
_TURN_LENGTH = 1_500
_QUESTION_LENGTH = 4_000
SECTIONS = 12
"""Sections that the model is given at most, of both rounds together."""
_EXAMPLES = ("k7wd", "m3xq")
"""Ids that the rules show; no source has one of them, so that the rules are the same each time."""
_WISHES: Mapping[Form, str] = {
    "shorter": "as short as it can be: one sentence, two at most",
    "lines": "in {lines} lines at most, one sentence a line",
    "detail": "in detail, in up to twelve sentences",
    "steps": "as a numbered list of steps",
    "table": "as a Markdown table",
    "code": "with the code that the sources give for it",
    "slack": "to paste it into Slack: short sentences, no table",
}
_LINES = 3
_SOURCES_LENGTH = 14_000
"""Characters of all sources together; the best hit is given whole in any case."""
_TAG = re.compile(
    r"<(?=\s*/?\s*(?:sources?|sections?|question|think(?:ing)?"
    r"|conversation|person|assistant|message)\b)",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"[\[［【]+\s*(\w{4})\s*[\]］】]+")
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn"})


def hand_over(hits: Sequence[Hit]) -> dict[str, Chunk]:
    """The sources of an answer, best hit first, under ids that are new each time."""
    chunks: dict[str, Chunk] = {}
    length = 0
    for position, hit in enumerate(hits[:SECTIONS]):
        own = [chunk for chunk in hit.chunks if chunk.kind != "question"]
        for chunk in own:
            if position and length + len(chunk.text) > _SOURCES_LENGTH:
                break
            length += len(chunk.text)
            chunks[chunk.id] = chunk
    ids = fresh_ids(len(chunks), besides=_EXAMPLES)
    return dict(zip(ids, chunks.values(), strict=True))


def messages(
    question: str,
    history: Sequence[Turn],
    sources: Mapping[str, Chunk],
    index: Index,
    language: Language,
    *,
    reading: Reading | None = None,
    again: bool = False,
) -> list[Message]:
    """The rules, the last turns, and the sources with the question.

    `reading`: of the question, for the form that it wants. `again`: after a bad reply.
    """
    one, two = _EXAMPLES
    rules = prompt(
        "answer",
        language=_NAMES[language],
        nothing=NOTHING,
        not_covered=message("not_covered", language),
        example_one=one,
        example_two=two,
    )
    asked = prompt(
        "question",
        sources="\n".join(_sections(sources, index)),
        today=datetime.now(UTC).date().isoformat(),
        wish=_wish(reading),
        question=defused(question[:_QUESTION_LENGTH]),
        reminder=prompt("reminder", language=_NAMES[language]) if again else "",
    )
    return [("system", rules), *_turns(history), ("human", asked.strip())]


def _wish(reading: Reading | None) -> str:
    """The form that the question itself asks for."""
    wish = _WISHES.get(reading.form, "") if reading is not None and reading.form else ""
    lines = (reading.lines if reading is not None else None) or _LINES
    return f" The person wants the answer {wish.format(lines=lines)}." if wish else ""


def _sections(sources: Mapping[str, Chunk], index: Index) -> Iterator[str]:
    """The sources by section: what they share stands above them once, then each with its id."""

    def shared(source: tuple[str, Chunk]) -> tuple[str, tuple[str, ...], str]:
        return source[1].document, source[1].heading, source[1].language

    for (document, headings, language), group in groupby(sources.items(), shared):
        title = index.documents[document].title
        heading = " > ".join(part for part in headings if part != title)
        yield (
            f'<section title="{_attribute(title)}" heading="{_attribute(heading)}" '
            f'language="{language}">'
        )
        for identity, chunk in group:
            yield f"[{identity}] {defused(chunk.text)}"
        yield "</section>"


def _attribute(text: str) -> str:
    return defused(" ".join(plain(text).replace('"', "'").split()))[:200]


def _turns(history: Sequence[Turn]) -> list[Message]:
    """The last turns, user and assistant in turn; numbers of old citations taken out."""
    pairs: list[Message] = []
    for turn in history[-_TURNS:]:
        text = defused(re.sub(r"\s?\[\d{1,3}\]", "", turn.content))[:_TURN_LENGTH].strip()
        role = "human" if turn.role == "user" else "ai"
        if text and (pairs or role == "human"):
            if pairs and pairs[-1][0] == role:
                pairs.pop()
            pairs.append((role, text))
    return pairs[:-1] if pairs and pairs[-1][0] == "human" else pairs


def defused(text: str) -> str:
    """`text` as data: what looks like our tags or markers, or cannot be seen, is that no more."""
    shown = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _UNSEEN)
    shown = _TAG.sub("\u2039", shown)
    return _BRACKETED.sub(lambda found: f"({found[1]})" if is_id(found[1]) else found[0], shown)
