"""Compose: hits to the sentences of an answer, word for word (the extractive composer).

Takes hits, gives `Draft` values in reading order, each an exact slice of a document. Knows nothing
about models, conversations or refusals. Statements of our notes are whole sentences already; of
other documents the sentences that fit the question best are cut out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kb.index import Index
from kb.links import deep_link
from kb.messages import message
from kb.records import Chunk, Citation, Hit, Language, Sentence
from kb.text import plain, search_tokens, sentences

MOST = 6
"""Sentences an answer has at most; code and tables that belong to one come on top."""
LEAD = 4
"""Sentences of the best hit, unless it is alone or holds numbered steps."""
NEAR = 0.55
"""Share of the best hit's score that another hit needs to add to the answer."""
SUPPORTING = 3
"""Hits that an answer draws on at most."""
_CODE_LINES = 25
_AHEAD = 0.015
"""By so much a later statement must be nearer to the question to be moved to the front."""

Weigh = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence to be: `document.text[start:end]`, and how it is set."""

    chunk: Chunk
    start: int
    end: int
    marker: str = ""

    @property
    def is_block(self) -> bool:
        return self.chunk.kind in ("code", "table")


def compose(query: str, hits: tuple[Hit, ...], weigh: Weigh) -> list[Draft]:
    """Two to six sentences for `query`, a direct statement first. `weigh`: weight of a token."""
    if not hits:
        return []
    tokens = set(search_tokens(query))
    near = [hit for hit in hits if hit.score >= NEAR * hits[0].score][:SUPPORTING]
    parts = [_statements(hit, tokens, weigh) for hit in near]
    quota = _quotas(parts, hits[0].score, near)
    drafts: list[Draft] = []
    said: list[Chunk] = []
    for hit, part, most in zip(near, parts, quota, strict=True):
        chosen = _choose(part, most, said, keep_first=not drafts)
        for draft in chosen if drafts else _direct_first(chosen, hit):
            drafts.append(draft)
            said.append(draft.chunk)
            drafts += _blocks(hit, draft) if hit is near[0] else []
    return drafts


def _statements(hit: Hit, tokens: set[str], weigh: Weigh) -> list[tuple[Draft, float]]:
    """The sentences of a hit in reading order, each with its closeness to the question."""
    noted = [chunk for chunk in hit.chunks if chunk.kind == "statement"]
    if noted:
        floor = min(hit.similarities.values(), default=0.8) - 0.01
        return [
            (Draft(c, c.start, c.end, c.marker), hit.similarities.get(c.id, floor)) for c in noted
        ]
    found: list[tuple[Draft, float]] = []
    for chunk in hit.chunks:
        if chunk.kind == "passage":
            for start, end in sentences(chunk.text):
                shared = _shared(chunk.text[start:end], tokens, weigh)
                found.append((Draft(chunk, chunk.start + start, chunk.start + end), shared))
        else:
            start, end = _window(chunk, tokens)
            found.append((Draft(chunk, chunk.start + start, chunk.start + end), 0.5))
    return found


def _shared(text: str, tokens: set[str], weigh: Weigh) -> float:
    """Weight of the question's tokens in a sentence, damped by its length; headings score none."""
    own = search_tokens(plain(text))
    if len(own) < 3:
        return 0.0
    return sum(weigh(token) for token in tokens & set(own)) / math.sqrt(10 + len(own))


