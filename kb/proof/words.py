"""Words: a text as the words that carry what it says, each with its place, in either language.

Takes text, gives words (names, quantities, stems, Japanese words) and how alike two of them are.
What is alike comes from terms.yaml and from translations.json, which is fitted on texts that say
the same in both languages (`python -m evals.fit.translations`). Knows nothing about quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import Stemmer

from kb.proof.claims import NAME, names, quantities
from kb.proof.polarity import denial_places, hint_places
from kb.text.normal import nfkc, normalize
from kb.yaml_file import read_yaml

Kind = Literal["name", "number", "latin", "japanese"]
TERMS = Path(__file__).with_name("terms.yaml")
TRANSLATIONS = Path(__file__).with_name("translations.json")
COMMA, STOP = 1.5, 4.0
"""What a comma and a full stop count as distance between two words, in words."""
_NUMBER = (
    r"\d+(?:,\d{3})*(?:\.\d+)*(?:\s*-?(?:ミリ秒|秒間?|分間?(?![類割散岐母子])|時間|日間?(?!本)|週間|か月|ヶ月"
    r"|年|月|[kKmMgGtT]i?[bB]\b|ギガバイト|メガバイト|バイト|文字|%|％|ms\b|secs?\b|seconds?\b|minutes?\b|mins?\b"
    r"|hours?\b|days?\b|weeks?\b|months?\b|bytes?\b|characters?\b|percent\b|個|つ|回|番|社|件))?"
)
_TOKEN = re.compile(
    rf"(?P<stop>[。．!?！？;；\n]+|\.(?=\s|$))|(?P<comma>[、，,:：()（）]+)"
    rf"|(?P<name>{NAME})|(?P<number>{_NUMBER})"
    r"|(?P<latin>[A-Za-z][A-Za-z'’-]*)"
    r"|(?P<katakana>[\u30a1-\u30fa\u30fc]{2,})|(?P<kanji>[\u3005\u3400-\u9fff]+)",
    re.ASCII,
)
_PREFIX = "再非未不無各全同別旧新約既最"
_STEMMER = Stemmer.Stemmer("english", 20_000)
_STOP = frozenset(
    "a an the is are was were be been being do does did to of in on for and or it its this that "
    "these those i we you my our your me us with as at by from can could should would will shall "
    "what which how when where why who whose if then than there here have has had having not no "
    "nor any some so but about into one ones each other both all only just also too very even "
    "may might must cannot don doesn isn aren won n't 's because since while whereas unless "
    "without before after instead rather up out off over once they them their he she his her such "
    "own yourself itself never always get gets got let lets want more most less least much many "
    "first last yes please say says said tell tells thing things way ways".split()
)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text."""

    text: str
    """In the form in which it is compared."""
    kind: Kind
    at: float
    """Its place: words before it, and what punctuation counts."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A word or ending that says how a statement is meant."""

    marker: str
    """Its entry in terms.yaml, or `not`, or `hint` for what can say the same as a denial."""
    at: float


@lru_cache(maxsize=4_000)
def read_words(text: str) -> tuple[Word, ...]:
    """The words of `text`, which has no mark-up, in order."""
    return _read(text)[0]


@lru_cache(maxsize=4_000)
def read_signs(text: str) -> tuple[Sign, ...]:
    """The signs of `text`, each between the words that it stands between."""
    _, places = _read(text)
    folded = _folded(text).lower()
    spans = [
        (name, found.start())
        for name, pattern in lexicon().markers.items()
        for found in pattern.finditer(folded)
    ]
    spans += [("not", at) for at in denial_places(folded)]
    spans += [("hint", at) for at in hint_places(folded)]
    return tuple(Sign(name, _between(places, at)) for name, at in spans)


def _between(places: Sequence[tuple[int, float]], offset: int) -> float:
    """A place in words, just behind the last word that begins before `offset`."""
    before = [place for start, place in places if start < offset]
    return before[-1] + 0.5 if before else -0.5


def _folded(text: str) -> str:
    return nfkc(text.replace("`", " "))


@lru_cache(maxsize=4_000)
def _read(text: str) -> tuple[tuple[Word, ...], tuple[tuple[int, float], ...]]:
    """Words, and where each begins in the folded text."""
    folded = _folded(text)
    words: list[Word] = []
    places: list[tuple[int, float]] = []
    place = 0.0
    for found in _TOKEN.finditer(folded):
        group = found.lastgroup
        if group == "stop":
            place += STOP
            continue
        if group == "comma":
            place += COMMA
            continue
        for form, kind in _forms(found[0], str(group)):
            words.append(Word(form, kind, place))
            places.append((found.start(), place))
            place += 1
    return tuple(words), tuple(places)


