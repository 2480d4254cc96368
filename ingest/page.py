"""Page: a web page to the Markdown of its article, by trafilatura.

Takes HTML, gives Markdown and the page's title; menus, banners, related posts and comments are left
out. trafilatura alone would drop code in wrappers such as `<div class="hide-language">`, blank
lines in code, lists made of links, and headers of plain tables, so the tree is prepared for it
first. Knows nothing about documents or blocks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import trafilatura
from lxml import html  # type: ignore[import-untyped]

from kb.errors import ParseError

_NAMED = "//*[contains(concat(' ', @property, ' ', @itemprop, ' '), ' {} ')]"
"""Blogs name the parts of an article for search engines, in the words of schema.org."""
_HEADLINE = _NAMED.format("headline")
_BODY = _NAMED.format("articleBody")
_ENOUGH = 200
"""Characters from which a marked article is taken to be the article."""
_LANGUAGE = re.compile(r"\b(?:lang|language|highlight|brush:)[-_ ]?(?:source-)?([a-z][a-z0-9+#-]*)")


def read_page(page: str) -> tuple[str, str]:
    """The article as Markdown, and the title; raises ParseError when there is no article."""
    tree: Any = trafilatura.load_html(page)
    if tree is None:
        raise ParseError("it is no HTML")
    headline = " ".join(tree.xpath(f"string({_HEADLINE})").split())
    metadata = trafilatura.extract_metadata(tree)
    article = _marked_article(tree)
    prepared = tree if article is None else article
    mark = hashlib.sha256(page.encode("utf-8", "replace")).hexdigest()[:12]
    codes = _take_code_out(prepared, mark)
    _give_tables_a_header(prepared)
    text = trafilatura.extract(
        prepared,
        output_format="markdown",
        include_comments=False,
        include_tables=True,
        include_links=False,
        favor_recall=article is not None,
        fast=article is not None,  # there is nothing left to guess
    )
    if not text:
        raise ParseError("no article was found in this page")
    return _put_code_back(text, codes, mark), headline or (metadata.title if metadata else "") or ""


def _marked_article(tree: Any) -> Any | None:
    """The article that the page itself marks, alone on a page; None when it marks none.

    Inside it nothing has to be guessed: class names and link density say nothing any more.
    """
    found = max(tree.xpath(_BODY), key=lambda node: len(node.text_content()), default=None)
    if found is None or len(found.text_content().strip()) < _ENOUGH:
        return None
    for link in list(found.iter("a")):
        link.drop_tag()
    for node in found.iter(html.etree.Element):
        if node.tag not in ("pre", "code"):
            for name in ("class", "id", "style"):
                node.attrib.pop(name, None)
    page = html.document_fromstring("<html><body><article></article></body></html>")
    found.tag, found.tail = "div", None
    page.find(".//article").append(found)
    return page


def _take_code_out(tree: Any, mark: str) -> dict[str, str]:
    """Put a mark in the place of each code block; gives the fenced blocks by mark."""
    codes: dict[str, str] = {}
    for node in list(tree.iter("pre")):
        content = node.text_content().strip("\n").rstrip()
        if not content or next(node.iterancestors("td", "th", "pre"), None) is not None:
            continue
        name = f"{mark}n{len(codes)}n"
        fence = "`" * max(3, *(len(run) + 1 for run in re.findall(r"`+", content) or [""]))
        codes[name] = f"{fence}{_code_language(node)}\n{content}\n{fence}"
        while (above := node.getparent()).tag == "div" and _same_text(above, node):
            node = above
        paragraph = html.Element("p")
        paragraph.text, paragraph.tail = name, node.tail
        above.replace(node, paragraph)
    return codes


def _same_text(one: Any, other: Any) -> bool:
    return bool(one.text_content().strip() == other.text_content().strip())


def _code_language(node: Any) -> str:
    names = " ".join(part.get("class", "") for part in (node, *node.iter("code")))
    found = _LANGUAGE.search(names.lower())
    return found[1] if found else ""


def _give_tables_a_header(tree: Any) -> None:
    """Markdown knows no table without a header: the first row becomes it."""
    for table in tree.iter("table"):
        rows = list(table.iter("tr"))
        if len(rows) > 1 and next(table.iter("th"), None) is None:
            for cell in rows[0].iter("td"):
                cell.tag = "th"


def _put_code_back(text: str, codes: Mapping[str, str], mark: str) -> str:
    """In one go over the text, however many blocks there are."""
    pieces = re.split(rf"({mark}n\d+n)", text)
    pieces = [codes.get(piece) or re.sub(r"\n{3,}", "\n\n", piece).strip() for piece in pieces]
    return "\n\n".join(filter(None, pieces))
