"""Evidence: what speaks for and against a sentence being supported by its quotes, as numbers.

Takes a sentence and quotes without mark-up, gives named features for the fitted judge. Each is
about words, their places and how the statement is meant; none is about a single case. Knows
nothing about weights or thresholds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kb.proof.claims import clauses, missing_names, missing_quantities, reassigned
from kb.proof.polarity import denies, hints, misplaced, opposed
from kb.proof.words import Sign, Word, alike, excludes, rarity, read_signs, read_words
from kb.text.language import language
from kb.text.markup import plain

MATCHES = 0.3
"""Likeness from which a word is taken to stand for another."""
SURE = 0.6
_REACH = 3.0
"""Words after which what stands around a word counts a third (1/e)."""
_SIGN_REACH = 1.8
_FAR = 12.0
_TURNED = 0.4
"""What a neighbour on the other side counts, within one language."""
_NEAR_SIGN = {False: 3.5, True: 7.0}
"""Words within which a sign is looked for, within one language and across languages."""
_ACRONYM = re.compile(r"[A-Z]{2,5}s?")
Features = dict[str, float]


@dataclass(frozen=True, slots=True)
class Alignment:
    """The words of one text beside those of another."""

    own: tuple[Word, ...]
    given: tuple[Word, ...]
    likeness: tuple[tuple[float, ...], ...]
    """A row a word of `own`."""
    best: tuple[int | None, ...]
    """Of each word of `own`, the place of its counterpart among `given`."""
    directed: bool
    """Whether both are in one language, so that left and right count."""
    free: frozenset[int] = frozenset()
    """Words of `given` that stand for no word of `own` of their own."""

    def matched(self, number: int) -> float:
        at = self.best[number]
        return 0.0 if at is None else self.likeness[number][at]


def align(own: tuple[Word, ...], given: tuple[Word, ...], *, directed: bool) -> Alignment:
    """Each word to the likest one; of equals to the one with the likest surroundings."""
    likeness = tuple(tuple(_likeness(one, other) for other in given) for one in own)
    rough = Alignment(own, given, likeness, tuple(map(_argmax, likeness)), directed)
    scores = [
        (row[at] + 0.5 * surroundings(rough, number, at), number, at)
        for number, row in enumerate(likeness)
        for at in range(len(given))
        if row[at] >= MATCHES
    ]
    best: dict[int, int] = {}
    for _, number, at in sorted(scores, key=lambda score: -score[0]):
        best.setdefault(number, at)
    taken: dict[int, int] = {}
    for _, number, at in sorted(scores, key=lambda score: -score[0]):
        if at not in taken and number not in taken.values():
            taken[at] = number
    free = frozenset(range(len(given))) - taken.keys()
    return Alignment(
        own, given, likeness, tuple(best.get(n) for n in range(len(own))), directed, free
    )


def turned(aligned: Alignment) -> Alignment:
    """The same the other way round."""
    rows = tuple(zip(*aligned.likeness, strict=True)) if aligned.own else ()
    rows = rows or tuple(() for _ in aligned.given)
    return Alignment(aligned.given, aligned.own, rows, tuple(map(_argmax, rows)), aligned.directed)


def _likeness(one: Word, other: Word) -> float:
    if "name" in (one.kind, other.kind) and one.kind != other.kind:
        return 0.6 if one.text.replace("_", "") == other.text else 0.0
    if one.kind == "name" and one.text != other.text:
        return 0.9 if _letters(one.text) == _letters(other.text) else 0.0
    if (one.kind == "number") != (other.kind == "number"):
        return 0.0
    return alike(one.text, other.text)


def _letters(name: str) -> str:
    return re.sub(r"[_-]|s$", "", name)


def _argmax(row: Sequence[float]) -> int | None:
    best = max(range(len(row)), key=row.__getitem__, default=None)
    return best if best is not None and row[best] >= MATCHES else None


def surroundings(aligned: Alignment, number: int, at: int, without: int = -1) -> float:
    """How far the words around `own[number]` stand around `given[at]`, 0 to 1."""
    here, there = aligned.own[number].at, aligned.given[at].at
    total = found = 0.0
    for other, word in enumerate(aligned.own):
        apart = word.at - here
        if other in (number, without) or abs(apart) > _FAR:
            continue
        weight = rarity(word) * math.exp(-abs(apart) / _REACH)
        total += weight
        best = 0.0
        row = aligned.likeness[other]
        for place, given in enumerate(aligned.given):
            if row[place] < MATCHES or place == at:
                continue
            away = given.at - there
            worth = row[place] * math.exp(-max(0.0, abs(away) - abs(apart)) / _REACH)
            if aligned.directed and away * apart < 0:
                worth *= _TURNED
            best = max(best, worth)
        found += weight * best
    return found / total if total else 1.0


def evidence(sentence: str, quotes: Sequence[str], context: str, question: str) -> Features:
    """The features of one sentence, in Markdown like `quotes`, which are not empty."""
    marked, around = sentence, "\n".join(quotes)
    sentence, proof = plain(sentence), "\n".join(map(plain, quotes))
    crossed = language(sentence) != language(proof)
    aligned = align(read_words(sentence), read_words(proof), directed=not crossed)
    known = f"{context} {question}"
    covered = _coverage(aligned, known, crossed=crossed)
    meant = _meant(aligned, read_signs(sentence), read_signs(proof), crossed=crossed)
    copied = covered["copied"] or max(0.0, 1 - 2 * covered.get("lost sharex", 1.0))
    return {
        "crossed": float(crossed),
        **covered,
        **meant,
        **{
            f"{name} copied": copied * (meant.get(name, 0.0) + meant.get(f"{name}x", 0.0))
            for name in ("not added", "not dropped", "doubt lost", "stronger")
        },
        "clause denied": float(not crossed and _clause_denied(sentence, proof)),
        **_exact(marked, around, known),
        **_roles(sentence, proof, aligned),
        **_places(aligned),
        **_order(aligned, crossed=crossed),
        "opposed": float(opposed(sentence, proof)),
        "opposed copy": float(opposed(sentence, proof, copied=True)),
    }


def _coverage(aligned: Alignment, known: str, *, crossed: bool) -> Features:
    """Words of the sentence that no word of a quote stands for, and the other way round."""
    around = {word.text for word in read_words(known)}
    weights = [rarity(word) for word in aligned.own]
    likeness = [
        1.0 if word.text in around else aligned.matched(number)
        for number, word in enumerate(aligned.own)
    ]
    lost = sorted(
        (weight * (1 - like) for weight, like in zip(weights, likeness, strict=True)), reverse=True
    )
    total = sum(weights) or 1.0
    used = {at for at in aligned.best if at is not None}
    given = sum(map(rarity, aligned.given)) or 1.0
    free = sum(rarity(word) for at, word in enumerate(aligned.given) if at not in used)
    side = "x" if crossed else ""
    return {
        f"lost share{side}": sum(lost) / total,
        f"lost half{side}": max(0.0, sum(lost) / total - 0.5),
        f"lost sum{side}": min(5.0, sum(lost)),
        f"lost most{side}": sum(lost[:2]),
        "copied": 0.0 if crossed else float(sum(lost) / total < 0.15),
        "unused share": free / given,
        "length": min(3.0, len(aligned.own) / 10),
    }


def _exact(sentence: str, proof: str, known: str) -> Features:
    """Names and quantities that stand nowhere, or belong to something else."""
    around = f"{proof} {known}"
    own_letters = {_letters(word.text) for word in read_words(around) if word.kind == "name"}
    absent = [
        name
        for name in missing_names(sentence, around)
        if _letters(name.lower()) not in own_letters
    ]
    acronyms = sum(bool(_ACRONYM.fullmatch(name)) for name in absent)
    proper = sum(name.isalpha() and not _ACRONYM.fullmatch(name) for name in absent)
    return {
        "names missing": min(2.0, len(absent) - acronyms - proper),
        "proper names missing": min(2.0, proper),
        "acronyms missing": min(2.0, acronyms),
        "quantities missing": min(2.0, len(missing_quantities(sentence, around))),
        "proper missing": min(2.0, len(_unknown_latin(sentence, around))),
        "reassigned": float(bool(reassigned(sentence, proof))),
        "misplaced": float(bool(misplaced(sentence, proof))),
    }


_LATIN = re.compile(r"(?<![\w/.-])[A-Za-z][A-Za-z]+(?![\w/-])", re.ASCII)
_COMMON = frozenset("aws amazon sagemaker api url id http https i".split())


def _unknown_latin(sentence: str, around: str) -> list[str]:
    """Latin words of a Japanese sentence, capitals within an English one, that stand nowhere."""
    text = plain(sentence)
    japanese = language(text) == "ja"
    stands = around.lower()
    return [
        found[0]
        for found in _LATIN.finditer(text)
        if (japanese or (found[0][0].isupper() and re.search(r"[\w,] $", text[: found.start()])))
        and found[0].lower().rstrip("s") not in stands
        and found[0].lower() not in _COMMON
    ]


def _places(aligned: Alignment) -> Features:
    """Whether words stand among the same others, or another one would fit better there."""
    firm = [
        number
        for number, word in enumerate(aligned.own)
        if aligned.matched(number) >= SURE and word.kind in ("name", "number")
    ]
    words = [
        number
        for number, word in enumerate(aligned.own)
        if aligned.matched(number) >= SURE
        and word.kind in ("latin", "japanese")
        and rarity(word) > 0.25
    ]
    fits = [surroundings(aligned, n, _at(aligned, n)) for n in firm]
    pairs = [
        (one, two)
        for position, one in enumerate(words)
        for two in words[position + 1 :]
        if abs(aligned.own[one].at - aligned.own[two].at) <= _FAR
    ]
    opposites = [(a, b) for a, b in pairs if excludes(aligned.own[a].text, aligned.own[b].text)]
    alike_kind = [
        (one, two)
        for position, one in enumerate(firm)
        for two in firm[position + 1 :]
        if aligned.own[one].kind == aligned.own[two].kind
    ]
    return {
        "misfit": 1 - min(fits, default=1.0),
        "misfit mean": 1 - sum(fits) / len(fits) if fits else 0.0,
        "names swapped": _most(_swap_gain(aligned, *pair) for pair in alike_kind),
        "contrasts swapped": _most(_swap_gain(aligned, *pair) for pair in opposites),
        "words swapped": _most(_swap_gain(aligned, *pair) for pair in pairs),
        **_replaced(aligned),
    }


def _most(values: Iterable[float]) -> float:
    return max(values, default=0.0)


def _at(aligned: Alignment, number: int) -> int:
    at = aligned.best[number]
    assert at is not None
    return at


def _swap_gain(aligned: Alignment, one: int, two: int) -> float:
    """How much better two words would fit if each stood where the other does."""
    first, second = _likest(aligned, one), _likest(aligned, two)
    if not first or not second or set(first) & set(second):
        return 0.0
    stays = _best_fit(aligned, one, first, two) + _best_fit(aligned, two, second, one)
    trades = _best_fit(aligned, one, second, two) + _best_fit(aligned, two, first, one)
    return max(0.0, trades - stays)


def _best_fit(aligned: Alignment, number: int, places: Sequence[int], without: int) -> float:
    return max(surroundings(aligned, number, at, without) for at in places)


def _likest(aligned: Alignment, number: int) -> list[int]:
    row = aligned.likeness[number]
    return [at for at, like in enumerate(row) if like >= max(MATCHES, max(row) - 0.05)]


def _replaced(aligned: Alignment) -> Features:
    """Words that stand where the quote has another one, which the sentence leaves out."""
    free = sorted(aligned.free)
    features = {"word replaced": 0.0, "name replaced": 0.0, "contrast": 0.0, "displaced": 0.0}
    for number, word in enumerate(aligned.own):
        strict = word.kind in ("name", "number")
        matched = aligned.matched(number)
        for at in free:
            other = aligned.given[at]
            if strict != (other.kind in ("name", "number")):
                continue
            if matched >= SURE and not (strict and word.kind == other.kind):
                continue
            if aligned.likeness[number][at] >= SURE:
                continue
            fit = surroundings(aligned, number, at)
            if matched >= SURE:
                own_fit = _best_fit(aligned, number, _likest(aligned, number), -1)
                features["displaced"] = max(features["displaced"], fit - own_fit)
                continue
            kind = "name replaced" if strict else "word replaced"
            weight = rarity(word) * rarity(other) * (1 - matched)
            features[kind] = max(features[kind], fit * weight)
            if excludes(word.text, other.text):
                features["contrast"] = max(features["contrast"], fit)
    return features


def _order(aligned: Alignment, *, crossed: bool) -> Features:
    """Words that follow one another the other way round in the quote."""
    places = [
        (number, at)
        for number, at in enumerate(aligned.best)
        if at is not None and aligned.likeness[number][at] >= SURE
    ]
    turns = [second < first for (_, first), (_, second) in zip(places, places[1:], strict=False)]
    firm = [(number, at) for number, at in places if aligned.own[number].kind in ("name", "number")]
    pairs = [
        first > second
        for position, (one, first) in enumerate(firm)
        for two, second in firm[position + 1 :]
        if aligned.own[one].kind == aligned.own[two].kind and first != second
    ]
    copied = (len(places) / max(1, len(aligned.own))) ** 3 * (not crossed)
    share = sum(turns) / max(1, len(turns))
    return {
        "turns": share * (not crossed),
        "turns copied": share * copied * (1 - share),
        "names turned": sum(pairs) / len(pairs) * (not crossed) if pairs else 0.0,
        "names turned copied": sum(pairs) / len(pairs) * copied if pairs else 0.0,
    }


ROLES = {
    "instead": ("instead", "over"),
    "order": ("before", "after"),
    "grounds": ("condition", "cause", "unless"),
}
SCOPED = {
    "denial": ("not", "without"),
    "doubt": ("may", "can", "hedge", "unconfirmed"),
    "duty": ("must", "only", "always", "never"),
}
_SIDE = 6.0
"""Words on either side of a sign that have a part in it."""
_CLOSE = 2.0


def _roles(sentence: str, proof: str, aligned: Alignment) -> Features:
    """Whether what a sign is about is what the same sign of a quote is about."""
    own, given = read_signs(sentence), read_signs(proof)
    features = {}
    for group, sided in ((ROLES, True), (SCOPED, False)):
        for name, markers in group.items():
            misfits = [
                min(
                    (_part_misfit(aligned, sign, other, sentence, proof, sided=sided), other.at)
                    for other in given
                    if other.marker == sign.marker
                )[0]
                for sign in own
                if sign.marker in markers and any(o.marker == sign.marker for o in given)
            ]
            features[f"part in {name}"] = max(misfits, default=0.0)
    return {
        **features,
        **_particles(sentence, proof),
        "verb turned": _verb_turned(aligned, sentence, proof),
    }


def _part_misfit(
    aligned: Alignment, sign: Sign, other: Sign, sentence: str, proof: str, *, sided: bool
) -> float:
    """Share of the words that have a part in `sign` which have none in `other`.

    A sign stands in front of what it is about in English, and behind it in Japanese. `sided`: a
    word on the other side has another part.
    """
    here = 1 if language(sentence) == "en" else -1
    there = 1 if language(proof) == "en" else -1
    total = kept = 0.0
    for number, word in enumerate(aligned.own):
        apart = (word.at - sign.at) * here
        if not (0 < apart <= _SIDE or (not sided and -_CLOSE <= apart <= 0)):
            continue
        weight = rarity(word) * math.exp(-abs(apart) / _CLOSE)
        total += weight
        best = 0.0
        for at, like in enumerate(aligned.likeness[number]):
            away = (aligned.given[at].at - other.at) * there
            if like >= MATCHES and abs(away) <= _SIDE + 2 and (away > 0 or not sided):
                best = max(best, like)
        kept += weight * best
    return 1 - kept / total if total else 0.0


_PARTICLE = re.compile(
    r"(?P<word>[A-Za-z0-9_./`-]+|[\u30a1-\u30fa\u30fc]+|[\u3005\u3400-\u9fff]+)[`」』）\s]*"
    r"(?P<particle>は|が|を|に(?!よ)|へ|から|より)(?![\u3041-\u309f]{0,1}れ)"
)
_CASES = {
    "は": "who",
    "が": "who",
    "を": "what",
    "に": "where",
    "へ": "where",
    "から": "from",
    "より": "than",
}


def _particles(sentence: str, proof: str) -> Features:
    """Two Japanese words that have exchanged their cases."""
    own, given = _cases(sentence), _cases(proof)
    exchanged = [
        (one, two)
        for one, first in own.items()
        for two, second in own.items()
        if one < two
        and not first & second
        and (one in given and two in given)
        and not given[one] & first
        and not given[two] & second
        and given[one] & second
        and given[two] & first
    ]
    moved = [
        word
        for word, cases in own.items()
        if word in given and not cases & given[word] and {"who", "what"} == cases | given[word]
    ]
    return {"cases exchanged": float(bool(exchanged)), "case moved": float(bool(moved))}


def _cases(text: str) -> dict[str, set[str]]:
    cases: dict[str, set[str]] = {}
    for found in _PARTICLE.finditer(text):
        word = found["word"].strip("`").lower()
        cases.setdefault(word, set()).add(_CASES[found["particle"]])
    return cases


_PASSIVE = re.compile(r"\b(?:by|than|from|of)\b")


def _verb_turned(aligned: Alignment, sentence: str, proof: str) -> float:
    """Two words that have changed places around a word that stands between them in both."""
    if not aligned.directed or bool(_PASSIVE.search(sentence)) != bool(_PASSIVE.search(proof)):
        return 0.0
    sure = [
        (number, at)
        for number, at in enumerate(aligned.best)
        if at is not None and aligned.likeness[number][at] >= SURE
    ]
    worst = 0.0
    for left, (one, first) in enumerate(sure):
        for right in range(left + 2, len(sure)):
            two, second = sure[right]
            if not second < first or aligned.given[first].at - aligned.given[second].at > _FAR:
                continue
            if any(second < middle < first for _, middle in sure[left + 1 : right]):
                near = math.exp(-(aligned.own[two].at - aligned.own[one].at) / (2 * _REACH))
                weight = rarity(aligned.own[one]) * rarity(aligned.own[two])
                worst = max(worst, near * weight)
    return worst


STRONGER = ("must", "always", "never", "confirmed")
WEAKER = ("may", "can", "hedge", "unconfirmed")
SCOPES = ("only", "unless", "even", "without", "condition", "instead", "over", "both")
PAIRS = (
    ("before", "after"),
    ("first", "last"),
    ("most", "least"),
    ("inside", "outside"),
    ("condition", "unless"),
    ("condition", "even"),
    ("condition", "without"),
    ("without", "only"),
    ("both", "only"),
)


def _meant(
    aligned: Alignment, own: Sequence[Sign], given: Sequence[Sign], *, crossed: bool
) -> Features:
    """Signs that one text has where the other, saying the same there, has none."""
    added = dict(_lonely(aligned, own, given, crossed=crossed))
    dropped = dict(_lonely(turned(aligned), given, own, crossed=crossed))
    side = "x" if crossed else ""
    features = {
        f"not added{side}": added.get("not", 0.0),
        f"not added, hinted{side}": added.get("not hinted", 0.0),
        "not moved": min(added.get("not elsewhere", 0.0), dropped.get("not elsewhere", 0.0)),
        f"not dropped{side}": dropped.get("not", 0.0),
        f"not dropped, hinted{side}": dropped.get("not hinted", 0.0),
        f"hint added{side}": added.get("hint", 0.0),
        f"hint dropped{side}": dropped.get("hint", 0.0),
    }
    stronger = max(added.get(name, 0.0) for name in STRONGER)
    weaker = max(added.get(name, 0.0) for name in WEAKER)
    certain_lost = max(dropped.get(name, 0.0) for name in STRONGER)
    doubt_lost = max(dropped.get(name, 0.0) for name in WEAKER)
    features |= {
        "stronger": stronger,
        "weaker": weaker,
        "certainty lost": certain_lost,
        "doubt lost": doubt_lost,
        "doubt to certainty": min(stronger, doubt_lost),
        "certainty to doubt": min(weaker, certain_lost),
        "hedge lost": max(dropped.get("hedge", 0.0), dropped.get("unconfirmed", 0.0)),
    }
    for name in SCOPES:
        features[f"+{name}"] = added.get(name, 0.0)
        features[f"-{name}"] = dropped.get(name, 0.0)
    for one, two in PAIRS:
        features[f"{one} for {two}"] = max(
            min(added.get(one, 0.0), dropped.get(two, 0.0)),
            min(added.get(two, 0.0), dropped.get(one, 0.0)),
        )
    return features


_SAME_CLAUSE = 0.7
"""Share of a clause's words from which another polarity is taken for a denial dropped or added."""


