"""Remembering: the newest results, kept so that the next turn of a conversation costs no more.

`Recent` takes a key and a way to make a value, gives the value. `Remembering` takes an `Embedder`,
gives one with the same vectors that embeds a query once: a message is read, then searched for, and
in a conversation looked at again with every turn. Knows nothing about messages.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Generic, TypeVar

import numpy as np

from kb.search.embedding import Embedder, Vectors

Value = TypeVar("Value")
_REMEMBERED = 1_000
"""Queries whose vectors are kept: 1.5 MB."""


class Recent(Generic[Value]):
    """At most `most` values, the longest unused leave first. Safe to share between threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, Value] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`; made outside of the lock, so that nobody waits for another's."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        self.put(key, value)
        return value

    def put(self, key: Hashable, value: Value) -> None:
        """Keep a value in place of an earlier one."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)


class Remembering:
    """The embedder within, asked once a query. Safe to share between threads."""

    def __init__(self, within: Embedder) -> None:
        self.name = within.name
        self._within = within
        self._vectors = Recent[Vectors](_REMEMBERED)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text."""
        if not texts:
            return self._within.queries(texts)
        return np.stack([self._vectors.get(text, partial(self._one, text)) for text in texts])

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._within.passages(texts)

    def count(self, text: str) -> int:
        return self._within.count(text)

    def _one(self, text: str) -> Vectors:
        vector: Vectors = self._within.queries([text])[0]
        return vector
