"""A model's text in units: sentences, list items, code, tables, each with what it cites."""

from __future__ import annotations

from kb.writer.citing import CitationFilter
from kb.writer.units import Unit, read_units


def units(text: str) -> list[Unit]:
    sieve = CitationFilter(("aa22", "bb33"))
    return read_units([*sieve.feed(text), *sieve.close()])


def cited(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(unit.text, unit.ids) for unit in units(text)]


def test_marker_belongs_to_the_sentence_before_it() -> None:
    one, two = ("One.", ("aa22",)), ("Two.", ("bb33",))
    assert cited("One [aa22]. Two [bb33].") == [one, two]
    assert cited("One. [aa22] Two. [bb33]") == [one, two]
    assert cited("一つ。[aa22]二つ[bb33]。") == [("一つ。", ("aa22",)), ("二つ。", ("bb33",))]


def test_marker_that_opens_a_line_belongs_to_that_line() -> None:
    assert cited("One.\n- [aa22] Two\n- [bb33] Three") == [
        ("One.", ()),
        ("Two", ("aa22",)),
        ("Three", ("bb33",)),
    ]


def test_marker_on_a_line_of_its_own_belongs_to_the_block_above() -> None:
    found = units("So:\n\n```sh\nls\n```\n[aa22]\n\n| a | b |\n|---|---|\n| 1 | 2 |\n[bb33]\nEnd.")
    assert [(unit.kind, unit.ids) for unit in found] == [
        ("sentence", ()),
        ("code", ("aa22",)),
        ("table", ("bb33",)),
        ("sentence", ()),
    ]


def test_sentence_collects_all_its_markers_once() -> None:
    assert cited("One [aa22], and more [bb33] [aa22].") == [("One, and more.", ("aa22", "bb33"))]


def test_items_keep_their_markers_and_know_what_they_belong_to() -> None:
    found = units("Steps:\n\n1. One. More of one.\n2. Two\n   goes on\n\n3. Three\n\nAfter.")
    assert [(unit.text, unit.marker) for unit in found] == [
        ("Steps:", ""),
        ("One.", "1. "),
        ("More of one.", "1. "),
        ("Two goes on", "1. "),
        ("Three", "1. "),
        ("After.", ""),
    ]
    assert found[0].leads
    assert found[1].item == found[2].item != found[3].item
    assert len({unit.paragraph for unit in found[1:5]}) == 1
    assert found[0].paragraph < found[1].paragraph < found[5].paragraph


def test_fences_are_brought_to_the_margin_and_to_backticks() -> None:
    assert (
        units("- so:\n  ~~~python\n  x = 1\n    y\n  ~~~")[1].text == "```python\nx = 1\n  y\n```"
    )
    assert units("```\nnever closed")[0].text == "```\nnever closed\n```"
    assert units("~~~\n```\n~~~")[0].text == "````\n```\n````"
    assert units("```\n\n```") == []


def test_japanese_is_joined_without_a_blank_and_links_leave_nothing() -> None:
    text = "コンテナは\n停止します（https://e.example）。See the page (https://e.example) , too."
    assert [unit.text for unit in units(text)] == ["コンテナは停止します。", "See the page, too."]


def test_headings_lead() -> None:
    found = units("## Stop\n**Steps**\nText.")
    assert [(unit.text, unit.leads) for unit in found] == [
        ("**Stop**", True),
        ("**Steps**", True),
        ("Text.", False),
    ]
