"""Drafts: a gap to the beginning of a note and of a golden question, for a person to finish.

Takes a `Gap`, gives texts in the forms that `ingest` and `kb eval` read. What a person must still
write is marked TODO, and the tests of the notes do not pass before it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from kb.gaps.gaps import Gap
from kb.messages import message
from kb.records import LANGUAGES, Language

_MOST = 10
"""Ways to ask that a section holds."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be finished and committed together."""

    notes: Mapping[Language, str]
    """A section for notes/LANGUAGE/*.md."""
    evidence: str
    """An entry for notes/evidence.yaml, which the sections cite."""
    golden: str
    """Items for evals/data/golden.yaml."""


def draft(gap: Gap) -> Draft:
    """The beginning of a note that closes `gap`."""
    proof = gap.id.replace("gap-", "G")
    return Draft(
        notes={language: _section(gap, language, proof) for language in LANGUAGES},
        evidence=_yaml(
            {
                "id": proof,
                "claim": "TODO",
                "status": "unverified",
                "source": "TODO",
                "urls": [],
                "identifiers": [],
            }
        ),
        golden="".join(_item(gap, language, proof) for language in LANGUAGES),
    )


def _questions(gap: Gap, language: Language) -> list[str]:
    """The ways it was asked in a language, those asked most often first."""
    said = (
        " ".join(asked.text.split()).replace("-->", "→")  # would end the comment
        for asked in gap.questions
        if asked.language == language
    )
    return list(dict.fromkeys(said))[:_MOST]


def _section(gap: Gap, language: Language, proof: str) -> str:
    questions = _questions(gap, language)
    title = questions[0].lstrip("# ") if questions else f"TODO: {' '.join(gap.title.split())}"
    return (
        f"## {title}\n\n<!--\nid: {gap.id}\nquestions:\n"
        + "".join(f"  {_yaml(question)}" for question in questions)
        + f"  # {message('draft_questions', language)}\n-->\n\n"
        + f"TODO: {message('draft_statement', language)}[^{proof}]\n\n"
        + f"- TODO: {message('draft_more', language)}[^{proof}]\n"
    )


def _item(gap: Gap, language: Language, proof: str) -> str:
    questions = _questions(gap, language)
    if not questions:
        return ""
    return _yaml(
        {
            "id": f"{gap.id}-{language}",
            "kind": "fact",
            "language": language,
            "split": "tune",
            "question": questions[0],
            "evidence": [proof],
            "facts": [["TODO"]],
        }
    )


def _yaml(entry: object) -> str:
    """One entry of a YAML list."""
    return yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, width=10_000)
