"""Training entry point."""
from __future__ import annotations

import argparse
import signal
import sys
import time

import torch
import yaml

from kawasemi.checkpoint import CheckpointWriter, find_latest
from kawasemi.data import LineDataset, collate
from kawasemi.model import KawasemiTagger

EXIT_REQUEUE = 75


class StopFlag:
    """Remembers that a signal arrived; the loop looks at it between steps."""

    def __init__(self) -> None:
        self.name: str | None = None

    def install(self) -> None:
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGUSR1, self._on_signal)

    def _on_signal(self, signum, frame) -> None:
        self.name = signal.Signals(signum).name

    def __bool__(self) -> bool:
        return self.name is not None


def parse_args(argv=None) -> argparse.Namespace:
    p = argparse.ArgumentParser(prog="kawasemi.train")
    p.add_argument("--config", required=True)
    p.add_argument("--resume", choices=["auto", "never"], default="never")
    p.add_argument("--max-steps", type=int, default=None)
    p.add_argument("--gpus", type=int, default=None)
    p.add_argument("--no-upload", action="store_true")
    p.add_argument("--log-every", type=int, default=50)
    return p.parse_args(argv)


def lr_at(step: int, base: float, warmup: int, total: int) -> float:
    """Linear warm-up, then cosine down to 10% of the base rate."""
    if step < warmup:
        return base * step / max(1, warmup)
    t = (step - warmup) / max(1, total - warmup)
    cos = 0.5 * (1 + torch.cos(torch.tensor(t * 3.141592653589793)).item())
    return base * (0.1 + 0.9 * cos)


def train(cfg: dict, args: argparse.Namespace) -> int:
    stop = StopFlag()
    stop.install()
    torch.manual_seed(cfg["train"]["seed"])
    model = KawasemiTagger(**{k: v for k, v in cfg["model"].items() if k != "name"})
    opt = torch.optim.AdamW(model.parameters(), lr=cfg["optim"]["lr"])
    writer = CheckpointWriter(cfg["checkpoint"], upload=not args.no_upload)
    step = 0
    if args.resume == "auto":
        found = find_latest(cfg["checkpoint"]["remote"])
        if found:
            step = writer.load(found, model, opt)
    total = args.max_steps or cfg["train"]["max_steps"]
    data = LineDataset(cfg["data"])
    last_save = time.monotonic()
    for batch in data.batches(cfg["train"]["batch_per_gpu"], collate):
        for g in opt.param_groups:
            g["lr"] = lr_at(step, cfg["optim"]["lr"], cfg["optim"]["warmup_steps"], total)
        loss = model.loss(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), cfg["optim"]["grad_clip"])
        opt.step()
        opt.zero_grad(set_to_none=True)
        step += 1
        if step % args.log_every == 0:
            print(f"step={step} loss={loss.item():.4f}", flush=True)
        due = time.monotonic() - last_save > cfg["checkpoint"]["every_minutes"] * 60
        if due or stop or step >= total:
            writer.save(step, model, opt)
            last_save = time.monotonic()
        if stop:
            print(f"stopping on {stop.name} at step {step}", flush=True)
            return EXIT_REQUEUE
        if step >= total:
            break
    return 0


if __name__ == "__main__":
    a = parse_args()
    with open(a.config, encoding="utf-8") as fh:
        sys.exit(train(yaml.safe_load(fh), a))
