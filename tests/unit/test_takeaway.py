"""Answers taken along: as Markdown with sources, for Slack, and whole conversations."""

from __future__ import annotations

from dataclasses import replace

from screens.html.takeaway import answer_text, conversation_text, copies_html, slack_text
from tests.unit.test_conversations import ANSWER

SAID = replace(
    ANSWER,
    answer="**Yes.** See [the guide](https://x.y/z). [1]\n\n- one\n- `**two**`\n\n```\n- a\n```",
)


def test_markdown_brings_its_sources_with_the_evidence() -> None:
    assert answer_text(SAID).startswith(SAID.answer)
    assert answer_text(SAID).endswith("**Sources**\n\n1. Choose › 1: <https://e>")
    assert answer_text(replace(SAID, citations=())) == SAID.answer


def test_slack_reads_its_own_marks_and_code_stays() -> None:
    said = slack_text(SAID)
    assert said.startswith("*Yes.* See the guide (https://x.y/z). [1]\n\n• one\n• `**two**`")
    assert "```\n- a\n```" in said
    assert "https://e" in said
    assert "<" not in said


def test_a_conversation_quotes_its_questions() -> None:
    text = conversation_text("My case", [("a\nb", SAID, ""), ("c", None, "half")])
    assert text.startswith("# My case\n\n> a\n> b\n\n**Yes.**")
    assert text.endswith("> c\n\nhalf\n")


def test_what_is_copied_is_no_mark_up_of_the_page() -> None:
    assert "<img" not in copies_html(replace(SAID, answer='"><img src=x>'), "en")
