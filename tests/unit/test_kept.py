"""What a case told anew keeps from the one before it."""

from __future__ import annotations

from kb.reading.kept import kept
from kb.reading.reading import CaseReading
from kb.records import Condition

BEFORE = CaseReading(
    (
        Condition("training", "training", "holds", "training"),
        Condition("pip_packages", "timm", "holds", "training"),
        Condition("no_internet", "no network", "holds", "training"),
    ),
    ("training",),
)


def signals(case: CaseReading | None) -> list[str]:
    return [c.signal for c in case.conditions if c.state == "holds"] if case else []


def test_a_need_told_again_keeps_side_and_surroundings() -> None:
    now = CaseReading((Condition("os_packages", "ffmpeg"),))
    found = kept(now, BEFORE)
    assert found is not None
    assert found.sides == ("training",)
    assert signals(found) == ["training", "os_packages", "no_internet"]
    assert {c.side for c in found.conditions} == {"training"}


def test_the_other_side_is_another_case() -> None:
    now = CaseReading((Condition("inference", "endpoint", "holds", "inference"),), ("inference",))
    assert kept(now, BEFORE) is now


def test_what_is_taken_back_stays_away() -> None:
    now = CaseReading(
        (Condition("os_packages", "ffmpeg"), Condition("no_internet", "network", "dropped"))
    )
    assert signals(kept(now, BEFORE)) == ["training", "os_packages"]


def test_nothing_before_changes_nothing() -> None:
    now = CaseReading((Condition("os_packages", "ffmpeg"),))
    assert kept(now, None) is now
    assert kept(None, BEFORE) is None
