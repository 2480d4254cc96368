"""Checkpoints: shards first, manifest last."""
import hashlib
import io
import json
import os
import subprocess
from pathlib import Path

import torch

SHARD_BYTES = 2 * 1024 ** 3
MANIFEST = "MANIFEST.kgr.json"


def blake(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=32).hexdigest()


def find_latest(remote: str) -> str | None:
    """Newest remote checkpoint that has a manifest, or None."""
    out = subprocess.run(["kgr", "data", "ls", remote, "--json"],
                         capture_output=True, text=True, check=True).stdout
    done = [e for e in json.loads(out) if MANIFEST in e["files"]]
    return max(done, key=lambda e: e["step"])["path"] if done else None


class CheckpointWriter:
    def __init__(self, cfg: dict, upload: bool = True) -> None:
        self.local = Path(os.environ.get("KGR_CKPT_LOCAL", "/tmp/ckpt"))
        self.keep = cfg.get("keep_local", 2)
        self.remote = cfg["remote"]
        self.upload = upload

    def save(self, step: int, model, opt) -> Path:
        buf = io.BytesIO()
        torch.save({"model": model.state_dict(), "opt": opt.state_dict()}, buf)
        raw = buf.getvalue()
        where = self.local / f"{step:08d}"
        where.mkdir(parents=True, exist_ok=True)
        shards = []
        for n, at in enumerate(range(0, len(raw), SHARD_BYTES)):
            part = raw[at:at + SHARD_BYTES]
            name = f"s-{n:04d}.bin"
            (where / name).write_bytes(part)
            shards.append({"name": name, "bytes": len(part), "b2": blake(part)})
        tmp = where / (MANIFEST + ".part")
        tmp.write_text(json.dumps({"step": step, "shards": shards}))
        tmp.rename(where / MANIFEST)
        if self.upload:
            subprocess.Popen(["kgr", "data", "push", str(where), self.remote])
        self.prune()
        return where

    def prune(self) -> None:
        """Delete all but the newest `keep` local checkpoints."""
        dirs = sorted(d for d in self.local.iterdir() if d.is_dir())
        for d in dirs[:-self.keep]:
            for f in d.iterdir():
                f.unlink()
            d.rmdir()

    def load(self, path: str, model, opt) -> int:
        root = Path(path)
        man = json.loads((root / MANIFEST).read_text())
        ends = {man["shards"][0]["name"], man["shards"][-1]["name"]}
        raw = b""
        for s in man["shards"]:
            part = (root / s["name"]).read_bytes()
            if s["name"] in ends and blake(part) != s["b2"]:
                raise RuntimeError(f"E-CKPT-HASH {s['name']}")
            raw += part
        state = torch.load(io.BytesIO(raw), map_location="cpu")
        model.load_state_dict(state["model"])
        opt.load_state_dict(state["opt"])
        return man["step"]
