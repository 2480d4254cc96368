"""Verify: every sentence against the quotes that it cites.

Takes a sentence and its quotes, gives whether they prove it. Knows nothing about how either came
about. A sentence is proven when every identifier and number in it stands in a quote, it denies no
more and no less than its quotes, and it shares their words (same language) or lies next to them in
the embedding (across languages).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.embedding import Embedder
from kb.text import language, normalize, plain, search_tokens

SHARED = 0.5
"""Share of a sentence's words that its quotes must hold, within one language."""
NEAR = 0.86
"""Cosine similarity of e5 that counts as the same statement across languages; unrelated sentences
of this field lie at 0.80 to 0.84."""
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)*")
_IDENTIFIER = re.compile(r"`([^`]+)`|(/?[A-Za-z][\w]*(?:[_./][\w-]+)+)|\b([A-Z]+[a-z]+[A-Z]\w*)\b|\b([A-Z]{3,}(?:_[A-Z]+)*)\b")
_DENIAL = re.compile(
    r"\b(?:not|no|never|cannot|can't|don't|doesn't|isn't|aren't|won't|without|unsupported)\b"
    r"|ない|ません|なく|できず|不要|不可|非対応|禁止",
    re.IGNORECASE,
)


def is_proven(sentence: str, quotes: Sequence[str], embedder: Embedder | None = None) -> bool:
    """Whether `quotes` prove `sentence`. Without quotes nothing is proven."""
    claim, proof = plain(sentence), " ".join(plain(quote) for quote in quotes)
    if not claim or not proof:
        return False
    if normalize(claim) in normalize(proof):
        return True
    if _missing(sentence, " ".join(quotes)):
        return False
    if bool(_DENIAL.search(claim)) != bool(_DENIAL.search(proof)):
        return False
    if language(claim) == language(proof):
        own = set(search_tokens(claim))
        return len(own & set(search_tokens(proof))) / max(1, len(own)) >= SHARED
    if embedder is None:
        return False
    vectors = embedder.passages([claim, *(plain(quote) for quote in quotes)])
    return float((vectors[1:] @ vectors[0]).max()) >= NEAR


def _missing(sentence: str, quotes: str) -> list[str]:
    """Identifiers and numbers of the sentence that no quote holds."""
    proof = normalize(quotes).replace("`", "")
    numbers = {number.replace(",", "") for number in _NUMBER.findall(proof)}
    text = normalize(sentence)
    missing = [n for n in _NUMBER.findall(text) if n.replace(",", "") not in numbers]
    for found in _IDENTIFIER.finditer(sentence):
        name = normalize(next(group for group in found.groups() if group))
        if name not in proof:
            missing.append(name)
    return missing
