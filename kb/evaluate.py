"""Evaluate: the golden questions asked for real, and what came out, item by item.

Takes golden items and an `Assistant`, gives an `Outcome` an item and a table a slice. Knows nothing
about how answers are made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kb.assistant import Assistant
from kb.errors import KbError
from kb.index import Index
from kb.metrics import (
    evidence_found,
    evidence_recall,
    fact_share,
    folded,
    mean,
    precision_recall,
    ranking,
)
from kb.records import Answer, Chunk, Turn
from kb.text import language

_REFERENCES = re.compile(r"\s*((?:\[\^[\w-]+\])+)")
_DEPTH = 10
KINDS = (
    "choose_pattern", "need_custom", "fact", "howto", "troubleshoot", "compare", "followup",
    "out_of_scope", "not_in_sources", "unsafe", "false_premise", "injection",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """A golden question; see tests/eval/golden.yaml for the fields."""

    id: str
    kind: str
    language: str
    split: str
    question: str
    history: tuple[Turn, ...] = ()
    pattern: str | None = None
    declined: str | None = None
    evidence: tuple[str, ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one item gave."""

    id: str
    kind: str
    language: str
    split: str
    should_decline: bool
    declined: bool
    reason_right: bool
    mirrored: bool
    recall5: float = 1.0
    found5: float = 1.0
    facts: float = 1.0
    citation_precision: float = 1.0
    answerable: float = 0.0
    groups: tuple[str, ...] = ()
    gains: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def right(self) -> bool:
        """The item as a reader would judge it: declined when it should be, else all facts."""
        return self.declined if self.should_decline else not self.declined and self.facts == 1.0


def read_golden(file: Path) -> list[Item]:
    """The golden items; raises KbError that names the item."""
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    items = []
    for row in rows:
        try:
            row = dict(row)
            row["history"] = tuple(Turn(**turn) for turn in row.get("history", ()))
            row["facts"] = tuple(tuple(map(str, fact)) for fact in row.get("facts", ()))
            row["evidence"] = tuple(row.get("evidence", ()))
            row["absent"] = tuple(row.get("absent", ()))
            items.append(Item(**row))
        except TypeError as error:
            raise KbError(f"{file}: item {row.get('id')} does not fit: {error}") from error
    return items


def evidence_of(index: Index, chunk: Chunk) -> set[str]:
    """Evidence ids that a note cites right behind a statement."""
    if chunk.kind != "statement":
        return set()
    after = index.documents[chunk.document].text[chunk.end : chunk.end + 300]
    found = _REFERENCES.match(after)
    return set(re.findall(r"\[\^([\w-]+)\]", found[1])) if found else set()


def evidence_by_group(index: Index) -> dict[str, set[str]]:
    """Evidence ids that the statements of each group cite."""
    return {
        group: set().union(*(evidence_of(index, chunk) for chunk in chunks))
        for group, chunks in index.groups.items()
    }


