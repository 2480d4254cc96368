"""Encoder, to be taught: the layers of the bundled model in torch, and the heads on the upper ones.

Takes batches (evals.fit.encoder_rows), gives the scores that kb.reading.encoder gives at run time.
Knows nothing about samples or losses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kb.pattern.patterns import load_model
from kb.reading.encoder import LEVELS, STATES
from kb.reading.reading import Form
from kb.records import Act, PatternId
from kb.search.e5 import E5File
from kb.search.pieces import Pieces

ACTS: tuple[str, ...] = get_args(Act)
FORMS: tuple[str, ...] = get_args(Form)
SIGNALS: tuple[str, ...] = tuple(load_model().signal)
OUTCOMES: tuple[str, ...] = (*get_args(PatternId), "ask", "other")
DANGERS = ("", "unsafe", "attack")
HEADS = {
    "act": len(ACTS),
    "form": len(FORMS),
    "wanted": 1,
    "goes_on": 1,
    "outcome": len(OUTCOMES),
    "danger": len(DANGERS),
}
"""Of the message as a whole, each with an attention of its own."""
GLOBAL, PLACE, STANDING, WAS, ANSWER, OWN, PAD = range(7)
"""What a row of states stands for: the whole, its place, a condition that stands, the end of the
person's message before, the question of the last answer, the message itself, nothing."""


