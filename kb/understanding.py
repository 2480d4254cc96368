"""Understanding: a message in its conversation to the `Request` that is answered.

Takes a message, the turns before it and the index in use, gives a `Request`: what the message
does, the case that stands, the form it wishes for, the paste that it returns to, the question that
it puts right. Each message of a conversation is read once. Knows nothing about searching or
answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from kb.looking_up import or_look_up
from kb.pattern.around import decided, moved, pattern_name
from kb.reading.act import TALK
from kb.reading.followup import (
    before,
    by_itself,
    changes_subject,
    corrected,
    corrects,
    leans,
    meant,
    names_subject,
    without_talk,
)
from kb.reading.kept import kept
from kb.reading.queries import queries
from kb.reading.reading import Reader, Reading
from kb.reading.side import named_sides, side_before
from kb.reading.wish import asks_length, find_wish, one_form
from kb.records import Language, Turn
from kb.request import SETTLING, Request
from kb.returning import corrects_question, objection, with_paste
from kb.search.index import Index
from kb.search.remembering import Recent
from kb.text.language import language as language_of

_REMEMBERED = 256
"""Readings and requests that are kept: some twenty conversations of a dozen turns."""
_TURNS = 40
"""Turns of a conversation that are looked back on; older ones are left out in blocks, so that what
was read stays read."""
_LEANED_ON = 6
"""Messages of the person that a question may lean on, the last ones."""
_BLOCK = 20


class Understanding:
    """Reads messages in their conversations. Safe to share between threads."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._readings = Recent[Reading](_REMEMBERED)
        self._version = ""
        self._requests = Recent[Request](_REMEMBERED)

    def request(
        self,
        question: str,
        history: Sequence[Turn],
        index: Index,
        wanted: Language | None = None,
    ) -> Request:
        """What the message says, together with the conversation."""
        turns = tuple(history)
        left_out = -(-max(0, len(turns) - _TURNS) // _BLOCK) * _BLOCK
        return self._request(question, turns[left_out:], index, wanted)

    def earlier(self, request: Request) -> list[Request]:
        """The person's earlier messages, the newest first, back to one that asked or told."""
        found: list[Request] = []
        for place in reversed(range(len(request.history))):
            if request.history[place].role == "user":
                text = request.history[place].content
                found.append(self._request(text, request.history[:place], request.index))
                if found[-1].settles:
                    break
        return found

    def before(self, request: Request) -> Request | None:
        """The message before that asked or told something."""
        return next((one for one in self.earlier(request) if one.settles), None)

    def _request(
        self,
        question: str,
        history: tuple[Turn, ...],
        index: Index,
        wanted: Language | None = None,
    ) -> Request:
        if index.version != self._version:  # what stands for another version holds its index
            self._version, self._requests = index.version, Recent(_REMEMBERED)
        key = (index.version, wanted, conversation_key(question, history))
        return self._requests.get(
            key,
            lambda: self._made(question, history, index, wanted),
            characters=len(question),  # the turns before are counted with their own requests
        )

    def _made(
        self, question: str, history: tuple[Turn, ...], index: Index, wanted: Language | None
    ) -> Request:
        reading = self._reading(question, history)
        if not any(map(str.isalnum, question)) and (not history or reading.act in SETTLING):
            reading = Reading(question, reading.language, "question")  # nothing is asked or told
        elif reading.danger is not None and reading.act not in SETTLING:
            reading = replace(reading, act="question")  # whatever it resembles, it is refused
        spoken = wanted or _language(reading, history)
        request = Request(question, history, reading, spoken, index, wanted)
        if history and reading.case is not None and not changes_subject(question):
            before = self.before(request)
            case = before.reading.case if before else None
            reading = replace(reading, case=kept(reading.case, case))
            request = replace(request, reading=reading)
        if history and (pasted := with_paste(question, history, reading)):
            again = replace(self._reading(pasted, history), act="paste", queries=(question,))
            return replace(request, reading=again, returns=True)
        request = self._in_thread(self._no_case(request))
        wished = self._wishing(request)
        if wished is not None:
            return wished
        if history:
            own = objection(question, reading, lambda text: self._reading(text, history))
            if own and corrects(own):
                own = None  # it says what was meant of the last question
            redone = None if own else self._redone(request)
            if redone is not None:
                return redone
            if own is not None:
                return replace(request, reading=replace(reading, act="complaint"), own=own)
        return or_look_up(request)

    def _wishing(self, request: Request) -> Request | None:
        """What the message asks or tells beside the form that it wishes for, or that form alone."""
        history = request.history or (Turn("user", request.question), Turn("assistant", ""))
        if not request.history and not asks_length(request.question):
            return None
        around: list[tuple[Turn, ...]] = []

        def read(text: str) -> Reading:
            """The whole in its place; a phrase of it as if no form had been asked for before."""
            if text == request.question:
                return self._reading(text, history)
            if not around:
                around.append(self._asking(history))
            return self._reading(text, around[0] or history)

        wish = find_wish(request.question, request.reading, read)
        if wish is None:
            return None
        if wish.rest:
            spoken = wish.language or request.wanted
            rest = self._request(wish.rest, request.history, request.index, spoken)
            if rest.reading.act == request.reading.act and rest.reading.case is not None:
                # Of a case the whole message says more than a piece of it.
                told = request.reading.case or rest.reading.case
                rest = replace(rest, reading=replace(rest.reading, case=told))
            return replace(rest, wish=wish, whole=request.question)
        if not request.history:
            return None
        form = one_form(wish)
        case = request.reading.case
        reading = replace(
            request.reading,
            act="form",
            form=form,
            lines=wish.lines,
            case=replace(case, wanted=0.0) if case else None,
        )
        return or_look_up(replace(request, reading=reading, wish=wish))

    def _no_case(self, request: Request) -> Request:
        """What only goes on from a question, and decides nothing, is no case: “and if it takes
        longer?”.
        """
        reading, case = request.reading, request.reading.case
        if not request.history or request.case is None or case is None or decided(case):
            return request
        if reading.act not in ("case", "question"):
            return request
        last = self.before(request) if leans(request.question) else None
        if last is None or last.reading.case is not None:
            return request
        return replace(request, reading=replace(reading, act="question", case=None))

    def _in_thread(self, request: Request) -> Request:
        """The request with what its conversation asks, where the question may lean on that."""
        reading, history = request.reading, request.history
        if not history or reading.act not in SETTLING:
            return request
        if reading.prompts or not (reading.follows or before(request.question, history)):
            return request  # a chat model reads the whole conversation itself
        thread = self._thread(history, request.index)
        if reading.parts and reading.danger is None:
            asked = queries(
                request.question, thread, reading.act, reading.parts, reading.error_lines
            )
            reading = replace(reading, queries=asked.texts, follows=asked.follows)
        request = replace(request, reading=reading, thread=thread)
        other = self._on_other_side(request)
        return request if other is None else replace(request, reading=other)

    def _on_other_side(self, request: Request) -> Reading | None:
        """The case that was decided, for the other side: 「学習側でも同じ？」 after inference."""
        sides = named_sides(request.question)
        if request.reading.act != "question" or len(sides) != 1:
            return None
        if names_subject(request.question) or not leans(request.question):
            return None
        last = self.before(request)
        case = last.case if last else None
        if case is None or not case.sides or sides[0] in case.sides or not decided(case):
            return None
        case = replace(moved(case, sides[0]), wanted=1.0, changed=True)
        return replace(request.reading, act="revision", case=case)

    def _thread(self, history: tuple[Turn, ...], index: Index) -> tuple[Turn, ...]:
        """What the conversation asks: corrections in place of what they correct, a decision as the
        pattern that it came to, and nothing that acts on an answer or asks nothing.
        """
        kept: list[Turn] = []
        for place, turn in _last(history):
            one = self._request(turn.content, history[:place], index)
            if not one.settles:
                continue
            if one.redo and kept:
                kept.pop()
            ways = decided(one.case) if one.case else []
            titles = [pattern_name(way.outcome, one.language) for way in ways]
            text = " ".join(filter(None, titles)) or one.redo_own or one.redo or one.own
            kept.append(Turn("user", text or without_talk(one.question)))
        return tuple(kept)

    def _asking(self, history: tuple[Turn, ...]) -> tuple[Turn, ...]:
        """The conversation without the messages that only act on an answer, or ask nothing."""
        last = _last(history)
        first = last[0][0] if last else 0
        kept: list[Turn] = list(history[:first])
        talks = False
        for place, turn in enumerate(history[first:], first):
            if turn.role == "user":
                talks = self._reading(turn.content, history[:place]).act in TALK
            if not talks:
                kept.append(turn)
        return tuple(kept)

    def _redone(self, request: Request) -> Request | None:
        """The last question again, with what the message says was meant."""
        if not corrects_question(request.question, request.reading):
            return None
        last = self.before(request)
        if last is None or last.case is not None:
            return None  # a case is put right as a case
        text = last.redo or last.own or last.question
        thread = self._thread(last.history, request.index)
        redo = corrected(text, thread, request.question)
        words, side = meant(request.question), side_before("", (*thread, Turn("user", redo)), None)
        ending = "は？" if request.language == "ja" else "?"
        own = ""
        if leans(text) and names_subject(text) and redo.endswith(words):
            own = by_itself(f"{words}{ending}", side or "")
        reading = replace(request.reading, act="complaint", case=last.reading.case)
        return replace(request, reading=reading, redo=redo, redo_own=own)

    def _reading(self, text: str, history: tuple[Turn, ...]) -> Reading:
        """A text as if it were the message; each is read, and paid for, once."""
        new = list[Reading]()

        def read() -> Reading:
            new.append(self._reader.read(text, history))
            return new[0]

        key = conversation_key(text, history)
        reading = self._readings.get(key, read, characters=len(text))
        return reading if new or reading.usage is None else replace(reading, usage=None)


def _last(history: tuple[Turn, ...]) -> list[tuple[int, Turn]]:
    """The person's last messages, each with its place: what an older one asks is not leaned on."""
    own = [(place, turn) for place, turn in enumerate(history) if turn.role == "user"]
    return own[-_LEANED_ON:]


def _language(reading: Reading, history: tuple[Turn, ...]) -> Language:
    """The language of the message; of the one before where it has no words."""
    if any(map(str.isalpha, reading.message)):
        return reading.language
    earlier = [turn.content for turn in history if turn.role == "user"]
    return language_of(earlier[-1]) if earlier else "ja"


def conversation_key(question: str, history: tuple[Turn, ...]) -> str:
    """A conversation up to a message, as a short word."""
    digest = hashlib.blake2b(digest_size=16)
    for turn in (*history, Turn("user", question)):
        digest.update(f"{turn.role}\0{turn.content}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
