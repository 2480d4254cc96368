"""`python -m kb review FILE`: what a Dockerfile, a log or code says, on the command line.

Takes a file or standard input, prints the review with its sources. Knows nothing about how it
comes about.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from cli.serialize import citation_to_json, sentence_to_json
from kb.errors import KbError
from kb.messages import message
from kb.reading.parts import find_parts
from kb.reading.reading import Part, PartKind
from kb.records import Language
from kb.review import Review, review
from kb.settings import Settings
from kb.text.language import language
from kb.wiring import open_store

_KINDS: dict[str, PartKind] = {
    ".py": "code",
    ".js": "code",
    ".go": "code",
    ".r": "code",
    ".sh": "shell",
    ".json": "data",
    ".yaml": "data",
    ".yml": "data",
    ".log": "log",
    ".dockerfile": "dockerfile",
}
"""What a file is, by its ending; any other is read like a message."""


def run(given: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    """Print the review; 1 when there is nothing that can be reviewed."""
    text = _read(given.file)
    lang: Language = given.language or _language(text)
    parts = _parts(given.file, text)
    sides = (given.side,) if given.side else ()
    index = open_store(settings).current()
    reviewed = review(parts, text, lang, index, sides)
    if reviewed is None:
        raise KbError(message("review_nothing", lang))
    if given.json:
        print(json.dumps(_as_json(given.file, lang, reviewed), ensure_ascii=False), file=out)
    else:
        print(_as_text(reviewed), file=out)
    return 0


def _read(name: str) -> str:
    if name == "-":
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    try:
        # Line ends stay as they are: places are counted in the text as stored.
        return Path(name).read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        raise KbError(f"{name} cannot be read: {error.strerror or error}.") from error


def _parts(name: str, text: str) -> tuple[Part, ...]:
    file = Path(name)
    kind = _KINDS.get(file.suffix.lower())
    if file.name.lower().startswith(("dockerfile", "containerfile")):
        kind = "dockerfile"
    return (Part(kind, 0, len(text), text),) if kind and text.strip() else find_parts(text)


def _language(text: str) -> Language:
    """Japanese for a text with Japanese in it, or where the terminal's locale is Japanese."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    return "ja" if locale.startswith("ja") else language(text)


def _as_text(reviewed: Review) -> str:
    places = [f"[{c.number}] {c.title} – {c.heading}\n    {c.url}" for c in reviewed.citations]
    return "\n\n".join([reviewed.markdown, *(["\n".join(places)] if places else [])])


def _as_json(name: str, lang: Language, reviewed: Review) -> dict[str, Any]:
    return {
        "file": name,
        "language": lang,
        "findings": [
            {
                "check": finding.check.id,
                "severity": finding.check.severity,
                "line": finding.spot.line,
                "quote": finding.spot.quote,
                "if_side": finding.if_side,
                "fix": finding.fix(lang),
                "write": finding.write,
            }
            for finding in reviewed.findings
        ],
        "query": reviewed.query,
        "answer": reviewed.markdown,
        "sentences": [sentence_to_json(sentence) for sentence in reviewed.sentences],
        "citations": [citation_to_json(citation) for citation in reviewed.citations],
    }
