"""`python -m kb source`: a document exactly as stored.

Takes its name, prints its text. Knows nothing about answers.
"""

from __future__ import annotations

import argparse
from typing import TextIO

from kb.settings import Settings
from kb.wiring import open_store


def run(options: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    document = open_store(settings).current().document(options.document)
    out.write(document.text)
    return 0
