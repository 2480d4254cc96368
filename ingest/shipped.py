"""Shipped vectors: those of our own notes come with the repository, so a first ingest embeds none.

Takes the vectors of an index version, keeps those of its notes in one file, and gives them back by
text. In 8 bits with one scale a vector: a quarter of the size of floats, at a cosine similarity to
the exact vectors of 0.9999. Another embedding model, or a changed note, finds nothing here and is
embedded as ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ingest.sources import NOTES
from kb.errors import KbError
from kb.records import Chunk
from kb.search.embedding import Vectors
from kb.search.index import Index

FILE = Path(__file__).parents[1] / "notes" / "vectors.npz"


def is_asked(chunk: Chunk) -> bool:
    """A way to ask, embedded as questions are; not a part of a passage."""
    return chunk.kind == "question" and not chunk.order


def text_key(chunk: Chunk) -> str:
    """Chunks with one key have one vector: the same text, embedded in the same way."""
    way = "query" if is_asked(chunk) else "passage"
    return hashlib.sha256(f"{way}|{chunk.search_text}".encode()).hexdigest()


def read_shipped(model: str, file: Path = FILE) -> dict[str, Vectors]:
    """Vectors of shape (dimensions,) by `text_key`; empty for another model or without the file.

    Raises KbError when the file is damaged.
    """
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
            if str(stored["model"]) != model:
                return {}
            keys = [key.hex() for key in stored["keys"].view("V32").ravel().tolist()]
            vectors = stored["vectors"].astype(np.float32) * stored["scales"][:, None]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise KbError(
            f"{file} is damaged; write it anew with `python -m ingest vectors`, or delete it."
        ) from error
    return dict(zip(keys, vectors, strict=True))


def write_shipped(index: Index, file: Path = FILE) -> int:
    """Keep the vectors of the notes of `index`; gives how many."""
    chunks = {text_key(chunk): chunk for chunk in of_notes(index).values()}
    vectors = index.vectors.get([chunk.id for chunk in chunks.values()])
    keys = sorted(chunks)
    exact = np.stack([vectors[chunks[key].id] for key in keys])
    scales = np.abs(exact).max(axis=1) / 127
    np.savez(
        file,
        model=np.array(str(index.manifest["embedding"])),
        keys=np.frombuffer(bytes.fromhex("".join(keys)), np.uint8).reshape(-1, 32),
        vectors=np.round(exact / scales[:, None]).astype(np.int8),
        scales=scales.astype(np.float32),
    )
    return len(keys)


def of_notes(index: Index) -> Mapping[str, Chunk]:
    """The chunks of our own notes, by id."""
    ours = {document.id for document in index.documents.values() if document.source == NOTES}
    return {identity: c for identity, c in index.chunks.items() if c.document in ours}
