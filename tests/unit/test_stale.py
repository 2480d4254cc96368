"""Claims that carry the day they were checked, and those that want another look."""

from __future__ import annotations

from datetime import date

import pytest

from ingest.evidence import Evidence
from ingest.stale import dated, stale


def claim(text: str, checked: date | None = None, name: str = "B1") -> Evidence:
    return Evidence(name, text, "checked", "a page", checked=checked)


@pytest.mark.parametrize(
    "text",
    [
        "Open in 2.257.7 (checked on 30 November 2026).",
        "`requirements` has no effect up to v3.24.0\n(looked into on 30 November 2026).",
        "SDK v2 (looked into up to 2.257.7, 30 November 2026) accepts v2 only.",
        "Open (checked 2026-11-30).",
    ],
)
def test_a_claim_says_in_its_words_when_it_was_checked(text: str) -> None:
    assert [one.checked for one in dated([claim(text)])] == [date(2026, 11, 30)]


def test_the_field_goes_before_the_words() -> None:
    entry = claim("Open (checked on 1 May 2026).", date(2026, 8, 1))
    assert [one.checked for one in dated([entry])] == [date(2026, 8, 1)]


def test_a_day_on_which_something_happened_is_none_on_which_it_was_checked() -> None:
    assert dated([claim("Support ended on 30 June 2026."), claim("Checked in the source.")]) == []


def test_after_ninety_days_a_claim_wants_another_look_the_oldest_first() -> None:
    old = claim("Open.", date(2026, 1, 1), "B1")
    older = claim("Open.", date(2025, 12, 1), "B2")
    edge = claim("Open.", date(2026, 9, 1), "B3")
    found = stale([old, older, edge], date(2026, 11, 30))
    assert [one.evidence.id for one in found] == ["B2", "B1"]
    assert [one.evidence.id for one in stale([edge], date(2026, 12, 1))] == ["B3"]
