"""The filter between a model's text and the reader, on text in every cut."""

from __future__ import annotations

import random

import pytest

from kb.writer.citing import CitationFilter, Cited, Part, fresh_ids, is_id, without_addresses

KNOWN = ("ab3k", "x9zq")


def shown(parts: list[Part]) -> str:
    """Parts as one text, with citations as «ids»."""
    return "".join(f"«{','.join(p.ids)}»" if isinstance(p, Cited) else p for p in parts)


def sieve(text: str, cuts: list[int] | None = None) -> str:
    """`text` through the filter, cut at the offsets given."""
    edges = [0, *sorted(cuts or []), len(text)]
    filtered = CitationFilter(KNOWN)
    parts: list[Part] = []
    for start, end in zip(edges, edges[1:], strict=False):
        parts += filtered.feed(text[start:end])
    return shown([*parts, *filtered.close()])


CASES = {
    # forms of a marker
    "plain": ("Stops it [ab3k].", "Stops it«ab3k»."),
    "behind the full stop": ("止めます。[ab3k] 次です。", "止めます。«ab3k» 次です。"),
    "two in one": ("Stops it [ab3k, x9zq].", "Stops it«ab3k,x9zq»."),
    "two in one, Japanese comma": ("止めます［ab3k、x9zq］。", "止めます«ab3k,x9zq»。"),
    "two side by side": ("Stops it [ab3k][x9zq].", "Stops it«ab3k»«x9zq»."),
    "double": ("Stops it [[ab3k]].", "Stops it«ab3k»."),
    "lenticular": ("止めます【ab3k】。", "止めます«ab3k»。"),
    "full width": ("止めます［ab3k］。", "止めます«ab3k»。"),
    "full-width letters": ("止めます［ａｂ３ｋ］。", "止めます«ab3k»。"),
    "capitals": ("Stops it [AB3K].", "Stops it«ab3k»."),
    "with a word": ("Stops it [id: ab3k] [source x9zq].", "Stops it«ab3k»«x9zq»."),
    "as a footnote": ("Stops it [^ab3k].", "Stops it«ab3k»."),
    "as OpenAI's own": ("Stops it【ab3k†L1-L4】.", "Stops it«ab3k»."),
    "as a link": ("Stops it [ab3k](https://evil.example/?q=1).", "Stops it«ab3k»."),
    "in backticks": ("Stops it `[ab3k]`.", "Stops it«ab3k»."),
    "twice the same": ("Stops it [ab3k, ab3k].", "Stops it«ab3k»."),
    "in a list": ("- One [ab3k]\n- Two [x9zq]\n", "- One«ab3k»\n- Two«x9zq»\n"),
    # what is no citation
    "unknown id": ("Stops it [zz7z].", "Stops it."),
    "known and unknown": ("Stops it [zz7z, ab3k].", "Stops it«ab3k»."),
    "number": ("Stops it [1] and [2, 3].", "Stops it and."),
    "JSON array": ('ENTRYPOINT ["python","main.py"]', 'ENTRYPOINT ["python","main.py"]'),
    "words": ("A [FATAL tini (7)] line [main]", "A [FATAL tini (7)] line [main]"),
    "never closed": ("An open [bracket\nand more", "An open [bracket\nand more"),
    "exclamation": ("Wow! [ab3k]!", "Wow!«ab3k»!"),
    # code
    "fence": (
        "So:\n```python\nx[ab3k] = 'https://e.example'\n```\n[ab3k]\n",
        "So:\n```python\nx[ab3k] = 'https://e.example'\n```\n«ab3k»\n",
    ),
    "fence of tildes": ("~~~\n```[ab3k]\n~~~\n[ab3k]", "~~~\n```[ab3k]\n~~~\n«ab3k»"),
    "marker on the closing fence": ("```\nx\n``` [ab3k]", "```\nx\n```«ab3k»"),
    "fence never closed": ("```\nx[ab3k]", "```\nx[ab3k]"),
    "inline code": ("Take `argv[1]` and `a[0]` [ab3k].", "Take `argv[1]` and `a[0]`«ab3k»."),
    "double backticks": ("Take ``a ` [ab3k]`` now.", "Take ``a ` [ab3k]`` now."),
    "backtick never closed": ("A ` alone\nand [ab3k].", "A ` alone\nand«ab3k»."),
    # addresses
    "bare": ("See https://e.example/a?b=c. Next", "See . Next"),
    "behind Japanese": ("詳細はhttps://e.example/aです。", "詳細はです。"),
    "without a scheme": ("See www.e.example, please", "See , please"),
    "link": ("See [the guide](https://e.example/a_(b)) here", "See the guide here"),
    "relative link": ("See [the guide](//e.example) here", "See the guide here"),
    "script link": ("See [x](javascript:alert(1)) here", "See x here"),
    "image": ("A ![dot](https://e.example/t.png) here", "A  here"),
    "angle brackets": ("See <https://e.example> here", "See  here"),
    "placeholder": ("Use <account>.dkr.ecr", "Use <account>.dkr.ecr"),
    "in inline code": ("Use `https://e.example/x` here", "Use  here"),
    "of this machine": ("GET `http://localhost:8080/ping`", "GET `http://localhost:8080/ping`"),
    "list of links": ("End [ab3k].\n[1]: https://e.example\n", "End«ab3k».\n"),
    "list of sources": ("End [ab3k].\n[^ab3k]: Guide\n", "End«ab3k».\n"),
    # thinking aloud
    "thoughts": ("<think>Is it [ab3k]?</think>\n\nIt is [x9zq].", "It is«x9zq»."),
    "thoughts without end": ("<think>Is it [ab3k]? ", ""),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_text_is_cleaned_in_every_cut(text: str, expected: str) -> None:
    assert sieve(text) == expected
    for cut in range(1, len(text)):
        assert sieve(text, [cut]) == expected, f"cut before {text[cut:]!r}"
    assert sieve(text, list(range(1, len(text)))) == expected


def test_random_cuts_of_a_long_answer_change_nothing() -> None:
    text = "\n".join(case for case, _ in CASES.values() if "never" not in case)
    whole = sieve(text)
    chance = random.Random(7)
    for _ in range(100):
        cuts = sorted(chance.sample(range(1, len(text)), 120))
        assert sieve(text, cuts) == whole


def test_text_is_shown_at_once_and_a_half_marker_is_held_back() -> None:
    filtered = CitationFilter(KNOWN)
    assert shown(filtered.feed("コンテナは停止します")) == "コンテナは停止します"
    assert shown(filtered.feed("。 [ab")) == "。"
    assert filtered.feed("3k") == []
    assert filtered.feed("]") == []  # a link may follow
    assert shown(filtered.feed("次")) == "«ab3k»次"


def test_a_half_address_is_held_back() -> None:
    filtered = CitationFilter(KNOWN)
    assert shown(filtered.feed("See htt")) == "See"
    assert filtered.feed("ps://evil.exam") == []
    assert shown(filtered.feed("ple now ")) == "  now"


def test_a_bracket_that_is_never_closed_is_not_held_back_for_long() -> None:
    filtered = CitationFilter(KNOWN)
    assert filtered.feed("[") == []
    assert filtered.feed("a " * 50) == []
    assert shown(filtered.feed("a " * 60)).startswith("[a a a")


def test_ids_are_new_each_time_and_cannot_be_taken_for_words() -> None:
    one, two = fresh_ids(300), fresh_ids(300)
    assert len(set(one)) == 300
    assert len(set(one) & set(two)) < 5
    assert all(is_id(identity) for identity in one)
    assert not any(is_id(word) for word in ("main", "2026", "abc", "ab3kk", "AB3K", "a1b2", "o0o0"))


def test_addresses_of_this_machine_stay() -> None:
    text = (
        "http://127.0.0.1:8080/ping http://localhost http://localhost.evil.example ftp://x.example"
    )
    assert without_addresses(text) == "http://127.0.0.1:8080/ping http://localhost  "