def _forms(token: str, group: str) -> list[tuple[str, Kind]]:
    if group == "name":
        known = names(token)
        if known:
            return [(known[0], "name")]
        group = "latin" if re.fullmatch(r"[A-Za-z-]+", token) else "number"
    if group == "number":
        counted = quantities(token)
        return [(_amount(q.value, q.unit, q.scale), "number") for q in counted[:1]]
    if group == "katakana":
        return [(normalize(token).rstrip("ー"), "japanese")]
    if group == "kanji":
        return [(part, "japanese") for part in _split(token)]
    return [
        (str(_STEMMER.stemWord(part)), "latin")
        for part in re.split(r"['’-]", token.lower())
        if len(part) > 1 and part not in _STOP
    ]


def _amount(value: str, unit: str, scale: float) -> str:
    return f"{float(value) * scale:g} {unit} {value}" if unit else value


def _same_amount(one: str, other: str) -> bool:
    """The same quantity; one of them may leave its unit to the words around (60 to 3600 s)."""
    if " " in one and " " in other:
        return one.split(" ")[:2] == other.split(" ")[:2]
    return one.split(" ")[-1] == other.split(" ")[-1]


def _split(run: str) -> list[str]:
    """Most words of two characters; an odd one is a prefix in front or stands behind."""
    if len(run) <= 2:
        return [run]
    if len(run) % 2 and run[0] in _PREFIX:
        return [run[0], *_split(run[1:])]
    return [run[at : at + 2] for at in range(0, len(run), 2)]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What is known of words."""

    terms: dict[str, frozenset[int]]
    """Lines of terms.yaml by word."""
    contrasts: dict[int, frozenset[int]]
    """Lines that a line excludes."""
    markers: dict[str, re.Pattern[str]]
    near: dict[str, dict[str, float]]
    """Likelihood that one word stands for another, in either language."""
    rarity: dict[str, float]
    """Logarithm of how seldom a word is, 0 to 1."""


@cache
def lexicon() -> Lexicon:
    """The data files beside this module."""
    table = read_yaml(TERMS)
    terms: dict[str, set[int]] = {}
    for line, words in enumerate(table["terms"]):
        for word in words:
            terms.setdefault(_form(str(word)), set()).add(line)
    contrasts: dict[int, set[int]] = {}
    for group in table["contrasts"]:
        lines = [terms.get(_form(str(word)), set()) for word in group]
        for own in lines:
            others = {line for other in lines if other is not own for line in other}
            for line in own:
                contrasts.setdefault(line, set()).update(others - own)
    stored = json.loads(TRANSLATIONS.read_text(encoding="utf-8")) if TRANSLATIONS.exists() else {}
    return Lexicon(
        {word: frozenset(lines) for word, lines in terms.items()},
        {line: frozenset(others) for line, others in contrasts.items()},
        {name: re.compile(pattern, re.ASCII) for name, pattern in table["markers"].items()},
        stored.get("near", {}),
        stored.get("rarity", {}),
    )


def _form(word: str) -> str:
    return str(_STEMMER.stemWord(word.lower())) if word.isascii() else normalize(word).rstrip("ー")


@lru_cache(maxsize=200_000)
def alike(one: str, other: str) -> float:
    """How far two words say the same, 0 to 1."""
    if one == other:
        return 1.0
    if one[0].isdigit() and other[0].isdigit():
        return 1.0 if _same_amount(one, other) else 0.0
    known = lexicon()
    if known.terms.get(one, frozenset()) & known.terms.get(other, frozenset()):
        return 0.9
    near = max(known.near.get(one, {}).get(other, 0.0), known.near.get(other, {}).get(one, 0.0))
    return max(min(0.85, near), _same_letters(one, other))


def _same_letters(one: str, other: str) -> float:
    """Words that begin alike (authentication, authenticate), names that hold one another."""
    short, long = sorted((one, other), key=len)
    if short.isascii() and long.isascii():
        same = 0
        while same < len(short) and short[same] == long[same]:
            same += 1
        return 0.7 if same >= 5 and same >= 0.7 * len(short) else 0.0
    if short.isascii() or long.isascii():
        return 0.0
    return 0.6 if len(short) == 1 and short in long else 0.0


def excludes(one: str, other: str) -> bool:
    """Whether the one cannot stand for the other in its place."""
    known = lexicon()
    lines = known.terms.get(one, frozenset())
    against = {other for line in lines for other in known.contrasts.get(line, frozenset())}
    theirs = known.terms.get(other, frozenset())
    return bool(against & theirs) and not lines & theirs


def rarity(word: Word) -> float:
    """What a word counts."""
    if word.kind in ("name", "number"):
        return 1.0
    return lexicon().rarity.get(word.text, 0.8)
