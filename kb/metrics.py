"""Metrics: pure functions over what was asked, retrieved and answered.

Takes plain values, gives numbers between 0 and 1. Ranking metrics (MRR, nDCG) come from
ir-measures; the rest is counted here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence


def folded(text: str) -> str:
    """NFKC, lower case, no white space and no Markdown marks: how facts are compared."""
    kept = unicodedata.normalize("NFKC", text).lower()
    return "".join(kept.split()).replace("`", "").replace("**", "")


def has_fact(answer: str, alternatives: Sequence[str]) -> bool:
    """One of the alternatives stands in the answer."""
    return any(folded(alternative) in folded(answer) for alternative in alternatives)


def fact_share(answer: str, facts: Sequence[Sequence[str]]) -> float:
    """Share of the needed facts that the answer holds; 1 when none is needed."""
    return sum(has_fact(answer, fact) for fact in facts) / len(facts) if facts else 1.0


def evidence_recall(needed: Collection[str], held: Sequence[Collection[str]], k: int) -> float:
    """Share of the needed evidence ids that the first `k` hits hold (subtopic recall).

    A needed id counts as held too when a hit holds another id of the same item: gold evidence
    lists the places that tell the same fact, so one of them is enough when `needed` is one fact.
    """
    if not needed:
        return 1.0
    found = set().union(*held[:k]) if held else set()
    return len(set(needed) & found) / len(set(needed))


def evidence_found(needed: Collection[str], held: Sequence[Collection[str]], k: int) -> float:
    """1 when one of the first `k` hits holds evidence of the answer, else 0."""
    return float(any(set(needed) & set(ids) for ids in held[:k]))


def precision_recall(predicted: Sequence[bool], wanted: Sequence[bool]) -> tuple[float, float]:
    """Precision and recall of a yes/no decision; 1 where nothing was predicted or wanted."""
    right = sum(p and w for p, w in zip(predicted, wanted, strict=True))
    precision = right / sum(predicted) if any(predicted) else 1.0
    recall = right / sum(wanted) if any(wanted) else 1.0
    return precision, recall


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; 0 for nothing."""
    return sum(values) / len(values) if values else 0.0


def ranking(runs: Mapping[str, Sequence[str]], relevant: Mapping[str, Mapping[str, int]]) -> Mapping[str, float]:
    """MRR@10 and nDCG@10 over queries: `runs` ranks groups, `relevant` gives their gains."""
    import ir_measures  # a development requirement
    from ir_measures import RR, nDCG

    qrels = [
        ir_measures.Qrel(query, group, gain)
        for query, groups in relevant.items()
        for group, gain in groups.items()
    ]
    scored = [
        ir_measures.ScoredDoc(query, group, 1.0 / rank)
        for query, groups in runs.items()
        for rank, group in enumerate(groups, 1)
    ]
    measured = ir_measures.calc_aggregate([RR @ 10, nDCG @ 10], qrels, scored)
    return {"mrr": float(measured[RR @ 10]), "ndcg": float(measured[nDCG @ 10])}
