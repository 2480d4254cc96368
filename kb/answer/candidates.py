"""Candidates: the sentences that hits hold, each with how close it comes to the question.

Takes hits and the question's words, gives `Candidate` values in the order of the hits, with the
code and tables that hang on each. Statements of our notes are whole sentences already; of other
documents the sentences are cut out. Knows nothing about which of them an answer takes.

A sentence's closeness to the question: 10 × (its cosine similarity − the best of all) + 3 × its
share of the question's words + 0.7 × ln(score of its hit).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kb.answer.quotes import Draft
from kb.records import Chunk, Hit
from kb.search.wordings import Shown, as_quoted
from kb.text.markup import plain
from kb.text.sentences import sentences
from kb.text.tokens import search_tokens
from kb.text.words import mentions

UNKNOWN = -0.5
"""Stands for 10 × the distance in similarity of a sentence that dense search did not return."""
WORDS = 3.0
"""Weight of the share of the question's words."""
_HIT = 0.7
_CODE_LINES = 25
_GRAMMAR = re.compile(r"[ぁ-ん].|.[をにはがのでともへや]|[ァ-ヺー][ぁ-ん]")
_KATAKANA = re.compile(r"[ァ-ヺー]{3,}")
_SHORT = 3
"""Search tokens below which a cut-out piece is a remnant, not a sentence."""
_MARKER = re.compile(r"(?:(?:[-*+]|\d+\.)\s+)+")
_WHOLE = re.compile(r"(?:[.!?。！？][\"'”’)\]）」*_`]*|[:：])$")
_ONLY_LINK = re.compile(r"\s*\[[^\]]*\]\([^)]*\)\s*")
_CODE = re.compile(
    r"```|^\s*(?:#|import |from \w+ import|[$%!] ?\w)|\w\(.*=|^\s*\w+\s*=\s*\S", re.MULTILINE
)
Weigh = Callable[[str], float]


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A sentence that may go into the answer, with the code and tables that hang on it."""

    draft: Draft
    blocks: tuple[Draft, ...]
    hit: int
    """Place of its hit, from 0."""
    place: int
    """Place within its hit, from 0."""
    words: frozenset[str]
    """Its search tokens, those of its tables and, in the best hit, of its code included."""
    nearness: float
    """10 × the distance in similarity from the nearest of all, so at most 0."""
    closeness: float
    condition: str = ""
    """The wording of the error that its section is about, which the message does not show."""

    @property
    def is_noted(self) -> bool:
        return self.draft.chunk.kind == "statement"


def _condition(hit: Hit, shown: Shown) -> str:
    """The wording that the log must have for the hit to hold; empty where none is needed."""
    if shown.fit(hit.group) in (None, "same"):
        return ""
    wordings = (c.marker for c in hit.chunks if c.kind == "question" and c.marker)
    return as_quoted(next(wordings, ""))


def telling(query: str, weigh: Weigh) -> dict[str, float]:
    """The question's search tokens that say something, with their weight.

    Japanese bigrams that hold a particle or an ending tell nothing, and those inside a katakana
    word that is a token itself would count it many times.
    """
    tokens = search_tokens(query)
    whole = [token for token in tokens if _KATAKANA.fullmatch(token)]
    return {
        token: weigh(token)
        for token in tokens
        if not _GRAMMAR.fullmatch(token)
        and not (len(token) == 2 and any(token in word for word in whole))
    }


def candidates_in(hits: Sequence[Hit], asked: Mapping[str, float], shown: Shown) -> list[Candidate]:
    known = (hit.similarities.get(c.id) for hit in hits for c in hit.chunks if _is_single(c))
    best = max((similarity for similarity in known if similarity is not None), default=0.0)
    found: list[Candidate] = []
    for number, hit in enumerate(hits):
        condition = _condition(hit, shown)
        for place, draft in enumerate(_drafts(hit, asked)):
            blocks = _blocks(hit, draft)
            # Code of other sections than the best one seldom fits, however many words it shares.
            beside = [b.text for b in blocks if b.chunk.kind == "table" or number == 0]
            parts = [plain(draft.text), *beside]
            words = frozenset(token for part in parts for token in search_tokens(part))
            similarity = _similarity(hit, draft)
            nearness = UNKNOWN if similarity is None else 10 * min(0.0, similarity - best)
            closeness = nearness + WORDS * share(words, asked)
            closeness += _HIT * math.log(max(hit.score, 1e-9))
            found.append(
                Candidate(draft, blocks, number, place, words, nearness, closeness, condition)
            )
    return found


def _is_single(chunk: Chunk) -> bool:
    """A single sentence, row or comment: what a question's similarity is compared by."""
    return chunk.kind == "statement" or (chunk.kind == "question" and chunk.order > 0)


