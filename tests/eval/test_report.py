"""`python -m kb eval`: the table, what flipped, the page, and the baseline."""

from __future__ import annotations

import json
import math
from html.parser import HTMLParser
from pathlib import Path

import pytest

from evals.evaluate import Item, read_baseline
from evals.report import Facts, as_html, as_text, table
from kb.__main__ import main
from kb.records import Turn
from kb.search.index import Index
from tests.eval.test_metrics import OUTCOMES, outcome

GOLDEN = """\
- {id: fact-ja-001, kind: fact, language: ja, split: tune, question: 学習したモデルの保存先は？,
   evidence: [T1], facts: [[/opt/ml/model]]}
- {id: fact-en-001, kind: fact, language: en, split: tune, question: where do I save my model,
   evidence: [T1], facts: [[no such thing]]}
"""
ITEMS = [
    Item(o.id, o.kind, o.language, o.split, f"<b>question {o.id}</b>", (Turn("user", "before"),))
    for o in OUTCOMES
]
FACTS = Facts(
    version="v1",
    embedding="model",
    sources=("notes",),
    headings={"g": "The right heading", "x": "Another <heading>"},
    weights={"rank": {"lexical": 1.5}, "limits": {"answerable": 0.4}},
    fit=[{"model": "rank", "measure": "m", "questions": 10, "fitted": 0.9, "crossed": 0.8}],
    peer={"tune": {"items": 4, "all facts, tutorial": 0.25}},
)


def test_the_table_ends_each_slice_with_the_difference_between_languages() -> None:
    rows = table(OUTCOMES, ("fact",))
    assert [name for name, _ in rows] == ["fact", "fact ja", "fact en", "ja − en"]
    difference = rows[-1][1]
    assert difference["items"] == 1
    assert difference["facts"] == pytest.approx(0.5 - 0.5)
    assert math.isnan(difference["refusal recall"])


def test_text_is_aligned_and_shows_nothing_where_nothing_was_measured() -> None:
    lines = as_text(OUTCOMES, ["a"], []).split("\n")
    by_split = lines[: lines.index("")]
    assert len({len(line) for line in by_split}) == 1
    assert "–" in next(line for line in lines if line.startswith("fact "))
    assert lines[-1] == "- worse than the baseline: a"


