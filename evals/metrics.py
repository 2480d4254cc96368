"""Metrics: pure functions over what was asked, retrieved and answered.

Takes plain values, gives numbers between 0 and 1. Ranking metrics (MRR, nDCG) come from
ir-measures; the rest is counted here.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

from kb.errors import KbError
from kb.text.normal import nfkc


def folded(text: str) -> str:
    """NFKC, lower case, no white space and no Markdown marks: how facts are compared."""
    kept = nfkc(text).lower()
    return "".join(kept.split()).replace("`", "").replace("**", "")


def has_fact(text: str, alternatives: Sequence[str]) -> bool:
    """One of the alternatives stands in the text."""
    whole = folded(text)
    return any(folded(alternative) in whole for alternative in alternatives)


def fact_share(text: str, facts: Sequence[Sequence[str]]) -> float:
    """Share of the needed facts that the text holds; 1 when none is needed."""
    return sum(has_fact(text, fact) for fact in facts) / len(facts) if facts else 1.0


def evidence_recall(needed: Collection[str], held: Sequence[Collection[str]], k: int) -> float:
    """Share of the evidence ids of a question that the first `k` hits hold (subtopic recall).

    The ids of a question may tell the same fact in several places, and then one of them is enough
    for an answer; this figure asks for all, so it is a lower bound. `evidence_found` is the upper.
    """
    if not needed:
        return 1.0
    found = set().union(*held[:k]) if held else set()
    return len(set(needed) & found) / len(set(needed))


def evidence_found(needed: Collection[str], held: Sequence[Collection[str]], k: int) -> float:
    """1 when one of the first `k` hits holds evidence of the answer, or none is needed; else 0."""
    return float(not needed or any(set(needed) & set(ids) for ids in held[:k]))


def precision_recall(predicted: Sequence[bool], wanted: Sequence[bool]) -> tuple[float, float]:
    """Precision and recall of a yes/no decision; nan where nothing was predicted or wanted."""
    right = sum(p and w for p, w in zip(predicted, wanted, strict=True))
    precision = right / sum(predicted) if any(predicted) else math.nan
    recall = right / sum(wanted) if any(wanted) else math.nan
    return precision, recall


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; nan for nothing."""
    return sum(values) / len(values) if values else math.nan


def ranking(
    runs: Mapping[str, Sequence[str]], relevant: Mapping[str, Mapping[str, int]]
) -> tuple[float, float]:
    """MRR@10 and nDCG@10 over queries: `runs` ranks groups, `relevant` gives their gains.

    nan without a query. nDCG with linear gains (Järvelin & Kekäläinen, 2002,
    https://doi.org/10.1145/582415.582418), as trec_eval has it.
    """
    if not relevant:
        return math.nan, math.nan
    try:
        import ir_measures  # a development requirement
    except ImportError as error:
        raise KbError(
            "Ranking metrics need ir_measures; run `pip install -r requirements-dev.txt`."
        ) from error
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
    mrr, ndcg = ir_measures.RR @ 10, ir_measures.nDCG @ 10
    measured = ir_measures.calc_aggregate([mrr, ndcg], qrels, scored)
    return float(measured[mrr]), float(measured[ndcg])
