"""Claims: the names and quantities that a sentence states, held against a text.

Takes text in Japanese or English, gives what the one states and the other does not. Names and
numbers read the same in both languages, so a Japanese sentence can be held against an English
quote. Knows nothing about citations or models.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.text.normal import normalize

_WORD = r"[a-z0-9_]"
_CODE = re.compile(r"(`+)(.+?)\1")
NAME = (
    r"(?<![\w-])--?[A-Za-z][\w-]+"  # options
    r"|\b[a-z]{2}(?:-gov)?-[a-z]+-\d\b"  # Regions
    r"|/?[A-Za-z0-9_]\w*(?:[_./:-]+\w+)*[_./]+[\w-]*\w/?"  # paths, dotted and underscored names
    r"|/[A-Za-z]\w*"  # /ping
    r"|\b[A-Z]+[a-z]+[A-Z]\w*\b"  # CamelCase
    r"|\b[A-Z][A-Z_]{2,}\b"  # acronyms, SIGTERM, ENTRYPOINT
    r"|\b[A-Za-z]+\d[\w.]*\b"  # S3, py36, v2
)
"""Identifiers, paths and proper names, for patterns in which Japanese follows without a blank."""
_NAME = re.compile(NAME, re.ASCII)
GENERAL = frozenset(
    "amazon aws sagemaker sdk api apis url urls uri uris http https json docker github id".split()
)
"""Names of the field itself; a sentence may use them without its quote doing so."""
_BELOW = re.compile(r"\s*(?:以下|配下|の下|の中|内)|(?<=/)")
_ABOVE = re.compile(r"\b(?:below|under|inside|within|in)\s+$")


def missing_names(sentence: str, proof: str) -> list[str]:
    """Identifiers, paths and proper names of `sentence` that `proof` does not hold as a whole."""
    stands = normalize(proof.replace("`", ""))
    missing = [code for _, code in _CODE.findall(sentence) if not _holds_code(code, stands)]
    prose = _CODE.sub(" ", sentence)
    for found in _NAME.finditer(prose):
        below = bool(_ABOVE.search(prose[: found.start()]) or _BELOW.match(prose, found.end()))
        if not holds(found[0], stands, below=below):
            missing.append(found[0])
    return missing


def _holds_code(code: str, proof: str) -> bool:
    """Inline code stands in the proof as it is, or every name in it does."""
    if holds(code, proof, below=code.endswith("/")):
        return True
    parts = [part for part in re.split(r"[\s\"'()\[\]{}=,;:<>]+", code) if re.search(r"\w", part)]
    return len(parts) > 1 and all(holds(part, proof) for part in parts)


def holds(name: str, proof: str, *, below: bool = False) -> bool:
    """Whether `name` stands in `proof`, which is in normal form, and not as part of another name.

    `below`: a folder may stand there as the beginning of a path.
    """
    folded = normalize(name).rstrip("/.:").removesuffix("()")
    if not folded or folded in GENERAL or re.fullmatch(r"(?:[a-z]\.)*[a-z]|[\d.,]+", folded):
        return True
    version = re.fullmatch(r"v(\d+)", folded)
    if version:
        return bool(re.search(rf"(?:\bv|version ?|バージョン ?){version[1]}(?!\d)", proof))
    plural = "s?" if name.isupper() and "_" not in name else ""
    after = rf"{plural}(?!{_WORD}|[-:](?={_WORD})" + ("" if below else rf"|/(?={_WORD})")
    after += ")" if name[0].isupper() else rf"|\.(?={_WORD}))"
    if re.search(rf"(?<!{_WORD})(?<!{_WORD}-){re.escape(folded)}{after}", proof):
        return True
    if re.fullmatch(r"[a-z]{3,5}", folded) and name.isupper() and _spelled_out(folded, proof):
        return True
    parts = folded.split("/")
    return len(parts) > 1 and all(re.fullmatch(r"[a-z0-9]+", p) and holds(p, proof) for p in parts)


def _spelled_out(acronym: str, proof: str) -> bool:
    """`MME` for “multi-model endpoint”."""
    return bool(re.search(r"\b" + r"[\w.]*[\s-]+".join(acronym), proof))


def names(text: str) -> list[str]:
    """The identifiers and paths of `text`, in the form in which they are compared, in order."""
    plain = text.replace("`", " ")
    found = (normalize(match[0]).rstrip("/.:") for match in _NAME.finditer(plain))
    return [name for name in found if name not in GENERAL and re.search(r"[a-z]", name)]


_MONTHS = (
    "january february march april may june july august september october november december".split()
)
_MONTH = re.compile(
    r"(?:(?<=\d)\s+)?\b(" + "|".join(f"{m[:3]}(?:{m[3:]})?" for m in _MONTHS) + r")\b\.?(?=\s+\d)",
    re.ASCII,
)
_SPELLED = {
    word: number
    for number, words in enumerate(
        (
            ("one", "first", "single", "一"),
            ("two", "second", "both", "twice", "二", "両方"),
            ("three", "third", "三"),
            ("four", "fourth", "四"),
            ("five", "fifth", "五"),
            ("six", "sixth", "六"),
            ("seven", "seventh", "七"),
            ("eight", "eighth", "八"),
            ("nine", "ninth", "九"),
            ("ten", "tenth", "十"),
            ("eleven", "eleventh", "十一"),
            ("twelve", "twelfth", "十二"),
        ),
        1,
    )
    for word in words
}
_SPELLED_LATIN = re.compile(
    r"(?<!\d[ -])\b(" + "|".join(w for w in _SPELLED if w.isascii()) + r")\b", re.ASCII
)
_SPELLED_KANJI = re.compile(r"(十[一二]|[一二三四五六七八九十])(?=つ|種類|通り|段階|個|者|方)|両方")
_COUNTED = (
    r"\s*(?:つ|種類|通り|組|段階|個|行|点|か所|項目|社|番目|本|回|度|台|件|ジョブ|リクエスト)"
)
_UNITS: dict[str, tuple[str, float]] = {
    r"ミリ秒|ms\b|milliseconds?\b": ("time", 0.001),
    r"秒|s\b|secs?\b|seconds?\b": ("time", 1),
    r"分(?![類割散岐母子])|min\b|mins\b|minutes?\b": ("time", 60),
    r"時間|h\b|hours?\b": ("time", 3600),
    r"日(?!本)|days?\b": ("time", 86400),
    r"週間|weeks?\b": ("time", 604800),
    r"か月|ヶ月|カ月|months?\b": ("months", 1),
    r"年間|years?\b": ("months", 12),
    r"kb\b|kib\b": ("bytes", 1),
    r"mb\b|mib\b|メガバイト": ("bytes", 1024),
    r"gb\b|gib\b|ギガバイト": ("bytes", 1024**2),
    r"tb\b|tib\b": ("bytes", 1024**3),
    r"文字|characters?\b": ("characters", 1),
    r"[%％]|percent\b|パーセント": ("percent", 1),
}
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9_.])(?:v(?=\d+\.\d))?(\d+(?:,\d{3})*(?:\.\d+)*)(?![\d])(?:[\s-]*(?:"
    + "|".join(f"(?P<u{n}>{unit})" for n, unit in enumerate(_UNITS))
    + rf"))?(?P<counted>{_COUNTED})?",
    re.ASCII,
)
_DATE = re.compile(r"(\d+)\s*年(?:\s*(\d+)\s*月)?(?:\s*(\d+)\s*日)?|(\d+)\s*月\s*(\d+)\s*日")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, as far as it has one."""

    value: str
    """Digits as written, without thousands separators."""
    unit: str = ""
    """time, bytes, characters, percent, months, or empty."""
    scale: float = 1
    counts: bool = False
    """A count of things (“3 つの”, “three files”), which a quote may leave to its reader."""

    def agrees(self, other: Quantity) -> bool:
        if self.unit and other.unit:
            same = self.unit == other.unit
            return (
                same
                and abs(float(self.value) * self.scale - float(other.value) * other.scale) < 1e-9
            )
        return self.value == other.value


