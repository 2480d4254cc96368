"""`python -m kb feedback` and `forget`: what is stored of answers and votes, out or away.

Takes a format or a person, prints rows or how many went. Knows nothing about the index.
"""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import TextIO

from kb.errors import KbError
from kb.gaps.export import write_csv, write_jsonl, write_usage
from kb.settings import Settings
from kb.wiring import open_feedback

_WRITERS = {"csv": write_csv, "jsonl": write_jsonl, "usage": write_usage}


def run(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    with closing(open_feedback(settings)) as store:
        _WRITERS[options.format](store.entries(), out)
    return 0


def run_forget(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    with closing(open_feedback(settings)) as store:
        gone = store.forget(options.person)
    if not gone:
        raise KbError(f"Nothing is stored of “{options.person}”; `kb feedback` lists the ids.")
    print(f"Deleted: {gone} rows of {options.person}.", file=out)
    return 0
