"""Chunks are exact slices, small enough for the model, and never a piece of a Japanese sentence."""

from __future__ import annotations

import re
from functools import cache

import pytest

from ingest.chunk import LIMIT, chunk
from ingest.fetch import RawDocument
from ingest.parse import Parsed, parse
from kb.records import Chunk
from kb.search.embedding import BundledEmbedder
from tests.conftest import NOTE_EN, NOTE_JA
from tests.unit.documents import DOCKERFILE, EVERY_KIND, MARKDOWN, PYTHON, raw

SENTENCES = [
    f"{number} 日目は、測定値を {number * 3} 個読み、雨の量を「多い。少ない。」の二つに分けます。"
    for number in range(1, 61)
]
LONG_JAPANESE = f"# 雨の記録\n\n{''.join(SENTENCES[:40])}\n\n" + "\n".join(SENTENCES[40:])
LONG_ENGLISH = "# Rain\n\n" + " ".join(
    f"On day {n} we read {n * 3} values (e.g. v1.{n}) and split them." for n in range(200)
)
LONG_CODE = "# Code\n\n```\n" + "".join(f"v_{n} = read({n})\n" for n in range(200)) + "```\n"
LONG_TABLE = "# 表\n\n| 日 | 雨 |\n|---|---|\n" + "".join(f"| {n} 日 | 雨 |\n" for n in range(200))
GIANT = "# 長文\n\n" + "、".join(f"観測点{n}の雨量" for n in range(400)) + "を足します。\n"
UNBROKEN = "# Data\n\n" + "Zm9vYmFy4pyTw6k" * 400 + "\n"
LONG_HEADING = f"# {'とても長い見出し' * 60}\n\n本文です。\n\n## {'🌧' * 400}\n\n続きです。\n"
BLANKS = f"# 空白\n\n```\n{'Zm9vYmFy4py' * 90}{' ' * 9_000}b\n```\n"
LONG = {
    "japanese": LONG_JAPANESE,
    "english": LONG_ENGLISH,
    "code": LONG_CODE,
    "table": LONG_TABLE,
    "giant sentence": GIANT,
    "unbroken": UNBROKEN,
    "heading": LONG_HEADING,
    "blanks": BLANKS,
}
DOCUMENTS = [
    *EVERY_KIND,
    raw("markdown", NOTE_JA, "ja.md"),
    raw("markdown", NOTE_EN, "en.md"),
    *(raw("markdown", text, name) for name, text in LONG.items()),
    raw("text", LONG_JAPANESE, "long.txt"),
    raw("python", "def f():\n" + "    x = 1  # 値\n" * 400, "long.py"),
]
every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)


@cache
def cut(document: RawDocument, embedder: BundledEmbedder) -> tuple[Parsed, list[Chunk]]:
    parsed = parse(document, "notes")
    return parsed, chunk(parsed, embedder.count)


def cut_text(text: str, embedder: BundledEmbedder) -> list[Chunk]:
    return cut(raw("markdown", text, "file.md"), embedder)[1]


def whole_text(text: str, embedder: BundledEmbedder) -> list[Chunk]:
    """Without what leads to the passages."""
    return [piece for piece in cut_text(text, embedder) if piece.kind != "question"]


@every_document
def test_a_chunk_is_an_exact_slice_of_its_document(
    document: RawDocument, embedder: BundledEmbedder
) -> None:
    parsed, chunks = cut(document, embedder)
    assert chunks
    for piece in chunks:
        assert parsed.document.text[piece.start : piece.end] == piece.text
        assert piece.text.strip()
    assert len({piece.id for piece in chunks}) == len(chunks)


@every_document
def test_the_model_can_read_every_chunk_whole(
    document: RawDocument, embedder: BundledEmbedder
) -> None:
    _, chunks = cut(document, embedder)
    assert max(embedder.count(piece.search_text) for piece in chunks) <= LIMIT == 480


@every_document
def test_the_lines_of_a_chunk_hold_its_text(
    document: RawDocument, embedder: BundledEmbedder
) -> None:
    parsed, chunks = cut(document, embedder)
    lines = parsed.document.text.split("\n")
    for piece in chunks:
        first, last = piece.lines
        assert piece.text in "\n".join(lines[first - 1 : last])
        assert piece.text.split("\n")[0] in lines[first - 1]
        assert piece.text.split("\n")[-1] in lines[last - 1]


