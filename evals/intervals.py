"""Intervals: how sure a share is.

Takes how many of how many, gives the 95 % interval. Knows nothing about what was counted.

Wilson's score interval (Wilson, 1927, https://doi.org/10.1080/01621459.1927.10502953); it stays
within 0 and 1 and holds for small n.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

_Z = 1.959964
"""The 97.5 % quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `n`, under a name."""

    name: str
    hits: int
    n: int

    @property
    def value(self) -> float:
        return self.hits / self.n if self.n else nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end of the 95 % interval; (nan, nan) for nothing."""
        return wilson(self.hits, self.n)

    def __str__(self) -> str:
        if not self.n:
            return f"{self.name}: nothing to measure"
        low, high = self.interval
        return f"{self.name}: {self.value:.3f}  ({self.hits} of {self.n}; {low:.3f} to {high:.3f})"


def wilson(hits: float, n: int) -> tuple[float, float]:
    """The interval of `hits` of `n`."""
    if not n:
        return nan, nan
    share, z2 = hits / n, _Z * _Z / n
    centre = (share + z2 / 2) / (1 + z2)
    half = _Z * sqrt(share * (1 - share) / n + z2 / (4 * n)) / (1 + z2)
    return max(0.0, centre - half), min(1.0, centre + half)


def share_of(name: str, rows: list[bool]) -> Share:
    """How many of `rows` are true."""
    return Share(name, sum(rows), len(rows))