def evaluate(
    items: Iterable[Item],
    assistant: Assistant,
    index: Index,
    done: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Ask every item."""
    held = evidence_by_group(index)
    outcomes = []
    for item in items:
        outcomes.append(judge(item, assistant.ask(item.question, item.history), index, held))
        done()
    return outcomes


def judge(item: Item, answer: Answer, index: Index, held: Mapping[str, set[str]]) -> Outcome:
    """What an answer is worth."""
    hits = answer.trace.hits if answer.trace else ()
    groups = tuple(hit.group for hit in hits)[:_DEPTH]
    evidence = [held.get(group, set()) for group in groups]
    needed = set(item.evidence)
    missing = [fact[0] for fact in item.facts if fact_share(answer.answer, [fact]) < 1]
    said_wrong = [word for word in item.absent if folded(word) in folded(answer.answer)]
    signals = answer.trace.signals if answer.trace else {}
    return Outcome(
        id=item.id,
        kind=item.kind,
        language=item.language,
        split=item.split,
        should_decline=item.declined is not None,
        declined=answer.declined,
        reason_right=answer.reason == item.declined,
        mirrored=answer.language == item.language and language(answer.answer) == item.language,
        recall5=evidence_recall(needed, evidence, 5),
        found5=evidence_found(needed, evidence, 5) if needed else 1.0,
        facts=0.0 if said_wrong else fact_share(answer.answer, item.facts),
        citation_precision=_citation_precision(item, answer, index),
        answerable=float(signals.get("answerable", 0.0)),
        groups=groups,
        gains={group: len(ids & needed) for group, ids in held.items() if ids & needed},
        missing=(*missing, *(f"must not appear: {word}" for word in said_wrong)),
        seconds=answer.seconds,
    )


def _citation_precision(item: Item, answer: Answer, index: Index) -> float:
    """Share of the quotes that carry evidence or a needed fact of the item."""
    if not item.facts or not answer.citations:
        return 1.0
    by_place = {(c.document, c.start, c.end): c for c in index.chunks.values() if c.kind == "statement"}
    carrying = 0
    for citation in answer.citations:
        chunk = by_place.get((citation.document, citation.start, citation.end))
        cited = evidence_of(index, chunk) if chunk else set()
        carrying += bool(cited & set(item.evidence)) or any(
            fact_share(citation.quote, [fact]) for fact in item.facts
        )
    return carrying / len(answer.citations)


METRICS = (
    "items", "recall@5", "found@5", "MRR", "nDCG@10", "facts", "all facts", "citations",
    "refusal precision", "refusal recall", "reason", "mirrored",
)  # fmt: skip


def summarize(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The metrics of a slice."""
    answered = [o for o in outcomes if not o.should_decline]
    evidenced = [o for o in answered if o.gains]
    ranked = (
        ranking({o.id: o.groups for o in evidenced}, {o.id: o.gains for o in evidenced})
        if evidenced
        else {"mrr": 0.0, "ndcg": 0.0}
    )
    precision, recall = precision_recall(
        [o.declined for o in outcomes], [o.should_decline for o in outcomes]
    )
    refusals = [o for o in outcomes if o.should_decline and o.declined]
    return {
        "items": float(len(outcomes)),
        "recall@5": mean([o.recall5 for o in evidenced]),
        "found@5": mean([o.found5 for o in evidenced]),
        "MRR": ranked["mrr"],
        "nDCG@10": ranked["ndcg"],
        "facts": mean([o.facts for o in answered]),
        "all facts": mean([float(o.facts == 1.0 and not o.declined) for o in answered]),
        "citations": mean([o.citation_precision for o in answered if not o.declined]),
        "refusal precision": precision,
        "refusal recall": recall,
        "reason": mean([float(o.reason_right) for o in refusals]) if refusals else 1.0,
        "mirrored": mean([float(o.mirrored) for o in outcomes]),
    }


def slices(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Named slices: all, by split, by language within a split, by kind."""
    named = {"all": list(outcomes)}
    for split in ("tune", "test"):
        part = [o for o in outcomes if o.split == split]
        named[split] = part
        for lang in ("ja", "en"):
            named[f"{split} {lang}"] = [o for o in part if o.language == lang]
    for kind in KINDS:
        named[kind] = [o for o in outcomes if o.kind == kind]
    return {name: part for name, part in named.items() if part}


def baseline_row(outcome: Outcome) -> dict[str, Any]:
    """What is kept of an item to notice a flip."""
    row = asdict(outcome)
    return {"right": outcome.right, **{name: row[name] for name in ("declined", "facts", "recall5")}}


def flips(
    outcomes: Sequence[Outcome], baseline: Mapping[str, Mapping[str, Any]]
) -> tuple[list[str], list[str]]:
    """Ids that were right and are wrong now, and the other way round."""
    known = [o for o in outcomes if o.id in baseline]
    worse = [o.id for o in known if baseline[o.id]["right"] and not o.right]
    better = [o.id for o in known if o.right and not baseline[o.id]["right"]]
    return worse, better
