"""Logs: a sentence that sends its reader to a log.

Takes a sentence, an error line too, gives whether it only says where the cause stands. Knows
nothing about errors.
"""

from __future__ import annotations

import re

_SENDS = re.compile(
    r"\b(?:see|check|read|refer to|look (?:for|at|in|into|up)|consult|inspect)\b[^.\n]{0,80}"
    r"\b(?:cloudwatch|logs?)\b|\bfor more (?:information|details)\b"
    r"|(?:cloudwatch|ログ)[^。\n]{0,40}(?:見て|見ます|確認|探し|探す|読み|読む|参照)",
    re.IGNORECASE,
)


def sends_to_log(sentence: str) -> bool:
    """As “Please check CloudWatch logs for this endpoint” does."""
    return _SENDS.search(sentence) is not None
