"""The encoded reader: a message and its conversation to a `Reading`, by one fine-tuned encoder.

Takes the message and the turns before it, gives a `Reading`. Each message is looked at once in its
place: what was read of it in an earlier turn is remembered. Knows nothing about indexes, rules or
answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from kb.reading import models
from kb.reading.act import ON_THE_LAST, TALK, number_in
from kb.reading.case import Standing, case_reading, folded, supposed
from kb.reading.danger import read_danger
from kb.reading.encoder import Before, Encoder, Looked, load_encoder
from kb.reading.named import FLOOR, Told, read_told, sided, words_of
from kb.reading.parts import find_error_lines, find_parts
from kb.reading.queries import queries
from kb.reading.reading import CaseReading, Form, Part, Reading
from kb.reading.tokens import asked_back, own_tokens
from kb.reading.typed import pasted, typed
from kb.records import Act, Language, Turn
from kb.search.embedding import Embedder
from kb.search.remembering import Recent, digest
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
_PASTED = 0.2
"""Share of a message that is not its own words from which the encoder is told so."""
_TELLS = ("case", "revision", "complaint")
"""Acts that change the case, wanted or not: “I never said GPU” drops it."""
_OF_US = ("capabilities", "help")
_HANDED_IN = ("dockerfile", "traceback", "log", "code")
"""Kinds of pastes that are to be looked at, whatever is asked with them."""
_GOES_ON = 0.5
"""Likelihood from which a case that is told goes on with the one before."""
_GONE = 0.5
"""Likelihood from which a condition that stood does so no more."""


Settle = Callable[[Sequence[Told], Sequence[Told], Mapping[str, float]], tuple[Told, ...]]
"""Takes the conditions that hold and those that may, and how likely each pattern is as the message
means it; gives those that hold."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One message in its place."""

    parts: tuple[Part, ...]
    act: Act
    form: Form
    wanted: float
    goes_on: float
    told: tuple[Told, ...]
    gone: tuple[Told, ...]
    """What stood and does so no more, with the words that speak for that."""
    outcome: Mapping[str, float]
    """Likelihoods of the pattern after it, as its words mean it without rules."""
    near: tuple[Told, ...] = ()
    """Conditions that it may name, those of `told` among them."""
    kept: Mapping[str, float] = field(default_factory=dict)
    """Likelihood that each condition that stood before it still does."""
    form_likely: float = 1.0


@dataclass(frozen=True, slots=True)
class _Talk:
    """What a conversation comes to before a message."""

    before: Before = Before()
    standing: Standing = Standing()


