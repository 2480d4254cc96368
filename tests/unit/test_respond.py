"""An answer, or what the sources hold nothing about and what is nearest to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kb.answer.respond import Response, respond, worth_naming
from kb.records import Language
from kb.search.coverage import Coverage, Name, names_in
from kb.search.retrieve import retrieve
from kb.search.scope import decide_scope
from kb.search.wordings import errors_in
from tests.unit.kb_fixtures import Notes


def response(notes: Notes, message: str, language: Language = "ja") -> Response:
    retrieval = retrieve(notes.index, notes.embedder, message, language)
    scope = decide_scope(message, retrieval, notes.index)
    return respond(message, message, retrieval, notes.index, language, scope.signals)


def test_the_error_of_a_note_opens_with_its_cause(notes: Notes) -> None:
    found = response(notes, 'docker: exec: "train": executable file not found in $PATH: unknown')
    assert not found.is_middle
    assert found.retrieval.hits[0].group == "note:err-train-not-found"
    assert found.sentences[0].lead == ""
    assert "`train`" in found.sentences[0].text


def test_another_missing_command_is_not_that_error(notes: Notes) -> None:
    found = response(notes, 'docker: exec: "python3.12": executable file not found in $PATH')
    cited = {citation.heading for citation in found.citations.all}
    assert not any("train" in heading for heading in cited)


def test_without_the_wording_a_section_on_an_error_speaks_under_its_condition(
    notes: Notes,
) -> None:
    found = response(
        notes, "PATH のどこにもコマンドがないイメージはなぜ起動しない？ENTRYPOINT は必要？"
    )
    own = [s for s in found.sentences if "`train`" in s.text and s.lead]
    assert all("とある場合" in s.lead for s in own[:1])


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_middle_names_what_the_sources_lack_and_is_short(
    notes: Notes, language: Language
) -> None:
    message = {
        "ja": "Graviton4 の zebraflow を推論コンテナの ping で使うには？",
        "en": "Does the ping of an inference container work with Zebraflow?",
    }[language]
    retrieval = retrieve(notes.index, notes.embedder, message, language)
    scope = decide_scope(message, retrieval, notes.index)
    found = respond(
        message, message, retrieval, notes.index, language, scope.signals, declined=True
    )
    assert found.is_middle
    assert "ebraflow" in found.sentences[0].text
    assert found.sentences[0].citations == ()
    assert len(found.sentences) <= 3


def covering(message: str) -> Coverage:
    return Coverage(0.1, names_in(message), {}, 0.3)


def test_products_are_named_before_calls_and_paths() -> None:
    found = worth_naming(covering("zebra.predict() in src/lib/x.py on a GnuPlotter"), "en")
    assert [name.words for name in found][-1] == "GnuPlotter"
    assert not any("/" in name.words for name in found)


def test_the_first_word_of_a_sentence_is_no_name() -> None:
    assert worth_naming(covering("Zebras forget things. Wolves howl"), "en") == []


def test_plain_words_of_the_report_of_an_error_are_not_named() -> None:
    message = "zebra の画像で 413 になる"
    assert [n.words for n in worth_naming(covering(message), "ja")] == ["zebra", "画像"]
    assert worth_naming(covering(message), "ja", is_report=True) == []


def test_of_what_stands_elsewhere_only_latin_names_are_named() -> None:
    found = covering("GnuPlotter のメモリは")
    known = replace(found, missing=tuple(replace(name, is_known=True) for name in found.missing))
    assert [name.words for name in worth_naming(known, "ja")] == ["GnuPlotter"]
    assert worth_naming(known, "ja", is_report=True) == []


def test_what_stands_side_by_side_is_one_name(notes: Notes) -> None:
    names = [name.words for name in names_in("Feature Store の話")]
    assert names[:2] == ["Feature", "Store"]


def test_names_are_counted_once_and_carry_their_place() -> None:
    first, *rest = names_in("zebra and zebra")
    assert first == Name("zebra", first.tokens, first.weight, False, 0, is_opening=True)
    assert [name.words for name in rest] == []


def test_of_a_long_paste_the_two_ends_are_read(notes: Notes) -> None:
    assert len(names_in("zebra " * 100_000)) <= 2  # the cut may leave half a word
    assert not errors_in("x" * 1_000_000, notes.index).named
