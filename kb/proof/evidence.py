"""Evidence: what speaks for and against a sentence being supported by its quotes, as numbers.

Takes a sentence and quotes without mark-up, gives named features for the fitted judge. Each is
about words, their places and how the statement is meant; none is about a single case. Knows
nothing about weights or thresholds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rapidfuzz import fuzz

from kb.proof.align import Alignment, Features, align, letters
from kb.proof.claims import holds, missing_names, missing_quantities, reassigned
from kb.proof.links import links
from kb.proof.meant import clause_polarity, meant
from kb.proof.places import order, places
from kb.proof.polarity import misplaced, opposed
from kb.proof.quoted import quoted
from kb.proof.roles import roles
from kb.proof.wording import wording
from kb.proof.words import rarity, read_signs, read_words
from kb.text.language import language
from kb.text.markup import plain
from kb.text.normal import normalize

_END = "。．.!?！？ "
_LOOSE = 0.7
"""Likeness of letters that two sentences on one matter have anyway."""
_ACRONYM = re.compile(r"[A-Z]{2,5}s?")


def evidence(sentence: str, quotes: Sequence[str], context: str, question: str) -> Features:
    """The features of one sentence, in Markdown like `quotes`, which are not empty."""
    marked, around = sentence, "\n".join(quotes)
    sentence, proof = plain(sentence), "\n".join(map(quoted, quotes))
    crossed = language(sentence) != language(proof)
    aligned = align(read_words(sentence), read_words(proof), directed=not crossed)
    known = f"{context} {question}"
    covered = _coverage(aligned, known, crossed=crossed)
    force = meant(aligned, read_signs(sentence), read_signs(proof), crossed=crossed)
    copied = covered["copied"] or max(0.0, 1 - 2 * covered.get("lost sharex", 1.0))
    return {
        "crossed": float(crossed),
        **covered,
        **force,
        **{
            f"{name} copied": copied * (force.get(name, 0.0) + force.get(f"{name}x", 0.0))
            for name in ("not added", "not dropped", "doubt lost", "stronger")
        },
        **clause_polarity(sentence, proof, crossed=crossed),
        **_exact(marked, around, known),
        **roles(sentence, proof, aligned),
        **places(aligned),
        **links(aligned, frozenset(word.text for word in read_words(known))),
        **order(aligned, crossed=crossed),
        "opposed": float(opposed(sentence, proof)),
        "opposed copy": float(opposed(sentence, proof, copied=True)),
        **_verbatim(sentence, proof),
        **wording(sentence, proof, known, crossed=crossed),
    }


def _verbatim(sentence: str, proof: str) -> Features:
    """How far the sentence stands in the quotes letter by letter, and whether it is a part."""
    claim, stands = normalize(sentence).strip(_END), normalize(proof)
    alike = fuzz.partial_ratio(claim, stands) / 100
    return {
        "verbatim": max(0.0, (alike - _LOOSE) / (1 - _LOOSE)),
        "part of a quote": float(claim in stands),
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
    own_letters = {letters(word.text) for word in read_words(around) if word.kind == "name"}
    absent = [
        name for name in missing_names(sentence, around) if letters(name.lower()) not in own_letters
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
    stands = normalize(around)
    return [
        found[0]
        for found in _LATIN.finditer(text)
        if (japanese or (found[0][0].isupper() and re.search(r"[\w,] $", text[: found.start()])))
        and found[0].lower().rstrip("s") not in stands
        and found[0].lower() not in _COMMON
        and not holds(found[0], stands)
    ]