@every_document
def test_nothing_but_headings_and_mark_up_is_left_out(
    document: RawDocument, embedder: BundledEmbedder
) -> None:
    parsed, chunks = cut(document, embedder)
    left = list(parsed.document.text)
    for piece in chunks:
        left[piece.start : piece.end] = " " * (piece.end - piece.start)
    mark_up = r"^ *#+ .*$|^ *- *$|<!--.*?-->|\[\^T\d\](?:: .*$)?"
    rest = re.sub(mark_up, "", "".join(left), flags=re.MULTILINE | re.DOTALL)
    assert rest.strip() == ""


def test_japanese_is_never_cut_inside_a_sentence(embedder: BundledEmbedder) -> None:
    chunks = whole_text(LONG_JAPANESE, embedder)
    assert len(chunks) > 3
    for sentence in SENTENCES:
        assert sum(sentence in piece.text for piece in chunks) == 1
    assert all(piece.text.endswith("ます。") for piece in chunks)


def test_english_is_cut_between_sentences(embedder: BundledEmbedder) -> None:
    chunks = whole_text(LONG_ENGLISH, embedder)
    assert len(chunks) > 3
    for piece in chunks:
        assert piece.text.startswith("On day ")
        assert piece.text.endswith("split them.")


def test_code_and_tables_are_cut_between_lines(embedder: BundledEmbedder) -> None:
    for text, line in ((LONG_CODE, r"v_\d+ = read\(\d+\)|```"), (LONG_TABLE, r"\|.*\|")):
        chunks = whole_text(text, embedder)
        assert len(chunks) > 1
        assert all(re.fullmatch(line, row) for piece in chunks for row in piece.text.split("\n"))


def test_a_single_giant_sentence_is_cut_at_its_commas(embedder: BundledEmbedder) -> None:
    chunks = whole_text(GIANT, embedder)
    assert "".join(piece.text for piece in chunks) == GIANT.split("\n\n")[1].strip()
    assert all(piece.text.endswith(("、", "。")) for piece in chunks)


def test_text_without_any_mark_is_cut_all_the_same(embedder: BundledEmbedder) -> None:
    chunks = whole_text(UNBROKEN, embedder)
    assert "".join(piece.text for piece in chunks) == UNBROKEN.split("\n\n")[1].strip()
    assert 5 < len(chunks) < 60


def test_an_embedded_picture_does_not_become_a_hundred_chunks(embedder: BundledEmbedder) -> None:
    picture = f"# 図\n\n次の図です。\n\n![構成](data:image/png;base64,{'iVBORw0KGgo' * 2_000})\n"
    (piece,) = whole_text(picture, embedder)
    assert piece.search_text == "図\n次の図です。構成"


def test_a_long_heading_leaves_room_for_the_text(embedder: BundledEmbedder) -> None:
    chunks = whole_text(LONG_HEADING, embedder)
    assert [piece.text for piece in chunks] == ["本文です。", "続きです。"]
    assert chunks[1].search_text.endswith("\n続きです。")


def test_windows_line_ends_give_the_same_chunks(embedder: BundledEmbedder) -> None:
    assert whole_text(MARKDOWN.replace("\n", "\r\n"), embedder) == whole_text(MARKDOWN, embedder)


def test_short_paragraphs_under_one_heading_stay_together(embedder: BundledEmbedder) -> None:
    chunks = whole_text("# 題\n\n一つ目。\n\n二つ目。\n\n## 次\n\n三つ目。\n", embedder)
    assert [piece.text for piece in chunks] == ["一つ目。\n\n二つ目。", "三つ目。"]


def test_the_headings_are_searched_with_the_text(embedder: BundledEmbedder) -> None:
    (piece,) = whole_text("# 題\n\n## `train` とは\n\n**学習** の入口です。\n", embedder)
    assert piece.search_text == "題 > train とは\n学習 の入口です。"
    assert piece.heading == ("題", "train とは")


def test_what_a_chunk_is_follows_from_its_block(embedder: BundledEmbedder) -> None:
    kinds = [piece.kind for piece in whole_text(MARKDOWN, embedder)]
    assert kinds == ["passage", "passage", "code", "passage", "table", "passage", "passage"]
    _, code = cut(raw("python", PYTHON, "train.py"), embedder)
    assert {piece.kind for piece in code} == {"code", "question"}


def test_a_part_of_a_passage_leads_to_it_and_is_a_slice_of_it(embedder: BundledEmbedder) -> None:
    chunks = cut_text(
        "# 題\n\n一つ目の文は短いです。二つ目の文も短いです。\n\n"
        "| 日 | 雨 |\n|---|---|\n| 1 日 | 小雨 |\n",
        embedder,
    )
    groups = {piece.group: piece for piece in chunks if piece.kind != "question"}
    parts = [piece for piece in chunks if piece.kind == "question" and piece.order]
    assert [piece.text for piece in parts] == [
        "一つ目の文は短いです。",
        "二つ目の文も短いです。",
        "| 1 日 | 小雨 |",
    ]
    assert all(piece.text in groups[piece.group].text for piece in parts)
    assert parts[-1].search_text == "題\n日: 1 日, 雨: 小雨"