class EncodedReader:
    """Reads with the encoder beside this module; needs no network. Safe for several threads."""

    def __init__(
        self, embedder: Embedder, settle: Settle | None = None, encoder: Encoder | None = None
    ) -> None:
        """`settle`: what knows the rules, for what words leave open; `embedder`: for dangers."""
        self._models = models.Models(models.stored(), embedder)
        self._settle = settle
        self._given = encoder
        self._seen = Recent[Seen](_REMEMBERED)

    @property
    def _encoder(self) -> Encoder:
        """Loaded when the first message comes."""
        return self._given or load_encoder()

    def read(self, message: str, history: Sequence[Turn]) -> Reading:
        """The message, read; raises nothing, whatever came."""
        message = without_unseen(message[:_LONGEST])
        talk = self._before(history)
        seen = self._look(message, talk.before)
        case, _ = self._case(seen, talk)
        errors = find_error_lines(message, seen.parts)
        form = seen.form if seen.act == "form" else None
        lines = number_in(message) if form in ("lines", "shorter") else None
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
            form_likely=seen.form_likely,
        )

    def _before(self, history: Sequence[Turn]) -> _Talk:
        """The earlier messages, left to right."""
        talk = _Talk()
        own = [place for place, turn in enumerate(history) if turn.role == "user"]
        pieces = self._encoder.pieces
        for at in own[-_TURNS:]:
            text = without_unseen(history[at].content[:_LONGEST])
            seen = self._look(text, talk.before)
            _, standing = self._case(seen, talk)
            answer = history[at + 1].content if at + 1 < len(history) else ""
            question = asked_back(answer)
            before = Before(
                True,
                seen.act,
                own_tokens(text, seen.parts, pieces).ids,
                answer.rstrip().endswith(("?", "？")),
                pieces.tokens(question).ids if question else (),
                tuple((one.signal, one.side) for one in standing.told),
            )
            talk = _Talk(before, standing)
        return talk

    def _look(self, message: str, before: Before) -> Seen:
        return self._seen.get(
            (digest(message), before),
            lambda: self._looked(message, before),
            characters=len(message),
        )

    def _looked(self, message: str, before: Before) -> Seen:
        encoder = self._encoder
        parts = tuple(find_parts(message))
        tokens = own_tokens(message, parts, encoder.pieces)
        looked = encoder.look(tokens.ids, before, pasted(message, parts) > _PASTED)
        numbers = encoder.numbers
        wanted = _wanted(looked, numbers)
        act = _act(looked, before, wanted)
        if act in _OF_US and any(part.kind in _HANDED_IN for part in parts):
            act = "paste"  # “What do I have to change?” below a file is no question about us
        form = cast(Form, max(looked.form, key=looked.form.__getitem__))
        if act in TALK:
            likely = looked.form[form]
            return Seen(parts, act, form, 0.0, 0.0, (), (), looked.outcome, form_likely=likely)
        near = read_told(message, tokens.spans, looked, encoder.signals, numbers)
        floor = numbers.get("floor", FLOOR)
        told = sided(message, [one for one in near if one.likely >= floor])
        gone = []
        for signal, side in before.standing:
            if looked.gone[signal] >= numbers.get("gone", _GONE):
                scores = looked.words[:, encoder.signals.index(signal)]
                words, start = words_of(message, tokens.spans, scores)
                gone.append(Told(signal, words, start, "dropped", side, looked.gone[signal]))
        return Seen(
            parts,
            act,
            form,
            wanted,
            looked.goes_on,
            told,
            tuple(gone),
            looked.outcome,
            near,
            {signal: 1 - gone for signal, gone in looked.gone.items()},
        )

    def _case(self, seen: Seen, talk: _Talk) -> tuple[CaseReading | None, Standing]:
        """What the message makes of the case, and what stands after it."""
        before, order = talk.standing, self._encoder.order
        if seen.act in TALK or (seen.wanted < WANTED and seen.act not in _TELLS):
            if not before:
                return None, before
            return case_reading(before, (), before, wanted=0.0, order=order), before
        start = before
        if seen.act == "case" and before and seen.goes_on < _GOES_ON:
            start = Standing()
        stands = {one.signal for one in start.told}
        gone = [one for one in seen.gone if one.signal in stands]
        named = {one.signal for one in gone}
        told = [one for one in seen.told if not (one.signal in named and one.state == "holds")]
        told += [one for one in gone if one.signal not in {other.signal for other in told}]
        standing, dropped = folded(start, told)
        standing, dropped = self._settled(standing, dropped, seen)
        if any(one.state == "hypothetical" for one in seen.told):
            then, lifted = supposed(start, told)
            case = case_reading(then, lifted, before, wanted=seen.wanted, order=order)
            return case, standing
        return case_reading(standing, dropped, start, wanted=seen.wanted, order=order), standing

    def _settled(
        self, standing: Standing, dropped: Sequence[Told], seen: Seen
    ) -> tuple[Standing, tuple[Told, ...]]:
        """With what words leave open, where a decision is wanted."""
        if self._settle is None or seen.wanted < WANTED:
            return standing, tuple(dropped)
        named = {one.signal: one.holds for one in seen.near}
        holding = [
            replace(one, holds=max(seen.kept.get(one.signal, 0.0), named.get(one.signal, 0.0)))
            if one.signal in named or one.signal in seen.kept
            else replace(one, holds=1.0)
            for one in standing.told
        ]
        may = [replace(one, state="holds") for one in seen.near]
        may += [
            replace(
                one,
                state="holds",
                holds=min(seen.kept.get(one.signal, 0.0), named.get(one.signal, 1.0)),
            )
            for one in dropped
        ]
        found = Standing(self._settle(holding, may, seen.outcome))
        stands = {one.signal for one in found.told}
        turned = [replace(one, state="dropped") for one in standing.told if one.signal in seen.kept]
        off = {one.signal: one for one in (*dropped, *turned) if one.signal not in stands}
        return found, tuple(off.values())


def _act(looked: Looked, before: Before, wanted: float) -> Act:
    """The likeliest act that can stand in this place; none of TALK where a decision is wanted."""
    acts = [act for act in looked.act if before.follows or act not in ON_THE_LAST]
    if wanted >= WANTED:
        acts = [act for act in acts if act not in TALK]
    return cast(Act, max(acts, key=looked.act.__getitem__))


def _wanted(looked: Looked, numbers: Mapping[str, float]) -> float:
    """Likelihood that a decision is wanted, by the heads that know of it; 0.5 at the limit."""
    share = (looked.wanted + 1 - looked.outcome["other"]) / 2
    limit = numbers.get("wanted", 0.5)
    return share / limit / 2 if share < limit else 0.5 + (share - limit) / (1 - limit) / 2


def _language(history: Sequence[Turn]) -> Language:
    said = [turn.content for turn in history if turn.role == "user"]
    return language(said[-1]) if said else "ja"