class Layer(nn.Module):
    """A layer of BERT (Devlin et al., 2019, arxiv.org/abs/1810.04805), normalised behind."""

    def __init__(self, size: int, feed: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(size, 3 * size)
        self.ao = nn.Linear(size, size)
        self.fi = nn.Linear(size, feed)
        self.fo = nn.Linear(feed, size)
        self.aln = nn.LayerNorm(size, eps=1e-12)
        self.oln = nn.LayerNorm(size, eps=1e-12)
        self.dropout = 0.1

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, size = x.shape
        parts = self.qkv(x).view(batch, length, 3, self.heads, size // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        seen = self.ao(seen.transpose(1, 2).reshape(batch, length, size))
        x = self.aln(x + self._thinned(seen))
        fed = self.fo(F.gelu(self.fi(x), approximate="tanh"))
        x = self.oln(x + self._thinned(fed))
        return x

    def _thinned(self, x: Tensor) -> Tensor:
        """Dropout, the same for all tokens of a message: drawing one a token takes longer."""
        if not self.training:
            return x
        kept = torch.rand(x.shape[0], 1, x.shape[2]) >= self.dropout
        return x * (kept / (1 - self.dropout))

    def take(self, file: E5File, number: int) -> None:
        """The weights of a layer of the bundled model."""
        size, feed = file.sizes.hidden, file.sizes.feed
        name = f"l{number}."

        def put(parameter: Any, values: np.ndarray[Any, Any]) -> None:
            parameter.data.copy_(torch.from_numpy(values))

        put(
            self.qkv.weight,
            np.concatenate([file.tensor(f"{name}{p}.w", size, size) for p in "qkv"]),
        )
        put(self.qkv.bias, np.concatenate([file.tensor(f"{name}{p}.b", size) for p in "qkv"]))
        for short, rows, columns in (("ao", size, size), ("fi", feed, size), ("fo", size, feed)):
            put(getattr(self, short).weight, file.tensor(f"{name}{short}.w", rows, columns))
            put(getattr(self, short).bias, file.tensor(f"{name}{short}.b", rows))
        for short in ("aln", "oln"):
            put(getattr(self, short).weight, file.tensor(f"{name}{short}.w", size))
            put(getattr(self, short).bias, file.tensor(f"{name}{short}.b", size))


class Lower:
    """The layers that stay as they are: token ids to states, each text once."""

    def __init__(self, file: E5File, layers: int) -> None:
        sizes = file.sizes
        self._file, self.layers = file, nn.ModuleList()
        for number in range(layers):
            layer = Layer(sizes.hidden, sizes.feed, sizes.heads)
            layer.take(file, number)
            self.layers.append(layer.eval())
        words = file.tensor("emb.word", sizes.vocabulary, sizes.hidden)
        self._words = torch.from_numpy(words)
        self._places = torch.from_numpy(file.tensor("emb.pos", sizes.positions, sizes.hidden))
        self._type = torch.from_numpy(file.rows("emb.type", [0], sizes.hidden)[0])
        self._norm = nn.LayerNorm(sizes.hidden, eps=1e-12)
        self._norm.weight.data = torch.from_numpy(file.tensor("emb.ln.w", sizes.hidden))
        self._norm.bias.data = torch.from_numpy(file.tensor("emb.ln.b", sizes.hidden))

    @torch.inference_mode()
    def __call__(self, texts: Sequence[Sequence[int]]) -> list[Tensor]:
        """States of each text, in half precision; shape (tokens, hidden)."""
        found: dict[int, Tensor] = {}
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        at = 0
        while at < len(order):
            many = max(1, 4096 // (len(texts[order[at]]) + 8))
            batch = order[at : at + many]
            at += many
            width = max(len(texts[n]) for n in batch)
            ids = torch.tensor([[*texts[n], *([1] * (width - len(texts[n])))] for n in batch])
            mask = torch.tensor([[k < len(texts[n]) for k in range(width)] for n in batch])
            x = self._norm(self._words[ids] + self._places[:width] + self._type)
            for layer in self.layers:
                x = layer(x, mask[:, None, None, :])
            for row, n in enumerate(batch):
                found[n] = x[row, : len(texts[n])].half()
        return [found[n] for n in range(len(texts))]


@dataclass
class Inputs:
    """Messages side by side, as the first layer that is taught takes them."""

    states: Tensor
    """What the layers below make of all texts; shape (messages, tokens, hidden)."""
    segments: Tensor
    """What each row of states stands for; shape (messages, tokens)."""
    bits: Tensor
    """Where each message stands; shape (messages, 4 + acts)."""
    standing: tuple[Tensor, Tensor, Tensor, Tensor]
    """Of all conditions that stand: message, row, signal, side (none, training, inference)."""


class Encoder(nn.Module):
    """The layers that are taught, with their heads."""

    def __init__(self, file: E5File, first: int) -> None:
        super().__init__()
        sizes = file.sizes
        size, signals = sizes.hidden, len(SIGNALS)
        self.segment = nn.Parameter(torch.zeros(PAD, size))
        self.start = nn.Parameter(torch.zeros(2, size))  # global, place
        self.bits = nn.Parameter(torch.zeros(4 + len(ACTS), size))
        self.signal = nn.Parameter(torch.zeros(signals, size))
        self.side = nn.Parameter(torch.zeros(3, size))
        self.pool = nn.ParameterDict({n: nn.Parameter(torch.zeros(size)) for n in HEADS})
        self.whole = nn.ModuleDict({n: nn.Linear(size, many) for n, many in HEADS.items()})
        self.word = nn.Linear(size, signals)
        self.state = nn.Linear(size, len(STATES))
        self.told_for = nn.Linear(size, 3)
        self.look = nn.Linear(size, signals)
        self.level = nn.Linear(size, len(LEVELS) * signals)
        self.gone = nn.Linear(size, 1)
        for head in self.modules():
            if isinstance(head, nn.Linear):
                nn.init.normal_(head.weight, std=0.02)
                nn.init.zeros_(head.bias)
        nn.init.constant_(self.word.bias, -4.0)
        nn.init.constant_(self.level.bias, -3.0)
        self.layers = nn.ModuleList()
        for number in range(first, sizes.layers):
            layer = Layer(size, sizes.feed, sizes.heads)
            layer.take(file, number)
            self.layers.append(layer)

    def begin(self, lower: Lower, pieces: Pieces, file: E5File) -> None:
        """Embeddings of what is no text: signals as their labels, the rest as the first token."""

        def state(text: str) -> Tensor:
            return lower([(file.bos, *pieces.tokens(text).ids, file.eos)])[0].float()

        first = state("")[0]
        self.start.data.copy_(first + 0.02 * torch.randn_like(self.start))
        self.bits.data.normal_(std=0.02)
        for number, name in enumerate(SIGNALS):
            label = load_model().signal[name].label
            labels = torch.cat([state(label.ja)[1:-1], state(label.en)[1:-1]])
            self.signal.data[number] = labels.mean(0)

    def inputs(self, batch: Inputs) -> Tensor:
        """What the first layer takes; shape (messages, tokens, hidden)."""
        x = batch.states.clone()
        x[:, 0] = self.start[0]
        x[:, 1] = self.start[1] + batch.bits @ self.bits
        rows, columns, signals, sides = batch.standing
        standing = self.signal[signals] + self.side[sides]
        x = x.index_put((rows, columns), standing)
        segments = torch.cat([self.segment, torch.zeros(1, self.segment.shape[1])])
        return x + segments[batch.segments]

    def forward(self, batch: Inputs) -> dict[str, Tensor]:
        x = self.inputs(batch)
        mask = (batch.segments != PAD)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        out = {}
        seen = (batch.segments == OWN) | (batch.segments <= PLACE)
        hidden = torch.where(seen, 0.0, -1e4)
        for name, head in self.whole.items():
            shares = torch.softmax(x @ self.pool[name] / 8 + hidden, 1)
            out[name] = head((shares[:, :, None] * x).sum(1))
        shares = torch.softmax(self.look(x) + hidden[:, :, None], 1)
        levels = self.level(x).view(*x.shape[:2], len(LEVELS), len(SIGNALS))
        out["level"] = (shares[:, :, None, :] * levels).sum(1)
        out["word"], out["state"] = self.word(x), self.state(x)
        out["told_for"], out["gone"] = self.told_for(x), self.gone(x)[..., 0]
        return out
