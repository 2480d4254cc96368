"""Evaluate: the golden questions asked for real, and what came out, item by item.

Takes golden items and an `Assistant`, gives an `Outcome` an item, the metrics of a slice, and which
items flipped against a baseline. Knows nothing about how answers are made, nor how tables look.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.metrics import (
    evidence_found,
    evidence_recall,
    fact_share,
    folded,
    mean,
    precision_recall,
    ranking,
)
from evals.rows import read_rows
from kb.answer.statements import evidence_of
from kb.assistant import Assistant
from kb.errors import KbError
from kb.records import LANGUAGES, Answer, Turn
from kb.search.index import Index
from kb.text.language import prose_language

_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
_DEPTH = 10
SPLITS = ("tune", "test")
KINDS = (
    "choose_pattern",
    "need_custom",
    "fact",
    "howto",
    "troubleshoot",
    "compare",
    "followup",
    "out_of_scope",
    "not_in_sources",
    "unsafe",
    "false_premise",
    "injection",
    "thread",
)


@dataclass(frozen=True, slots=True)
class Item:
    """A golden question; see evals/data/golden.yaml for the fields."""

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
    thread: str = ""
    """The public thread that a message of the kind `thread` is restated from."""


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
    answerable: float = math.nan
    """The scope's probability that our sources answer it; nan when it was not asked."""
    groups: tuple[str, ...] = ()
    gains: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    seconds: float = 0.0
    pattern_right: bool | None = None
    """Whether the pattern that the item names was decided for; None where it names none."""
    answer: str = ""

    @property
    def right(self) -> bool:
        """The item as a reader would judge it: declined when it should be, else all facts."""
        return self.declined if self.should_decline else not self.declined and self.facts == 1.0


def read_golden(file: Path) -> list[Item]:
    """The golden items; raises KbError that names the item."""
    items = []
    for row in read_rows(file, "golden questions"):
        try:
            fields = dict(row)
            fields["history"] = tuple(Turn(**turn) for turn in row.get("history", ()))
            fields["facts"] = tuple(tuple(map(str, fact)) for fact in row.get("facts", ()))
            fields["evidence"] = tuple(row.get("evidence", ()))
            fields["absent"] = tuple(row.get("absent", ()))
            items.append(Item(**fields))
        except (TypeError, ValueError, AttributeError) as error:
            name = row.get("id") if isinstance(row, dict) else row
            raise KbError(f"{file}: item {name} does not fit: {error}") from error
    return items


# --- which evidence an index holds ---------------------------------------------------------------


def evidence_by_group(index: Index) -> dict[str, set[str]]:
    """Evidence ids that the statements of each group cite."""
    return {
        group: set().union(*(evidence_of(index, chunk) for chunk in chunks))
        for group, chunks in index.groups.items()
    }


_Place = tuple[str, int, int]


def evidence_by_place(index: Index) -> dict[_Place, set[str]]:
    """Evidence ids by document and span: of statements, and of the blocks that belong to them."""
    places: dict[_Place, set[str]] = {}
    for chunks in index.groups.values():
        cited = {
            (chunk.document, chunk.order): evidence_of(index, chunk)
            for chunk in chunks
            if chunk.kind == "statement"
        }
        for chunk in chunks:
            if chunk.kind in ("statement", "code", "table"):
                place = (chunk.document, chunk.start, chunk.end)
                places[place] = cited.get((chunk.document, chunk.order), set())
    return places


# --- asking and judging --------------------------------------------------------------------------


