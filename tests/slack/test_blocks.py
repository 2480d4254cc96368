"""Answers as messages: what is shown, and that Slack's limits are kept."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest

from kb.assistant import Assistant
from kb.messages import message
from kb.records import Answer, Citation, Condition, Decision, Language, PatternId, Raised, Sentence
from kb.search.index import Index
from slackbot.blocks import (
    Ballot,
    _packed,
    answer_messages,
    chosen,
    comment_modal,
    context,
    help_message,
    more_sources,
    received,
    shared_question,
    thanks,
)
from slackbot.mrkdwn import escape
from tests.slack.block_kit import ALL_BLOCKS, reasons, size, texts, unescaped, view_reasons
from tests.slack.payloads import asking_back, decided, kinds, long

MODEL = "学習したモデルはどこに保存する？"


@pytest.fixture(scope="session")
def answer(real_assistant: Assistant) -> Answer:
    return real_assistant.ask(MODEL)


def test_the_five_kinds_of_answers_keep_slacks_limits(
    real_assistant: Assistant, index: Index
) -> None:
    payloads = kinds(real_assistant, index.documents)
    assert len(payloads) == 5
    for kind, messages in payloads.items():
        for payload in messages:
            assert reasons(payload["blocks"]) == [], kind
            assert size(payload["blocks"]) <= ALL_BLOCKS, kind
            assert 1 <= len(payload["text"]) <= 4_000, kind
    assert len(payloads["answer"]) == 1
    assert len(payloads["long answer"]) > 1


def test_an_answer_shows_its_sources_with_heading_state_link_and_quote(
    answer: Answer, index: Index
) -> None:
    (shown,) = answer_messages(answer, index.documents)
    sources = [text for text in texts(list(shown.blocks)) if text.startswith("*[")]
    assert len(sources) == len(answer.citations)
    for citation, source in zip(answer.citations, sources, strict=True):
        head, quote = source.split("\n")
        assert head.startswith(f"*[{citation.number}]* {citation.title} › {citation.heading}")
        assert "取得" in head
        assert f"<{citation.based_on[0]}|" in head
        assert quote == f"“{escape(citation.quote.replace('`', ''))}”"


def test_a_repository_is_named_by_its_commit(answer: Answer, index: Index) -> None:
    (first, *_) = answer.citations
    document = replace(index.documents[first.document], commit="0123456789abcdef")
    cited = replace(first, url="https://github.example/r/blob/0123/a.py#L1-L2")
    shown = answer_messages(replace(answer, citations=(cited,)), {first.document: document})
    assert "コミット 0123456" in str(shown)
    assert f"<{cited.url}|" in str(shown)


def test_a_source_whose_document_is_gone_is_still_shown(answer: Answer) -> None:
    (shown,) = answer_messages(answer, {})
    assert sum(text.startswith("*[") for text in texts(list(shown.blocks))) == 2


def test_what_is_not_proven_says_so(answer: Answer) -> None:
    doubtful = (Sentence("It is fast.", (), supported=False), Sentence("It is blue.", ()))
    (shown, *_) = answer_messages(replace(answer, sentences=doubtful), {})
    assert shown.text == "It is fast. （出典で確認できません）\n\nIt is blue."


def test_a_notice_a_decision_and_a_question_back_have_their_blocks(answer: Answer) -> None:
    full = asking_back(decided(replace(answer, notice="extracted & more")))
    (shown,) = answer_messages(full, {})
    words = "\n".join(texts(list(shown.blocks)))
    assert "extracted &amp; more" in words
    assert "学習パターン1（AWS イメージの拡張）の手順は？" in str(shown.blocks)
    assert full.clarify
    assert full.clarify in words
    labels = [
        element["text"]["text"]
        for block in shown.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]
    assert labels[-3:] == ["学習です", "推論です", "学習と推論の両方です"]


def test_understood_conditions_can_be_taken_away(answer: Answer) -> None:
    understood = (
        Condition("os_packages", "apt で MeCab", side="training"),
        Condition("own_base", "社内ベース", state="dropped"),
    )
    (shown,) = answer_messages(replace(answer, understood=understood), {})
    (row,) = [b for b in shown.blocks if "kb_ask_drop_0" in str(b)]
    (click,) = row["elements"]  # what was dropped is gone already
    assert click["text"]["text"] == "✕ OS パッケージ・ツール・証明書（学習）"
    asked = message("drop_condition", "ja", label="OS パッケージ・ツール・証明書")
    assert click["value"] == f"{answer.id} {asked}"


def test_a_question_back_is_not_said_twice(answer: Answer) -> None:
    asked = replace(
        asking_back(answer), answer="学習ですか、推論ですか？", clarify="学習ですか、推論ですか？"
    )
    (shown,) = answer_messages(asked, {})
    assert str(shown.blocks).count("学習ですか、推論ですか？") == 1


@pytest.mark.parametrize("pattern", get_args(PatternId))
def test_every_pattern_leads_on_in_both_languages(answer: Answer, pattern: PatternId) -> None:
    languages: tuple[Language, ...] = ("ja", "en")
    asked = set()
    for language in languages:
        shown = answer_messages(replace(answer, pattern=pattern, language=language), {})
        asked |= {
            element["text"]["text"]
            for block in shown[-1].blocks
            for element in block.get("elements", ())
            if element.get("action_id") == "kb_ask_next_0"
        }
    assert len(asked) == 2
    assert any("steps" in words or "How do I" in words for words in asked)


def test_a_long_answer_goes_on_in_more_messages_and_nothing_is_lost(
    answer: Answer, index: Index
) -> None:
    full = long(answer)
    messages = answer_messages(full, index.documents)
    words = "\n".join(text for part in messages for text in texts(list(part.blocks)))
    assert all(f"step {number} &lt; 100" in words for number in range(300))
    assert words.count("```") % 2 == 0
    assert sum(text.startswith("*[") for p in messages for text in texts(list(p.blocks))) == 10
    assert "kb_vote" in str(messages[-1].blocks)
    assert str(messages).count("kb_vote") == 1


def test_many_small_blocks_are_packed_by_their_number() -> None:
    packed = _packed([context("x")] * 120)
    assert [len(part) for part in packed] == [45, 45, 30]


def test_without_blocks_everything_is_in_the_pieces(answer: Answer, index: Index) -> None:
    for part in answer_messages(long(answer), index.documents):
        pieces = part.pieces()
        assert max(map(len, pieces)) <= 3_900
        for text in texts(list(part.blocks)):
            for line in text.split("\n"):
                assert line in "\n".join(pieces)


def test_a_vote_can_be_read_again() -> None:
    ballot = Ballot("down", "en", "0a1b")
    assert Ballot.read(ballot.value) == ballot


WORDS = [
    "<!channel>", "&" * 30, "`", "```", "*", "学習", "x" * 200, "\n", "\n\n", "| a |", "- ", "> ",
    "https://e.example/<@U1>", "[a](https://e.example/)", "🎉", "\u200b", " ",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_said_keeps_the_limits_and_mentions_nobody(
    answer: Answer, index: Index, seed: int
) -> None:
    """Answers of random hostile words, in random lengths."""
    dice = random.Random(seed)

    def words(most: int) -> str:
        return "".join(dice.choices(WORDS, k=dice.randint(1, most)))

    citation = answer.citations[0]
    cited = tuple(
        replace(
            citation,
            number=number + 1,
            title=words(40),
            heading=words(40),
            url=dice.choice(["https://e.example/" + words(60), words(10)]),
            quote=words(300),
            based_on=("https://e.example/" + words(40),) * dice.randint(0, 5),
        )
        for number in range(dice.randint(0, 30))
    )
    said = replace(
        answer,
        question=words(500),
        answer=words(2_000),
        sentences=(),
        citations=cited,
        notice=words(20),
        clarify=words(300),
        choices=tuple(words(60) for _ in range(4)),
        suggestions=tuple(words(60) for _ in range(3)),
        pattern="training-2",
        decision=Decision("training-2", tuple(Raised("s", words(60)) for _ in range(9))),
    )
    shown = answer_messages(said, index.documents, help_button=True, share=True)
    more = [
        chosen(said.question, "ja"),
        shared_question("U1", said.question, "en"),
        help_message("S1", "U1", escape(said.question), shown[0].text, "ja"),
        received(said.question, 3, "ja"),
        thanks(Ballot("up", "ja", "1")),
    ]
    for part in [*shown, *more]:
        assert reasons(list(part.blocks)) == []
        assert size(list(part.blocks)) <= ALL_BLOCKS
        assert 1 <= len(part.text) <= 4_000
        for text in texts(list(part.blocks)):
            assert "<!channel" not in text
            assert "<@U1>" not in text.replace("<@U1> さん", "").replace("<@U1> asked", "")
            assert "<" not in unescaped(text)
    assert view_reasons(more_sources(said, index.documents)) == []
    assert view_reasons(comment_modal(Ballot("down", "en", "1"))) == []


def test_the_checker_refuses_what_slack_refuses() -> None:
    """So that the tests above can fail."""
    good = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
    bad: list[Callable[[], list[dict]]] = [  # type: ignore[type-arg]
        lambda: [good] * 51,
        lambda: [{**good, "color": "red"}],
        lambda: [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_001}}],
        lambda: [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}],
        lambda: [{"type": "context", "elements": []}],
        lambda: [{"type": "context", "elements": [good["text"]] * 11}],
        lambda: [{"type": "actions", "elements": []}],
        lambda: [{"type": "poem", "text": "x"}],
        lambda: [{"type": "context_actions", "elements": [{"type": "button"}]}],
    ]
    assert reasons([good]) == []
    for make in bad:
        assert reasons(make()), make


def test_citations_are_not_needed(answer: Answer) -> None:
    none: tuple[Citation, ...] = ()
    (shown,) = answer_messages(replace(answer, citations=none), {})
    assert "出典" not in str(shown.blocks)
