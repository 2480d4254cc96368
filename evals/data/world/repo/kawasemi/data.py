"""Reading line crops and labels."""
import random
from pathlib import Path

import numpy as np
import orjson
import torch
from PIL import Image

from kawasemi.model import LABELS

MAX_WIDTH = 4096


class TooWide(ValueError):
    """The page image is wider than MAX_WIDTH."""


def load_crop(path: Path, box: list[int]) -> np.ndarray:
    with Image.open(path) as im:
        if im.width > MAX_WIDTH:
            raise TooWide(f"{path}: {im.width}px")
        crop = im.convert("L").crop(tuple(box)).resize((512, 32))
    return np.asarray(crop, dtype=np.float32) / 255.0


class LineDataset:
    def __init__(self, cfg: dict) -> None:
        self.root = Path(cfg["root"])
        self.buffer = cfg.get("shuffle_buffer", 20000)
        self.skipped = 0

    def rows(self):
        for f in sorted(self.root.glob("*.jsonl")):
            for line in f.read_bytes().splitlines():
                row = orjson.loads(line)
                if row["state"] != "agreed":
                    self.skipped += 1
                    continue
                yield row

    def shuffled(self):
        buf = []
        for row in self.rows():
            buf.append(row)
            if len(buf) >= self.buffer:
                i = random.randrange(len(buf))
                buf[i], buf[-1] = buf[-1], buf[i]
                yield buf.pop()
        random.shuffle(buf)
        yield from buf

    def batches(self, size: int, collate_fn):
        batch = []
        for row in self.shuffled():
            batch.append(row)
            if len(batch) == size:
                yield collate_fn(batch, self.root)
                batch = []


def collate(rows: list[dict], root: Path) -> dict:
    crops = [load_crop(root / f"{r['doc']}.png", r["box"]) for r in rows]
    return {
        "crops": torch.from_numpy(np.stack(crops)).unsqueeze(1),
        "labels": torch.tensor([LABELS.index(r["label"]) for r in rows]),
    }
