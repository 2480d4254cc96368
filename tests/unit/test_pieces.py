"""The bundled model's tokenizer: the tokens of the original, each with its place."""

from __future__ import annotations

import re

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from kb.search.e5 import E5File
from kb.search.pieces import Pieces
from kb.text.normal import nfkc

TEXTS = (
    "We need libsndfile_dev from apt (2 files).",
    "社内のベース PyTorch を own_base  で使う",
    "ﾍﾞｰｽ ｲﾒｰｼﾞ は ｶﾞ１２",
    "🙂 \u2603 e\u0301te",
    "",
)


@pytest.fixture(scope="module")
def file() -> E5File:
    return E5File()


@pytest.fixture(scope="module")
def pieces(file: E5File) -> Pieces:
    return Pieces(file)


@pytest.mark.parametrize("text", TEXTS)
def test_the_same_tokens_as_the_original(file: E5File, pieces: Pieces, text: str) -> None:
    tokenizer = Tokenizer(models.Unigram(file.pieces, file.unknown, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    mapped = re.sub(" {2,}", " ", nfkc(text).translate(file.characters))
    assert list(pieces.tokens(text).ids) == (tokenizer.encode(mapped).ids if text else [6])


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_cover_the_text_in_order(pieces: Pieces, text: str) -> None:
    spans = [span for span in pieces.tokens(text).spans if span[0] < span[1]]
    assert spans == sorted(spans)
    assert "".join(text[a:b] for a, b in spans) == re.sub(r"\s", "", text)


def test_rows_of_a_table_are_those_of_the_whole(file: E5File) -> None:
    whole = file.tensor("emb.pos", file.sizes.positions, file.sizes.hidden)
    assert (file.rows("emb.pos", [3, 500], file.sizes.hidden) == whole[[3, 500]]).all()
