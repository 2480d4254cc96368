"""Imperative: which statements tell one to do something, by the verbs of the sources themselves.

Takes an index and chunks of it, gives those that are commands, in their order. A base form is a
word that stands behind a modal in the English documents and that occurs inflected, too; a clause
that opens with one is a command. Of a Japanese statement its English counterpart is asked; where it
has none, its last clause: an object and a polite verb, and no subject. Knows nothing about answers.
"""

from __future__ import annotations

import re
from functools import lru_cache

from kb.answer.standing import counterpart
from kb.records import Chunk
from kb.search.index import Index
from kb.text.markup import plain

_MODAL = re.compile(
    r"\b(?:can|must|should|may|will|would|could|cannot|don[’']t)(?: not)? ([a-z]{3,})\b"
)
_TO = re.compile(r"\bto ([a-z]{3,})\b")
_WORD = re.compile(r"[a-z]{2,}")
_CLAUSE = re.compile(
    r"(?:^|[:;] |[.!?] |, (?:(?:so|then|and|or|but) )?)(?:(?:first|then|just|never|always) )?"
    r"([A-Za-z]{2,}|`[^`]+`)(?= )"
)
_OPENING = re.compile(r"(?:^|[.!?:] )(?:(?:First|Then|Just|Never|Always),? )?([A-Za-z]{2,})(?= )")
_COMMAND = re.compile(r"(?:て|で)(?:ください|下さい|おきます|おいてください)[。.]?$")
_DOING = re.compile(
    r"を[^、。をはが]*(?:し|き|り|み|け|れ|え|め|べ|ち|い|せ|ね|げ|て|じ)ます[。.]?$"
)
_SUBJECT = re.compile(r"[はが]")
_LAST = re.compile(r"[、。](?=.)")


def commands(index: Index, chunks: list[Chunk]) -> list[Chunk]:
    """The statements among `chunks` that say what to do."""
    return [chunk for chunk in chunks if chunk.kind == "statement" and _is_command(index, chunk)]


def _is_command(index: Index, chunk: Chunk) -> bool:
    english = counterpart(index, chunk, "en")
    if english is not None:
        return _orders(plain(english.text), _verbs(index))
    last = _LAST.split(chunk.text.rstrip("。"))[-1]
    if _COMMAND.search(chunk.text):
        return True
    return bool(_DOING.search(last)) and not _SUBJECT.search(last)


def _orders(text: str, verbs: frozenset[str]) -> bool:
    """A sentence opens with a base form; or a clause behind “so”, “then” or “if …,” does."""
    openings = [found[1].lower() for found in _OPENING.finditer(text)]
    clauses = [found[1] for found in _CLAUSE.finditer(text) if found.start()]
    return any(word in verbs for word in (*openings, *clauses))


@lru_cache(maxsize=1)
def _verbs(index: Index) -> frozenset[str]:
    """Base forms of the verbs that the English documents use."""
    bases: set[str] = set()
    purposes: set[str] = set()
    words: set[str] = set()
    for document in index.documents.values():
        if document.language == "en":
            bases.update(_MODAL.findall(document.text))
            purposes.update(_TO.findall(document.text))
            words.update(_WORD.findall(document.text.lower()))
    # A noun may follow “to”, and have a plural: there two forms of a verb are asked for.
    verbs = {base for base in bases if any(form & words for form in _inflected(base))}
    verbs |= {base for base in purposes if sum(bool(f & words) for f in _inflected(base)) > 1}
    return frozenset(verbs)


def _inflected(base: str) -> tuple[set[str], set[str], set[str]]:
    """The regular forms: `runs`, `running`, `used`."""
    stem, doubled = base.removesuffix("e"), base + base[-1]
    return (
        {f"{base}s", f"{base}es", f"{base[:-1]}ies"}
        if base[-1] == "y"
        else {f"{base}s", f"{base}es"},
        {f"{stem}ing", f"{doubled}ing"} if len(stem) > 2 or stem == base else set(),
        {f"{stem}ed", f"{doubled}ed"} if len(stem) > 2 or stem == base else set(),
    )