def quantities(text: str) -> list[Quantity]:
    """The numbers of `text` in order, those spelled as words last."""
    folded = _MONTH.sub(lambda m: f" {_month(m[1])} ", normalize(text).replace("`", " "))
    folded = _DATE.sub(lambda m: " ".join(f" {part} " for part in m.groups() if part), folded)
    found = []
    for match in _NUMBER.finditer(folded):
        kind, scale = next(
            (unit for n, unit in enumerate(_UNITS.values()) if match[f"u{n}"]), ("", 1.0)
        )
        value = match[1].replace(",", "")
        if kind and value.count(".") > 1:
            kind, scale = "", 1.0
        found.append(Quantity(value, kind, scale, counts=bool(match["counted"]) and len(value) < 3))
    for pattern in (_SPELLED_LATIN, _SPELLED_KANJI):
        found += [Quantity(str(_SPELLED[m[0]]), counts=True) for m in pattern.finditer(folded)]
    return found


def _month(word: str) -> int:
    return next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(word[:3]))


def missing_quantities(sentence: str, proof: str) -> list[str]:
    """Numbers of `sentence` that `proof` does not state, or states in another unit."""
    given = quantities(proof)
    counts = any(quantity.counts and quantity.value != "1" for quantity in given)
    missing = []
    for quantity in quantities(sentence):
        if any(quantity.agrees(other) for other in given):
            continue
        # A count may sum up a list of the quote; only another count contradicts it.
        if not quantity.counts or (counts and quantity.value != "1"):
            missing.append(quantity.value)
    return missing


_CLAUSE = re.compile(
    r"[。．；：、，！？\n（）]+"  # whatever follows: Japanese has no blank before a Latin name
    r"|[.;:,!?()]+(?=\s|$|[^\x00-\x7f])"
    r"|\s+(?=(?:but|and|while|because|so|unless|if|when)\s)"
)


def clauses(text: str) -> list[str]:
    """`text` at its full stops, commas and brackets, and before conjunctions."""
    return [part.strip() for part in _CLAUSE.split(text) if part and part.strip()]


def reassigned(sentence: str, proof: str) -> list[str]:
    """Names whose number or path in the sentence is the one of another name in the proof."""
    told, shown = _values_by_name(sentence), _values_by_name(proof)
    return [
        name
        for name, values in told.items()
        for kind, given in values.items()
        if (known := shown.get(name, {}).get(kind)) and not given & known
    ]


def _values_by_name(text: str) -> dict[str, dict[str, set[str]]]:
    """For each name the numbers (by unit, in base units) and paths that stand in its clauses."""
    values: dict[str, dict[str, set[str]]] = {}
    for clause in clauses(text):
        found = names(clause)
        for name in found:
            by_kind = values.setdefault(name, {})
            for quantity in quantities(clause):
                if quantity.unit:
                    base = f"{float(quantity.value) * quantity.scale:g}"
                    by_kind.setdefault(quantity.unit, set()).add(base)
            paths = {path for path in found if path.startswith("/") and path != name}
            if paths:
                by_kind.setdefault("path", set()).update(paths)
    return values
