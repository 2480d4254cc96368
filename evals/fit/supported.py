"""Supported: sentences with quotes and whether these support them, to fit and measure the check.

Takes evals/data/written/*.jsonl (written by people or language models, with what was done to them)
and the notes, gives cases; `made` ones are changed by rule (evals.fit.planted), translated by the
notes themselves or put beside other quotes. Knows nothing about features or weights.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from evals.fit.planted import planted
from evals.fit.translations import NOTES, pairs
from ingest.notes import read_note
from kb.messages import message
from kb.pattern.patterns import load_model
from kb.records import Language, Side

CASES = Path("evals/data/written")
_TRANSLATIONS = 200
_COPIES = 60
_OPENED = 200
_OPENINGS = (("Yes: ", "In short, ", "Note that "), ("はい、", "つまり、", "なお、"))
_CONDITION = re.compile(r"\b(?:if|when|unless|with|without|both|either|for)\b", re.IGNORECASE)
LANGUAGES: tuple[Language, ...] = ("ja", "en")
SIDES: tuple[Side, ...] = ("training", "inference")


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence with quotes."""

    statement: str
    sentence: str
    quotes: tuple[str, ...]
    supported: bool
    kind: str
    weight: float = 1.0
    question: str = ""


def read_cases(file: Path) -> list[Case]:
    """Cases of a file: `sentence`, `quotes`, `supported`; perhaps `kind` and `question`."""
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return [
        Case(
            r.get("statement", ""),
            r["sentence"],
            tuple(r["quotes"]),
            r["supported"],
            r.get("kind", ""),
            question=r.get("question", ""),
        )
        for r in rows
    ]


def tuning() -> list[Case]:
    """All cases that people wrote and that may be fitted on."""
    return [case for file in sorted(CASES.glob("*-tuning.jsonl")) for case in read_cases(file)]


def _verdicts() -> Iterator[Case]:
    """The verdicts of the decision model with the statements that they stand on."""
    model = load_model()
    for language in LANGUAGES:
        statements = {
            (section.id, place): statement.span.text
            for file in (NOTES / language).glob("*.md")
            for section in read_note(file.read_text(encoding="utf-8")).sections
            for place, statement in enumerate(section.statements, 1)
        }
        for rule in model.rules:
            for side in SIDES:
                pattern = rule.gives(side)
                if rule.ask is not None or not pattern:
                    continue
                outcome = model.outcome[pattern]
                title = outcome.title.of(language)
                text = (
                    rule.says.of(language)
                    if rule.says
                    else message("decide_fits", language, title=title)
                )
                references = (rule.reason_on(side), *outcome.named)
                quotes = tuple(statements[r.section, r.place] for r in references)
                yield Case(rule.id, text, quotes, True, "verdict", 1.5)


def _unrelated(cases: Sequence[Case], random: Random) -> Iterator[Case]:
    """What people wrote, beside quotes of another statement."""
    for case in cases:
        if case.supported:
            other = random.choice([c for c in cases if c.statement != case.statement])
            yield Case(case.statement, case.sentence, other.quotes, False, "unrelated", 0.3)


def made(cases: Sequence[Case], random: Random) -> Iterator[Case]:
    """Cases made by rule: planted changes, translations, quotes beside the point."""
    aside = {
        quote
        for file in CASES.glob("*-set-aside.jsonl")
        for case in read_cases(file)
        for quote in case.quotes
    }
    yield from _verdicts()
    yield from _unrelated(cases, random)
    texts = [pair for pair in pairs() if not aside & set(pair) and len(pair[0]) > 40]
    texts = [pair for pair in texts if not pair[0].startswith(("|", "`" * 3))]
    random.shuffle(texts)
    for english, japanese in texts[:_TRANSLATIONS]:
        one, other = (english, japanese) if random.random() < 0.5 else (japanese, english)
        yield Case(english, one, (other,), True, "translation", 0.35)
        for changed, kind in planted(one, other, random, most=1):
            yield Case(english, changed, (other,), False, f"translation, {kind}", 0.35)
    for pair in texts[_TRANSLATIONS : _TRANSLATIONS + _COPIES]:
        copied = random.choice(pair)
        for changed, kind in planted(copied, copied, random, most=2):
            yield Case(pair[0], changed, (copied,), False, f"copy, {kind}", 0.25)
    for number, case in enumerate(cases):
        if case.supported:
            for changed, kind in planted(case.sentence, case.quotes[0], random, most=1):
                yield Case(case.statement, changed, case.quotes, False, f"planted {kind}", 0.4)
        if number % 2:
            english, japanese = random.choice(texts)
            more = english if case.quotes[0].isascii() else japanese
            yield Case(
                case.statement, case.sentence, (*case.quotes, more), case.supported, case.kind, 0.4
            )
    yield from _opened(texts[-_OPENED:])


def _opened(texts: Sequence[tuple[str, str]]) -> Iterator[Case]:
    """Quotes with an opening, and their first parts: what is close to one need not be changed."""
    for number, pair in enumerate(texts):
        quote = pair[number % 2]
        opening = _OPENINGS[number % 2][number % 3]
        yield Case(pair[0], opening + quote, (quote,), True, "opened", 0.2)
        first, *rest = pair[0].split(", and ")
        if rest and not _CONDITION.search(first):
            yield Case(pair[0], first + ".", (pair[0],), True, "part", 0.5)
