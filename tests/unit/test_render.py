"""What a browser gets to see: nothing but prose, code, tables and links to the web."""

from __future__ import annotations

import html
import random
import re
from dataclasses import replace
from typing import Any

import pytest
from markdown_it import MarkdownIt

from kb.answer.places import evidence_name
from kb.messages import message
from kb.records import Answer, Citation, Document, Sentence
from screens.html.answer import (
    answer_markdown,
    label_markdown,
    place,
    safe_markdown,
    without_question,
)
from screens.html.passage import passage_html
from screens.html.proofs import proofs_html

READER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
NOTE = """# Serving

## What must a container do?

<!--
id: contract
questions:
  - what must it do?
-->

It answers `GET /ping` on port 8080.[^I1]

- It starts with `serve`.[^I2]

```bash
grep '[^abc]' <file> && echo "$PATH"
```

## What next?

<!--
id: next
questions:
  - and then?
-->

Nothing else.[^I1]

[^I1]: A guide. <https://example.com/guide>
"""


def document(text: str = NOTE, kind: str = "note", **values: str) -> Document:
    return Document("notes/en/serving.md", "notes", "Serving", text, kind, "en", **values)


def citation(quote: str, text: str = NOTE, **values: Any) -> Citation:
    start = text.index(quote)
    made = Citation(
        1,
        "notes/en/serving.md",
        "Serving",
        "What must a container do?",
        "notes/en/serving.md#what",
        quote,
        start,
        start + len(quote),
    )
    return replace(made, **values)


def answer(*sentences: Sentence, citations: tuple[Citation, ...] = (), text: str = "") -> Answer:
    return Answer(
        id="1",
        question="?",
        language="en",
        declined=not sentences,
        reason=None,
        pattern=None,
        clarify=None,
        answer=text,
        sentences=sentences,
        citations=citations,
        model="extractive",
        index_version="v1",
        seconds=0.0,
    )


def around(quote: str, most: int | None = 600) -> str:
    """The passage of the note around `quote`."""
    start = NOTE.index(quote)
    return passage_html(document(), start, start + len(quote), most)


def bare(markup: str) -> str:
    """The characters that a reader of the HTML gets."""
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


class TestProse:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("it costs $5 or $6", r"it costs \$5 or \$6"),
            (r"already \$5", r"already \$5"),
            (r"a backslash \\$5", r"a backslash \\\$5"),
            ("1~2 or 3~4", r"1\~2 or 3\~4"),
            (":red[x] and :material/home:", r"\:red[x] and \:material/home:"),
            ("::name and :::name", r"\:\:name and \:\:\:name"),
            ("at 10:30", "at 10:30"),
            ("<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
            (r"\<img>", "&lt;img&gt;"),
            ("![a cat](https://evil.example/cat.png)", "a cat"),
            ("# big\n- ## bigger", "\\# big\n- \\## bigger"),
            ("text\n---\ntext\n===", "text\n\\---\ntext\n\\==="),
            ("see [the guide](guide.md#top)", "see the guide"),
            ("[x]: https://evil.example", r"[x]\: <https://evil.example>"),
            ("[site](https://example.com/a_b)", "[site](<https://example.com/a_b>)"),
            ("https://example.com/aを開く", "<https://example.com/a>を開く"),
            ("**bold** and *.py", "**bold** and *.py"),
        ],
    )
    def test_means_what_it_says(self, text: str, shown: str) -> None:
        assert safe_markdown(text) == shown

    @pytest.mark.parametrize(
        "code",
        ["`$HOME :red[x] <b> ![a](b)`", "``a ` $x``", "```bash\necho $HOME <x>\n# no heading\n```"],
    )
    def test_code_is_left_alone(self, code: str) -> None:
        assert safe_markdown(code) == code

    def test_a_fence_that_never_ends_is_closed(self) -> None:
        assert safe_markdown("```\n$x") == "```\n$x\n```"

    def test_a_fence_in_a_list_moves_to_the_first_column_with_its_lines(self) -> None:
        text = "- run\n  ```sh\n  a $b\n    c\n  ```"
        assert safe_markdown(text) == "- run\n```sh\na $b\n  c\n```"

    @pytest.mark.parametrize(
        "target",
        [
            "javascript:alert(1)",
            " javascript:alert(1)",
            "<javascript:alert(1)>",
            "&#106;avascript:alert(1)",
            "data:text/html,x",
            "//evil.example",
        ],
    )
    def test_only_links_to_the_web_stay(self, target: str) -> None:
        for text in (f"[x]({target})", f"[`x`]({target})", f"[x]\n\n[x]: {target}"):
            assert "href" not in READER.render(safe_markdown(text))

    def test_a_label_is_one_line(self) -> None:
        assert label_markdown("a\n b $c") == r"a b \$c"
        assert label_markdown("a" * 500) == "a" * 119 + "…"

    def test_hostile_text_stays_harmless_for_a_real_reader(self) -> None:
        """Code where we see code, and no picture, heading or odd link, however it is mixed."""
        signs = [
            "`",
            "``",
            "```",
            "~~~",
            "\\",
            "!",
            "[",
            "]",
            "(",
            ")",
            "|",
            "-",
            "=",
            "#",
            ":",
            "<",
            ">",
        ]
        words = [
            "\n",
            "\n\n",
            " ",
            "  ",
            "    ",
            "- ",
            "1. ",
            "> ",
            "a",
            "|---|---|\n",
            "[a]: ",
            "$",
        ]
        images = [
            "![x](http://evil.example)",
            "![x][a]",
            "![a]",
            "[x](javascript:a)",
            "<img src=x>",
        ]
        dice = random.Random(20_261_123)
        for _ in range(6_000):
            text = "".join(
                dice.choice(signs + words + images) for _ in range(dice.randrange(2, 14))
            )
            shown = READER.render(f"{safe_markdown(text)} [[1]](https://ours.example)\n\nend")
            hrefs = re.findall(r'href="([^"]*)"', shown)
            assert not re.search(r"<(?:img|h\d|script)", shown), repr(text)
            assert all(href.startswith("http") for href in hrefs), repr(text)


