"""Places: short names for the evidence behind an answer, and which state of a document we hold.

Takes web addresses and documents, gives words. Knows nothing about HTML, Markdown or Slack.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from kb.messages import message
from kb.records import Document, Language

_BLOB = re.compile(
    r"https://github\.com/(?P<repository>[^/]+/[^/]+)/blob/[^/]+/(?P<path>[^?#]+)"
    r"(?:\?[^#]*)?(?:#L(?P<first>\d+)(?:-L(?P<last>\d+))?)?"
)


def evidence_name(url: str, *, whole: bool = False) -> str:
    """A short name for a web address: the file and its lines, or the site and its page."""
    blob = _BLOB.match(url)
    if not blob:
        site, _, path = (
            url.split("#")[0].split("?")[0].partition("://")[2].strip("/").partition("/")
        )
        last = path if whole else path.rsplit("/", 1)[-1]
        return unquote(f"{site}/{last}" if whole or not last else f"{site} {last}").strip("/ ")
    file = unquote(blob["path"])
    name = f"{blob['repository']} {file}" if whole else file.rsplit("/", 1)[-1]
    lines = "–".join(line for line in (blob["first"], blob["last"]) if line)
    return f"{name} L{lines}" if lines else name


def origin(document: Document, language: Language) -> str:
    """Which state of the document we hold: its commit, or the day of its fetch."""
    if document.commit:
        return message("ui_commit", language, commit=document.commit[:7])
    date = _date(document.fetched[:10], language)
    return message("ui_fetched", language, date=date) if date else ""


def _date(iso: str, language: Language) -> str:
    """A day such as 2026-11-30 in words; as it is where it is no day."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", iso):
        return iso
    year, month, day = (int(part) for part in iso.split("-"))
    name = message("ui_months", language).split()[month - 1]
    return message("ui_day_of_year", language, year=year, month=name, day=day)
