"""Each kind of document to its text and its blocks with their headings."""

from __future__ import annotations

import json
import logging

import pytest

from ingest.fetch import RawDocument
from ingest.parse import Parsed, parse
from kb.errors import ParseError
from tests.conftest import NOTE_JA
from tests.unit.documents import (
    DOCKERFILE,
    EVERY_KIND,
    HTML,
    MARKDOWN,
    NOTEBOOK,
    PYTHON,
    PYTHON_2,
    SHELL,
    pdf,
    raw,
)


def parsed(kind: str, data: bytes | str) -> Parsed:
    return parse(raw(kind, data), "notes")


def blocks(result: Parsed) -> list[tuple[str, tuple[str, ...], str]]:
    text = result.document.text
    return [(block.kind, block.heading, text[block.start : block.end]) for block in result.blocks]


def broken(kind: str, data: bytes | str) -> str:
    with pytest.raises(ParseError) as error:
        parsed(kind, data)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("document", EVERY_KIND, ids=lambda document: document.name)
def test_blocks_of_every_kind_are_in_reading_order_and_trimmed(document: RawDocument) -> None:
    result = parse(document, "notes")
    at = 0
    for block in result.blocks:
        text = result.document.text[block.start : block.end]
        assert at <= block.start
        assert text == text.rstrip() != ""
        at = block.end


def test_a_markdown_file_is_cut_at_its_headings() -> None:
    result = parsed("markdown", MARKDOWN)
    assert (result.document.title, result.document.kind) == ("Weather model", "markdown")
    root, training = ("Weather model",), ("Weather model", "Training")
    assert blocks(result) == [
        ("prose", root, "It predicts rain."),
        ("prose", training, "Run `train.py` first. It takes two hours."),
        ("code", training, "```bash\npython train.py --hours 10\n```"),
        ("prose", (*training, "データ"), "測定値は一時間ごとです。"),
        (
            "table",
            (*training, "データ"),
            "| column | meaning |\n|---|---|\n| `t` | temperature |\n| `p` | pressure |",
        ),
        ("prose", (*training, "データ"), "- one\n- two\n  with a second line"),
        ("prose", ("Weather model", "Serving"), "> A quote."),
    ]


@pytest.mark.parametrize("last", ["```\nmake\n```", "    make", "<p>作る</p>"])
def test_the_last_block_counts_too(last: str) -> None:
    for text in (last, last + "\n", last + "\n\n"):
        assert [piece for _, _, piece in blocks(parsed("markdown", "# 題\n\n" + text))] == [last]


def test_headings_written_in_html_are_headings() -> None:
    result = parsed(
        "markdown", "<h1>雨</h1>\n\n一。\n\n <H3 id='x'>作る</H3>\n二。\n\n<h3>---</h3>\n\n三。"
    )
    assert result.document.title == "雨"
    assert blocks(result) == [
        ("prose", ("雨",), "一。"),
        ("prose", ("雨", "作る"), "二。"),
        ("prose", ("雨", "作る"), "三。"),
    ]


def test_headings_lose_their_mark_up() -> None:
    result = parsed("markdown", '# `model_fn` <a name="m"></a>とは **何** か\n\n関数です。\n')
    assert result.document.title == "model_fn とは 何 か"


def test_front_matter_and_comments_are_left_out() -> None:
    result = parsed("markdown", "---\ntitle: x\n---\n# 題\n\n<!-- TODO\n直す -->\n\n本文です。\n")
    assert blocks(result) == [("prose", ("題",), "本文です。")]


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    result = parsed("markdown", "---\n\n本文です。\n\n---\n\n続きです。\n")
    assert [text for _, _, text in blocks(result)] == ["本文です。", "続きです。"]


def test_a_markdown_file_in_the_form_of_our_notes_is_a_note() -> None:
    assert parsed("markdown", NOTE_JA).document.kind == "note"


