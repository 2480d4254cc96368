"""Rows the encoder is taught by: samples as tensors, and batches of them.

Takes samples (evals.fit.samples), gives what each token of a message names, what each message says
as a whole, and what stands before it. Knows nothing about losses.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from evals.fit.encoder_model import (
    ACTS,
    ANSWER,
    GLOBAL,
    OUTCOMES,
    OWN,
    PAD,
    PLACE,
    SIGNALS,
    STANDING,
    WAS,
    Inputs,
    Lower,
)  # fmt: skip
from evals.fit.place import Place
from evals.fit.samples import Sample, Told, parts_of
from kb.reading.encoder import LEVELS, STATES
from kb.reading.tokens import BEFORE, asked_back, own_tokens
from kb.reading.typed import pasted
from kb.records import SIDES
from kb.search.e5 import E5File
from kb.search.pieces import Pieces

Numbers = np.ndarray[Any, Any]
_GENERIC = ("学習コンテナについて教えて", "Tell me about the training container")
"""Stand before a message that was written as a second one, to a first one that is not known."""
_LIKELY = ("training", "inference", "pip_packages", "os_packages", "own_base")
"""Conditions that may stand there."""
_MISSING = 0.2
"""Share of a message that is not its own words from which the encoder is told so."""


@dataclass
class Row:
    """A sample as tensors; None where nobody has looked."""

    sample: Sample
    text: Tensor
    """What the lower layers make of it; shape (tokens + 2, hidden)."""
    spans: tuple[tuple[int, int], ...]
    word: Numbers | None = None
    """What each token names; shape (tokens + 2, signals): 1, 0, or -1 where that is not known."""
    state: Numbers | None = None
    """The state of what it names, by number; -1 where it names nothing."""
    told_for: Numbers | None = None
    """The side of what it names: 0 none, 1 training, 2 inference; -1 where it names nothing."""
    level: Numbers | None = None
    """What the message says of each condition; shape (3, signals): 1, 0 or -1."""
    outcome: Numbers | None = None
    """1 for what is right after it; shape (outcomes)."""


@dataclass
class Batch(Inputs):
    """Inputs with what is known of them."""

    rows: list[Row]
    gone: Tensor
    """Of each condition that stands: 1 where it does so no more, 0, or -1."""
    offsets: list[int]
    """Where the tokens of each message begin."""


@dataclass(frozen=True)
class Stands:
    """What stands before a sample."""

    place: Place
    before: str
    answer: str
    standing: list[tuple[str, str | None]]
    gone: frozenset[str] | None


class Source:
    """Samples, what the lower layers make of their texts, and batches of them."""

    def __init__(self, samples: Sequence[Sample], first: int, file: E5File) -> None:
        self.file, self.pieces = file, Pieces(file)
        self.lower = Lower(file, first)
        own = [self._ids(s.text) for s in samples]
        before = [text for s in samples for text in (*s.earlier[-1:], asked_back(s.answer))]
        texts = dict.fromkeys(
            (*own, *(self._before(text) for text in (*before, *_GENERIC) if text))
        )
        self._known = dict(zip(texts, self.lower(list(texts)), strict=True))

    @cache  # noqa: B019 (one source a run)
    def _ids(self, text: str) -> tuple[int, ...]:
        return (self.file.bos, *own_tokens(text, parts_of(text), self.pieces).ids, self.file.eos)

    @cache  # noqa: B019
    def _before(self, text: str) -> tuple[int, ...]:
        own = own_tokens(text, parts_of(text), self.pieces).ids
        return (self.file.bos, *own[-BEFORE:], self.file.eos)

    def row(self, sample: Sample) -> Row:
        tokens = own_tokens(sample.text, parts_of(sample.text), self.pieces)
        row = Row(sample, self._known[self._ids(sample.text)], tokens.spans)
        row.outcome = _outcome(sample)
        row.level = _level(sample)
        if sample.conditions is not None:
            _mark(row, sample.conditions)
        return row

    def batch(self, rows: list[Row], chance: random.Random | None) -> Batch:
        """`chance`: hides now and then what stands before, and fills in where it is not known."""
        stands = [stands_before(row.sample, chance) for row in rows]
        lines = [self._line(one) for one in stands]
        offsets = [len(line) for line in lines]
        width = max(n + len(row.text) for n, row in zip(offsets, rows, strict=True))
        states = torch.zeros(len(rows), width, self.file.sizes.hidden)
        segments = torch.full((len(rows), width), PAD)
        for number, (line, row) in enumerate(zip(lines, rows, strict=True)):
            own = [*line, *((OWN, state) for state in row.text)]
            segments[number, : len(own)] = torch.tensor([segment for segment, _ in own])
            first = next(at for at, (segment, _) in enumerate(own) if segment >= WAS)
            states[number, first : len(own)] = torch.stack([s for _, s in own[first:]]).float()
        standing = [
            (number, 2 + at, SIGNALS.index(signal), 0 if side is None else 1 + SIDES.index(side))
            for number, one in enumerate(stands)
            for at, (signal, side) in enumerate(one.standing)
        ]
        table = torch.tensor(standing, dtype=torch.long).reshape(-1, 4)
        gone = [
            -1.0 if one.gone is None else float(signal in one.gone)
            for one in stands
            for signal, _ in one.standing
        ]
        bits = torch.stack([_bits(row, one) for row, one in zip(rows, stands, strict=True)])
        parts = (table[:, 0], table[:, 1], table[:, 2], table[:, 3])
        return Batch(states, segments, bits, parts, rows, torch.tensor(gone), offsets)

    def _line(self, stands: Stands) -> list[tuple[int, Tensor]]:
        """What stands before the tokens of the message, a row each."""
        nothing = torch.zeros(0)
        line = [
            (GLOBAL, nothing),
            (PLACE, nothing),
            *((STANDING, nothing) for _ in stands.standing),
        ]
        for segment, text in ((WAS, stands.before), (ANSWER, stands.answer)):
            if text:
                line += [(segment, state) for state in self._known[self._before(text)]]
        return line


def _bits(row: Row, stands: Stands) -> Tensor:
    bits = torch.zeros(4 + len(ACTS))
    place, text = stands.place, row.sample.text
    bits[:4] = torch.tensor(
        [place.follows, place.asked, place.case, pasted(text, parts_of(text)) > _MISSING]
    )
    if place.last is not None:
        bits[4 + ACTS.index(place.last)] = 1
    return bits


def stands_before(sample: Sample, chance: random.Random | None) -> Stands:
    """What stands before a sample; made up where it follows something that is not known."""
    place, standing, gone = sample.place, list(sample.standing), sample.gone
    before = sample.earlier[-1] if sample.earlier else ""
    answer = asked_back(sample.answer)
    if place.follows and not sample.earlier:
        before = _GENERIC[0 if sample.language == "ja" else 1]
        place = place if answer else replace(place, asked=False)
        if chance is not None and sample.act is not None and chance.random() < 0.7:
            standing, gone = _made_up(sample, chance)
            place = replace(place, case=bool(standing))
    if chance is not None and place.follows:
        if chance.random() < 0.1:
            standing = []
        if chance.random() < 0.2:
            before, answer = "", ""
        if chance.random() < 0.3:
            place = replace(place, last=None)
        chance.shuffle(standing)
    return Stands(place, before, answer, standing, gone)


def _made_up(
    sample: Sample, chance: random.Random
) -> tuple[list[tuple[str, str | None]], frozenset[str] | None]:
    """What may stand before a message that drops something, and what of it is gone then."""
    told = sample.conditions or ()
    off = [(c.signal, c.side) for c in told if c.state == "dropped"]
    named = {c.signal for c in told if c.state == "holds"} | {signal for signal, _ in off}
    more = [s for s in chance.sample(_LIKELY, 2) if s not in named][: chance.randint(0, 2)]
    gone = frozenset(signal for signal, _ in off) if sample.act != "case" else None
    if set(SIDES) & {c.signal for c in told} and set(SIDES) & set(more):
        gone = None  # whether the side takes the place of the other one is not known
    return [*off, *((signal, None) for signal in more)], gone


def _level(sample: Sample) -> Numbers | None:
    decides = sample.by in SIGNALS
    if sample.conditions is None and not sample.denied and (sample.earlier or not decides):
        return None
    level = np.full((len(LEVELS), len(SIGNALS)), 0.0 if sample.conditions is not None else -1.0)
    for c in sample.conditions or ():
        level[{"holds": 0, "hypothetical": 2}.get(c.state, 1), SIGNALS.index(c.signal)] = 1
    for signal in sample.denied:
        level[1, SIGNALS.index(signal)] = 1
    if decides and level[0, SIGNALS.index(sample.by)] != 1:
        level[0, SIGNALS.index(sample.by)] = -1 if sample.earlier else 1
    return level.astype(np.float32)


def _mark(row: Row, conditions: Sequence[Told]) -> None:
    """What each token names. In cases one mention of a condition is marked, others are not."""
    sample, size = row.sample, len(row.spans) + 2
    of_cases = sample.source == "cases"
    word = np.zeros((size, len(SIGNALS)), np.float32)
    row.state, row.told_for = np.full(size, -1), np.full(size, -1)
    open_ones = set(sample.denied) | ({sample.by} & set(SIGNALS))
    open_ones |= {c.signal for c in conditions} if of_cases else set()
    word[:, [SIGNALS.index(signal) for signal in open_ones]] = -1
    for c in conditions:
        for at in _tokens_of(row, c.words):
            word[at, SIGNALS.index(c.signal)] = 1
            row.state[at] = STATES.index(c.state)
            if c.signal not in SIDES and not of_cases:
                row.told_for[at] = 0 if c.side is None else 1 + SIDES.index(c.side)
    row.word = word


def _tokens_of(row: Row, words: str) -> list[int]:
    """The tokens of these words, wherever they stand."""
    found = []
    start = row.sample.text.find(words)
    while start >= 0:
        end = start + len(words)
        found += [n for n, (a, b) in enumerate(row.spans, 1) if a < end and start < b and a < b]
        start = row.sample.text.find(words, end)
    return found


def _outcome(sample: Sample) -> Numbers | None:
    if sample.wanted is None:
        return None
    names = (
        [*sample.patterns, *(["ask"] if sample.ask_back else [])] if sample.wanted else ["other"]
    )
    found = np.zeros(len(OUTCOMES), np.float32)
    found[[OUTCOMES.index(name) for name in names]] = 1
    return found if names else None
