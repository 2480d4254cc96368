"""Each metric on values that a reader computes by hand."""

from __future__ import annotations

import math

import pytest

from evals.evaluate import Outcome, flips, slices, summarize
from evals.metrics import (
    evidence_found,
    evidence_recall,
    fact_share,
    folded,
    has_fact,
    mean,
    precision_recall,
    ranking,
)


def test_folded_ignores_width_case_blanks_and_marks() -> None:
    assert folded(" ＳＭ_Model Dir は `/opt/ml` **です**\n") == "sm_modeldirは/opt/mlです"


def test_a_fact_is_held_when_one_alternative_is() -> None:
    assert has_fact("待つのは 120 秒です", ["120秒", "2 minutes"])
    assert not has_fact("待つのは 12 秒です", ["120秒", "2 minutes"])


def test_fact_share_counts_the_facts_that_are_held() -> None:
    answer = "Port 8080, within 2 seconds."
    assert fact_share(answer, [["8080"], ["2 s", "2秒"], ["/ping"], ["404"]]) == 0.5
    assert fact_share("anything", []) == 1.0


def test_evidence_recall_is_the_share_of_ids_in_the_first_k() -> None:
    held = [{"T1", "X9"}, {"T2"}, {"T3"}]
    assert evidence_recall(["T1", "T2", "T3", "T4"], held, 2) == 0.5
    assert evidence_recall(["T1", "T2", "T3", "T4"], held, 3) == 0.75
    assert evidence_recall([], held, 2) == 1.0
    assert evidence_recall(["T1"], [], 5) == 0.0


def test_evidence_is_found_when_one_id_is_among_the_first_k() -> None:
    held = [{"X9"}, {"T2"}]
    assert evidence_found(["T1", "T2"], held, 2) == 1.0
    assert evidence_found(["T1", "T2"], held, 1) == 0.0
    assert evidence_found([], held, 1) == 1.0


def test_precision_and_recall() -> None:
    predicted = [True, True, True, False, False]
    wanted = [True, True, False, True, False]
    assert precision_recall(predicted, wanted) == (2 / 3, 2 / 3)
    nothing = precision_recall([False], [False])
    assert all(map(math.isnan, nothing))


def test_mean_of_nothing_is_no_number() -> None:
    assert mean([1.0, 0.0]) == 0.5
    assert math.isnan(mean([]))


def test_ranking() -> None:
    """a: right group second. b: both right groups, the better one last.

    MRR = (1/2 + 1/1) / 2. nDCG of a: (1/log2(3)) / 1. Of b: gains 1, 0, 2 against 2, 1 at best:
    (1 + 2/log2(4)) / (2 + 1/log2(3)).
    """
    runs = {"a": ["x", "g1"], "b": ["g2", "x", "g3"]}
    relevant = {"a": {"g1": 1}, "b": {"g2": 1, "g3": 2}}
    mrr, ndcg = ranking(runs, relevant)
    assert mrr == pytest.approx(0.75)
    second = 1 / math.log2(3)
    assert ndcg == pytest.approx((second + 2 / (2 + second)) / 2)


def test_ranking_of_nothing_is_no_number() -> None:
    assert all(map(math.isnan, ranking({}, {})))


def outcome(identity: str, **changes: object) -> Outcome:
    values: dict[str, object] = {
        "id": identity,
        "kind": "fact",
        "language": "ja",
        "split": "tune",
        "should_decline": False,
        "declined": False,
        "reason_right": True,
        "mirrored": True,
    }
    return Outcome(**{**values, **changes})  # type: ignore[arg-type]


OUTCOMES = [
    outcome("a", facts=1.0, groups=("g",), gains={"g": 1}, found5=1.0, recall5=0.5),
    outcome("b", facts=0.5, language="en", groups=("x",), gains={"g": 1}, found5=0.0, recall5=0.0),
    outcome("c", declined=True, facts=0.0, gains={"g": 1}, found5=1.0, recall5=1.0, split="test"),
    outcome("d", kind="out_of_scope", should_decline=True, declined=True),
    outcome("e", kind="out_of_scope", should_decline=True, declined=True, reason_right=False),
    outcome("f", kind="out_of_scope", should_decline=True, language="en", mirrored=False),
]


def test_a_slice_is_summarized() -> None:
    summary = summarize(OUTCOMES)
    assert summary == pytest.approx(
        {
            "items": 6,
            "recall@5": 0.5,
            "found@5": 2 / 3,
            "MRR": 1 / 3,
            "nDCG@10": 1 / 3,
            "facts": 0.5,
            "all facts": 1 / 3,
            "citations": 1.0,
            "refusal precision": 2 / 3,
            "refusal recall": 2 / 3,
            "reason": 0.5,
            "mirrored": 5 / 6,
        }
    )


def test_slices_are_named_by_split_kind_and_language() -> None:
    ids = {name: "".join(o.id for o in part) for name, part in slices(OUTCOMES).items()}
    assert ids == {
        "all": "abcdef",
        "all ja": "acde",
        "all en": "bf",
        "tune": "abdef",
        "tune ja": "ade",
        "tune en": "bf",
        "test": "c",
        "test ja": "c",
        "fact": "abc",
        "fact ja": "ac",
        "fact en": "b",
        "out_of_scope": "def",
        "out_of_scope ja": "de",
        "out_of_scope en": "f",
    }


def test_flips_name_what_changed_and_leave_new_items_out() -> None:
    before = {"a": {"right": False}, "b": {"right": True}, "d": {"right": True}}
    assert flips(OUTCOMES, before) == (["b"], ["a"])
