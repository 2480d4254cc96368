"""An AWS image as the sentences of an answer, each with its citations.

Takes an `Image` and the index, gives sentences and citations. Statements of our notes stand word
for word; the sentences and commands that carry the URI name the package that they were looked up
in (`Sentence.looked_up`), and cite the statements on the form of a URI, on the way to look it up
and on the login. They are not marked as proven: their quotes don't hold the URI.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kb.answer.quotes import Citations, Draft, to_sentences
from kb.image.lookup import Image
from kb.image.wording import title
from kb.messages import message
from kb.proof.verify import is_supported
from kb.records import Chunk, Citation, Language, Sentence
from kb.search.index import Index

_RETRIEVE, _ANATOMY, _LOGIN = "base-image-uris-retrieve", "base-uri-anatomy", "base-docker-login"


def can_cite(index: Index) -> bool:
    """Whether the index holds the sections that an answer cites."""
    return all(_group(section) in index.groups for section in (_RETRIEVE, _ANATOMY, _LOGIN))


def image_sentences(
    image: Image, language: Language, index: Index
) -> tuple[list[Sentence], list[Citation]]:
    """The URI, the login and the FROM line, and what our notes say of the version's patches."""
    citations = Citations(index)
    shown = title(image, language, name="image_answer_title")
    lead = message("image_answer", language, source=image.source, title=shown)
    form = _statement(index, _ANATOMY, language)
    login = image.login.replace(" | ", " |\n  ")  # its end, the registry, is to be seen
    drafts = [
        (lead, _statement(index, _RETRIEVE, language)),
        (f"```text\n{image.uri}\n```", form),
        ("", _statement(index, _LOGIN, language)),
        (f"```bash\n{login}\n```", _statement(index, _LOGIN, language, kind="code")),
        (f"```dockerfile\n{image.from_line}\n```", form),
    ]
    if image.patches.section:
        holds = image.patches.holds
        drafts.append(("", _statement(index, image.patches.section, language, holds=holds)))
    sentences = []
    for text, chunk in drafts:
        if chunk is not None:
            (quoted,) = to_sentences([Draft(chunk, chunk.start, chunk.end)], citations, language)
            said = replace(quoted, text=text, looked_up=image.source) if text else quoted
            sentences.append(_checked(said, citations.all))
    return sentences, citations.all


def _statement(
    index: Index, section: str, language: Language, *, kind: str = "statement", holds: str = ""
) -> Chunk | None:
    """The first one of a section that holds the word, in the reader's language if there is one."""
    chunks = [
        c for c in index.groups.get(_group(section), ()) if c.kind == kind and holds in c.text
    ]
    own = [chunk for chunk in chunks if chunk.language == language]
    return next(iter(own or chunks), None)


def _checked(sentence: Sentence, citations: Sequence[Citation]) -> Sentence:
    quotes = [citations[number - 1].quote for number in sentence.citations]
    return replace(sentence, supported=is_supported(sentence.text, quotes))


def _group(section: str) -> str:
    return f"note:{section}"