class Page(HTMLParser):
    """Collects tags and text; complains about tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def page() -> Page:
    parsed = Page()
    parsed.feed(as_html(ITEMS, OUTCOMES, FACTS, worse=["b"]))
    assert parsed.open == []
    return parsed


def test_the_page_needs_nothing_from_elsewhere(page: Page) -> None:
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.found}
    assert not any("src" in attributes or "href" in attributes for _, attributes in page.found)
    assert {tag for tag, _ in page.found} >= {"table", "svg", "rect", "style"}


def test_the_page_names_every_wrong_question_and_what_was_missing(page: Page) -> None:
    for identity in "bf":
        assert f"<b>question {identity}</b>" in page.text
    for identity in "acde":  # c is wrong and set aside: never looked at item by item
        assert f"<b>question {identity}</b>" not in page.text
    assert "Another <heading>" in page.text
    assert "answered, should be declined" in page.text
    assert "worse than the baseline: b" in page.text


def test_the_page_says_what_was_declined_wrongly() -> None:
    declined = outcome("g", declined=True, facts=0.0)
    item = Item("g", declined.kind, declined.language, "tune", "a question")
    assert "declined, should be answered" in as_html([item], [declined], FACTS)


def test_the_page_says_how_the_weights_came_about(page: Page) -> None:
    for told in (
        "tuning slice and on the questions",
        "set-aside",
        "five-fold",
        "cross-validated",
        "0.900",
        "0.800",
        "+1.500",
    ):
        assert told in page.text
    assert "all facts, tutorial" in page.text


def test_the_histogram_counts_each_scored_question_once() -> None:
    scored = [
        outcome("a", answerable=0.97),
        outcome("b", answerable=1.0),
        outcome("c", answerable=0.1, should_decline=True, declined=True),
        outcome("d"),
    ]
    parsed = Page()
    parsed.feed(as_html([], scored, FACTS))
    assert "0.95 to 1.00: 2" in parsed.text
    assert "0.10 to 0.15: 1" in parsed.text


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def golden(tmp_path: Path, index_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KB_INDEX_DIR", str(index_dir))
    file = tmp_path / "golden.yaml"
    file.write_text(GOLDEN, encoding="utf-8")
    return file


def run(golden: Path, *options: str) -> int:
    folder = golden.parent
    files = ["--baseline", str(folder / "baseline.json"), "--report", str(folder / "r" / "r.html")]
    return main(["eval", "--golden", str(golden), *files, *options])


def test_accepting_is_the_baseline_of_the_next_run(
    golden: Path, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(golden) == 0
    assert "Nothing has been accepted yet" in capsys.readouterr().out
    assert run(golden, "--accept") == 0
    accepted = read_baseline(golden.parent / "baseline.json")
    assert accepted is not None
    assert {name: row["right"] for name, row in accepted.items.items()} == {
        "fact-ja-001": True,
        "fact-en-001": False,
    }
    assert run(golden) == 0
    assert (golden.parent / "r" / "r.html").stat().st_size > 1000


def test_a_flip_to_worse_fails_and_one_to_better_does_not(
    golden: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(golden, "--accept") == 0
    golden.write_text(GOLDEN.replace("no such thing", "/opt/ml/model"), encoding="utf-8")
    assert run(golden) == 0
    assert "+ better than the baseline: fact-en-001" in capsys.readouterr().out
    golden.write_text(GOLDEN.replace("/opt/ml/model", "no such thing"), encoding="utf-8")
    assert run(golden) == 1
    assert "- worse than the baseline: fact-ja-001" in capsys.readouterr().out
    assert run(golden, "--split", "test") == 0


def test_a_baseline_covers_all_questions(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(golden, "--accept", "--split", "tune") == 1
    assert "covers all questions" in capsys.readouterr().err


def test_a_damaged_baseline_is_one_sentence(
    golden: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (golden.parent / "baseline.json").write_text(json.dumps({"items": {}}))
    assert run(golden) == 1
    assert "is damaged" in capsys.readouterr().err


def test_a_baseline_of_other_sources_is_not_compared_with(
    golden: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(golden, "--accept") == 0
    baseline = golden.parent / "baseline.json"
    content = json.loads(baseline.read_text(encoding="utf-8"))
    baseline.write_text(json.dumps({**content, "sources": ["notes", "wiki"]}), encoding="utf-8")
    golden.write_text(GOLDEN.replace("/opt/ml/model", "no such thing"), encoding="utf-8")
    assert run(golden) == 0
    out = capsys.readouterr().out
    assert "of other sources (notes, wiki): nothing is compared" in out
    assert "worse than the baseline" not in out
    assert "--accept" not in out


def test_the_report_finds_the_figures_of_the_last_fit(index: Index, golden: Path) -> None:
    assert run(golden) == 0
    page = (golden.parent / "r" / "r.html").read_text(encoding="utf-8")
    assert "No figures of the last fit" not in page


def test_what_the_safety_model_is_fitted_on_is_not_called_set_aside(
    golden: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scope = golden.parent / "scope"
    scope.mkdir()
    row = "- {q: where do I save my model, language: en}\n"
    for name in ("heldout", "honest", "unsafe", "attack"):
        (scope / f"{name}.yaml").write_text(row, encoding="utf-8")
    assert run(golden) == 0
    before, after = capsys.readouterr().out.split("The safety model is fitted on these")
    assert "scope: answerable, yet declined" in before
    assert "honest questions refused" in after
    assert "honest" not in before