def test_what_a_passage_is_called_leads_to_it_in_both_languages(embedder: BundledEmbedder) -> None:
    _, chunks = cut(raw("dockerfile", DOCKERFILE, "a/Dockerfile"), embedder)
    names = [piece.search_text for piece in chunks if piece.kind == "question" and not piece.order]
    assert any("show me" in name for name in names)
    assert any("見せて" in name for name in names)


def test_the_same_file_in_two_folders_is_two_hits(embedder: BundledEmbedder) -> None:
    _, one = cut(raw("dockerfile", DOCKERFILE, "a/Dockerfile"), embedder)
    _, other = cut(raw("dockerfile", DOCKERFILE, "b/Dockerfile"), embedder)
    assert {piece.group for piece in one}.isdisjoint(piece.group for piece in other)
    assert {piece.id for piece in one}.isdisjoint(piece.id for piece in other)


# Notes


def test_a_note_gives_questions_statements_and_blocks(embedder: BundledEmbedder) -> None:
    chunks = cut_text(NOTE_JA, embedder)
    of_library = [piece for piece in chunks if piece.group == "note:add-library"]
    assert [(piece.kind, piece.order) for piece in of_library] == [
        ("question", 0),
        ("question", 0),
        ("statement", 1),
        ("statement", 2),
        ("code", 2),
    ]
    heading, question, first, second, code = of_library
    assert heading.text == heading.search_text == "ライブラリを足すには"
    assert question.search_text == "pip で一つ足したいだけなんだけど"
    assert first.text.startswith("ライブラリを足すだけなら")
    assert second.text == "OS のパッケージも要るなら、次のようにイメージを拡張します。"
    assert code.text.startswith("```dockerfile\nFROM python:3.11")
    assert {piece.heading for piece in of_library} == {("学習ジョブ", "ライブラリを足すには")}


def test_a_statement_knows_its_evidence_and_its_marker(embedder: BundledEmbedder) -> None:
    (statement,) = [piece for piece in cut_text(NOTE_JA, embedder) if piece.marker == "- "]
    assert statement.text == "置き場所は環境変数 `SM_MODEL_DIR` でも分かります。"
    assert statement.search_text == (
        "学習ジョブ > 学習の結果はどこに置くか\n置き場所は環境変数 SM_MODEL_DIR でも分かります。"
    )
    assert statement.based_on == (
        "https://docs.example/training#L10-L12",
        "https://docs.example/toolkit",
    )


def test_a_section_has_one_group_in_both_languages(embedder: BundledEmbedder) -> None:
    japanese, english = cut_text(NOTE_JA, embedder), cut_text(NOTE_EN, embedder)
    assert {piece.language for piece in japanese} == {"ja"}
    assert {piece.language for piece in english} == {"en"}
    assert {piece.group for piece in english} <= {piece.group for piece in japanese}


def test_a_question_in_quotes_is_searched_without_them(embedder: BundledEmbedder) -> None:
    (question,) = [p for p in cut_text(NOTE_JA, embedder) if "どこを指す" in p.text]
    assert question.text == "'SM_MODEL_DIR: どこを指す？'"
    assert question.search_text == "SM_MODEL_DIR: どこを指す？"


def note(questions: str, body: str) -> str:
    return f"# 題\n\n## 見出し\n\n<!--\nid: x\nquestions: {questions}\n-->\n\n{body}\n"


def test_a_long_block_of_a_note_stays_whole_for_display(embedder: BundledEmbedder) -> None:
    text = note("[何]", "次のとおりです。[^T1]\n\n```\n" + "RUN make 雨\n" * 300 + "```")
    (code,) = [piece for piece in cut_text(text, embedder) if piece.kind == "code"]
    assert code.text.count("RUN make 雨") == 300
    assert embedder.count(code.search_text) <= LIMIT


def test_a_section_without_questions_is_asked_for_by_its_heading(
    embedder: BundledEmbedder,
) -> None:
    chunks = cut_text(note("[]", "降ります。[^T1]"), embedder)
    assert [piece.text for piece in chunks if piece.kind == "question"] == ["見出し"]


def test_a_question_written_once_and_used_twice_is_one_chunk(embedder: BundledEmbedder) -> None:
    chunks = cut_text(note("[&q 雨は？, *q]", "降ります。[^T1]"), embedder)
    questions = [piece.search_text for piece in chunks if piece.kind == "question"]
    assert questions == ["見出し", "雨は？"]