def _window(chunk: Chunk, tokens: set[str]) -> tuple[int, int]:
    """The lines of a long code or table chunk around the one that fits the question best."""
    lines = chunk.text.split("\n")
    if len(lines) <= _CODE_LINES:
        return 0, len(chunk.text)
    scores = [len(tokens & set(search_tokens(line))) for line in lines]
    best = scores.index(max(scores))
    first = max(0, min(best - _CODE_LINES // 3, len(lines) - _CODE_LINES))
    start = sum(len(line) + 1 for line in lines[:first])
    return start, start + len("\n".join(lines[first : first + _CODE_LINES]))


def _quotas(parts: list[list[tuple[Draft, float]]], best: float, near: list[Hit]) -> list[int]:
    """How many sentences each hit may give; what the first leaves, the others share."""
    steps = any(draft.marker[:1].isdigit() for draft, _ in parts[0])
    if steps or len(parts) == 1:
        first = MOST
    else:
        first = LEAD
    quota = [min(first, len(parts[0]))]
    for part in parts[1:]:
        left = MOST - sum(quota)
        most = max(1, math.ceil(left / (len(parts) - len(quota))))
        quota.append(min(left, most, len(part)))
    return quota


def _choose(
    part: list[tuple[Draft, float]], most: int, said: Iterable[Chunk], *, keep_first: bool
) -> list[Draft]:
    """The `most` closest sentences that are not said yet, in reading order."""
    known = {url for chunk in said for url in chunk.based_on}
    words = [set(search_tokens(plain(chunk.text))) for chunk in said]
    order = sorted(range(len(part)), key=lambda i: -part[i][1])
    if keep_first and part and part[0][0].chunk.kind == "statement":
        order = [0, *(i for i in order if i != 0)]
    chosen: list[int] = []
    for i in order:
        draft = part[i][0]
        if len(chosen) < most and not _repeats(draft.chunk, known, words):
            chosen.append(i)
    return [part[i][0] for i in sorted(chosen)]


def _repeats(chunk: Chunk, known: set[str], words: list[set[str]]) -> bool:
    """The same evidence and much the same words were used already."""
    if chunk.kind != "statement":
        return False
    own = set(search_tokens(plain(chunk.text)))
    overlap = max((len(own & said) / max(1, len(own | said)) for said in words), default=0.0)
    return overlap > 0.6 or (overlap > 0.35 and bool(chunk.based_on) and set(chunk.based_on) <= known)


def _direct_first(drafts: list[Draft], hit: Hit) -> list[Draft]:
    """The sentence nearest to the question goes to the front, unless the order carries meaning."""
    if len(drafts) < 2 or any(
        draft.marker[:1].isdigit() or draft.chunk.kind != "statement" for draft in drafts
    ):
        return drafts
    nearness = [hit.similarities.get(draft.chunk.id, 0.0) for draft in drafts]
    best = nearness.index(max(nearness))
    leads_in = bool(_blocks(hit, drafts[best]))  # a sentence that introduces code is no answer alone
    if best and not leads_in and nearness[best] - nearness[0] > _AHEAD:
        return [drafts[best], *drafts[:best], *drafts[best + 1 :]]
    return drafts


def _blocks(hit: Hit, draft: Draft) -> list[Draft]:
    """Code and tables that stand below a statement of a note."""
    if draft.chunk.kind != "statement":
        return []
    return [
        Draft(chunk, chunk.start, chunk.end)
        for chunk in hit.chunks
        if chunk.kind in ("code", "table") and chunk.order == draft.chunk.order
    ]


class Citations:
    """Numbers for the places that an answer quotes; the same place keeps its number."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._numbers: dict[tuple[str, int, int], int] = {}
        self.all: list[Citation] = []

    def cite(self, chunk: Chunk, start: int, end: int) -> Citation:
        """The citation of `document.text[start:end]`."""
        place = (chunk.document, start, end)
        if place in self._numbers:
            return self.all[self._numbers[place] - 1]
        document = self._index.documents[chunk.document]
        text = document.text[start:end]
        first = chunk.lines[0] + document.text.count("\n", chunk.start, start)
        citation = Citation(
            number=len(self.all) + 1,
            document=document.id,
            title=document.title,
            heading=" > ".join(part for part in chunk.heading if part != document.title),
            url=deep_link(document, chunk, text, (first, first + text.count("\n"))),
            quote=text,
            start=start,
            end=end,
            based_on=chunk.based_on,
        )
        self.all.append(citation)
        self._numbers[place] = citation.number
        return citation


def to_sentences(drafts: list[Draft], citations: Citations, language: Language) -> list[Sentence]:
    """Drafts as sentences with citations; a quote in the other language gets a lead-in."""
    result: list[Sentence] = []
    for position, draft in enumerate(drafts):
        citation = citations.cite(draft.chunk, draft.start, draft.end)
        text = citation.quote
        if draft.is_block:
            text = _as_block(draft, text)
        elif draft.chunk.language != language:
            source = "english_source" if draft.chunk.language == "en" else "japanese_source"
            text = message(source, language) + " ".join(text.split())
        else:
            text = " ".join(text.split()) if language == "en" else text.replace("\n", "")
        marker = "" if position == 0 or draft.is_block else draft.marker or "- "
        result.append(Sentence(text, (citation.number,), marker))
    return result


def _as_block(draft: Draft, text: str) -> str:
    if draft.chunk.kind == "table" or text.lstrip().startswith("```"):
        return text
    fence = "````" if "```" in text else "```"
    return f"{fence}{_fence_language(draft.chunk.document)}\n{text}\n{fence}"


def _fence_language(document: str) -> str:
    name = document.rsplit("/", 1)[-1].lower()
    if name.startswith("dockerfile"):
        return "dockerfile"
    endings = {".py": "python", ".ipynb": "python", ".sh": "bash"}
    return next((label for ending, label in endings.items() if name.endswith(ending)), "")


def to_markdown(
    parts: Iterable[Sentence],
    mark: Callable[[int], str] = lambda number: f"[{number}]",
    escape: Callable[[str], str] = lambda text: text,
) -> str:
    """The answer as Markdown with [1] markers. Steps are numbered anew from 1.

    `mark` and `escape` let a surface set the markers and the prose in its own way.
    """
    lines: list[str] = []
    step = 0
    for sentence in parts:
        marks = "".join(mark(number) for number in sentence.citations)
        if sentence.text.startswith(("```", "|")):
            lines.append(f"\n{sentence.text}\n\n{marks}\n")
            continue
        marker = sentence.marker
        if marker[:1].isdigit():
            step += 1
            marker = f"{step}. "
        text = f"{marker}{escape(sentence.text)} {marks}".rstrip()
        lines.append(text if marker else f"{text}\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