def test_windows_line_ends_become_ours() -> None:
    windows = parsed("markdown", MARKDOWN.replace("\n", "\r\n"))
    assert windows.document.text == MARKDOWN
    assert windows.blocks == parsed("markdown", MARKDOWN).blocks


def test_a_text_file_is_cut_into_paragraphs() -> None:
    result = parsed("text", "一行目。\n二行目。\n\n \nThe second.\n")
    assert [text for _, _, text in blocks(result)] == ["一行目。\n二行目。", "The second."]


def test_notebook_cells_come_with_heading_and_number_and_without_outputs() -> None:
    result = parsed("notebook", NOTEBOOK)
    assert result.document.title == "天気モデル"
    assert blocks(result) == [
        ("prose", ("天気モデル", "cell 1"), "雨を当てます。"),
        (
            "code",
            ("天気モデル", "Build the container", "cell 3"),
            "!docker build -t rain .\n!docker push rain",
        ),
        ("prose", ("天気モデル", "Build the container", "確かめる", "cell 6"), "動くか見ます。"),
        ("prose", ("天気モデル", "Clean up", "cell 7"), "Delete it."),
    ]
    assert "Successfully built" not in result.document.text
    assert "raw cell" not in result.document.text


def test_a_notebook_without_cell_ids_is_read_in_silence(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = json.loads(NOTEBOOK)
    newer["nbformat_minor"] = 5  # from here on cells should have ids; many have none
    caplog.set_level(logging.WARNING)
    assert parsed("notebook", json.dumps(newer)).blocks
    assert caplog.text == capsys.readouterr().err == ""


def test_an_old_notebook_is_read() -> None:
    cell = {"cell_type": "code", "input": "print 1", "outputs": [], "metadata": {}}
    cell["language"] = "python"
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [cell]}]}
    assert [text for _, _, text in blocks(parsed("notebook", json.dumps(old)))] == ["print 1"]


@pytest.mark.parametrize(
    "data", ["{", "[]", "null", "{}", '{"cells": 3}', '{"nbformat": 4, "cells": [{}]}', "学習\n"]
)
def test_a_broken_notebook_is_one_sentence(data: str) -> None:
    assert broken("notebook", data).startswith("this notebook document is damaged (")


def test_half_a_surrogate_pair_is_damage_and_not_a_crash_later() -> None:
    notebook = json.loads(NOTEBOOK)
    notebook["cells"][0]["source"] = "half of an emoji: \ud83d"
    assert "damaged" in broken("notebook", json.dumps(notebook))


def test_python_is_cut_at_top_level_definitions_with_decorators_and_comments() -> None:
    result = parsed("python", PYTHON)
    found = blocks(result)
    assert [heading for _, heading, _ in found] == [(), ("read",), ("Model",), ("serve",), ()]
    assert found[0][2] == '"""Train the rain model."""\nimport os\n\nMODEL_DIR = "/opt/ml/model"'
    assert found[1][2].startswith("# Reads the measurements.\n# 測定値を読む。\n@cache\n@timed(")
    assert found[1][2].endswith("    return open(path).read()")
    assert found[4][2] == 'if __name__ == "__main__":\n    Model().fit()'


@pytest.mark.parametrize("text", [PYTHON_2, "x = " + "(" * 500 + ")" * 500 + "\n", "学習:\n"])
def test_python_that_this_python_cannot_read_stays_whole(text: str) -> None:
    assert blocks(parsed("python", text)) == [("code", (), text.rstrip("\n"))]


def test_a_shell_script_is_cut_at_its_functions() -> None:
    assert [(heading, text) for _, heading, text in blocks(parsed("shell", SHELL))] == [
        ((), "#!/bin/bash\nset -e"),
        (("build()",), '# Builds the image.\nbuild() {\n  docker build -t "${name}" .\n}'),
        (("short()",), 'short() { echo "$1"; }'),
        (("push()",), 'function push\n{\n  docker push "${name}"\n}'),
        ((), "build\npush"),
    ]


