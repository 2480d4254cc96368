"""Losses of the encoder's heads, each a mean over what is known in a batch.

Takes the scores of evals.fit.encoder_model and a batch, gives one number a head. Knows nothing
about training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from evals.fit.encoder_model import ACTS, DANGERS, FORMS
from evals.fit.encoder_rows import Batch, Row
from evals.fit.samples import Sample

WEIGHTS = {
    "act": 1.0, "form": 1.0, "wanted": 1.0, "goes_on": 0.3, "outcome": 0.7, "danger": 0.5,
    "level": 0.5, "word": 3.0, "state": 0.5, "told_for": 0.2, "gone": 0.7,
}  # fmt: skip
_RARE = torch.tensor([[1.5], [4.0], [4.0]])
"""What a condition counts that a message tells, rules out, supposes: most messages do neither."""
_STATES = torch.tensor([1.0, 2.0, 3.0, 4.0])
_UNMARKED = 0.05
"""What a token counts that may name a condition though nobody has marked it."""
_CLASSES: Mapping[str, Callable[[Sample], int]] = {
    "act": lambda s: -1 if s.act is None else ACTS.index(s.act),
    "form": lambda s: -1 if s.form is None else FORMS.index(s.form),
    "danger": lambda s: -1 if s.danger is None else DANGERS.index(s.danger),
}
_YES: Mapping[str, Callable[[Sample], bool | None]] = {
    "wanted": lambda s: s.wanted,
    "goes_on": lambda s: s.goes_on,
}


def losses(out: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    """What each head lost; heads of which nothing is known are left out."""
    lost: dict[str, Tensor] = {}
    samples = [row.sample for row in batch.rows]
    for name, label in _CLASSES.items():
        truth = torch.tensor([label(sample) for sample in samples])
        if (truth >= 0).any():
            lost[name] = F.cross_entropy(out[name], truth, ignore_index=-1)
    for name, says in _YES.items():
        own = [n for n, sample in enumerate(samples) if says(sample) is not None]
        if own:
            yes = torch.tensor([float(bool(says(samples[n]))) for n in own])
            lost[name] = F.binary_cross_entropy_with_logits(out[name][own, 0], yes)
    own, truth = _known(batch, lambda row: row.outcome)
    if own:
        lost["outcome"] = F.cross_entropy(out["outcome"][own], truth / truth.sum(1, keepdim=True))
    own, truth = _known(batch, lambda row: row.level)
    if own:
        each = _yes_or_no(out["level"][own], truth, _RARE)
        lost["level"] = (each * (truth >= 0)).sum() / len(own)
    lost |= _of_tokens(out, batch)
    known = batch.gone >= 0
    if known.any():
        scores = out["gone"][batch.standing[0], batch.standing[1]]
        lost["gone"] = F.binary_cross_entropy_with_logits(scores[known], batch.gone[known])
    return lost


def _of_tokens(out: Mapping[str, Tensor], batch: Batch) -> dict[str, Tensor]:
    own = [(n, row) for n, row in enumerate(batch.rows) if row.word is not None]
    if not own:
        return {}

    def scores(name: str) -> Tensor:
        starts = batch.offsets
        return torch.cat([out[name][n, starts[n] : starts[n] + len(row.text)] for n, row in own])

    def labels(of: Callable[[Row], Any]) -> Tensor:
        return torch.from_numpy(np.concatenate([of(row) for _, row in own]))

    truth = labels(lambda row: row.word)
    each = _yes_or_no(scores("word"), truth, torch.tensor(2.0))
    lost = {"word": (each * torch.where(truth < 0, _UNMARKED, 1.0)).sum() / len(truth)}
    kinds = labels(lambda row: row.state)
    if (kinds >= 0).any():
        lost["state"] = F.cross_entropy(scores("state"), kinds, _STATES, ignore_index=-1)
    sides = labels(lambda row: row.told_for)
    if (sides >= 0).any():
        lost["told_for"] = F.cross_entropy(scores("told_for"), sides, ignore_index=-1)
    return lost


def _known(batch: Batch, of: Callable[[Row], Any]) -> tuple[list[int], Tensor]:
    own = [n for n, row in enumerate(batch.rows) if of(row) is not None]
    truth = np.stack([of(batch.rows[n]) for n in own]) if own else np.zeros(0, np.float32)
    return own, torch.from_numpy(truth)


def _yes_or_no(scores: Tensor, truth: Tensor, rare: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(
        scores, truth.clamp(0), reduction="none", pos_weight=rare
    )
