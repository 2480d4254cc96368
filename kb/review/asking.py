"""Asking: what the person asks beside the paste.

Takes the parts of a message, gives its questions, each with how near it has to come to a question
that the notes answer before it counts as one of its own. Knows nothing about searching.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from kb.reading.reading import Part

_OF_ITS_OWN = 0.85
"""Likeness from which on a question that points at the paste (“push it to ECR”: 0.92 to 0.96) asks
something that the notes answer, too; “Can I deploy this on an endpoint?” is at 0.76."""
_NEAR = 0.7
"""The same for a question that points at nothing: “which instance type …” is at 0.74, “What do I
have to change?” at 0.63."""
_POINTS = re.compile(
    r"\b(?:this|these|it|my)\b(?!\s+(?:training|inference|processing|transform|job)\b)"
    r"|\bthe (?:file|log|error|dockerfile)\b|これ|この|ここ|どこ|上記|下記|それ",
    re.IGNORECASE,
)
"""Words that point at what was pasted."""


def asked_beside(parts: Sequence[Part]) -> dict[str, float]:
    """Questions and the likeness that each needs; none of a message that only tells."""
    questions = [part.text.strip() for part in parts if part.kind == "question"]
    return {text: _OF_ITS_OWN if _POINTS.search(text) else _NEAR for text in questions}