class TestAnswer:
    def test_markers_become_links_with_the_quote_as_tooltip(self) -> None:
        proof = citation("It answers `GET /ping` on port 8080.", url="https://example.com/a (b)#L1")
        shown = answer_markdown(
            answer(Sentence("It answers on $port.", (1,)), citations=(proof,)), "en"
        )
        rendered = READER.render(shown)
        assert '<a href="https://example.com/a%20%28b%29#L1"' in rendered
        assert 'title="It answers `GET /ping` on port 8080."' in rendered
        assert ">[1]</a>" in rendered
        assert "on $port." in rendered

    def test_a_marker_never_begins_a_line(self) -> None:
        proof = citation("Nothing else.")
        shown = answer_markdown(answer(Sentence("Nothing.", (1,)), citations=(proof,)), "en")
        assert "Nothing.\u00a0[[1]](source?" in shown

    def test_markers_inside_code_stay_code(self) -> None:
        proof = citation("Nothing else.")
        block = Sentence("```python\nx = y[1]  # [1]\n```", (1,))
        shown = answer_markdown(
            answer(block, Sentence("Use `y[1]`.", (1,)), citations=(proof,)), "en"
        )
        assert "x = y[1]  # [1]\n```\n\n[[1]](source?" in shown
        assert "Use `y[1]`.\u00a0[[1]](source?" in shown

    def test_a_table_holds_no_live_text(self) -> None:
        table = Sentence("| a | b |\n|---|---|\n| `x | ![i](https://evil.example)` | $1 |", ())
        rendered = READER.render(answer_markdown(answer(table), "en"))
        assert "<table>" in rendered
        assert "<img" not in rendered

    def test_text_behind_a_fence_is_prose_again(self) -> None:
        block = Sentence("```\ncode\n```\n![i](https://evil.example)\n```\nopen", ())
        last = Sentence("```\n![not a picture](x)\n```\n![i](https://evil.example)", ())
        assert "<img" not in READER.render(answer_markdown(answer(block, last), "en"))

    def test_an_unproven_sentence_says_so(self) -> None:
        doubtful = Sentence("Maybe.", (), supported=False)
        assert message("unproven", "en") in answer_markdown(answer(doubtful), "ja")

    def test_a_refusal_is_made_safe_as_well(self) -> None:
        assert answer_markdown(answer(text="No. ![x](https://evil.example) $"), "en") == r"No. x \$"

    def test_a_place_on_the_web_is_opened_there_and_ours_in_the_readers_language(self) -> None:
        here = citation("Nothing else.")
        assert place(replace(here, url="https://a.b/c#:~:text=d%2De"), "ja") == (
            "https://a.b/c#:~:text=d%2De"
        )
        assert place(here, "ja").startswith("source?document=notes%2Fen%2Fserving.md&start=")
        assert place(here, "ja").endswith("&language=ja")
        assert place(replace(here, url="javascript:alert(1)"), "ja").startswith("source?")