def _similarity(hit: Hit, draft: Draft) -> float | None:
    """Of the single sentence, or of the best one inside; None where dense search returned none."""
    inside = [
        hit.similarities[chunk.id]
        for chunk in hit.chunks
        if chunk.id in hit.similarities
        and _is_single(chunk)
        and draft.start <= chunk.start
        and chunk.end <= draft.end
    ]
    return max(inside, default=None)


def _drafts(hit: Hit, asked: Iterable[str]) -> list[Draft]:
    """The sentences of a hit in reading order; of long code and tables the lines that fit best."""
    noted = [chunk for chunk in hit.chunks if chunk.kind == "statement"]
    if noted:
        return [Draft(chunk, chunk.start, chunk.end, chunk.marker) for chunk in noted]
    found = []
    whole = [chunk for chunk in hit.chunks if chunk.kind != "question"]
    for chunk in whole:
        spans = prose(chunk.text) if chunk.kind == "passage" else [window(chunk, set(asked))]
        found += [Draft(chunk, chunk.start + start, chunk.start + end) for start, end in spans]
    return found or [Draft(chunk, chunk.start, chunk.end) for chunk in whole[:1]]


def prose(text: str) -> list[tuple[int, int]]:
    """Spans of the whole sentences of a passage, list markers cut off; no headings, links, code."""
    spans = []
    for start, end in sentences(text):
        marker = _MARKER.match(text, start, end)
        start = marker.end() if marker else start
        piece = text[start:end]
        # An item of a list is a whole without a full stop, unless it is a line of contents.
        whole = _WHOLE.search(piece) or (marker and not _ONLY_LINK.fullmatch(piece))
        is_sentence = whole and not _CODE.search(piece)
        # What a stranger wrote into a page for a machine to obey is nothing that it tells a reader.
        if (
            is_sentence
            and len(search_tokens(plain(piece))) >= _SHORT
            and not mentions(piece, "attack")
        ):
            spans.append((start, end))
    return spans


def share(words: frozenset[str], asked: Mapping[str, float]) -> float:
    """Share of the question's words, by weight, that `words` holds."""
    return sum(asked[token] for token in words & asked.keys()) / (sum(asked.values()) or 1.0)


def window(chunk: Chunk, tokens: set[str]) -> tuple[int, int]:
    """The lines of a long code or table chunk around the one that fits the question best.

    A table keeps its beginning: rows without their header tell nothing.
    """
    lines = chunk.text.split("\n")
    if len(lines) <= _CODE_LINES:
        return 0, len(chunk.text)
    scores = [len(tokens & set(search_tokens(line))) for line in lines]
    best = scores.index(max(scores))
    first = max(0, min(best - _CODE_LINES // 3, len(lines) - _CODE_LINES))
    last = first + _CODE_LINES
    first = 0 if chunk.kind == "table" else first
    start = sum(len(line) + 1 for line in lines[:first])
    return start, start + len("\n".join(lines[first:last]))


def _blocks(hit: Hit, draft: Draft) -> tuple[Draft, ...]:
    """Code and tables that stand below a statement of a note."""
    if draft.chunk.kind != "statement":
        return ()
    return tuple(
        Draft(chunk, chunk.start, chunk.end)
        for chunk in hit.chunks
        if chunk.kind in ("code", "table") and chunk.order == draft.chunk.order
    )
