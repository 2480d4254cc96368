"""Place: where a message stands in its conversation, as numbers beside its words.

Takes what is known of the turns before, gives a row of numbers. Knows nothing about words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from kb.records import Act

ACTS: tuple[str, ...] = get_args(Act)
_ASKS = re.compile(r"[?？]")
_LONG = math.log(1_000)


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

    def row(self, text: str, pasted: float, named: Sequence[float]) -> list[float]:
        """The numbers that the models take.

        `pasted`: the share that the person did not write; `named`: what the words name of a case.
        """
        return [
            float(self.follows),
            float(self.asked),
            float(self.case),
            min(1.5, math.log(1 + len(text)) / _LONG),
            float(self.follows) * min(1.5, math.log(1 + len(text)) / _LONG),
            pasted,
            float(bool(_ASKS.search(text))),
            float(text.rstrip().endswith(("?", "？"))),
            min(1.0, text.count("\n") / 10),
            *named,
            *(float(self.follows) * number for number in named),
            *(float(self.case) * number for number in named),
            *(float(act == self.last) for act in ACTS),
        ]
