"""Secrets: a text without them, for messages and logs.

Takes a string, gives it without keys, tokens and the user part of URLs, whoever sent it: a chat
model's provider, Slack, a database. Knows nothing about who reads it.
"""

from __future__ import annotations

import os
import re

_USER = re.compile(r"://[^/\s@]+@")
_TOKEN = re.compile(
    r"(?i)\b(?:bearer|basic)\s+(?=[\w.~+/-]*[\d=])[\w.~+/=-]{6,}|(?<=authorization: )basic\s+\S+"
    r"|\bsk-[\w*-]{6,}|\bAKIA\w{12,}"
    r"|\bx(?:ox[a-z]|app)(?:\.[a-z]+)?-[\w-]+"  # of Slack
    r"|(?<=[?&]ticket=)[^&\s]+"  # in the address of its socket
)
_NAME = re.compile(r"(?:^|_)(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(?:_|$)", re.IGNORECASE)
"""Variables of the environment whose values are secrets;"""
_SHORTEST = 6
"""from so many characters on."""


def without_secrets(text: str) -> str:
    """`text` with “…” for each secret."""
    text = _TOKEN.sub("…", _USER.sub("://", text))
    for name, value in os.environ.items():
        if _NAME.search(name) and len(value) >= _SHORTEST:
            text = text.replace(value, "…")
    return text
