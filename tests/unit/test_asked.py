"""A person's message as it is shown: the words as a heading, a paste as code."""

from __future__ import annotations

import html
import re

import pytest

from screens.html.asked import asked_html, title_line

DOCKERFILE = "FROM python:3.11\nRUN pip install torch\nENTRYPOINT python /app/train.py"
ERROR = 'exec: "train": executable file not found in $PATH と出る'


def pasted(shown: str) -> list[str]:
    return [html.unescape(text) for text in re.findall(r"<pre[^>]*>(.*?)</pre>", shown, re.DOTALL)]


@pytest.mark.parametrize("question", ["what is it?", ERROR, "一行目\n二行目です。"])
def test_words_alone_are_shown_as_they_were_typed(question: str) -> None:
    assert html.unescape(re.sub(r"<[^>]+>", "", asked_html(question))) == question
    assert "<pre" not in asked_html(question)


@pytest.mark.parametrize(
    "question",
    [f"直して\n```dockerfile\n{DOCKERFILE}\n```\nお願い", f"直して\n\n{DOCKERFILE}\n\nお願い"],
)
def test_a_paste_is_code_with_or_without_fences(question: str) -> None:
    shown = asked_html(question)
    assert pasted(shown) == [DOCKERFILE]
    assert '<h2 class="kb-asked" lang="ja">直して</h2>' in shown
    assert "お願い</p>" in shown
    assert title_line(question) == "直して お願い"


def test_a_mere_paste_is_named_by_what_it_is() -> None:
    assert pasted(asked_html(DOCKERFILE)) == [DOCKERFILE]
    assert title_line(DOCKERFILE) == "Dockerfile: FROM python:3.11"


def test_nothing_typed_is_live() -> None:
    assert "<script" not in asked_html(f"<script>1</script>\n```\n<script>2\n<b>3\n```\n{ERROR}")
