"""The tagger: a small transformer over line crops and their text."""
import torch
from torch import nn

LABELS = ["item", "qty", "unit_price", "amount", "tax",
          "subtotal", "total", "note", "other"]


class PatchStem(nn.Module):
    """Turns a 32x512 line crop into 64 tokens."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, hidden, kernel_size=(32, 8), stride=(32, 8))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(x).flatten(2).transpose(1, 2)


class KawasemiTagger(nn.Module):
    def __init__(self, hidden=768, layers=14, heads=12, labels=9, dropout=0.12):
        super().__init__()
        self.stem = PatchStem(hidden)
        layer = nn.TransformerEncoderLayer(
            hidden, heads, dim_feedforward=hidden * 3, dropout=dropout,
            batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, layers)
        self.head = nn.Linear(hidden, labels)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        h = self.body(self.stem(crops))
        return self.head(h.mean(dim=1))

    def loss(self, batch) -> torch.Tensor:
        logits = self(batch["crops"])
        return nn.functional.cross_entropy(
            logits, batch["labels"], label_smoothing=0.06)


def decode(logits: torch.Tensor, min_score: float = 0.37) -> list[str]:
    """Best label per line; below min_score a line becomes 'other'."""
    prob = logits.softmax(-1)
    score, idx = prob.max(-1)
    return [LABELS[i] if s >= min_score else "other"
            for s, i in zip(score.tolist(), idx.tolist())]
