"""A line with several faults is mended in all of them."""

from __future__ import annotations

from kb.review.checks import find
from kb.review.mend import mend, mended_lines
from kb.review.paste import Paste

FILE = """FROM python:3.10-slim
COPY app.py /app/app.py
RUN pip install flask
ENTRYPOINT flask run --port 5000"""
MENDED = 'ENTRYPOINT ["flask", "run", "--host", "0.0.0.0", "--port", "8080"]'


def paste(text: str) -> Paste:
    return Paste("dockerfile", text, sides=frozenset({"inference"}))


def test_the_whole_file_has_every_mend_of_a_line() -> None:
    text, left = mend(paste(FILE), find)
    assert text.split("\n")[-1] == MENDED
    assert not [finding for finding in left if finding.spot.edit]


def test_each_finding_of_the_line_shows_the_line_as_it_will_be() -> None:
    found = [one for one in find(paste(FILE)) if one.spot.edit and one.spot.line == 4]
    assert len(found) > 1
    assert {mended_lines(paste(FILE), one, find) for one in found} == {(MENDED,)}


def test_a_file_without_faults_is_left_as_it_is() -> None:
    text, _ = mend(paste(FILE.replace("flask run --port 5000", '["serve"]')), find)
    assert text.split("\n")[:3] == FILE.split("\n")[:3]
