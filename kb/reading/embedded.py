"""The embedded reader: a message and its conversation to a `Reading`, by small fitted models.

Takes the message, the turns before it and an embedder, gives a `Reading`. Each message is looked at
once: the parts, the act and the conditions of one that was read in an earlier turn are remembered.
Knows nothing about indexes, rules or answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kb.reading import models
from kb.reading.act import TALK, read_act, read_form
from kb.reading.case import Standing, case_reading, folded, revised, supposed
from kb.reading.conditions import SIDES, Named, Told, named_row, read_conditions, read_named
from kb.reading.danger import read_danger
from kb.reading.models import Features, Models, logistic, shares
from kb.reading.parts import find_error_lines, find_parts
from kb.reading.place import Place
from kb.reading.queries import queries
from kb.reading.reader import Embed, load_reader
from kb.reading.reading import CaseReading, Part, Reading
from kb.reading.typed import pasted, typed
from kb.records import Act, Language, Side, Turn
from kb.search.embedding import Embedder
from kb.text.fold import without_unseen
from kb.text.language import language

_TURNS = 10
"""Earlier messages of the person that are read, the last ones."""
_LONGEST = 200_000
"""Characters of a message that are read."""
_REMEMBERED = 1_000
"""Messages, each in its place, whose reading is kept."""
WANTED = 0.5
"""Likelihood from which a decision is taken for wanted."""
_CAUTION = 0.9
"""What a likelihood of being wanted counts. A decision nobody asked for costs more than a question;
of groups left out 0.81 of what was wanted is found, with 1.0, 0.83, and every example of the first
screen reads after another one as it does alone."""
MEANT = 0.6
"""Likelihood from which the condition that a message means decides, where no words name one."""
TAKES_BACK = 0.5
"""Likelihood from which something that stood is taken back."""
NARROWS = 0.5
"""Likelihood from which one side is left."""
_TELLS = ("case", "revision", "complaint")
"""Acts that change the case, wanted or not: “I never said GPU” drops it."""
_OF_US = ("capabilities", "help")
_HANDED_IN = ("dockerfile", "traceback", "log", "code")
"""Kinds of pastes that are to be looked at, whatever is asked with them."""
_GOES_ON = 0.5
"""Likelihood from which a case that is told goes on with the one before."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One message in its place."""

    parts: tuple[Part, ...]
    act: Act
    wanted: float
    goes_on: float
    told: tuple[Told, ...]
    takes_back: float = 0.0
    """Likelihood that something that stood is taken back, named or not."""
    narrows: Side | None = None
    """The side that is left, where another one stood."""
    named: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True)
class _Talk:
    """What a conversation comes to before a message."""

    place: Place = Place()
    standing: Standing = Standing()


