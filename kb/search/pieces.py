"""Pieces: a text as the tokens of the bundled model, each with the place it comes from.

Takes a text, gives ids and spans: the likeliest cut into unigram pieces (Kudo, 2018,
arxiv.org/abs/1804.10959; the Viterbi search of SentencePiece). Knows nothing about what runs on
them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.search.e5 import E5File
from kb.text.normal import nfkc

Span = tuple[int, int]
_CLUSTER = re.compile(r"[\s\S][\u0300-\u036f\u3099\u309a\uff9e\uff9f\ufe00-\ufe0f]*")
"""A character with the marks that NFKC may join with it: ｶﾞ, e + U+0301."""
_BLANK = "\u2581"
"""Stands for a blank in pieces, and before the first word."""
_UNKNOWN = 10.0
"""How much less likely than the rarest piece a character is that no piece holds (SentencePiece)."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as the model takes it, without the tokens that begin and end it."""

    ids: tuple[int, ...]
    spans: tuple[Span, ...]
    """`text[start:end]` of each token; empty for a blank that stands nowhere in the text."""


class Pieces:
    """The tokenizer of the bundled model."""

    def __init__(self, file: E5File) -> None:
        pieces = file.pieces
        self._pieces = {text: (number, score) for number, (text, score) in enumerate(pieces)}
        self._longest = max(map(len, self._pieces))
        self._unknown = file.unknown
        self._least = min(score for _, score in pieces) - _UNKNOWN
        self._characters = file.characters

    def tokens(self, text: str) -> Tokens:
        """All tokens of a text, in order."""
        letters, places = self._normal(text)
        ids, spans = [], []
        for word in _words(letters):
            for start, end, number in self._cut(letters[word[0] : word[1]]):
                ids.append(number)
                own = [place for place in places[word[0] + start : word[0] + end] if place]
                spans.append((own[0][0], own[-1][1]) if own else (0, 0))
        return Tokens(tuple(ids), tuple(spans))

    def _normal(self, text: str) -> tuple[str, list[Span | None]]:
        """NFKC, mapped, blanks marked; the span behind each character."""
        letters: list[str] = [_BLANK]
        places: list[Span | None] = [None]
        for cluster in _CLUSTER.finditer(text):
            for letter in nfkc(cluster[0]).translate(self._characters):
                blank = letter == " "
                if blank and letters[-1] == _BLANK and len(letters) > 1:
                    continue
                letters.append(_BLANK if blank else letter)
                places.append(None if blank else cluster.span())
        return "".join(letters), places

    def _cut(self, word: str) -> list[tuple[int, int, int]]:
        """The likeliest pieces of a word: start, end, id."""
        size = len(word)
        best = [0.0] + [-1e9] * size
        back: list[tuple[int, int]] = [(0, 0)] * (size + 1)
        known = self._pieces
        for start in range(size):
            base = best[start]
            single = False
            for end in range(start + 1, min(size, start + self._longest) + 1):
                if found := known.get(word[start:end]):
                    single = single or end == start + 1
                    if base + found[1] > best[end]:
                        best[end], back[end] = base + found[1], (start, found[0])
            if not single and base + self._least > best[start + 1]:
                best[start + 1], back[start + 1] = base + self._least, (start, self._unknown)
        pieces: list[tuple[int, int, int]] = []
        end = size
        while end:
            start, number = back[end]
            if pieces and number == self._unknown == pieces[-1][2]:
                pieces[-1] = (start, pieces[-1][1], number)  # as the original fuses them
            else:
                pieces.append((start, end, number))
            end = start
        return pieces[::-1]


def _words(letters: str) -> list[Span]:
    """Runs that begin with a blank; no piece goes over the start of the next."""
    starts = [at for at, letter in enumerate(letters) if letter == _BLANK]
    return list(zip(starts, [*starts[1:], len(letters)], strict=True))