def _clause_denied(sentence: str, proof: str) -> bool:
    """A clause denies what the clause of a quote with the same words affirms, or the reverse."""
    parts = [(part, read_words(part)) for part in clauses(proof)]
    for clause in clauses(sentence):
        own = read_words(clause)
        if len(own) < 2 or not parts:
            continue
        shares = [(_shared(own, given), -len(given), part) for part, given in parts]
        share, _, part = max(shares)
        less, more = sorted((clause, part), key=denies)
        differs = denies(less) % 2 != denies(more) % 2
        if share >= _SAME_CLAUSE and differs and set(hints(less)) <= set(hints(more)):
            return True
    return False


def _shared(own: Sequence[Word], given: Sequence[Word]) -> float:
    total = sum(map(rarity, own)) or 1.0
    likest = (max((_likeness(one, other) for other in given), default=0.0) for one in own)
    return sum(rarity(one) * like for one, like in zip(own, likest, strict=True)) / total


def _lonely(
    aligned: Alignment, own: Sequence[Sign], given: Sequence[Sign], *, crossed: bool
) -> Iterator[tuple[str, float]]:
    """Signs of `own` without a like one at the same place; how sure the place is, 0 to 1."""
    found: dict[str, float] = {}
    near = _NEAR_SIGN[crossed]
    places = {sign: _counterpart(aligned, sign.at) for sign in own}
    taken: set[Sign] = set()
    beside = sorted(
        (abs(o.at - places[sign][0]), number, other, sign, o)
        for number, sign in enumerate(own)
        for other, o in enumerate(given)
        if o.marker == sign.marker and abs(o.at - places[sign][0]) <= near
    )
    paired: set[Sign] = set()
    for _, _, _, sign, other in beside:
        if sign not in paired and other not in taken:
            paired.add(sign)
            taken.add(other)
    for sign in own:
        place, sure = places[sign]
        if sign in paired:
            continue
        name = sign.marker
        if name == "not" and any(o.marker == "hint" and abs(o.at - place) <= near for o in given):
            name = "not hinted"
        elif name == "not" and any(o.marker == name and o not in taken for o in given):
            name = "not elsewhere"
        elif name == "hint" and any(
            o.marker in ("not", "hint") and abs(o.at - place) <= near for o in given
        ):
            continue
        found[name] = max(found.get(name, 0.0), sure)
    yield from found.items()


def _counterpart(aligned: Alignment, at: float) -> tuple[float, float]:
    """Where in `given` the place `at` of `own` lies by the words around it, and how surely."""
    total = likely = weighted = 0.0
    for number, word in enumerate(aligned.own):
        weight = rarity(word) * math.exp(-abs(word.at - at) / _SIGN_REACH)
        total += weight
        place = aligned.best[number]
        if place is not None:
            share = weight * aligned.likeness[number][place]
            likely += share
            weighted += share * aligned.given[place].at
    return (weighted / likely, likely / total) if likely else (0.0, 0.0)