class EmbeddedReader:
    """Reads with the models beside this module; needs no network. Safe to share between threads."""

    def __init__(self, embedder: Embedder, fitted: Models | None = None) -> None:
        self._models = fitted or Models(models.stored(), embedder)
        self._embedder = embedder
        self._case_models = load_reader()
        self._look = lru_cache(_REMEMBERED)(self._looked)

    def read(self, message: str, history: Sequence[Turn]) -> Reading:
        """The message, read; raises nothing, whatever came."""
        message = without_unseen(message[:_LONGEST])
        talk = self._before(history)
        seen = self._look(message, talk.place)
        case, _ = self._case(seen, talk)
        errors = find_error_lines(message, seen.parts)
        form, lines = None, None
        if seen.act == "form":
            features = self._models.features(typed(message, seen.parts))
            form, lines = read_form(self._models, features, message)
        own = typed(message, seen.parts)
        danger, rest = read_danger(own, self._models)
        if rest == own:
            asked = queries(message, history, seen.act, seen.parts, errors)
        else:
            asked = queries(rest, history, seen.act, find_parts(rest), errors)
        return Reading(
            message,
            language(message) if message.strip() else _language(history),
            seen.act,
            asked.texts,
            form,
            lines,
            seen.parts,
            errors,
            case,
            asked.follows,
            danger,
        )

    def _before(self, history: Sequence[Turn]) -> _Talk:
        """The earlier messages, left to right."""
        talk = _Talk()
        own = [place for place, turn in enumerate(history) if turn.role == "user"]
        for at in own[-_TURNS:]:
            text = without_unseen(history[at].content[:_LONGEST])
            seen = self._look(text, talk.place)
            _, standing = self._case(seen, talk)
            answer = history[at + 1].content if at + 1 < len(history) else ""
            place = Place(True, seen.act, answer.rstrip().endswith(("?", "？")), bool(standing))
            talk = _Talk(place, standing)
        return talk

    def _looked(self, message: str, place: Place) -> _Seen:
        parts = find_parts(message)
        features = self._models.features(typed(message, parts))
        named = read_named(message, parts, self._models)
        row = place.row(message, pasted(message, parts), named_row(named))
        act, case = read_act(self._models, features, place, row)
        if act in _OF_US and any(part.kind in _HANDED_IN for part in parts):
            act = "paste"  # “What do I have to change?” below a file is no question about us
        wanted = goes_on = 0.0
        told: tuple[Told, ...] = ()
        if act not in TALK:
            likely = float(logistic(self._models.heads["wanted"].score(features, row)[0]))
            wanted = _CAUTION * (likely + case) / 2
            goes_on = float(logistic(self._models.heads["goes_on"].score(features, row)[0]))
            told = read_conditions(message, named, features, self._models)
            if wanted >= WANTED:
                told = self._with_meant(typed(message, parts), message, told)
        if act not in _TELLS or not place.case:
            return _Seen(parts, act, wanted, goes_on, told)
        back = float(logistic(self._models.heads["takes_back"].score(features, row)[0]))
        narrows = self._narrows(features)
        return _Seen(parts, act, wanted, goes_on, told, back, narrows, named)

    def _narrows(self, features: Features) -> Side | None:
        head = self._models.heads["narrows"]
        found = dict(zip(head.names, shares(head.score(features)), strict=True))
        side = max(SIDES, key=lambda side: found.get(side, 0.0))
        return side if found.get(side, 0.0) >= NARROWS else None

    def _with_meant(self, own: str, message: str, told: tuple[Told, ...]) -> tuple[Told, ...]:
        """What decides as the message means it, where its words name nothing that decides."""
        if any(one.state == "holds" and one.signal in self._models.order for one in told):
            return told
        meant = self._case_models.read(own, (), self._meaning(own)).conditions
        signal = max(meant, key=meant.__getitem__)
        if signal not in self._models.order or meant[signal] < MEANT:
            return told
        if any(one.signal == signal for one in told):  # named, but ruled out
            return told
        words = self._case_models.words(message, signal)
        start = max(0, message.find(words))
        return (*told, Told(signal, words, start, "holds", None, meant[signal]))

    def _meaning(self, own: str) -> Embed:
        """For the models of cases; the message is not embedded again."""
        return self._case_models.features_by(self._embedder, {own: self._models.vector(own)})

    def _case(self, seen: _Seen, talk: _Talk) -> tuple[CaseReading | None, Standing]:
        """What the message makes of the case, and what stands after it."""
        before = talk.standing
        order = self._models.order
        if seen.act in TALK or (seen.wanted < WANTED and seen.act not in _TELLS):
            if not before:
                return None, before
            return case_reading(before, (), before, wanted=0.0, order=order), before
        start = before
        if seen.act == "case" and before and seen.goes_on < _GOES_ON:
            start = Standing()
        told = revised(start, seen.told, seen.named, seen.takes_back >= TAKES_BACK, seen.narrows)
        standing, dropped = folded(start, told)
        if any(one.state == "hypothetical" for one in seen.told):
            then, lifted = supposed(start, seen.told)
            case = case_reading(then, lifted, before, wanted=seen.wanted, order=order)
            return case, standing
        return case_reading(standing, dropped, start, wanted=seen.wanted, order=order), standing


def _language(history: Sequence[Turn]) -> Language:
    said = [turn.content for turn in history if turn.role == "user"]
    return language(said[-1]) if said else "ja"
