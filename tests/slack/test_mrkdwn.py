"""Markdown to mrkdwn, and long texts in parts."""

from __future__ import annotations

import pytest

from slackbot.mrkdwn import finished, link, preview, shorten, split, to_mrkdwn
from tests.slack.block_kit import unescaped

GAP = "\u200b"


@pytest.mark.parametrize(
    ("markdown", "mrkdwn"),
    [
        ("**bold** and *slanted* and ~~gone~~", "*bold* and _slanted_ and ~gone~"),
        ("## A **bold** heading", "*A bold heading*"),
        ("`a < b` & c", "`a &lt; b` &amp; c"),
        ("これは**太字**です", f"これは{GAP}*太字*{GAP}です"),
        ("です。`/opt/ml` に", f"です。{GAP}`/opt/ml` に"),
        ("[words](https://a.example/b?c=1&d=2)", "<https://a.example/b?c=1&amp;d=2|words>"),
        ("[a > b](https://a.example/x|y)", "<https://a.example/x%7Cy|a &gt; b>"),
        ("see https://a.example/b. Then", "see <https://a.example/b>. Then"),
        ("https://a.example/bを見る", "<https://a.example/b>を見る"),
        ("[note](../ja/x.md)", "note"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("![a picture](https://a.example/p.png)", "a picture"),
        ("- one\n- two\n  - three", "• one\n• two\n    • three"),
        ("3. one\n4. two", "3. one\n4. two"),
        ("> said\n> so", "> said\n> so"),
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        ("---", "———"),
        ("```python\nif a < b:\n    go()\n```", "```\nif a &lt; b:\n    go()\n```"),
        ("````\n```\n````", f"```\n`{GAP}`{GAP}`\n```"),
        (
            "| name | ポート |\n|---|---|\n| 推論 | `8080` |",
            "```\nname  ポート\n----  ------\n推論  8080\n```",
        ),
        ("- a\n\n  ```\n  code\n  ```", "• a\n```\ncode\n```"),
        ("Text [1] and [2].\n\n[1]: https://evil.example", "Text [1] and [2].\n\n[1]: <https://evil.example>"),
        ("<b>html</b> <!-- no -->", "&lt;b&gt;html&lt;/b&gt; &lt;!-- no --&gt;"),
        ("", ""),
    ],
)  # fmt: skip
def test_markdown_becomes_mrkdwn(markdown: str, mrkdwn: str) -> None:
    assert to_mrkdwn(markdown) == mrkdwn


@pytest.mark.parametrize(
    "hostile",
    [
        "<!channel>", "<@U1>", "<!subteam^S1>", "<#C1>", "&lt;!channel&gt;", "\\<!here>",
        "[<!channel>](https://a.example)", "[x](https://a.example/<!channel>)", "<https://a|b>",
        "| <!channel> |\n|---|\n| <@U1> |", "```\n<!channel>\n```", "`<!channel>`",
        "# <!channel>", "> <!channel>", "[x](<https://a.example/> \"<!channel>\")",
        "![<!channel>](https://a.example/x.png)", "https://a.example/<!channel>", "<a@b.example>",
    ],
)  # fmt: skip
def test_nothing_can_mention_anybody(hostile: str) -> None:
    for shown in (to_mrkdwn(hostile), to_mrkdwn(f"- x {hostile}"), preview(hostile)):
        assert "<" not in unescaped(shown)
        assert not any(sign in shown for sign in ("<!", "<@", "<#"))


def test_a_link_that_leads_nowhere_or_too_far_is_its_words() -> None:
    assert link("notes/ja/start.md#a", "Notes > start") == "Notes &gt; start"
    assert link("https://a.example/" + "x" * 1_000, "far") == "far"


@pytest.mark.parametrize(
    "markdown",
    [
        f"[{'long words ' * 400}](https://a.example/)",
        f"[words](https://a.example/?{'a&' * 400})",
        f"see https://a.example/?{'a&' * 900} there",
    ],
)
def test_a_long_link_is_not_cut_in_its_middle(markdown: str) -> None:
    parts = split(to_mrkdwn(markdown), 2_900)
    assert max(map(len, parts)) <= 2_900
    for part in parts:
        assert "<" not in unescaped(part)


def test_a_long_text_is_cut_between_lines() -> None:
    text = "\n".join(f"line {number}" for number in range(100))
    parts = split(text, 200)
    assert "\n".join(parts) == text
    assert max(map(len, parts)) <= 200
    assert len(parts) < 8


def test_a_code_block_that_is_cut_goes_on_as_one() -> None:
    code = "\n".join(f"step({number})" for number in range(50))
    parts = split(f"Before.\n```\n{code}\n```\nAfter.", 120)
    assert max(map(len, parts)) <= 120
    for part in parts:
        assert part.count("```") % 2 == 0
        assert "```\n```" not in part
    bare = "\n".join(parts).replace("\n```", "").replace("```\n", "")
    assert bare == f"Before.\n{code}\nAfter."


@pytest.mark.parametrize("shift", range(12))
def test_no_link_and_no_escape_is_cut(shift: int) -> None:
    line = "x" * shift + "<https://a.example/path|the words> &amp; &lt;" * 12
    parts = split(line, 80)
    assert "".join(parts) == line
    assert max(map(len, parts)) <= 80
    for part in parts:
        assert part.count("<") == part.count(">")
        assert part.count("&") == part.count(";")


def test_a_japanese_line_is_cut_behind_a_sentence() -> None:
    parts = split("これは一つの文です。" * 40, 100)
    assert all(part.endswith("。") for part in parts)


def test_only_whole_sentences_and_lines_are_shown_early() -> None:
    assert finished("One. Two. Thr") == "One. Two."
    assert finished("port 8080.5 is no") == ""
    assert finished("一文。二") == "一文。"
    assert finished("```\nline\nhalf") == "```\nline\n"


def test_a_preview_shows_links_as_their_words() -> None:
    assert preview("[a](https://a.example) ![b](https://b.example/x.png) <c> & d") == (
        "a b &lt;c&gt; &amp; d"
    )


def test_shortened_texts_are_one_line() -> None:
    assert shorten("a\n b  c", 10) == "a b c"
    assert shorten("abcdef", 4) == "abc…"
