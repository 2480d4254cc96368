"""Tokens: the words of a text for lexical search, Japanese and English.

Takes a string, gives a list of strings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

from kb.text.normal import nfkc, respell

_CJK = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uff66-\uff9f]")
# Identifiers: paths, environment variables, dotted or hyphenated names, file names, versions.
_TOKEN = re.compile(
    r"/[a-z0-9_][a-z0-9_./{}<>-]*|[a-z0-9]+(?:[_./:+-]+[a-z0-9]+)*|[\u3005-\u30ff\u3400-\u9fff]+"
)
_PART = re.compile(r"[a-z]+|[0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KATAKANA = re.compile(r"[\u30a1-\u30fa\u30fc]{3,}")
_STEMMER = Stemmer.Stemmer("english", 20_000)
_STOP = frozenset(
    "a an the is are was be been do does did to of in on for and or it its this that these those i "
    "we you my our your me us with as at by from can could should would will shall what which "
    "how when where why who if then than there here have has had not no any some so but about into "
    "please tell explain get got use using need want".split()
)


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))


def search_tokens(text: str) -> list[str]:
    """Tokens for lexical search.

    Identifiers are kept whole and also split (`SAGEMAKER_PROGRAM` gives `sagemaker_program`,
    `sagemaker`, `program`); English words are stemmed; runs of Japanese give bigrams, and runs of
    katakana their whole word too.
    """
    spaced = _CAMEL.sub(lambda found: "\u2009", nfkc(text))
    camel = {
        piece.replace("\u2009", "").lower(): [part.lower() for part in piece.split("\u2009")]
        for piece in re.findall(r"(?<![A-Za-z0-9])[A-Za-z0-9]++(?:\u2009[A-Za-z0-9]++)+", spaced)
    }
    tokens: list[str] = []
    for found in _TOKEN.finditer(respell(text)):
        token = found[0]
        if _CJK.match(token[0]):
            tokens.extend(_japanese_tokens(token))
        else:
            tokens.extend(_latin_tokens(token.rstrip("./:+-"), camel))
    return tokens


def _japanese_tokens(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for index in range(len(run) - 1):
        yield run[index : index + 2]
    for found in _KATAKANA.finditer(run):
        yield found[0]


def _latin_tokens(token: str, camel: dict[str, list[str]]) -> Iterator[str]:
    parts = camel.get(token) or _PART.findall(token)
    if len(parts) > 1 or token.startswith("/"):
        yield token
        if token.isalpha() and _stem(token) != token:  # SageMaker, for those who type sagemaker
            yield _stem(token)
    segments = re.split(r"[./:]+", token)
    if len(segments) > 1:
        yield from (segment for segment in segments if "_" in segment)
    for part in parts:
        lone_digit = part.isdigit() and len(part) == 1 and "." in token
        if part not in _STOP and not lone_digit and (len(part) > 1 or part.isdigit()):
            yield _stem(part)
