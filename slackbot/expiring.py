"""Expiring: what happened lately, in bounded memory. Safe to share between threads."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Expiring(Generic[K, V]):
    """The last `most` entries that are not older than `seconds`."""

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._lock = Lock()

    def add(self, key: K, value: V) -> bool:
        """Keep `value`; False, and nothing changed, when there is one under `key` already."""
        with self._lock:
            self._forget_old()
            if key in self._entries:
                return False
            if len(self._entries) >= self._most:
                self._entries.popitem(last=False)
            self._entries[key] = (self._clock(), value)
            return True

    def get(self, key: K) -> V | None:
        with self._lock:
            self._forget_old()
            entry = self._entries.get(key)
            return entry[1] if entry else None

    def drop(self, key: K) -> None:
        with self._lock:
            self._entries.pop(key, None)

    def _forget_old(self) -> None:
        oldest_kept = self._clock() - self._seconds
        while self._entries:
            added, _ = next(iter(self._entries.values()))
            if added > oldest_kept:
                return
            self._entries.popitem(last=False)
