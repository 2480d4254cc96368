"""`python -m kb gaps`: questions without a good answer, and the beginning of a note for one.

Takes the stored answers, prints groups. Knows nothing about pages.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from contextlib import closing
from typing import TextIO

from cli.serialize import gap_to_json
from kb.errors import KbError
from kb.gaps.drafts import draft
from kb.gaps.gaps import Gap, GapFinder
from kb.settings import Settings
from kb.wiring import open_assistant, open_feedback, open_store


def run(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    store = open_store(settings)
    version = store.current().version
    with closing(open_feedback(settings)) as feedback:
        entries = feedback.troubled_entries()
    gaps = GapFinder(store, open_assistant(settings, store)).find(entries)
    if options.json:
        rows = [gap_to_json(gap) for gap in gaps]
        said = json.dumps({"index_version": version, "gaps": rows}, ensure_ascii=False)
    elif options.note:
        said = _draft(options.note, gaps)
    else:
        said = "\n\n".join(map(_gap_text, gaps)) or "No question went without a good answer."
    print(said, file=out)
    return 0


def _draft(identity: str, gaps: Sequence[Gap]) -> str:
    found = [gap for gap in gaps if gap.id == identity]
    if not found:
        raise KbError(f"There is no gap “{identity}”; `kb gaps` lists them.")
    made = draft(found[0])
    parts = {f"notes/{language}/*.md": note for language, note in made.notes.items()}
    parts |= {"notes/evidence.yaml": made.evidence, "evals/data/golden.yaml": made.golden}
    return "\n".join(f"=== {file}\n{text}" for file, text in parts.items())


def _gap_text(gap: Gap) -> str:
    why = ", ".join(f"{trouble} {times}" for trouble, times in gap.troubles.items())
    return "\n".join(
        [
            f"{gap.id}  {gap.state}  asked {gap.times} times ({why})",
            *(f"  {asked.times} × {asked.text}" for asked in gap.questions),
            *(f"      {comment}" for asked in gap.questions for comment in asked.comments),
            *(f"  near: {section.heading} ({section.document})" for section in gap.nearest),
        ]
    )
