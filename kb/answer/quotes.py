"""Quotes: drafts of sentences, the numbers of their citations, and the sentences that they become.

Takes exact slices of documents, gives `Sentence` and `Citation` values. Knows nothing about how the
slices were chosen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from kb.messages import message
from kb.records import Chunk, Citation, Language, Sentence
from kb.search.index import Index
from kb.search.links import deep_link

_VERDICT = re.compile(r"(?:Yes|No)(?:: |, (?!they\b|it\b|that\b|this\b))|(?:はい|いいえ)、")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Draft:
    """A sentence to be: `document.text[start:end]`, and how it is set."""

    chunk: Chunk
    start: int
    end: int
    marker: str = ""
    lead: str = ""
    """Set before the sentence: the condition that it holds under."""

    @property
    def is_block(self) -> bool:
        return self.chunk.kind in ("code", "table")

    @property
    def is_step(self) -> bool:
        return self.marker[:1].isdigit()

    @property
    def text(self) -> str:
        return self.chunk.text[self.start - self.chunk.start : self.end - self.chunk.start]


class Citations:
    """Numbers for the places that an answer quotes; the same place keeps its number."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._numbers: dict[tuple[str, int, int], int] = {}
        self.all: list[Citation] = []

    def holds(self, chunk: Chunk) -> bool:
        """Whether this chunk is quoted already."""
        return (chunk.document, chunk.start, chunk.end) in self._numbers

    def kind(self, citation: Citation) -> str:
        """The kind of the document that a citation stands in."""
        return self._index.documents[citation.document].kind

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
            source=document.source,
        )
        self.all.append(citation)
        self._numbers[place] = citation.number
        return citation

    def adopt(self, citation: Citation) -> Citation:
        """A citation of another answer, under a number of this one."""
        place = (citation.document, citation.start, citation.end)
        if place not in self._numbers:
            self._numbers[place] = len(self.all) + 1
            self.all.append(replace(citation, number=len(self.all) + 1))
        return self.all[self._numbers[place] - 1]


def to_sentences(drafts: list[Draft], citations: Citations, language: Language) -> list[Sentence]:
    """Drafts as sentences with citations; a quote in the other language gets a lead-in."""
    result: list[Sentence] = []
    standing = led = ""
    for position, draft in enumerate(drafts):
        citation = citations.cite(draft.chunk, draft.start, draft.end)
        text, lead = citation.quote, ""
        if draft.chunk.kind == "passage":
            text = _LINK.sub(r"\1", text)  # relative links lead nowhere outside of their document
        if draft.is_block:
            text = _as_block(draft, text, citations.kind(citation))
        elif draft.chunk.language != language:
            source = "english_source" if draft.chunk.language == "en" else "japanese_source"
            text, lead = " ".join(text.split()), message(source, language)
            led, lead = lead, "" if lead == led else lead  # said once for those that follow
        else:
            text = " ".join(text.split()) if language == "en" else text.replace("\n", "")
            text = _without_verdict(text) if draft.chunk.kind == "statement" else text
            led = ""
        marker = "" if position == 0 or draft.is_block else draft.marker or "- "
        above = "" if citations.kind(citation) == "note" else _source_line(citation)
        line = f"{above}\n" if above and above != standing else ""
        standing = above
        result.append(Sentence(text, (citation.number,), marker, lead=line + draft.lead + lead))
    return result


def _source_line(citation: Citation) -> str:
    """Which document an excerpt is from: notes speak for themselves, others are named."""
    path = unquote(urlsplit(citation.document).path)
    file = path.rpartition("/")[2]
    if not file or citation.title.endswith(file):
        return f"`{citation.title}`" if file else f"**{citation.title}**"
    title = citation.title.replace("*", "").strip()
    return f"**{title}**" + (f" (`{file}`)" if "." in file else "")


def _without_verdict(text: str) -> str:
    """A statement without its opening “Yes:”, which answers its heading and not every question."""
    opening = _VERDICT.match(text)
    said = text[opening.end() :] if opening else text
    return said if said == text else said[:1].upper() + said[1:]


def _as_block(draft: Draft, text: str, kind: str) -> str:
    if draft.chunk.kind == "table" or text.lstrip().startswith("```"):
        return text
    fence = "````" if "```" in text else "```"
    return f"{fence}{_fence_language(draft.chunk.document, kind)}\n{text}\n{fence}"


def unfenced(text: str) -> str:
    """The text of a block that was set between fences; any other as it is."""
    first, _, rest = text.partition("\n")
    fence = first[: len(first) - len(first.lstrip("`"))]
    return rest.removesuffix(f"\n{fence}") if len(fence) > 2 else text


_FENCES = {"python": "python", "notebook": "python", "shell": "bash", "dockerfile": "dockerfile"}


def _fence_language(document: str, kind: str) -> str:
    if kind in _FENCES:
        return _FENCES[kind]
    ending = document.rpartition(".")[2].lower()
    names = {"yml": "yaml", "yaml": "yaml", "json": "json", "toml": "toml", "md": "markdown"}
    return names.get(ending, "")
