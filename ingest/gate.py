"""Gate: a new index version answers the golden questions before it is published.

Takes golden questions and the version in use, gives what the manifest keeps of the outcome, or
refuses. Knows nothing about building a version. Asking all questions takes half a minute, so it is
done only when wished (`python -m ingest --gate`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from evals.evaluate import Item, evaluate, read_golden
from evals.metrics import mean
from kb.assistant import Assistant
from kb.errors import KbError
from kb.records import Language
from kb.search.embedding import Embedder
from kb.search.index import Index, IndexStore

Approve = Callable[[Index], dict[str, Any]]
"""Looks at a complete version before it comes into use; raises KbError to refuse it."""


def gate(
    golden: Path,
    previous: Index | None,
    embedder: Embedder,
    *,
    done: Callable[[int, int], None] = lambda asked, total: None,
) -> Approve:
    """Refuses a version that answers a question wrongly that `previous` answers rightly."""
    items, digest = read_golden(golden), hashlib.sha256(golden.read_bytes()).hexdigest()

    def approve(index: Index) -> dict[str, Any]:
        now = _measured(items, digest, index, embedder, done)
        before = _before(previous, items, digest, embedder, done)
        worse = sorted(set(now["wrong"]) - set(before["wrong"])) if before else []
        if worse:
            raise KbError(
                f"Not published: {len(worse)} of {len(items)} golden questions would be answered "
                f"worse ({', '.join(worse)}). Mend the source, or publish without --gate."
            )
        return now

    return approve


def _before(
    previous: Index | None,
    items: list[Item],
    digest: str,
    embedder: Embedder,
    done: Callable[[int, int], None],
) -> Mapping[str, Any] | None:
    """The outcome of the version in use; asked anew when it was not gated with these questions."""
    if previous is None or previous.manifest["embedding"] != embedder.name:
        return None
    stored: Mapping[str, Any] = previous.manifest.get("eval", {})
    if stored.get("golden") == digest:
        return stored
    return _measured(items, digest, previous, embedder, done)


class _OneVersion(IndexStore):
    """Always this version, wherever the pointer points."""

    def __init__(self, index: Index) -> None:
        self._only = index

    def current(self) -> Index:
        return self._only

    def notice(self, language: Language) -> str:
        return ""


def _measured(
    items: list[Item],
    digest: str,
    index: Index,
    embedder: Embedder,
    done: Callable[[int, int], None],
) -> dict[str, Any]:
    asked = 0

    def tick() -> None:
        nonlocal asked
        asked += 1
        done(asked, len(items))

    outcomes = evaluate(items, Assistant(_OneVersion(index), embedder), index, tick)
    answerable = [o for o in outcomes if not o.should_decline]
    return {
        "golden": digest,
        "items": len(items),
        "found@5": _share([o.found5 for o in answerable if o.gains]),
        "all facts": _share([float(o.right) for o in answerable]),
        "wrong": [o.id for o in outcomes if not o.right and o.split == "tune"],
    }


def _share(values: list[float]) -> float | None:
    return round(mean(values), 4) if values else None


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Lines on the golden questions whose answers differ between two manifests."""
    for manifest in (old, new):
        if "eval" not in manifest:
            name = manifest["version"]
            return [f"Golden questions not compared: {name} was published without --gate."]
    before, now = old["eval"], new["eval"]
    if before["golden"] != now["golden"]:
        return ["Golden questions not compared: the questions themselves have changed."]
    worse = sorted(set(now["wrong"]) - set(before["wrong"]))
    better = sorted(set(before["wrong"]) - set(now["wrong"]))
    lines = [
        f"golden, {name}: {', '.join(ids)}"
        for name, ids in (("worse", worse), ("better", better))
        if ids
    ]
    return lines or ["No golden question differs."]
