"""Links open the exact place: lines, text fragments, pages, headings."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from kb.records import Chunk, Document
from kb.search.links import deep_link, slug

COMMIT = "0123456789abcdef0123456789abcdef01234567"
BLOB = f"https://git.example/team/samples/blob/{COMMIT}"


def link(
    identity: str, kind: str, text: str = "本文です。", *, heading: tuple[str, ...] = ()
) -> str:
    commit = COMMIT if "/blob/" in identity else None
    document = Document(identity, "s", "題", text, kind, "ja", commit=commit)
    chunk = Chunk(
        id="c",
        document=identity,
        kind="passage",
        start=0,
        end=len(text),
        text=text,
        search_text=text,
        heading=heading,
        lines=(10, 20),
        language="ja",
        group="g",
    )
    return deep_link(document, chunk, text, (10, 12))


def fragment(text: str) -> str:
    start, found = link("https://blog.example/post/", "html", text).split("#:~:text=")
    assert start == "https://blog.example/post/"
    return found


@pytest.mark.parametrize(
    ("identity", "kind", "url"),
    [
        (f"{BLOB}/train.py", "python", f"{BLOB}/train.py#L10-L12"),
        (f"{BLOB}/Dockerfile", "dockerfile", f"{BLOB}/Dockerfile#L10-L12"),
        (f"{BLOB}/README.md", "markdown", f"{BLOB}/README.md?plain=1#L10-L12"),
        (f"{BLOB}/rain.ipynb", "notebook", f"{BLOB}/rain.ipynb"),
        ("wiki/train.py", "python", "wiki/train.py#L10-L12"),
        ("https://h.example/memo.txt", "text", "https://h.example/memo.txt#L10-L12"),
    ],
)
def test_a_file_opens_at_its_lines(identity: str, kind: str, url: str) -> None:
    assert link(identity, kind) == url


def test_a_note_opens_at_its_heading() -> None:
    url = link("notes/ja/training.md", "note", heading=("学習ジョブ", "`model_fn` とは？"))
    assert url == "notes/ja/training.md#model_fn-とは"


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("Where to put it", "where-to-put-it"),
        ("What's `SM_MODEL_DIR`?", "whats-sm_model_dir"),
        ("学習の結果は、どこに置くか？", "学習の結果はどこに置くか"),
        ("C++ & CUDA", "c--cuda"),
    ],
)
def test_an_anchor_is_made_as_github_makes_it(heading: str, anchor: str) -> None:
    assert slug(heading) == anchor


def test_a_pdf_opens_at_its_page() -> None:
    assert link("wiki/rain.pdf", "pdf", heading=("page 7",)) == "wiki/rain.pdf#page=7"
    assert link("https://h.example/a.pdf", "pdf") == "https://h.example/a.pdf#page=1"


def test_a_path_with_blanks_and_signs_stays_one_address() -> None:
    url = link("../wiki/使い方 #1 (旧).md", "markdown", heading=("題",))
    assert " " not in url
    assert url.count("#") == 1
    assert unquote(url) == "../wiki/使い方 #1 (旧).md#題"


def test_a_short_quote_is_found_on_its_page_as_a_whole() -> None:
    assert unquote(fragment("箱は `小さく` 保つ。")) == "箱は 小さく 保つ。"


def test_signs_that_mean_something_in_a_fragment_are_encoded() -> None:
    found = fragment("built-in, a&b")
    assert found == "built%2Din%2C%20a%26b"


def test_a_long_quote_is_named_by_its_first_and_last_whole_words() -> None:
    english = "The training toolkit reads its hyperparameters from a file below the input folder."
    head, tail = map(unquote, fragment(english).split(","))
    assert english.startswith(head + " ")
    assert english.endswith(" " + tail)
    japanese = (
        "学習ツールキットは、入力フォルダの下にある設定ファイルから、ハイパーパラメータと環境の情報を"
        "読み込み、学習スクリプトに渡します。"
    )
    head, tail = map(unquote, fragment(japanese).split(","))
    assert japanese.startswith(head + "、")
    assert japanese.endswith("、" + tail)


@pytest.mark.parametrize(
    ("quote", "shown"),
    [
        ("- タグは固定する", "タグは固定する"),
        ("2. 箱を送る。", "箱を送る。"),
        ("```dockerfile\nFROM python:3.11\n```", "FROM python:3.11"),
        ("| `t` | 気温 |\n|---|---|", "t"),
        ("一行目。\n二行目。", "一行目。"),
    ],
)
def test_a_fragment_holds_what_the_page_shows_and_no_mark_up(quote: str, shown: str) -> None:
    assert unquote(fragment(quote)) == shown


def test_a_page_that_was_listed_with_an_anchor_keeps_it() -> None:
    url = link("https://h.example/p#part", "html", "本文。")
    assert unquote(url) == "https://h.example/p#part:~:text=本文。"
