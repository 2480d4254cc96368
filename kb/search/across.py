"""Across: words of a question as a text in the other language has them.

Takes the words that an index knows and the names that its documents give in both languages, gives
for words of a question the search tokens of their counterparts: a katakana word and the Latin one
that sounds like it (kb.text.sounds), and what a page sets side by side (“tsubaki（椿）”, the first
cells of a row in a glossary). Knows nothing about ranking.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kb.text.markup import plain
from kb.text.normal import normalize
from kb.text.sounds import likeness, sound
from kb.text.tokens import search_tokens

FILE = "across.json"
_KATAKANA = re.compile(r"[ァ-ヺー]{2,}")
_LATIN = re.compile(r"[a-z]{3,}")
_CJK = r"\u3005-\u30ff\u3400-\u9fff"
_BESIDE = re.compile(
    rf"([{_CJK}]{{1,12}}|[A-Za-z][A-Za-z0-9 _-]{{1,30}}) ?[（(]([^（）()|]{{1,40}})[）)]"
)
_WHOLE = re.compile(rf"[{_CJK}]{{1,12}}|[A-Za-z][A-Za-z0-9 _-]{{1,30}}")
_MARGIN = 10.0
"""By so much a counterpart may sound less like a word than the best one."""

Pair = tuple[str, str]


class Across:
    """Counterparts of words in one index version."""

    def __init__(self, sounds: Mapping[str, Sequence[str]], pairs: Iterable[Pair]) -> None:
        """`sounds`: the index's words by their consonants; see `sounds_of`."""
        self._sounds = sounds
        self._pairs: dict[str, set[str]] = defaultdict(set)
        for one, other in pairs:
            self._pairs[normalize(one)].add(other)
            self._pairs[normalize(other)].add(one)

    @classmethod
    def load(cls, folder: Path) -> Across:
        kept = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return cls(kept["sounds"], ((one, other) for one, other in kept["pairs"]))

    def counterparts(self, text: str) -> dict[str, frozenset[str]]:
        """By search token of `text` the tokens of its counterparts."""
        folded = normalize(text)
        found: dict[str, set[str]] = defaultdict(set)
        for word in self.names_in(text):
            for token in search_tokens(word):
                found[token].update(t for o in self._pairs[word] for t in search_tokens(o))
        stems = (token for word in _LATIN.findall(folded) for token in search_tokens(word))
        for word in {*_KATAKANA.findall(folded), *stems}:
            near = self._sounding(word)
            tokens = (word,) if word.isascii() else search_tokens(word)
            for token in tokens if near else ():
                found[token] |= near
        return {token: frozenset(near) for token, near in found.items()}

    def names_in(self, text: str) -> list[str]:
        """The names set side by side somewhere that `text` holds, folded."""
        folded = normalize(text)
        return [
            word
            for word in self._pairs
            if word in folded
            and (not word.isascii() or re.search(rf"\b{re.escape(word)}\b", folded))
        ]

    def _sounding(self, word: str) -> set[str]:
        """Words in the other script that sound like `word`, or like its two halves."""
        near = self._near(word)
        if near or word.isascii():
            return near
        for cut in range(2, len(word) - 1):
            first, second = self._near(word[:cut]), self._near(word[cut:])
            if first and second:
                return first | second
        return set()

    def _near(self, word: str) -> set[str]:
        bones, _ = sound(word)
        others = (o for o in self._sounds.get(bones, ()) if o.isascii() != word.isascii())
        alike = {other: likeness(word, other) for other in others}
        best = max(alike.values(), default=0.0)
        return {other for other, value in alike.items() if value and value >= best - _MARGIN}


def sounds_of(words: Iterable[str]) -> dict[str, list[str]]:
    """Katakana and Latin words by their consonants."""
    found: dict[str, list[str]] = defaultdict(list)
    for word in sorted(words):
        if _KATAKANA.fullmatch(word) or _LATIN.fullmatch(word):
            bones, _ = sound(word)
            if bones:
                found[bones].append(word)
    return dict(found)


def pairs_in(text: str) -> Iterator[Pair]:
    """Names that a text sets side by side in Japanese and in Latin letters."""
    for found in _BESIDE.finditer(text):
        yield from _pairs_of(found[1], found[2])
    for line in text.split("\n"):
        cells = [plain(cell).strip() for cell in line.strip().strip("|").split("|")]
        if line.lstrip().startswith("|") and len(cells) > 1:
            yield from _pairs_of(cells[0], cells[1])


def _pairs_of(first: str, second: str) -> Iterator[Pair]:
    for other in re.split(r"[/／、,・]", second):
        one, other = first.strip(), other.strip()
        if not _WHOLE.fullmatch(one) or not _WHOLE.fullmatch(other):
            continue
        if one.isascii() != other.isascii() and min(len(one), len(other)) > 0:
            yield one, other


def save(sounds: Mapping[str, Sequence[str]], pairs: Iterable[Pair], folder: Path) -> None:
    """The counterpart of `Across.load`."""
    content = {"pairs": sorted(set(pairs)), "sounds": sounds}
    (folder / FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
