"""Every mistake in the list of sources is answered with one sentence that names line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.sources import read_sources
from kb.errors import SourcesError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def listed(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "sources.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def mistake(tmp_path: Path, text: str) -> str:
    with pytest.raises(SourcesError) as error:
        read_sources(listed(tmp_path, text))
    sentence = str(error.value)
    assert "\n" not in sentence
    return sentence.removeprefix(str(tmp_path / "sources.yaml"))


def test_each_kind_is_read_with_its_fields(tmp_path: Path) -> None:
    file = listed(
        tmp_path,
        f"""\
sources:
  - id: wiki
    kind: folder
    path: ../wiki/ml
    title: チームの Wiki
  - id: blog
    kind: web
    url: https://blog.example/ja/post/
  - id: samples
    kind: git
    url: https://git.example/team/samples
    commit: {COMMIT}
    paths: [README.md, src/train]
""",
    )
    wiki, blog, samples = read_sources(file)
    assert (wiki.kind, wiki.path, wiki.title) == ("folder", "../wiki/ml", "チームの Wiki")
    assert (blog.kind, blog.url, blog.title) == ("web", "https://blog.example/ja/post/", "")
    assert (samples.commit, samples.paths) == (COMMIT, ("README.md", "src/train"))


def test_the_list_that_ships_is_valid() -> None:
    assert "notes" in [source.id for source in read_sources(Path("ingest/sources.yaml"))]


def test_a_commit_of_digits_only_stays_a_text(tmp_path: Path) -> None:
    text = "sources:\n- {id: a, kind: git, url: 'file:///r', commit: %s, paths: [x]}\n" % ("1" * 40)
    assert read_sources(listed(tmp_path, text))[0].commit == "1" * 40


FOLDER = "sources:\n  - id: wiki\n    kind: folder\n    path: wiki\n"
GIT = f"sources:\n  - id: g\n    kind: git\n    url: https://h.example/r\n    commit: {COMMIT}\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", ", line 1: expected “sources:”"),
        ("- id: a\n", ", line 1: expected “sources:”"),
        ("# 一覧\nsauces:\n  - id: a\n", ", line 2: expected “sources:”"),
        ("sources: []\n", ", line 1: expected “sources:”"),
        (FOLDER + "version: 2\n", ", line 5: expected “sources:”"),
        ("sources:\n  - wiki\n", ", line 2: expected an entry with id and kind"),
        ("sources:\n  - id: a\n   kind: web\n", ", line 3: this is not valid YAML"),
        ("sources:\n  - kind: web\n    url: https://h\n", ", line 2: the field “id” is missing"),
        ("sources:\n  - id: a\n    url: https://h\n", ", line 2: the field “kind” is missing"),
        ("sources:\n  - id: a\n    kind: ftp\n", ", line 3: kind is “ftp”, expected one of folder"),
        ("sources:\n  - id: a\n    kind: [web]\n", ", line 3: “kind” must be a single text"),
        (FOLDER + "    urls: x\n", ", line 5: unknown field “urls” for kind folder; known are id"),
        (FOLDER + "    path: other\n", ", line 5: field “path” stands twice"),
        (FOLDER + "    title: [a, b]\n", ", line 5: “title” must be a single text"),
        (FOLDER + FOLDER.removeprefix("sources:\n"), ", line 5: id “wiki” is used twice"),
        (FOLDER.replace("wiki\n", "Team Wiki\n", 1), ", line 2: id is “Team Wiki”, expected lower"),
        ("sources:\n  - id: a\n    kind: folder\n", ", line 2: kind folder needs the field “path”"),
        (FOLDER.replace("path: wiki", "path: ~"), ", line 2: kind folder needs the field “path”"),
        ("sources:\n  - id: a\n    kind: web\n", ", line 2: kind web needs the field “url”"),
        (GIT, ", line 2: kind git needs the field “paths”"),
        (GIT + "    paths: []\n", ", line 2: kind git needs the field “paths”"),
        (GIT + "    paths: README.md\n", ", line 6: “paths” must be a list of paths"),
        (GIT + "    paths: ['']\n", ", line 6: “paths” must name files or folders inside"),
        (GIT + "    paths: [.]\n", ", line 6: “paths” must name files or folders inside"),
        (GIT + "    paths: [/etc]\n", ", line 6: “paths” must name files or folders inside"),
        (GIT + "    paths: [a/../../b]\n", ", line 6: “paths” must name files or folders inside"),
        (GIT + "    paths: [--upload-pack]\n", ", line 6: “paths” must name files or folders"),
        (
            GIT.replace(COMMIT, "main") + "    paths: [a]\n",
            ", line 5: commit is “main”, expected the full 40",
        ),
    ],
)
def test_a_mistake_is_named_with_line_and_field(tmp_path: Path, text: str, sentence: str) -> None:
    assert mistake(tmp_path, text).startswith(sentence)


@pytest.mark.parametrize(
    "url",
    ["blog.example/post", "ftp://h.example/", "https://", "http://[", "https://h.example/a b"],
)
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    text = f"sources:\n  - id: a\n    kind: web\n    url: '{url}'\n"
    assert mistake(tmp_path, text).startswith(f", line 4: url is “{url}”, expected one that begins")


@pytest.mark.parametrize("user", ["me:secret@", "secret-token@"])
def test_a_password_in_an_address_is_refused_and_not_repeated(tmp_path: Path, user: str) -> None:
    text = f"sources:\n  - id: a\n    kind: web\n    url: https://{user}h.example/\n"
    sentence = mistake(tmp_path, text)
    assert sentence.startswith(", line 4: url holds a user name or password")
    assert "secret" not in sentence


def test_a_file_name_with_two_dots_is_no_way_out(tmp_path: Path) -> None:
    assert read_sources(listed(tmp_path, GIT + "    paths: [notes..md]\n"))


def test_a_missing_list_says_how_to_name_another() -> None:
    with pytest.raises(SourcesError, match=r"missing\.yaml does not exist; set KB_SOURCES"):
        read_sources(Path("missing.yaml"))


def test_a_folder_in_place_of_the_list_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourcesError, match="cannot be read"):
        read_sources(tmp_path)


def test_the_fingerprint_changes_with_what_an_entry_points_to(tmp_path: Path) -> None:
    def fingerprint(text: str) -> str:
        return read_sources(listed(tmp_path, text))[0].fingerprint

    page = "sources:\n  - id: a\n    kind: web\n    url: https://h.example/1\n"
    assert fingerprint(page) == fingerprint(page.replace("id: a", "id: b"))
    assert fingerprint(page) != fingerprint(page.replace("/1", "/2"))
    assert fingerprint(page) != fingerprint(page + "    title: 別の題\n")
