"""Coverage: which of the names in a message the sections found hold, and which they do not.

Takes a message, what retrieval found and an index, gives a `Coverage`: the probability that what
was found answers, and the names of the message that it does not hold, the most telling first. A
name is an identifier, a product, a katakana or kanji word, a word that people seldom use: rarity is
counted over messages of people in this field (coverage_words.json), so that everyday words weigh
little though no note holds them. A name that the whole index does not know weighs more than one
that only stands elsewhere. Weights in coverage_weights.json were fitted on messages restated from
public threads, half of which no note answers (`python -m evals.fit.middle`). Knows nothing about
wording.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from kb.records import Hit
from kb.search.index import Index
from kb.search.retrieve import Retrieval
from kb.search.wordings import Shown, errors_in
from kb.text.tokens import search_tokens

_TOP = 3
"""Hits that an answer rests on."""
_FOLDER = Path(__file__).parent
FEATURES = (
    "scope", "question", "statement", "gap", "known", "held", "one", "together", "stranger",
    "absent", "identifiers", "named", "unnamed", "twin", "long",
)  # fmt: skip
_WHOLE = 30
"""Letters of a wording that are an error of their own; shorter ones stand in many a log."""
_LONGEST = 4_000
"""Characters of a message whose names are looked at: its two halves' ends beyond that."""
_NAME = re.compile(
    r"[A-Za-z][\w.+@/:-]*\w|[A-Za-z]|[\u30a1-\u30fa\u30fc]{2,}|[\u4e00-\u9fff々]{2,}", re.ASCII
)
_ADDRESS = re.compile(r"://|^[^/]*/[^/]+/[^/]+/|^/|(?:\d+\.){3}|[0-9a-f]{12,}|^[\d.:-]+$")
"""Addresses, paths, hashes and times: they differ from case to case."""
_IDENTIFIER = re.compile(r"[a-z][A-Z]|[A-Za-z]{2}\d|\d[A-Za-z]{2}|[_]|[A-Za-z][.-][A-Za-z]")


