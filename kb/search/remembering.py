"""Remembering: the newest results, kept so that the next turn of a conversation costs no more.

`Recent` takes a key and a way to make a value, gives the value; `digest` makes a short key of long
texts. `Remembering` takes an `Embedder`,
gives one with the same vectors that embeds a query once: a message is read, then searched for, and
in a conversation looked at again with every turn. Knows nothing about messages.
"""

from __future__ import annotations

import hashlib
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
CHARACTERS = 10_000_000
"""Characters that the values of one `Recent` hold together: two conversations of twenty messages of
the greatest length, or all that `most` lets in of usual ones."""


def digest(*texts: str) -> bytes:
    """Texts as a key of 16 bytes."""
    made = hashlib.blake2b(digest_size=16)
    for text in texts:
        made.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return made.digest()


class Recent(Generic[Value]):
    """At most `most` values of `CHARACTERS` together, the longest unused leave first. Safe to share
    between threads.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._values: OrderedDict[Hashable, tuple[Value, int]] = OrderedDict()
        self._characters = 0

    def get(self, key: Hashable, make: Callable[[], Value], *, characters: int = 0) -> Value:
        """The value of `key`; made outside of the lock, so that nobody waits for another's.

        `characters`: about how many the value holds.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]
        value = make()
        self.put(key, value, characters=characters)
        return value

    def put(self, key: Hashable, value: Value, *, characters: int = 0) -> None:
        """Keep a value in place of an earlier one."""
        with self._lock:
            if key in self._values:
                self._characters -= self._values.pop(key)[1]
            self._values[key] = (value, characters)
            self._characters += characters
            while len(self._values) > self._most or self._characters > CHARACTERS:
                _, (_, gone) = self._values.popitem(last=False)
                self._characters -= gone


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
        return np.stack(
            [self._vectors.get(digest(text), partial(self._one, text)) for text in texts]
        )

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._within.passages(texts)

    def count(self, text: str) -> int:
        return self._within.count(text)

    def _one(self, text: str) -> Vectors:
        vector: Vectors = self._within.queries([text])[0]
        return vector
