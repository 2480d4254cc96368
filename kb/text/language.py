"""Language: whether a text is Japanese or English.

Takes a string, gives `ja` or `en`. Knows nothing about what the text says.
"""

from __future__ import annotations

import re

from kb.records import Language

_HIRAGANA = re.compile(r"[\u3041-\u309f]")
_KANA = re.compile(r"[\u3041-\u30ff\uff66-\uff9f]")
_CJK = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uff66-\uff9f]")
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]+")
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
