"""Evidence: the addresses behind a statement, put together by page and named for people.

Takes addresses and the documents of an index, gives `Evidence` values: of what kind a page is, its
name, its lines, and what it says there where the index holds the page. Knows nothing about HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from kb.records import Document, Language
from kb.text.markup import plain

_SPANS = 3
"""Ranges of lines that are named."""
_WORDS = 240
"""Characters of what a page says that a card shows."""
_KINDS = (
    (re.compile(r"https://github\.com/[^/]+/[^/]+/(?:issues|pull|discussions)/"), "thread"),
    (re.compile(r"https://github\.com/awsdocs/|https://docs\.aws\.amazon\.com/"), "guide"),
    (re.compile(r"https://aws\.amazon\.com/.*\bblogs?/"), "blog"),
    (re.compile(r"https://github\.com/aws/[\w-]*examples/"), "sample"),
    (re.compile(r"https://github\.com/aws-samples/"), "sample"),
    (re.compile(r"https://github\.com/"), "code"),
    (re.compile(r"https?://"), "web"),
)
_BLOB = re.compile(
    r"https://github\.com/(?P<repository>[^/]+/[^/]+)/(?:blob|tree)/(?P<commit>[^/]+)/(?P<path>[^?#]+)"
)
_GUIDES = (
    (re.compile(r"https://(?:github\.com/awsdocs/amazon-|docs\.aws\.amazon\.com/)sagemaker[-/]"),
     "Amazon SageMaker Developer Guide"),
)  # fmt: skip
"""What people call the guide that a page belongs to."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LINES = re.compile(r"#L(\d+)(?:-L(\d+))?$")


@dataclass(frozen=True, slots=True)
class Evidence:
    """A page that a statement is based on."""

    url: str
    """The first place on the page."""
    kind: str
    """guide, blog, sample, thread, code or web."""
    name: str
    lines: tuple[tuple[int, int], ...] = ()
    commit: str = ""
    words: str = ""
    """What stands at the first place; empty where the index does not hold the page."""


def kind_of(document: str, *, note: bool = False, proven: bool = True) -> str:
    """Of what kind a source is: as `Evidence.kind`, or note, judgement or file."""
    if note:
        return "note" if proven else "judgement"
    return next((kind for address, kind in _KINDS if address.match(document)), "file")


def evidence(urls: Iterable[str], documents: Mapping[str, Document]) -> list[Evidence]:
    """The pages behind `urls`, in their order, each with all its lines."""
    pages: dict[str, Evidence] = {}
    for url in urls:
        page = url.partition("#")[0].partition("?")[0]
        found = _LINES.search(url)
        lines = ((int(found[1]), int(found[2] or found[1])),) if found else ()
        known = pages.get(page)
        if known is None:
            document = documents.get(page)
            blob = _BLOB.match(url)
            pages[page] = Evidence(
                url,
                kind_of(url),
                _name(url, blob, document.title if document else ""),
                lines,
                blob["commit"][:7] if blob and _COMMIT.fullmatch(blob["commit"]) else "",
                _words(document, lines[0]) if document and lines else "",
            )
        elif lines and lines[0] not in known.lines:
            pages[page] = replace(known, lines=tuple(sorted({*known.lines, *lines})))
    return list(pages.values())


def lines_text(lines: Iterable[tuple[int, int]], language: Language) -> str:
    """“lines 16–22, 76”, or nothing."""
    spans = [f"{a}" if a == b else f"{a}–{b}" for a, b in _merged(lines)]
    if not spans:
        return ""
    if len(spans) > _SPANS:
        spans = [*spans[:_SPANS], "…"]
    if language == "ja":
        return f"{', '.join(spans)} 行目"
    many = len(spans) > 1 or "–" in spans[0]
    return f"{'lines' if many else 'line'} {', '.join(spans)}"


def _merged(lines: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in order, those that meet put together."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(lines):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _name(url: str, blob: re.Match[str] | None, title: str) -> str:
    """The guide or repository and the page in it; `title`: of a page that the index holds."""
    guide = next((name for address, name in _GUIDES if address.match(url)), "")
    page = url.split("#")[0].split("?")[0]
    site, _, path = page.partition("://")[2].strip("/").partition("/")
    file = unquote((blob["path"] if blob else path).strip("/ ").rsplit("/", 1)[-1])
    if guide:
        return f"{guide} › {title or re.sub(r'[.](?:md|html)$', '', file)}"
    if title:
        return title
    if blob:
        return f"{blob['repository'].partition('/')[2]} › {file}"
    thread = re.fullmatch(r"([^/]+/[^/]+)/(?:issues|pull|discussions)/(\d+)", path)
    if site == "github.com" and thread:
        return f"{thread[1]} #{thread[2]}"
    return f"{site} › {file}" if file else site


def _words(document: Document, lines: tuple[int, int]) -> str:
    rows = document.text.split("\n")[lines[0] - 1 : lines[1]]
    text = " ".join(plain("\n".join(rows)).split())
    return text if len(text) <= _WORDS else text[: _WORDS - 1].rstrip() + "…"
