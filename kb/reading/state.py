"""State: whether a condition that words name holds, is dropped, ruled out or only supposed.

Takes a text and the span of the words, gives hashed features for the model of states. Knows nothing
about which condition it is.
"""

from __future__ import annotations

import re

from kb.reading.models import bucket
from kb.reading.units import Span
from kb.text.ngrams import uniform

STATES = ("holds", "dropped", "negated", "hypothetical")
_SENTENCE = re.compile(r"[。！？!?\n;；]|\.(?=\s|$)")
_BEFORE, _AFTER = 40, 30
"""Characters of the same sentence that are looked at."""
_PIECE = re.compile(r"[a-z0-9'’]+|[ァ-ヺー]+|[一-龥々]+|[ぁ-ん]+|[、,:：-]")


def state_columns(text: str, span: Span) -> list[int]:
    """What stands before the words, in them, behind them, and in their sentence."""
    whole = uniform(text)
    start, end = _sentence(whole, span)
    before = whole[max(start, span[0] - _BEFORE) : span[0]]
    after = whole[span[1] : min(end, span[1] + _AFTER)]
    asked = whole[end : end + 1] in ("?", "？")
    names = [f"in={gram}" for gram in _grams(whole[span[0] : span[1]])]
    names += [f"b={gram}" for gram in _grams(before[-14:])]
    names += [f"a={gram}" for gram in _grams(after[:14])]
    names += [f"B={piece}" for piece in _PIECE.findall(before)]
    names += [f"A={piece}" for piece in _PIECE.findall(after)]
    names += [f"s={gram}" for gram in _grams(whole[start:end][:12])]
    names += [f"e={gram}" for gram in _grams(whole[start:end][-10:])]
    names += ["asked"] if asked else []
    return sorted({bucket(name) for name in names})


def _sentence(text: str, span: Span) -> Span:
    start = max((found.end() for found in _SENTENCE.finditer(text, 0, span[0])), default=0)
    ends = _SENTENCE.search(text, span[1])
    return start, ends.start() if ends else len(text)


def _grams(text: str) -> list[str]:
    padded = f"<{text}>"
    return [padded[at : at + size] for size in (2, 3, 4) for at in range(len(padded) - size + 1)]
