"""Our notes: sections, questions, statements, blocks with their places; mistakes by line."""

from __future__ import annotations

import pytest

from ingest.notes import Note, Span, read_note
from kb.errors import ParseError
from tests.conftest import NOTE_EN, NOTE_JA


def note(body: str, block: str = "id: x\nquestions:\n  - 雨は？") -> str:
    return f"# 題\n\n## 見出し\n\n<!--\n{block}\n-->\n\n{body}\n"


def texts(body: str) -> list[str]:
    (section,) = read_note(note(body)).sections
    return [statement.span.text for statement in section.statements]


def mistake(text: str) -> str:
    with pytest.raises(ParseError) as error:
        read_note(text)
    assert "\n" not in str(error.value)
    return str(error.value)


def spans(read: Note) -> list[Span]:
    return [
        span
        for section in read.sections
        for span in (
            section.heading_span,
            *(span for _, span in section.questions),
            *(statement.span for statement in section.statements),
            *(span for statement in section.statements for _, span in statement.blocks),
        )
    ]


@pytest.mark.parametrize("text", [NOTE_JA, NOTE_EN, NOTE_JA.replace("# 学習", "# 🌧 学習")])
def test_every_span_is_an_exact_slice(text: str) -> None:
    found = spans(read_note(text))
    assert found
    assert all(text[span.start : span.end] == span.text != "" for span in found)


def test_a_note_has_a_title_and_sections_with_their_lines() -> None:
    read = read_note(NOTE_JA)
    assert read.title == "学習ジョブ"
    assert [(section.id, section.heading, section.line) for section in read.sections] == [
        ("model-dir", "学習の結果はどこに置くか", 3),
        ("add-library", "ライブラリを足すには", 16),
    ]


@pytest.mark.parametrize(
    ("written", "question", "raw"),
    [
        ("apt で mecab を入れたい", "apt で mecab を入れたい", "apt で mecab を入れたい"),
        ("'apt-get: not found'", "apt-get: not found", "'apt-get: not found'"),
        ('"改行 \\t つき"', "改行 つき", '"改行 \\t つき"'),
        ("雨は？   # 注", "雨は？", "雨は？"),
        ("二行に\n    わたる問い", "二行に わたる問い", "二行に\n    わたる問い"),
        ("絵文字🌧のあと", "絵文字🌧のあと", "絵文字🌧のあと"),
    ],
)
def test_a_question_is_read_with_or_without_quotes(written: str, question: str, raw: str) -> None:
    text = note("降る。", f"id: x\nquestions:\n  - {written}\n  - 次")
    (section,) = read_note(text).sections
    (first, span), (second, _) = section.questions
    assert (first, span.text, second) == (question, raw, "次")
    assert text[span.start : span.end] == raw


def test_statements_lose_marker_and_evidence() -> None:
    body = "直接の答え。[^T1][^B-2]\n\n- 箇条。[^T1]\n1. 手順。[^T2]\n* 星。"
    (section,) = read_note(note(body)).sections
    assert [(s.marker, s.span.text, s.evidence) for s in section.statements] == [
        ("", "直接の答え。", ("T1", "B-2")),
        ("- ", "箇条。", ("T1",)),
        ("1. ", "手順。", ("T2",)),
        ("* ", "星。", ()),
    ]


def test_a_reference_inside_a_statement_stays() -> None:
    assert texts("A[^T1] と B。[^T2]  ") == ["A[^T1] と B。"]


def test_fences_and_tables_belong_to_the_statement_before() -> None:
    body = (
        "次のとおり。[^T1]\n\n```bash\n# 注\nmake\n\nmake install\n```\n\n"
        "| 列 | 値 |\n|---|---|\n| a | 1 |\n\n別の文。\n\n  ~~~~\n  ~~~\n  ~~~~\n"
    )
    (section,) = read_note(note(body)).sections
    first, second = section.statements
    assert [(kind, span.text) for kind, span in first.blocks] == [
        ("code", "```bash\n# 注\nmake\n\nmake install\n```"),
        ("table", "| 列 | 値 |\n|---|---|\n| a | 1 |"),
    ]
    assert [span.text for _, span in second.blocks] == ["  ~~~~\n  ~~~\n  ~~~~"]


def test_a_fence_may_hold_what_looks_like_headings_and_statements() -> None:
    body = "文。\n\n```dockerfile\n## 見出しではない\n- 文ではない。[^T1]\n```\n\n次の文。"
    assert texts(body) == ["文。", "次の文。"]


