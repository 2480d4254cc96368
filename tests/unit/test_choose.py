"""What the page to choose a pattern is put together from: its link, its table, its drawing."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from kb.pattern.case_link import case_word, open_case, shown
from kb.pattern.decide import decide_signals
from kb.pattern.explain import comparison
from kb.pattern.patterns import load_model
from kb.records import LANGUAGES, Language
from kb.search.index import Index, IndexStore
from screens.html.comparison import comparison_html
from screens.html.path_drawing import path_svg, path_words, rule_label, wrapped

SVG = "{http://www.w3.org/2000/svg}"


def test_a_case_comes_back_from_its_word_in_one_order() -> None:
    assert case_word({"os_packages", "training"}) == "training,os_packages"
    everything = {s.id for s in load_model().signals} - {"inference"}
    opened = open_case(case_word(everything))
    assert (opened.signals, opened.ignored) == (everything, ())


@pytest.mark.parametrize(
    ("word", "signals", "ignored"),
    [
        ("", set(), ()),
        (" training , ,os_packages,", {"training", "os_packages"}, ()),
        ("os_packages,<b>,nope,os_packages", {"os_packages"}, ("<b>", "nope")),
        ("training,inference,gpu", {"training", "gpu"}, ("inference",)),
    ],
)
def test_what_a_form_cannot_hold_is_left_out(
    word: str, signals: set[str], ignored: tuple[str, ...]
) -> None:
    opened = open_case(word)
    assert (opened.signals, opened.ignored) == (signals, ignored)


def test_what_was_left_out_stays_short() -> None:
    assert shown(["x" * 900, "b", "c", "d"]) == "x" * 40 + ", b, c …"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "signals", [{"training", "os_packages"}, {"os_packages"}, set(), {"inference", "llm"}]
)
def test_the_drawing_shows_every_rule_that_was_looked_at(
    signals: set[str], language: Language
) -> None:
    verdict = decide_signals(signals)
    drawing = ElementTree.fromstring(path_svg(verdict, language))
    circles = [c.get("class") for c in drawing.iter(f"{SVG}circle")]
    assert circles == ["passed"] * (len(verdict.path) - 1) + ["took"]
    boxes = [r.get("class") for r in drawing.iter(f"{SVG}rect")]
    assert boxes == (["end"] if verdict.outcome else ["asked"] + ["end"] * len(verdict.open))
    took = "".join(t.text or "" for t in drawing.iter(f"{SVG}text") if t.get("class") == "took")
    words = rule_label(verdict.rule, language)
    assert took.replace(" ", "") == f"{len(verdict.path)}.{words}".replace(" ", "")
    title, desc = drawing.find(f"{SVG}title"), drawing.find(f"{SVG}desc")
    assert title is not None
    assert desc is not None
    assert words in (desc.text or "")
    assert drawing.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert path_words(verdict, language).count("<li>") == len(verdict.path)


def test_lines_of_a_drawing_keep_words_whole_and_begin_with_no_closing_sign() -> None:
    assert list(wrapped("a framework of our own", 80)) == ["a framework", "of our own"]
    lines = list(wrapped("社内の証明書、フォント、ロケール", 13 * 6))
    assert "".join(lines) == "社内の証明書、フォント、ロケール"
    assert not any(line.startswith("、") for line in lines)


@pytest.fixture(scope="module")
def statements(statements_dir: object) -> Index:
    return IndexStore(statements_dir).current()  # type: ignore[arg-type]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_marks_what_fits_and_links_every_cell(
    statements: Index, language: Language
) -> None:
    found = comparison(statements, language)
    assert found is not None
    rows, citations = found
    decided = comparison_html(
        rows, citations.all, decide_signals({"training", "os_packages"}), language
    )
    assert decided.count("<tr") == 8
    assert decided.count('class="kb-chosen"') == 1
    assert decided.count('class="kb-mark"') == 7 * 4
    chosen = decided.split('class="kb-chosen"')[1].split("</tr>")[0]
    assert load_model().outcome["training-1"].title.of(language).split("（")[0] in chosen
    both = comparison_html(rows, citations.all, decide_signals({"os_packages"}), language)
    assert both.count('class="kb-chosen"') == 2
    none = comparison_html(rows, citations.all, decide_signals(()), language)
    assert "kb-chosen" not in none
