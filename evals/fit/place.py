"""Place: where a message stands in its conversation.

Takes nothing, gives what is known of the turns before a labelled message. Knows nothing about
words.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """What stands before a message."""

    follows: bool = False
    """There are earlier messages."""
    last: str | None = None
    """The act of the person's last message, where it is known."""
    asked: bool = False
    """The last answer asked something back."""
    case: bool = False
    """A case was told before."""