def test_comments_and_footnotes_are_no_statements() -> None:
    body = "文。\n<!-- 直す -->\n<!--\n長い注\n-->\n次の文。\n\n[^T1]: 本 <https://h.example/>"
    assert texts(body) == ["文。", "次の文。"]


def test_footnotes_between_sections_cost_no_statement() -> None:
    first, second = note("一。[^T1]\n\n[^T1]: <https://h.example/1>"), note("二。[^T1]")
    second = second.replace("id: x", "id: y").removeprefix("# 題\n\n")
    sections = read_note(first + "\n" + second).sections
    assert [section.statements[0].span.text for section in sections] == ["一。", "二。"]


def test_footnotes_give_the_addresses_of_the_evidence() -> None:
    assert read_note(NOTE_JA).urls == {
        "T1": ("https://docs.example/training#L10-L12",),
        "T2": ("https://docs.example/toolkit",),
        "T3": ("https://docs.example/samples",),
    }
    several = note("文。[^T1]\n\n[^T1]: 二つ。 <https://h.example/1> <https://h.example/2>")
    assert read_note(several).urls == {"T1": ("https://h.example/1", "https://h.example/2")}


def test_a_note_may_end_without_a_line_end() -> None:
    assert read_note(note("文。[^T1]").rstrip("\n")).sections[0].statements[0].span.text == "文。"
    assert read_note("# 題\n\n## 見出し\n<!--\nid: x\nquestions: []\n-->").sections[0].id == "x"


def test_a_note_without_sections_has_none() -> None:
    assert read_note("# 題\n\n本文。\n").sections == ()


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ("id x", "line 3: the comment below “見出し” must hold id and questions, as YAML"),
        ("questions:\n  - 雨は？", "line 3: the comment below “見出し” must hold id and questions"),
        ("id: x", "line 3: the comment below “見出し” must hold id and questions"),
        ("id: x\nquestions: 雨は？", "line 3: the comment below “見出し” must hold id and"),
        ("id: x\nquestions:\n\t- 雨は？", "line 3: the comment below “見出し” must hold id and"),
        (
            "id: x\nquestions:\n  - 雨は？\n  - apt-get: command not found",
            "line 9: a question must be a single text; put it in quotes",
        ),
        ("id: x\nquestions:\n  - [雨]", "line 8: a question must be a single text"),
        (
            "id: x\nquestions:\n  - 雨は？\nerrors:\n  - 'a * b'",
            "line 3: the error wording “a * b”",
        ),
        ("id: x\nquestions:\n  - 雨は？\nerrors: none", "line 3: the comment below “見出し”"),
    ],
)
def test_a_bad_block_is_named_with_its_line(block: str, sentence: str) -> None:
    assert mistake(note("文。", block)).startswith(sentence)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("```\nmake\n```\n\n文。", "line 11: code or a table must follow the statement that it"),
        ("| a |\n|---|", "line 11: code or a table must follow the statement that it"),
        ("文。\n\n```\nmake", "line 13: the code block that begins here has no end"),
        ("文。\n\n## 次の見出し\n\n問いなし。", "line 13: below “## 次の見出し” a comment with id"),
        ("文。\n\n### 小見出し", "line 13: below “### 小見出し” a comment with id"),
        ("文。\n\n- [^T1]", "line 13: expected a sentence, found “- [^T1]”"),
    ],
)
def test_a_mistake_in_the_text_is_named_with_its_line(body: str, sentence: str) -> None:
    assert mistake(note(body)).startswith(sentence)


def test_an_id_that_is_used_twice_is_named_with_both_lines() -> None:
    twice = note("一。") + note("二。").removeprefix("# 題\n\n")
    assert mistake(twice) == (
        "line 12: id “x” is used twice (first in line 3); give each section its own id"
    )


def test_the_wordings_of_an_error_stand_beside_the_questions() -> None:
    text = note("文。", "id: x\nquestions:\n  - 雨は？\nerrors:\n  - 'no * umbrella found'")
    (section,) = read_note(text).sections
    ((wording, span),) = section.errors
    assert wording == "no * umbrella found"
    assert text[span.start : span.end] == span.text == "'no * umbrella found'"


def test_a_section_without_wordings_is_not_about_an_error() -> None:
    assert read_note(note("文。")).sections[0].errors == ()
