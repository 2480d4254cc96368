"""Verify: every sentence against the quotes that it cites.

Takes a sentence and its quotes, gives whether they prove it. Knows nothing about how either came
about. A sentence is proven when every name and number in it stands in a quote, it denies no more
and no less than its quotes, turns nothing around, and it shares their words (same language) or
lies next to them in the embedding (another language, or other words).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from kb.proof.claims import clauses, missing_names, missing_quantities, reassigned
from kb.proof.polarity import denies, hints, misplaced, opposed
from kb.search.embedding import Embedder
from kb.text.language import language
from kb.text.markup import plain
from kb.text.normal import normalize
from kb.text.sentences import sentences
from kb.text.tokens import search_tokens

SHARED = 0.5
"""Share of a sentence's words that its quotes must hold, within one language."""
SHARED_NEAR = 0.25
"""The same for a sentence in other words, whose embedding lies at `NEAR_SAME` or above."""
NEAR_SAME = 0.88
NEAR = 0.86
"""Cosine similarity of e5 that counts as the same statement across languages; unrelated sentences
of this field lie at 0.80 to 0.86 (99 %), translations at 0.87 and above (95 %)."""
NEAR_NAMED = 0.84
"""The same when sentence and quote share an identifier or a number besides."""
_COPIED = 0.75
"""Share of a clause's words from which another polarity is taken for a denial dropped or added."""
_END = "。．.!?！？ 　:："


def is_supported(
    sentence: str, quotes: Sequence[str], embedder: Embedder | None = None, *, context: str = ""
) -> bool:
    """Whether `quotes` prove `sentence`. Without quotes nothing is proven.

    `context`: title and headings that the quotes stand under; a name or number may come from there.
    Without an embedder a sentence in another language than its quotes is never proven.
    """
    claim, proofs = plain(sentence), [proof for proof in map(plain, quotes) if proof]
    if not claim or not proofs:
        return False
    parts = [proof[start:end] for proof in proofs for start, end in sentences(proof)]
    if _stands_in(claim, proofs, parts):
        return True
    proof = " ".join(proofs)
    around = " ".join((*quotes, context))
    if missing_names(sentence, around) or missing_quantities(claim, f"{proof} {plain(context)}"):
        return False
    own, given = set(search_tokens(claim)), set(search_tokens(proof))
    shared = len(own & given) / max(1, len(own))
    if opposed(claim, proof, copied=shared >= _COPIED) or misplaced(claim, proof):
        return False
    if reassigned(claim, proof):
        return False
    if language(claim) == language(proof):
        if _denial_differs(claim, proofs):
            return False
        if shared >= SHARED or embedder is None:
            return shared >= SHARED
        return shared >= SHARED_NEAR and _nearness(claim, proofs, parts, embedder)[0] >= NEAR_SAME
    if embedder is None:
        return False
    near, nearest = _nearness(claim, proofs, parts, embedder)
    named = any(len(token) > 2 or token.isdigit() for token in own & given)
    return near >= (NEAR_NAMED if named else NEAR) and not _denial_opposed(claim, nearest)


def _stands_in(claim: str, proofs: Sequence[str], parts: Sequence[str]) -> bool:
    """The sentence is a quote, or one or more whole sentences of one, word for word."""
    folded = normalize(claim).strip(_END)
    if folded in {normalize(text).strip(_END) for text in (*proofs, *parts)}:
        return True
    whole = re.compile(rf"(?:^|[{_END}] ?){re.escape(folded)}(?:[{_END}]|$)")
    return len(folded) > 20 and any(whole.search(normalize(proof)) for proof in proofs)


def _nearness(
    claim: str, proofs: Sequence[str], parts: Sequence[str], embedder: Embedder
) -> tuple[float, str]:
    """The highest cosine similarity of the claim to the quotes, whole or by sentence; and where."""
    texts = list(dict.fromkeys([" ".join(proofs), *proofs, *parts]))[:12]
    vectors = embedder.passages([claim, *texts])
    similarities = vectors[1:] @ vectors[0]
    best = int(np.argmax(similarities))
    return float(similarities[best]), texts[best]


def _denial_differs(claim: str, proofs: Sequence[str]) -> bool:
    """A clause denies what its counterpart in the quotes affirms, or the other way round."""
    parts = [(part, set(search_tokens(part))) for proof in proofs for part in clauses(proof)]
    proof = " ".join(proofs)
    for clause in clauses(claim):
        own = set(search_tokens(clause))
        if not own or not parts:
            continue
        part, tokens = max(parts, key=lambda c: (len(own & c[1]), -len(c[1])))
        alone = len(own) == 1 and len(tokens) > 2  # one word says too little of what it is part of
        if not alone and len(own & tokens) >= _COPIED * len(own):
            if denies(clause) % 2 != denies(part) % 2 and not _reworded(clause, part):
                return True
        elif denies(clause) and not denies(proof) and not hints(proof):
            return True
    return False


def _reworded(one: str, other: str) -> bool:
    """The clause that denies less makes up for it with words that the other lacks (“unset”)."""
    less, more = sorted((one, other), key=denies)
    return not set(hints(less)) <= set(hints(more))


def _denial_opposed(claim: str, nearest: str) -> bool:
    """Across languages: one side denies, and the other says nothing that can mean the same."""
    less, more = sorted((claim, nearest), key=denies)
    if denies(less) or not denies(more):
        return False
    return len(hints(less)) <= len(hints(more))