class TestPassage:
    def test_the_quote_is_marked_character_by_character(self) -> None:
        quote = "It answers `GET /ping` on port 8080."
        marked = re.search(r"<mark>(.*)</mark>", around(quote), re.DOTALL)
        assert marked
        assert bare(marked[1]) == quote
        assert '<span class="kb-sign">`</span><code>GET /ping</code>' in marked[1]

    @pytest.mark.parametrize("kind", ["note", "markdown", "python", "text"])
    def test_every_place_keeps_its_quote(self, kind: str) -> None:
        dice = random.Random(1)
        for _ in range(500):
            start, end = sorted(dice.sample(range(len(NOTE) + 1), 2))
            for most in (40, 600, None):
                shown = passage_html(document(kind=kind), start, end, most)
                marked = re.search(r"<mark>(.*)</mark>", shown, re.DOTALL)
                assert marked
                assert bare(marked[1]) == NOTE[start:end]

    def test_tags_of_a_source_are_text(self) -> None:
        text = 'a <img src=x onerror="alert(1)"> & <b>b</b>'
        for kind in ("markdown", "python", "text"):
            shown = passage_html(document(text, kind), 0, 8)
            assert "<img" not in shown
            assert "<b>" not in shown
            assert text in bare(shown)

    def test_a_note_leaves_out_questions_footnotes_and_the_next_section(self) -> None:
        shown = bare(around("It starts with `serve`."))
        assert shown.startswith("It answers `GET /ping` on port 8080.\n\n- It starts")
        for absent in ("questions:", "-->", "[^I1]", "[^I2]", "What next?", "…"):
            assert absent not in shown

    def test_the_last_section_ends_before_the_footnotes(self) -> None:
        assert bare(around("Nothing else.")) == "Nothing else."

    def test_brackets_in_code_are_no_footnotes(self) -> None:
        assert "grep '[^abc]' <file>" in bare(around("It starts with `serve`."))

    def test_no_half_code_block_stands_at_the_edge(self) -> None:
        shown = bare(around("It starts with `serve`.", 20))
        assert shown == "It answers `GET /ping` on port 8080.\n\n- It starts with `serve`. …"

    def test_the_whole_document_is_complete(self) -> None:
        shown = passage_html(document(), 20, 40, around=None)
        assert bare(shown) == NOTE
        assert bare(passage_html(document(), 0, 0, around=None)) == NOTE
        assert "<mark>" not in passage_html(document(), 0, 0, around=None)

    @pytest.mark.parametrize("place", [(0, 9), (len(NOTE) - 9, len(NOTE)), (0, len(NOTE))])
    def test_a_quote_at_an_edge_of_the_document(self, place: tuple[int, int]) -> None:
        shown = passage_html(document(kind="text"), *place)
        assert "<mark>" in shown
        assert ("> … " in shown) == (place[0] > 600)

    def test_a_long_line_is_cut_and_says_so(self) -> None:
        text = "a" * 5_000
        shown = bare(passage_html(document(text, "text"), 2_000, 2_010, around=100))
        assert shown == f"… {'a' * 210} …"

    def test_markdown_is_set_pleasantly(self) -> None:
        title = '## Pre\\-built<a name="x"></a>'
        text = f"{title}\n\n**Use** [the `kit`](kit.md), [this](a.md), <b>or</b>."
        shown = passage_html(document(text, "markdown"), 0, 0, around=None)
        seen = bare(re.sub(r'<span class="kb-sign">.*?</span>', "", shown))
        assert seen == "Pre-built\n\nUse [the kit](kit.md), this, <b>or</b>."
        assert "<b>Pre</b>" in shown
        assert "<b>Use</b>" in shown

    def test_a_table_is_drawn_as_one_and_keeps_every_sign(self) -> None:
        text = "Values:\n\n| | `a|b` |\n|---|---|\n| port | 8080 |\n\nEnd."
        shown = passage_html(document(text, "markdown"), 0, 0, around=None)
        assert bare(shown) == text
        rows = re.findall(r"<tr>(.*?)</tr>", shown, re.DOTALL)
        seen = [re.sub(r'<span class="kb-sign">.*?</span>', "", row, flags=re.S) for row in rows]
        assert seen == ["<th></th><th><code>a|b</code></th>", "<td>port</td><td>8080</td>"]
        cut = text.index("port")  # half of a table is text, as no cell may be cut
        assert "<table" not in passage_html(document(text, "markdown"), cut, len(text), None)

    def test_the_data_of_a_note_is_folded(self) -> None:
        shown = passage_html(document(), 0, 0, around=None)
        assert "<!--" in html.unescape(shown.split("<details")[1].split("</details>")[0])

    def test_programs_are_set_as_code(self) -> None:
        assert 'class="kb-passage kb-program"' in passage_html(document("x = 1", "python"), 0, 1)


