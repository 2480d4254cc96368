"""Japanese and English text: language, normal form, sentences, search tokens.

Takes strings, gives strings and lists. Knows nothing about documents, indexes or models.
Normal forms are for searching only; quotes are always cut from the original text, because NFKC
moves offsets.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

from kb.records import Language

_KANA = re.compile(r"[\u3041-\u30ff\uff66-\uff9f]")
_HIRAGANA = re.compile(r"[\u3041-\u309f]")
_CJK = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uff66-\uff9f]")
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]+")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")

# Identifiers: paths, environment variables, dotted or hyphenated names, file names, versions.
_TOKEN = re.compile(
    r"/[a-z0-9_][a-z0-9_./{}<>-]*|[a-z0-9]+(?:[_./:+-]+[a-z0-9]+)*|[\u3005-\u30ff\u3400-\u9fff]+"
)
_PART = re.compile(r"[a-z]+|[0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KATAKANA = re.compile(r"[\u30a1-\u30fa\u30fc]{3,}")

# Spellings that people type for the same thing. Left: pattern on the NFKC, lower-case form.
_SPELLINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"(?:アマゾン\s*)?(?:セージ|セイジ|サゲ|セージュ)\s*(?:メーカー?|メイカー?)"),
        "sagemaker",
    ),
    (re.compile(r"\bsage[\s-]+maker\b"), "sagemaker"),
    (re.compile(r"ドッカー\s*ファイル"), "dockerfile"),
    (re.compile(r"ドッカー"), "docker"),
    (re.compile(r"パイトーチ"), "pytorch"),
    (re.compile(r"テンソル\s*フロー"), "tensorflow"),
    (re.compile(r"コンテナー"), "コンテナ"),
    (re.compile(r"トレーニング|トレイニング"), "学習"),
    (re.compile(r"ツールキット"), "toolkit"),
    (re.compile(r"エントリー?\s*ポイント"), "エントリポイント entrypoint"),
)
_STEMMER = Stemmer.Stemmer("english", 20_000)
_STOP = frozenset(
    "a an the is are was be been do does did to of in on for and or it its this that these those i "
    "we you my our your me us with as at by from can could should would will shall what which "
    "how when where why who if then than there here have has had not no any some so but about into "
    "please tell explain get got use using need want".split()
)


_FEW_WORDS = 3


def language(text: str) -> Language:
    """`ja` when the text is written in Japanese, else `en`.

    A pasted English error message with a few Japanese words around it counts as Japanese, an
    English sentence that quotes a Japanese word as English.
    """
    kana, words = len(_HIRAGANA.findall(text)), len(_LATIN_WORD.findall(text))
    if kana >= 2 or (kana and words <= _FEW_WORDS):  # “requirements.txt は？”
        return "ja"
    cjk = len(_CJK.findall(text))
    return "ja" if cjk and cjk >= words else "en"


def prose_language(text: str) -> Language:
    """The language most of a document is written in: `ja` from one Japanese character in ten on."""
    cjk = len(_CJK.findall(text))
    return "ja" if cjk * 10 >= cjk + len(re.findall(r"[A-Za-z]", text)) and cjk else "en"


def normalize(text: str) -> str:
    """NFKC, lower case, invisible characters out, white space folded."""
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).lower()
    return " ".join(folded.split())


def respell(text: str) -> str:
    """Usual other spellings replaced by the one used in the sources; case and width are folded."""
    result = normalize(text)
    for pattern, spelling in _SPELLINGS:
        result = pattern.sub(spelling, result)
    return result


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))


def search_tokens(text: str) -> list[str]:
    """Tokens for lexical search.

    Identifiers are kept whole and also split (`SAGEMAKER_PROGRAM` gives `sagemaker_program`,
    `sagemaker`, `program`); English words are stemmed; runs of Japanese give bigrams, and runs of
    katakana their whole word too.
    """
    spaced = _CAMEL.sub(lambda found: "\u2009", unicodedata.normalize("NFKC", text))
    camel = {
        piece.replace("\u2009", "").lower(): [part.lower() for part in piece.split("\u2009")]
        for piece in re.findall(r"[A-Za-z0-9]+(?:\u2009[A-Za-z0-9]+)+", spaced)
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


_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|ver|no|fig)|\b[A-Z])\.$", re.IGNORECASE
)
_BOUNDARY = re.compile(
    r"[。！？｡]+[」』）)\]]*|[.!?]+[\"'”’)\]]*(?=\s|$)|\n\s*\n|\n(?=\s*(?:[-*+]|\d+\.)\s)"
)
_TOGETHER = re.compile(r"`[^`\n]+`|「[^「」\n]*」|『[^『』\n]*』|（[^（）\n]*）")
_GOES_ON = re.compile(r"[\u3041-\u309f、，]")
_NUMBER_ALONE = re.compile(r"\s*\d+\.")


def sentences(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of `text`, trimmed; together they cover all but white space.

    Full stops inside numbers, names, inline code, quotations and common abbreviations do not end a
    sentence, nor does the number of a list item; paragraphs and list items always begin a new one.
    """
    together = [found.span() for found in _TOGETHER.finditer(text)]
    begins = [begin for begin, _ in together]
    spans: list[tuple[int, int]] = []
    start = 0
    for found in _BOUNDARY.finditer(text):
        end = found.end()
        if not found[0].isspace():
            piece = text[start:end]
            if found[0].startswith(".") and (
                _ABBREVIATION.search(piece.rstrip("\"'”’)]")) or _NUMBER_ALONE.fullmatch(piece)
            ):
                continue
            around = bisect_right(begins, found.start()) - 1
            closing = together[around][1] if around >= 0 else 0
            if closing > end or (closing == end and _GOES_ON.match(text, end)):
                continue
        _append_trimmed(spans, text, start, end)
        start = end
    _append_trimmed(spans, text, start, len(text))
    return spans


def _append_trimmed(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    if left < right:
        spans.append((left, right))


_MARK_UP = re.compile(r"\*\*|(?<!\w)__(?=\S)|(?<=\S)__(?!\w)|`|^\s*#+\s*|^\s*>\s?", re.MULTILINE)
_BROKEN_LINE = re.compile(
    r"(?<=[\u3001-\u30ff\u3400-\u9fff])\s*\n\s*(?=[\u3001-\u30ff\u3400-\u9fff])"
)
"""Japanese has no blanks: a line end between two characters is none either."""


def plain(markdown: str) -> str:
    """Markdown inline mark-up taken out, for embedding and comparing; not for quoting."""
    text = re.sub(r"!\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"\[\^[^\]]+\]", "", text)
    text = _MARK_UP.sub("", text)
    text = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", text)
    text = _BROKEN_LINE.sub("", text)
    return " ".join(text.split())
