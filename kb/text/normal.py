"""Normal form: a text as it is searched and compared.

Takes a string, gives a string. For searching only: quotes are always cut from the original text,
because NFKC moves offsets. Three places compare another form, each for a reason: kb.text.fold keeps
the place of each character, for words that are shown; `uniform` in kb.text.ngrams keeps the number
of characters, for spans in the text as it came; `folded` in evals.metrics drops all blanks and
marks, so that how an answer is set decides nothing.
"""

from __future__ import annotations

import re
import unicodedata

UNSEEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")
"""Characters that take no room."""
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


def nfkc(text: str) -> str:
    """Widths and half-width kana made equal (Unicode's NFKC), all else kept: the form to embed."""
    return unicodedata.normalize("NFKC", text)


def normalize(text: str) -> str:
    """NFKC, lower case, invisible characters out, white space folded."""
    return " ".join(nfkc(UNSEEN.sub("", text)).lower().split())


def respell(text: str) -> str:
    """Usual other spellings replaced by the one used in the sources; case and width are folded."""
    result = normalize(text)
    for pattern, spelling in _SPELLINGS:
        result = pattern.sub(spelling, result)
    return result
