"""Whether the start file of an image is found on PATH and may be run: PATH and modes evaluated."""

from __future__ import annotations

import pytest

from kb.records import Side
from kb.review.checks import find
from kb.review.paste import Paste


def found(text: str, side: Side = "inference") -> list[tuple[str, int, str]]:
    paste = Paste("dockerfile", text, "", frozenset({side}))
    return [(one.check.id, one.spot.line, one.write) for one in find(paste)]


SERVE = """FROM python:3.12-slim
WORKDIR /srv/app
COPY serve api.py /srv/app/
RUN chmod +x serve
{more}"""


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ('CMD ["./serve"]', ("serve-off-path", 5)),
        ("EXPOSE 8080", ("serve-off-path", 3)),
        ("ENV PATH=/srv:$PATH", ("serve-off-path", 3)),
        ('ENTRYPOINT ["serve"]', ("entrypoint-off-path", 3)),
        ('ENTRYPOINT ["./serve"]', None),
        ("ENV PATH=/srv/app:$PATH", None),
        ("ENV APP=/srv/app\nENV PATH=$PATH:${APP}", None),
        ("RUN ln -s /srv/app/serve /usr/local/bin/serve", None),
        ("RUN cp serve /usr/bin/", None),
        ("RUN make install-serve serve", None),
    ],
)
def test_path_is_evaluated(more: str, place: tuple[str, int] | None) -> None:
    result = [(name, line) for name, line, _ in found(SERVE.format(more=more))]
    assert result == ([place] if place else [])


def test_path_without_the_old_one_loses_the_default_folders() -> None:
    text = "FROM debian:12\nCOPY train /usr/local/bin/train\nENV PATH=/opt/tools"
    assert [name for name, _, _ in found(text, "training")] == ["train-off-path"]


def test_the_folder_to_add_is_written() -> None:
    (one,) = found(SERVE.format(more='CMD ["./serve"]'))
    assert one[2] == 'ENV PATH="/srv/app:${PATH}"'


def test_a_base_that_is_not_known_may_bring_the_folder() -> None:
    text = "FROM registry.example.com/team/base:3\nCOPY --chmod=755 train /opt/run/train"
    assert found(text, "training") == []


MODES = """FROM python:3.12-slim
COPY {flag}train /usr/local/bin/train
{more}
ENV A=1"""


@pytest.mark.parametrize(
    ("flag", "more", "line", "write"),
    [
        ("", "RUN chmod 644 /usr/local/bin/train", 3, "RUN chmod 755 /usr/local/bin/train"),
        ("", "RUN chmod 0600 /usr/local/bin/train", 3, "RUN chmod 755 /usr/local/bin/train"),
        ("", "RUN chmod a-x /usr/local/bin/train", 3, "RUN chmod a+x /usr/local/bin/train"),
        ("", "RUN chmod -R 640 /usr/local/bin", 3, "RUN chmod -R 755 /usr/local/bin"),
        ("--chmod=644 ", "USER root", 2, "COPY --chmod=755 train /usr/local/bin/train"),
    ],
)
def test_a_mode_without_the_bit_is_found(flag: str, more: str, line: int, write: str) -> None:
    assert found(MODES.format(flag=flag, more=more), "training") == [("mode", line, write)]


@pytest.mark.parametrize(
    ("flag", "more"),
    [
        ("", "RUN chmod 755 /usr/local/bin/train"),
        ("", "RUN chmod 644 /usr/local/bin/train && chmod u+x /usr/local/bin/train"),
        ("", "RUN chmod 644 /etc/app.conf"),
        ("--chmod=0755 ", "USER root"),
        ("--chmod=644 ", "RUN chmod +x /usr/local/bin/train"),
    ],
)
def test_the_last_mode_counts(flag: str, more: str) -> None:
    assert found(MODES.format(flag=flag, more=more), "training") == []