def test_a_shell_script_without_functions_stays_whole() -> None:
    text = "#!/bin/sh\n\ndocker build ."
    assert blocks(parsed("shell", text + "\n")) == [("code", (), text)]


def test_a_dockerfile_is_cut_at_its_stages() -> None:
    builder, final = blocks(parsed("dockerfile", DOCKERFILE))
    assert builder[1] == ("builder",)
    assert builder[2].startswith("# The builder has compilers.\nARG PY=3.11\nFROM --platform")
    assert final[1] == ("FROM python:3.11-slim",)
    assert final[2].endswith("COPY --from=builder /wheels /wheels")


def test_a_dockerfile_without_a_stage_stays_whole() -> None:
    assert blocks(parsed("dockerfile", "RUN true\n")) == [("code", (), "RUN true")]


def test_a_blog_post_keeps_headings_code_tables_and_lists() -> None:
    result = parsed("html", HTML)
    assert result.document.title == "雨のモデルを箱に詰める"
    found = blocks(result)
    text = result.document.text
    assert [heading for heading in dict.fromkeys(heading for _, heading, _ in found)] == [
        (),
        ("配られた箱を広げる",),
        ("配られた箱を広げる", "気をつけること"),
        ("置き場所",),
    ]
    assert ("code", ("配られた箱を広げる",)) == found[2][:2]
    assert found[2][2] == (
        "```dockerfile\nFROM python:3.11\n\n# 部品を足す\nRUN pip install mecab\n```"
    )
    assert "`requirements.txt` で済むなら" in text
    assert "- タグは固定する\n- 箱は小さく保つ" in text
    assert "図1 箱の中身" in text
    (table,) = [piece for kind, _, piece in found if kind == "table"]
    cells = [cell.strip() for cell in table.split("\n")[3].split("|")]
    assert cells[1:3] == ["/opt/ml/model", "モデル"]
    assert ("code", ("置き場所",), "```\ndocker build -t rain .\n```") in found
    assert "箱を送る。" in text


@pytest.mark.parametrize(
    "menu",
    ["製品一覧", "料金表", "クッキー", "同意する", "コメント", "匿名より", "関連記事", "量子計算"],
)
def test_a_blog_post_loses_what_stands_around_it(menu: str) -> None:
    assert menu not in parsed("html", HTML).document.text


def test_a_page_that_marks_no_article_is_read_too_with_its_code() -> None:
    result = parsed("html", HTML.replace(' property="articleBody"', ""))
    assert "# 部品を足す\nRUN pip install mecab\n```" in result.document.text
    assert "量子計算" not in result.document.text


@pytest.mark.parametrize("declared", ["shift_jis", "Shift_JIS", "x-sjis", "euc-jp", "utf-8"])
def test_a_page_is_decoded_as_it_declares(declared: str) -> None:
    encoding = "cp932" if "j" in declared and "euc" not in declared else declared
    page = HTML.replace("utf-8", declared).replace("図1", "①㈱").encode(encoding, "ignore")
    assert "雨を当てるモデル" in parsed("html", page).document.text


def test_a_page_that_declares_no_encoding_is_guessed() -> None:
    page = HTML.replace('<meta charset="utf-8">', "").encode("cp932")
    assert "雨を当てるモデル" in parsed("html", page).document.text


@pytest.mark.parametrize("page", ["", "<html><body></body></html>", "<nav><a>製品</a></nav>"])
def test_a_page_without_an_article_is_one_sentence(page: str) -> None:
    assert broken("html", page)


def test_a_pdf_is_cut_at_its_pages() -> None:
    result = parsed("pdf", pdf("Rain tomorrow.", "", "明日は雨です。", title="雨の本"))
    assert result.document.title == "雨の本"
    assert blocks(result) == [
        ("prose", ("page 1",), "Rain tomorrow."),
        ("prose", ("page 3",), "明日は雨です。"),
    ]


