"""Fit translations: which words stand for which, from the notes' statements in both languages.

    python -m evals.fit.translations

Takes the notes, writes kb/proof/translations.json: for each word its likeliest counterparts (IBM
model 1 in both directions: Brown et al., 1993), the words of one language that share counterparts,
and how rare a word is.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from pathlib import Path

from ingest.notes import read_note
from kb.proof.words import TRANSLATIONS, read_words
from kb.text.markup import plain

NOTES = Path("notes")
_ROUNDS = 8
_LEAST = 0.08
"""Likelihood from which a counterpart is kept."""

_FAINT = 0.05
"""Likelihood below which a counterpart is passed over."""
Table = dict[str, dict[str, float]]


def pairs() -> list[tuple[str, str]]:
    """Statements that say the same in English and in Japanese."""
    found = []
    for file in sorted((NOTES / "en").glob("*.md")):
        english = read_note(file.read_text(encoding="utf-8"))
        japanese = read_note((NOTES / "ja" / file.name).read_text(encoding="utf-8"))
        other = {section.id: section for section in japanese.sections}
        for section in english.sections:
            twin = other.get(section.id)
            if twin is None or len(twin.statements) != len(section.statements):
                continue
            found += [
                (one.span.text, two.span.text)
                for one, two in zip(section.statements, twin.statements, strict=True)
                if sorted(one.evidence) == sorted(two.evidence)
            ]
    return found


def _content(text: str) -> list[str]:
    return [word.text for word in read_words(plain(text)) if word.kind in ("latin", "japanese")]


def align(sides: list[tuple[list[str], list[str]]]) -> Table:
    """Likelihood of each second word, given a first one."""
    table: Table = defaultdict(lambda: defaultdict(lambda: 1.0))
    for _ in range(_ROUNDS):
        counts: Table = defaultdict(lambda: defaultdict(float))
        for first, second in sides:
            for word in second:
                total = sum(table[other][word] for other in first) + 1e-9
                for other in first:
                    counts[other][word] += table[other][word] / total
        table = defaultdict(lambda: defaultdict(float))
        for other, words in counts.items():
            # A word seen once says little of its counterpart: one count is left to chance.
            total = sum(words.values()) + 1.0
            table[other] = defaultdict(float, {w: n / total for w, n in words.items()})
    return table


def near(there: Table, back: Table) -> Table:
    """Counterparts in both languages, and words that share them."""
    found: Table = defaultdict(dict)
    for word, others in there.items():
        for other, likely in others.items():
            both = math.sqrt(likely * back.get(other, {}).get(word, 0.0))
            if both >= _LEAST:
                found[word][other] = min(0.85, 2 * both)
    for table, returning in ((there, back), (back, there)):
        for word in table:
            for again, likely in _pivoted(word, table, returning).items():
                if again != word and likely >= _LEAST:
                    found[word][again] = round(min(0.6, 2 * likely), 3)
    return found


def _pivoted(word: str, table: Table, returning: Table) -> dict[str, float]:
    """Words of the same language that share counterparts with `word`."""
    shared: dict[str, float] = defaultdict(float)
    for other, likely in table[word].items():
        for again, returned in returning.get(other, {}).items():
            if min(likely, returned) >= _FAINT:
                shared[again] += likely * returned
    return shared


def rarity(texts: list[list[str]]) -> dict[str, float]:
    """Logarithm of how seldom texts hold a word, 0 to 1."""
    counts = Counter(word for text in texts for word in set(text))
    most = math.log(len(texts))
    return {w: round(1 - math.log(n) / most, 3) for w, n in counts.items() if n > 1}


def main() -> None:
    """Write translations.json."""
    texts = pairs()
    sides = [(_content(english), _content(japanese)) for english, japanese in texts]
    there = align(sides)
    back = align([(two, one) for one, two in sides])
    table = near(there, back)
    rare = rarity([one for one, _ in sides]) | rarity([two for _, two in sides])
    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
    stored = {
        "fitted_on": f"{len(texts)} statements of notes/, sha256 {digest[:16]}",
        "near": {
            word: {o: round(n, 2) for o, n in sorted(others.items(), key=lambda x: -x[1])[:12]}
            for word, others in sorted(table.items())
            if others
        },
        "rarity": dict(sorted(rare.items())),
    }
    text = json.dumps(stored, ensure_ascii=False, separators=(",", ":"), sort_keys=False)
    TRANSLATIONS.write_text(text.replace("},", "},\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
