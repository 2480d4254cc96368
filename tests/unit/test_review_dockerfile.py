"""A Dockerfile is read as Docker reads it; what it cannot read is listed, never raised."""

from __future__ import annotations

from textwrap import dedent

import pytest

from kb.review.dockerfile import Dockerfile, fill, read_dockerfile


def read(text: str) -> Dockerfile:
    return read_dockerfile(dedent(text))


def test_continued_lines_are_one_instruction_without_the_comments_among_them() -> None:
    file = read("""\
        FROM python:3.10
        RUN apt-get update && \\
            # the tokenizer

            apt-get install -y mecab \\
            && rm -rf /tmp/x
        USER root""")
    assert [(one.keyword, one.value) for one in file.final] == [
        ("RUN", "apt-get update && apt-get install -y mecab && rm -rf /tmp/x"),
        ("USER", "root"),
    ]
    assert (file.final[0].first, file.final[1].first) == (2, 7)


def test_here_documents_belong_to_their_instruction() -> None:
    file = read("""\
        FROM python:3.10
        RUN <<EOF bash
        USER nobody
        pip install flask
        EOF
        COPY <<"ONE" <<TWO /opt/
        1
        ONE
        2
        TWO
        CMD serve""")
    assert [one.keyword for one in file.final] == ["RUN", "COPY", "CMD"]
    assert file.final[0].body == "USER nobody\npip install flask"
    assert file.copies[0][2] == "/opt/"


def test_the_escape_directive_counts_at_the_top_only() -> None:
    assert read("# escape=`\nFROM a:1\nRUN x `\n  y").final[0].value == "x y"
    assert read("FROM a:1\n# escape=`\nRUN x `\nUSER y").final[0].value == "x `"


@pytest.mark.parametrize("keyword", ["ENTRYPOINT", "entrypoint", "Entrypoint"])
def test_json_and_shell_form_in_any_case(keyword: str) -> None:
    assert read(f'FROM a:1\n{keyword} ["a", "b c"]').final[0].words == ("a", "b c")
    shell = read(f"FROM a:1\n{keyword} a 'b c'").final[0]
    assert (shell.words, shell.arguments) == (None, ("a", "b c"))
    assert read(f"FROM a:1\n{keyword} ['a']").final[0].words is None


def test_variables_are_filled_in_where_they_are_known() -> None:
    file = read("""\
        ARG TAG=3.10
        ARG REGISTRY
        FROM ${REGISTRY:-docker.io}/python:${TAG}-slim
        ARG HOME_DIR=/opt/program
        ENV APP=$HOME_DIR PATH=$HOME_DIR/bin:$PATH
        WORKDIR ${APP}
        COPY a.py b.py sub/""")
    assert file.base == "docker.io/python:3.10-slim"
    assert file.environment == {"APP": "/opt/program", "PATH": "/opt/program/bin:$PATH"}
    assert file.copies[0][1:] == (("a.py", "b.py"), "/opt/program/sub/")
    assert fill("${A:+x}${B:-y}\\$C", {"A": "1"}) == "xy\\$C"


def test_the_last_stage_counts_with_those_that_it_is_built_on() -> None:
    file = read("""\
        FROM golang:1.22 AS build
        USER builder
        FROM python:3.10 AS base
        ENV A=1
        FROM base
        COPY --from=build /x /x
        CMD ["a"]""")
    assert file.base == "python:3.10"
    assert [one.keyword for one in file.final] == ["ENV", "COPY", "CMD"]
    assert file.final[1].flags == ("--from=build",)
    assert file.last("USER") is None


def test_stages_that_name_each_other_end() -> None:
    file = read("FROM b AS a\nFROM a AS b\nUSER x")
    assert len(file.chain) == 2


def test_what_waits_for_another_build_is_not_done() -> None:
    file = read("FROM a:1\nONBUILD USER nobody")
    assert file.last("USER") is None


def test_what_is_no_dockerfile_is_listed() -> None:
    file = read("""\
        RUN early
        FROM a:1
        RUNN pip install x
        EXPOSE
        COPY <<EOF /x
        never closed""")
    assert [(one.kind, one.line) for one in file.problems] == [
        ("before", 1), ("unknown", 3), ("empty", 4), ("open", 5), ("unknown", 6),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "\x00", "FROM", "\\", "<<EOF"])
def test_nothing_is_raised(text: str) -> None:
    file = read_dockerfile(text)
    assert (file.base, file.final, file.copies, file.environment) == ("", (), (), {})


def test_line_ends_of_windows_change_nothing() -> None:
    unix = "FROM a:1\nRUN x \\\n  y\nUSER z"
    assert read_dockerfile(unix.replace("\n", "\r\n")) == read_dockerfile(unix)