_OPENING = re.compile(r"(?:^|[.!?\n:–—-])[\s\"'(]*\Z")
"""What stands before the first word of a sentence, or before the letters of an option."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name in the message."""

    words: str
    """As the person wrote it."""
    tokens: tuple[str, ...]
    weight: float
    """How seldom people use it, in nats."""
    is_identifier: bool
    start: int = 0
    """Where it first stands in the message."""
    is_known: bool = False
    """The index holds it, or all its parts, somewhere."""
    is_opening: bool = False
    """It opens a sentence, so that its capital letter says nothing."""

    @property
    def end(self) -> int:
        return self.start + len(self.words)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far what was found is about what was asked."""

    answered: float
    """Probability that the hits answer the message."""
    missing: tuple[Name, ...]
    """Names that no hit of the first three holds: those that no source holds first, then those that
    stand elsewhere, each the most telling first."""
    signals: Mapping[str, float]
    limit: float
    """The probability from which on the hits are taken for an answer."""

    @property
    def reaches(self) -> bool:
        """The hits may be taken for an answer."""
        return self.answered >= self.limit


def cover(
    message: str,
    retrieval: Retrieval,
    index: Index,
    scope: Mapping[str, float | str],
    shown: Shown | None = None,
) -> Coverage:
    """The coverage of `message`. `scope`: the signals of the decision to answer or decline."""
    shown = errors_in(message, index) if shown is None else shown
    names = names_in(message)
    values = features(names, retrieval, index, scope, shown)
    weights = _weights()
    score = weights["bias"] + sum(weights[name] * values[name] for name in FEATURES)
    held = _tokens(retrieval.hits[:_TOP], index)
    missing = [
        replace(name, is_known=_is_somewhere(name, index))
        for name in names
        if not _holds(held, name) and not _stands_for(held, name, retrieval)
    ]
    missing.sort(key=lambda name: (name.is_known, -name.weight, name.start))
    answered, limit = 1 / (1 + math.exp(-score)), weights["limit"]
    if not scope.get("learned", 1.0):
        # Whether another document answers is told by what was fitted on such documents alone.
        answered, limit = float(scope["answerable"]), float(scope["limit"])
    return Coverage(answered, tuple(missing), values, limit)


def features(
    names: Sequence[Name],
    retrieval: Retrieval,
    index: Index,
    scope: Mapping[str, float | str],
    shown: Shown,
) -> dict[str, float]:
    """The signals as numbers, mostly between 0 and 1."""
    top = retrieval.hits[:_TOP]
    total = sum(name.weight for name in names) or 1.0
    most = _rarest()
    each = [index.lexical.tokens(hit.group) for hit in top]
    all_tokens = frozenset[str]().union(*each)

    def share(held: Iterable[Name]) -> float:
        return sum(name.weight for name in held) / total

    def best(texts: Iterable[frozenset[str]]) -> float:
        return max((share(n for n in names if _holds(held, n)) for held in texts), default=0.0)

    known = [name for name in names if _is_known(name, index)]
    absent = [name for name in names if not _holds(all_tokens, name)]
    own = [name for name in names if name.is_identifier]
    answerable = min(max(float(scope.get("answerable", 0.5)), 0.001), 0.999)
    second = retrieval.hits[1].score if len(retrieval.hits) > 1 else 0.0
    return {
        "scope": math.log(answerable / (1 - answerable)) / 4,
        "question": float(scope.get("question", 0.0)),
        "statement": float(scope.get("statement", 0.0)),
        "gap": 1 - second,
        "known": share(known),
        "held": share(n for n in names if _holds(all_tokens, n)),
        "one": best(each),
        "together": best(_statements(top)),
        "stranger": max((n.weight for n in names if not _is_known(n, index)), default=0.0) / most,
        "absent": max((n.weight for n in absent), default=0.0) / most,
        "identifiers": sum(_holds(all_tokens, n) for n in own) / len(own) if own else 1.0,
        "named": min(1.0, max((shown.lengths.get(h.group, 0) for h in top), default=0) / _WHOLE),
        "unnamed": float(shown.has_error and not any(shown.fit(h.group) == "same" for h in top)),
        "twin": float("other" in shown.fits.values() and not shown.named),
        "long": min(1.0, len(names) / 40),
    }


def names_in(message: str) -> tuple[Name, ...]:
    """The names of a message, each once."""
    names: dict[str, Name] = {}
    for words, tokens, start in words_in(message):
        opening = _OPENING.search(message[max(0, start - 8) : start]) is not None
        name = Name(
            words,
            tokens,
            max(map(_rarity, tokens[:1] if words.isascii() else tokens)),
            bool(_IDENTIFIER.search(words)),
            start,
            is_opening=opening,
        )
        names.setdefault(words.lower(), name)
    return tuple(names.values())


def words_in(message: str) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """Words of a message that may be names, each with its search tokens and its place."""
    if len(message) > _LONGEST:
        message = f"{message[: _LONGEST // 2]}\n{message[-_LONGEST // 2 :]}"
    for found in _NAME.finditer(message):
        tokens = tuple(dict.fromkeys(search_tokens(found[0])))
        if tokens and not _ADDRESS.search(found[0]):
            yield found[0], tokens, found.start()


def _holds(held: frozenset[str], name: Name) -> bool:
    """An identifier is held as a whole, a Japanese word when all its pairs of characters are."""
    if name.words.isascii():
        return name.tokens[0] in held
    return all(token in held for token in name.tokens)


def _stands_for(held: frozenset[str], name: Name, retrieval: Retrieval) -> bool:
    """The hits hold the name as the other language has it."""
    return any(held & retrieval.counterparts.get(token, frozenset()) for token in name.tokens)


def _is_known(name: Name, index: Index) -> bool:
    if name.words.isascii():
        return index.lexical.knows(name.tokens[0])
    return all(map(index.lexical.knows, name.tokens))


def _is_somewhere(name: Name, index: Index) -> bool:
    """Known as it stands, or by all its parts: `sagemaker-inference-toolkit` is no stranger.

    That the sources say nothing about a name is a claim, which has to be true.
    """
    parts = name.tokens[1:]
    return _is_known(name, index) or (bool(parts) and all(map(index.lexical.knows, parts)))


def _tokens(hits: Iterable[Hit], index: Index) -> frozenset[str]:
    return frozenset[str]().union(*(index.lexical.tokens(hit.group) for hit in hits))


def _statements(hits: Iterable[Hit]) -> list[frozenset[str]]:
    """The tokens of each statement, passage, table or block of code, with those of its heading."""
    return [
        frozenset(search_tokens(f"{chunk.heading[-1] if chunk.heading else ''} {chunk.text}"))
        for hit in hits
        for chunk in hit.chunks
        if chunk.kind != "question"
    ]


def _rarity(token: str) -> float:
    """How seldom people in this field use a word: ln((1 + messages) / (1 + messages with it))."""
    words = _words()
    return math.log((1 + words["messages"]) / (1 + words["with"].get(token, 0)))


def _rarest() -> float:
    return math.log(1 + float(_words()["messages"]))


@cache
def _words() -> dict[str, Any]:
    return _read("coverage_words.json")


@cache
def _weights() -> dict[str, float]:
    return _read("coverage_weights.json")


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return loaded