@pytest.mark.parametrize("data", [b"%PDF-1.7\nrubbish", b"", pdf("x")[:200], b"\x00" * 100])
def test_a_broken_pdf_is_one_sentence(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert broken("pdf", data)


def test_a_scanned_pdf_without_text_says_so() -> None:
    assert broken("pdf", pdf("", "")) == "it holds no text"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "shift_jis", "euc_jp"]
)
@pytest.mark.parametrize(
    "text",
    [
        "学習用のコンテナを作ります。",  # whose bytes in EUC-JP are half-width kana in Shift_JIS
        "ファイル名は train.py です。\n次の行です。\n",
        "半角ｶﾅも混じります。",
    ],
)
def test_japanese_text_is_decoded_whatever_its_encoding(encoding: str, text: str) -> None:
    document = parsed("text", text.encode(encoding)).document
    assert document.text == text
    assert document.language == "ja"


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00",
        bytes(range(256)),
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH\xcd\xc9\xc9\x07\x00",
        b"text with a \x00 in it",
        b"\xfd\xfe\xff" * 20,
    ],
    ids=["png", "all bytes", "gzip", "zero byte", "no character"],
)
@pytest.mark.parametrize("kind", ["text", "markdown", "python", "notebook"])
def test_binary_rubbish_is_one_sentence(kind: str, data: bytes) -> None:
    assert broken(kind, data)


@pytest.mark.parametrize("text", ["", "\n\n  \n", "\ufeff"])
def test_an_empty_document_says_so(text: str) -> None:
    assert broken("markdown", text) == "it holds no text"


def test_the_title_that_is_given_goes_before_the_documents_own() -> None:
    assert parse(raw("html", HTML), "blog", title="学習編").document.title == "学習編"
    assert parse(raw("text", "x", "memo.txt"), "notes").document.title == "memo.txt"


def test_a_document_has_the_language_that_most_of_it_is_written_in() -> None:
    assert parsed("markdown", MARKDOWN).document.language == "en"
    assert parsed("html", HTML).document.language == "ja"


def test_a_file_without_a_title_is_called_by_the_end_of_its_path() -> None:
    for path, title in (
        ("wiki/samples/one/docker/Dockerfile", "one/docker/Dockerfile"),
        (
            f"https://github.com/a/b/blob/{'0' * 40}/x/one/docker/Dockerfile",
            "one/docker/Dockerfile",
        ),
    ):
        document = RawDocument(path, "Dockerfile", "dockerfile", b"FROM x\n")
        assert parse(document, "wiki").document.title == title


def test_a_long_class_is_cut_at_its_methods() -> None:
    methods = "".join(f"    def m{n}(self):\n        return {n}\n" + "\n" * 8 for n in range(6))
    blocks = parsed("python", f"class Rain:\n    wet = True\n\n{methods}").blocks
    assert [block.heading for block in blocks][:3] == [("Rain",), ("Rain", "m0"), ("Rain", "m1")]


def test_settings_are_cut_at_their_keys_where_they_are_long() -> None:
    text = "".join(f"part{n}:\n" + "".join(f"  k{i}: {i}\n" for i in range(20)) for n in range(3))
    assert [b.heading for b in parsed("config", text).blocks] == [
        ("part0",), ("part1",), ("part2",)
    ]  # fmt: skip
    assert len(parsed("config", "a: 1\nb: 2\n").blocks) == 1
    with pytest.raises(ParseError, match="data of more than"):
        parsed("config", "a: 1\n" * 20_000)


def test_utf_32_is_read_and_nothing_is_stored_with_nuls() -> None:
    for encoding in ("utf-32", "utf-16", "utf-8-sig"):
        assert parsed("markdown", "# 雨\n\n明日は雨。\n".encode(encoding)).document.title == "雨"
    with pytest.raises(ParseError):
        parsed("text", "明日は雨。".encode("utf-32-le"))
    cell = {"cell_type": "markdown", "metadata": {}, "source": "rain\0 tomorrow"}
    notebook = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}
    found = parsed("notebook", json.dumps(notebook))
    assert found.document.text == "rain\ufffd tomorrow"