def evaluate(
    items: Iterable[Item],
    assistant: Assistant,
    index: Index,
    done: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Ask every item."""
    held, places = evidence_by_group(index), evidence_by_place(index)
    outcomes = []
    for item in items:
        answer = assistant.ask(item.question, item.history)
        outcomes.append(judge(item, answer, held, places))
        done()
    return outcomes


def judge(
    item: Item,
    answer: Answer,
    held: Mapping[str, set[str]],
    places: Mapping[_Place, set[str]],
) -> Outcome:
    """What an answer is worth. `held`, `places`: evidence by group and by place."""
    groups = tuple(hit.group for hit in answer.trace.hits)[:_DEPTH] if answer.trace else ()
    evidence = [held.get(group, set()) for group in groups]
    needed = set(item.evidence)
    missing = [fact[0] for fact in item.facts if fact_share(answer.answer, [fact]) < 1]
    wrong = [word for word in item.absent if folded(word) in folded(answer.answer)]
    signals = answer.trace.signals if answer.trace else {}
    return Outcome(
        id=item.id,
        kind=item.kind,
        language=item.language,
        split=item.split,
        should_decline=item.declined is not None,
        declined=answer.declined,
        reason_right=answer.reason == item.declined,
        mirrored=answer.language == prose_language(_prose(answer)) == item.language,
        recall5=evidence_recall(needed, evidence, 5),
        found5=evidence_found(needed, evidence, 5),
        facts=0.0 if wrong else fact_share(answer.answer, item.facts),
        citation_precision=_citation_precision(item, answer, places),
        answerable=float(signals.get("answerable", math.nan)),
        groups=groups,
        gains={group: len(ids & needed) for group, ids in held.items() if ids & needed},
        missing=(*missing, *(f"must not appear: {word}" for word in wrong)),
        seconds=answer.seconds,
        pattern_right=None if item.pattern is None else item.pattern in _decided(answer),
        answer=answer.answer,
    )


def _decided(answer: Answer) -> set[str | None]:
    return {answer.pattern, *answer.patterns}


def _prose(answer: Answer) -> str:
    """The answer without its code blocks and code spans, which have no language."""
    return _CODE.sub("", answer.answer)


def _citation_precision(item: Item, answer: Answer, places: Mapping[_Place, set[str]]) -> float:
    """Share of the quotes that carry evidence or a needed fact of the item."""
    if not item.facts or not answer.citations:
        return 1.0
    carrying = sum(
        bool(places.get((c.document, c.start, c.end), set()) & set(item.evidence))
        or any(fact_share(c.quote, [fact]) for fact in item.facts)
        for c in answer.citations
    )
    return carrying / len(answer.citations)


# --- slices --------------------------------------------------------------------------------------


def summarize(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The metrics of a slice; nan where a metric has nothing to measure."""
    answerable = [o for o in outcomes if not o.should_decline]
    evidenced = [o for o in answerable if o.gains]
    mrr, ndcg = ranking({o.id: o.groups for o in evidenced}, {o.id: o.gains for o in evidenced})
    precision, recall = precision_recall(
        [o.declined for o in outcomes], [o.should_decline for o in outcomes]
    )
    refused = [o for o in outcomes if o.should_decline and o.declined]
    return {
        "items": float(len(outcomes)),
        "recall@5": mean([o.recall5 for o in evidenced]),
        "found@5": mean([o.found5 for o in evidenced]),
        "MRR": mrr,
        "nDCG@10": ndcg,
        "facts": mean([o.facts for o in answerable]),
        "all facts": mean([float(o.right) for o in answerable]),
        "citations": mean([o.citation_precision for o in answerable if not o.declined]),
        "refusal precision": precision,
        "refusal recall": recall,
        "reason": mean([float(o.reason_right) for o in refused]),
        "mirrored": mean([float(o.mirrored) for o in outcomes]),
    }


def slices(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Named slices: each split and each kind, whole and by language; empty ones are left out."""
    named = {"all": list(outcomes)}
    for split in SPLITS:
        named[split] = [o for o in outcomes if o.split == split]
    for kind in KINDS:
        named[kind] = [o for o in outcomes if o.kind == kind]
    return {
        f"{name} {language}".strip(): found
        for name, part in named.items()
        for language in ("", *LANGUAGES)
        if (found := [o for o in part if language in ("", o.language)])
    }


# --- baseline ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Baseline:
    """Accepted outcomes: what every item gave, the metrics of every slice, and where."""

    sources: tuple[str, ...]
    """Ids of the sources in the index that it was accepted on."""
    slices: Mapping[str, Mapping[str, float | None]]
    items: Mapping[str, Mapping[str, Any]]


def baseline_of(outcomes: Sequence[Outcome], index: Index) -> Baseline:
    """What to accept."""
    return Baseline(
        sources_of(index),
        {name: _rounded(summarize(part)) for name, part in slices(outcomes).items()},
        {o.id: _row(o) for o in outcomes if o.split == "tune"},
    )


def sources_of(index: Index) -> tuple[str, ...]:
    """Ids of the sources that an index holds documents of."""
    return tuple(sorted({document.source for document in index.documents.values()}))


def _row(outcome: Outcome) -> dict[str, Any]:
    """What is kept of an item: enough to see a flip and to read it."""
    return {
        "right": outcome.right,
        "declined": outcome.declined,
        "facts": round(outcome.facts, 3),
        "found5": outcome.found5,
        "answer": outcome.answer,
    }


def _rounded(metrics: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if math.isnan(v) else round(v, 4) for name, v in metrics.items()}


def write_baseline(baseline: Baseline, file: Path) -> None:
    """As JSON, one item a line, so that a diff shows what flipped."""
    parts = [f' "sources": {json.dumps(baseline.sources)}']
    for name, rows in (("slices", baseline.slices), ("items", baseline.items)):
        lines = (f"  {json.dumps(key)}: {json.dumps(row)}" for key, row in rows.items())
        parts.append(f' "{name}": {{\n' + ",\n".join(lines) + "\n }")
    file.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def read_baseline(file: Path) -> Baseline | None:
    """The accepted outcomes; None when nothing has been accepted yet."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return Baseline(tuple(content["sources"]), content["slices"], content["items"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise KbError(f"{file} is damaged; accept anew with `make eval-accept`.") from error


def flips(
    outcomes: Sequence[Outcome], baseline: Mapping[str, Mapping[str, Any]]
) -> tuple[list[str], list[str]]:
    """Ids that were right and are wrong now, and the other way round; new items count for none.

    Of the tuning slice alone: what is set aside is never looked at item by item.
    """
    known = [o for o in outcomes if o.id in baseline and o.split == "tune"]
    worse = [o.id for o in known if baseline[o.id]["right"] and not o.right]
    better = [o.id for o in known if o.right and not baseline[o.id]["right"]]
    return worse, better
