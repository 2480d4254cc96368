"""Our own reader: what reads messages where no chat model does.

Takes an embedder and what looks versions up, gives the `Reader` that fits this machine. Knows
nothing about indexes.
"""

from __future__ import annotations

from kb.pattern.knowing import KnowingReader
from kb.pattern.offered import LookUp
from kb.pattern.plain_reader import PlainReader
from kb.pattern.settle import settle
from kb.reading.encoded import EncodedReader
from kb.reading.encoder import has_encoder
from kb.reading.reading import Reader
from kb.search.embedding import Embedder


def own_reader(embedder: Embedder, look_up: LookUp | None = None) -> Reader:
    """The encoder; where this machine has no bundled model, small models over any embedding."""
    return KnowingReader(
        EncodedReader(embedder, settle) if has_encoder() else PlainReader(embedder), look_up
    )
