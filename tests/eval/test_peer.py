"""The pipeline that we compare with runs for real, on texts small enough to judge at sight."""

from __future__ import annotations

from evals.evaluate import Item
from evals.peer import lines, table, text_for_tutorial, tutorial

NOTE = """\
# Ports

## Which port?

<!--
id: port
questions:
  - what port
-->

The container listens on 8080.[^I1][^I2]

[^I1]: Guide. <https://docs.example/a>
[^I2]: Toolkit. <https://docs.example/b>
"""


def test_the_tutorial_gets_plain_notes() -> None:
    text = text_for_tutorial(NOTE)
    assert "The container listens on 8080.\n" in text
    assert "## Which port?" in text
    assert [word for word in ("what port", "[^", "https") if word in text] == []


def test_the_tutorial_finds_the_nearest_chunks() -> None:
    texts = ["The cat sleeps on the sofa.", "A serving container listens on port 8080."]
    texts += [f"Weather report number {number}: rain in the morning." for number in range(5)]
    found = tutorial(texts)("which port does a container listen on?")
    assert found.startswith("A serving container listens on port 8080.")
    assert found.count("\n") == 3


def test_the_table_counts_facts_by_slice() -> None:
    facts = (("8080",), ("/ping",))
    items = [
        Item("a", "fact", "ja", "tune", "q", facts=facts),
        Item("b", "fact", "en", "test", "q", facts=facts),
    ]
    rows = table(items, {"ours": {"a": "8080 /ping", "b": "8080"}})
    assert rows["all"] == {"items": 2.0, "facts, ours": 0.75, "all facts, ours": 0.5}
    assert rows["fact en"] == {"items": 1.0, "facts, ours": 0.5, "all facts, ours": 0.0}
    assert set(rows) == {
        *("all", "all ja", "all en", "tune", "tune ja", "test", "test en"),
        *("fact", "fact ja", "fact en"),
    }
    assert len({len(line) for line in lines(rows)}) == 1
