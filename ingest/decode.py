"""Decoding: the bytes of a file or a page to text.

Takes bytes, gives text; raises ParseError where they are none. Knows nothing about blocks.
"""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

from kb.errors import ParseError

_NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\x80\uf8f0-\uf8f3]")
"""Control characters, and what the Shift_JIS decoder gives for bytes that are no character."""
_ALIASES = {"shift_jis": "cp932", "x-sjis": "cp932", "sjis": "cp932"}
"""What pages call the encoding that has all of Windows' Japanese characters."""
_HALF_WIDTH = re.compile(r"[\uff61-\uff9f]")


def decode(data: bytes) -> str:
    """Text of a file: UTF-8, UTF-32 or UTF-16 with its mark, else Shift_JIS or EUC-JP; LF ends its
    lines.
    """
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):  # begins as UTF-16 does
        texts = _decoded(data, "utf-32")
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        texts = _decoded(data, "utf-16")
    else:
        texts = [text for text in _decoded(data, "utf-8-sig") if "\x00" not in text]
    if not texts:
        # Each of the two reads many texts of the other, but as rows of half-width kana.
        texts = [text for text in _decoded(data, "cp932", "euc_jp") if not _NOT_TEXT.search(text)]
        texts.sort(key=lambda text: len(_HALF_WIDTH.findall(text)))
    if not texts:
        raise ParseError("it is no text in UTF-8, Shift_JIS or EUC-JP")
    return texts[0].replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, *encodings: str) -> list[str]:
    texts = []
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            texts.append(data.decode(encoding))
    return texts


def page_text(data: bytes) -> str:
    """By the encoding that the page declares, else as any other file."""
    found = re.search(rb"charset=[\"']?([\w-]+)", data[:4096])
    name = found[1].decode().lower() if found else ""
    with suppress(LookupError):
        return data.decode(_ALIASES.get(name, name), "replace") if name else decode(data)
    return decode(data)