class TestProofs:
    def test_the_evidence_comes_first_then_the_passage_then_our_note(self) -> None:
        urls = tuple(f"https://github.com/a/b/blob/{'0' * 40}/{n}.md#L{n}" for n in range(1, 5))
        held = document(fetched="2026-11-23T01:54:50+00:00")
        proof = citation("Nothing else.", heading="A > B", based_on=(*urls, urls[0] + "-L9"))
        shown = proofs_html((proof,), {held.id: held}, "en")
        assert "b › 1.md, lines 1–9" in bare(shown)
        assert bare(shown).index("1.md") < bare(shown).index("Serving › A › B")
        assert '<mark data-n="1">Nothing else.</mark>' in shown
        assert ">+3</a>" in shown
        assert "fetched 23 November 2026" in shown
        assert 'href="source?document=notes%2Fen%2Fserving.md&amp;start=' in shown

    def test_one_passage_a_section_with_all_its_sentences_marked(self) -> None:
        held = document()
        first, other = citation("It starts with `serve`."), citation("Nothing else.")
        proofs = (first, replace(other, number=2), replace(other, number=3, heading="Another"))
        shown = proofs_html(proofs, {held.id: held}, "en")
        assert shown.count("<section") == 2
        assert shown.split("</section>")[0].count("<mark") == 2
        assert re.findall(r'data-n="(\d)" hidden', shown) == ["1", "2", "3"]

    def test_a_card_shows_the_words_of_the_evidence_where_the_index_has_them(self) -> None:
        held = document()
        page = f"https://github.com/awsdocs/guide/blob/{'0' * 40}/hosting.md"
        guide = replace(document("one\nThe guide says so.\n"), id=page, title="Hosting")
        proof = citation("Nothing else.", based_on=(f"{page}#L2",))
        card = proofs_html((proof,), {held.id: held, page: guide}, "en").split("kb-card-data")[1]
        assert "AWS guide" in card
        assert "Hosting, line 2" in card
        assert ">The guide says so.<" in card

    def test_a_commit_and_the_original_are_linked(self) -> None:
        proof = citation("Nothing else.", url="https://github.com/a/b/blob/0123456789/c.md#L1")
        held = document(commit="0123456789")
        shown = proofs_html((proof,), {held.id: held}, "ja")
        assert "コミット 0123456" in shown
        assert "元のページを開く" in shown

    def test_without_evidence_a_note_is_our_judgement(self) -> None:
        held = document()
        shown = proofs_html((citation("Nothing else."),), {held.id: held}, "en")
        assert "Our judgement" in shown

    @pytest.mark.parametrize("held", [None, document("Something else altogether.")])
    def test_when_the_index_moved_on_the_quote_stands_alone(self, held: Document | None) -> None:
        documents = {held.id: held} if held else {}
        shown = proofs_html((citation("It starts with `serve`."),), documents, "en")
        assert "It starts with `serve`.</mark>" in shown

    def test_nothing_of_it_is_live(self) -> None:
        hostile = "<img src=x>"
        text = f"{hostile} quote"
        proof = citation(
            "quote", text, title=hostile, heading=hostile, based_on=(f"https://a/{hostile}",)
        )
        held = document(text)
        assert "<img" not in proofs_html((proof,), {held.id: held}, "en")
        assert "<img" not in proofs_html((replace(proof, quote=hostile),), {}, "en")

    @pytest.mark.parametrize(
        ("url", "short", "whole"),
        [
            (
                "https://github.com/aws/kit/blob/0123/doc/a%20b.md?plain=1#L3-L9",
                "a b.md L3–9",
                "aws/kit doc/a b.md L3–9",
            ),
            (
                "https://github.com/aws/kit/blob/0123/README.md#L3",
                "README.md L3",
                "aws/kit README.md L3",
            ),
            (
                "https://docs.example.com/guide/page.html#:~:text=x",
                "docs.example.com page.html",
                "docs.example.com/guide/page.html",
            ),
            ("https://example.com/", "example.com", "example.com"),
        ],
    )
    def test_evidence_has_a_name(self, url: str, short: str, whole: str) -> None:
        assert evidence_name(url) == short
        assert evidence_name(url, whole=True) == whole


def test_a_question_back_stands_once_also_behind_what_a_message_changed() -> None:
    asked = message("decide_ask", "en", question="Which one?")
    changed = Sentence("I added “GPU”.", (), supported=None)
    known = Sentence("If so, take this.", (1,), "- ", lead=f"{asked}\n\nWhat can be said so far:\n")
    first, second = without_question((changed, known), "Which one?", "en")
    assert first == changed
    assert second.lead == "What can be said so far:\n"
    assert without_question((changed,), "Which one?", "en") == (changed,)
