"""Check label files for the usual mistakes. Exit 2 when there are too many."""
import argparse
import sys
from collections import Counter
from pathlib import Path

import orjson

ALLOWED = {"item", "qty", "unit_price", "amount", "tax",
           "subtotal", "total", "note", "other"}
STATES = {"draft", "agreed", "held"}


def problems(row: dict):
    if row.get("label") not in ALLOWED:
        yield "bad-label"
    if row.get("state") not in STATES:
        yield "bad-state"
    x0, y0, x1, y1 = row.get("box", [0, 0, 0, 0])
    if x1 <= x0 or y1 <= y0:
        yield "empty-box"
    if (y1 - y0) > 180:
        yield "tall-box"
    if not str(row.get("doc", "")).startswith("inv-"):
        yield "bad-doc"


def main() -> int:
    ap = argparse.ArgumentParser()
    ap.add_argument("--root", type=Path, required=True)
    ap.add_argument("--max-errors", type=int, default=25)
    ap.add_argument("--ignore", action="append", default=[],
                    help="problem name to ignore; may be repeated")
    args = ap.parse_args()
    seen = Counter()
    for f in sorted(args.root.rglob("*.jsonl")):
        for n, line in enumerate(f.read_bytes().splitlines(), 1):
            for p in problems(orjson.loads(line)):
                if p not in args.ignore:
                    seen[p] += 1
                    print(f"{f}:{n}: {p}")
    print(dict(seen))
    return 2 if sum(seen.values()) > args.max_errors else 0


if __name__ == "__main__":
    sys.exit(main())
