"""Names: which documents and parts of documents a question names.

Takes the names that an index version holds and a question, gives `Naming`: for each name met the
documents and places that carry it, and identifiers that look like names and belong to nothing.
Names are compared in one form (case, separators and usual Japanese spellings folded); a misspelled
one is matched by edit distance, and a title by the share of its words that the question holds.
Knows nothing about vectors or ranking.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, field
from functools import cache, cached_property
from pathlib import Path

from rapidfuzz import fuzz, process

from kb.text.normal import normalize
from kb.text.tokens import search_tokens
from kb.text.words import mentions
from kb.yaml_file import read_yaml

FILE = "names.jsonl"
PARTS = ("class", "function", "stage", "target")
"""Kinds of names that stand for a place inside a document."""
_LONGEST = 8
"""Words of a name at most."""
_FUZZY = 88.0
"""Likeness of a misspelled name, of 100: two letters of a name of sixteen."""
_LEAST_FUZZY = 6
_TITLE = 0.74
"""Share of a title's words that name it."""
_CALLED = 2.0
"""A source called by its kind is meant, so that it counts twice what its name alone does."""
_WORD = re.compile(r"[a-z0-9]+|[\u3005-\u30ff\u3400-\u9fff\uff66-\uff9f]+")
_SEPARATED = re.compile(r"(?<=[a-z0-9])(?=[A-Z][a-z])")
_IDENTIFIER = re.compile(
    r"[A-Za-z0-9_]+(?:[-_./][A-Za-z0-9_]+)+|[a-z]+[A-Z][A-Za-z0-9_]+"
    r"|[A-Z][a-z]+[A-Z][A-Za-z0-9_]+"
)
_KANA_END = re.compile(r"[ぁ-ん]")


@dataclass(frozen=True, slots=True)
class Name:
    """What a document, or a part of it, is called."""

    text: str
    kind: str
    """source, folder, file, stem, title, called (by its kind: the guide); or of a part: class,
    function, stage, target."""
    document: str
    start: int = 0
    end: int = 0
    """The part's span; 0, 0 for the whole document."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name that the question holds."""

    words: str
    """The name's folded form."""
    names: tuple[Name, ...]
    weight: float
    """How much it tells: the fewer documents carry it, the more."""

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(name.kind for name in self.names)

    @property
    def documents(self) -> frozenset[str]:
        return frozenset(name.document for name in self.names)


@dataclass(frozen=True, slots=True)
class Naming:
    """Everything that a question names."""

    named: tuple[Named, ...] = ()
    titles: Mapping[str, float] = field(default_factory=dict)
    """By document: the share of its title's words that the question holds."""
    unknown: tuple[str, ...] = ()
    """Words that look like the name of a file or a sample, and are none of this index."""

    def share(self, document: str, start: int = 0, end: int = 0) -> float:
        """How much of what is named, by weight, belongs to a document (or a span of it)."""
        total = sum(one.weight for one in self.named)
        own = 0.0
        for one in self.named:
            places = [name for name in one.names if name.document == document]
            inside = [n for n in places if not n.end or (n.start < end and start < n.end)]
            # In a document that has the part, another place is still nearer than another document.
            own += one.weight * (1.0 if inside or (places and not end) else 0.5 * bool(places))
        return own / total if total else 0.0

    def marks(self, document: str, start: int = 0, end: int = 0) -> dict[str, float]:
        """What kinds of names of a document are met, 1 or 0, and `named`: its share of them all."""
        own = [one for one in self.named if document in one.documents]
        kinds = {n.kind for one in own for n in one.names if n.document == document}
        part = any(
            name.kind in PARTS
            and name.document == document
            and name.start < end
            and start < name.end
            for one in own
            for name in one.names
        )
        return {
            "named": self.share(document, start, end),
            "sample": float(bool(kinds & {"folder", "stem"})),
            "file": float("file" in kinds),
            "part": float(part),
            "called": float("called" in kinds),
            "source": float(kinds == {"source"}),
            "twice": float(len(own) > 1),
        }


class NameIndex:
    """The names of an index version."""

    def __init__(self, names: Iterable[Name]) -> None:
        self._by_form: dict[str, list[Name]] = defaultdict(list)
        self._words: dict[str, frozenset[str]] = {}
        titles: dict[str, set[str]] = defaultdict(set)
        for name in dict.fromkeys(names):
            form = fold_name(name.text)
            if form:
                self._by_form[form].append(name)
            if name.kind == "title":
                titles[name.document].add(name.text)
            known = self._words.get(name.document, frozenset())
            if name.kind not in PARTS:
                self._words[name.document] = known | _telling(name.text)
        self._titles = {
            document: tuple(filter(None, (_telling(_head(text)) for text in texts)))
            for document, texts in titles.items()
        }
        self._count = max(1, len(self._words))

    @classmethod
    def load(cls, folder: Path) -> NameIndex:
        """Of a version's folder; raises what a broken file raises."""
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
        return cls(Name(*json.loads(line)) for line in lines)

    @cached_property
    def _frequency(self) -> Mapping[str, int]:
        """By word: how many documents have it in their names."""
        counts: dict[str, int] = defaultdict(int)
        for words in self._words.values():
            for word in words:
                counts[word] += 1
        return counts

    @cached_property
    def _fuzzy(self) -> list[str]:
        return [form for form in self._by_form if len(form) >= _LEAST_FUZZY and form.isascii()]

    def words(self, document: str) -> frozenset[str]:
        """The words of a document's names: its source, path and title."""
        return self._words.get(document, frozenset())

    def rarity(self, word: str) -> float:
        """How much a word of a name tells, in nats."""
        return math.log(1 + self._count / (1 + self._frequency.get(word, 0)))

    def documents(self) -> Iterable[str]:
        return self._words

    def naming(self, question: str) -> Naming:
        """What `question` names."""
        forms = self._met(fold_name(question).split(), of_part=names_part(question))
        folded = normalize(question)
        named = [self._named(form) for form in forms if not self._is_phrase(form, folded)]
        named += self._of_kinds(fold_name(question).split())
        return Naming(
            tuple(named),
            self._title_shares(question),
            self._unknown(question),
        )

    def _is_phrase(self, form: str, question: str) -> bool:
        """Words of a file or a title in a row that may as well be meant as words."""
        names = self._by_form[form]
        if " " not in form or {name.kind for name in names} - {"stem", "title"}:
            return False
        return form.isascii() and not any(normalize(name.text) in question for name in names)

    def _of_kinds(self, words: Iterable[str]) -> list[Named]:
        """Sources that are called by their kind alone: the guide, the blog."""
        found = []
        for word in _source_kinds() & set(words):
            names = [
                Name(word, "called", document)
                for document, known in self._words.items()
                if known.issuperset(search_tokens(word))
            ]
            if names:
                weight = _CALLED * math.log(1 + self._count / len(names))
                found.append(Named(word, tuple(names), weight))
        return found

    def _named(self, form: str) -> Named:
        names = tuple(self._by_form[form])
        documents = len({name.document for name in names})
        return Named(form, names, math.log(1 + self._count / documents))

    def _met(self, words: list[str], *, of_part: bool) -> list[str]:
        """The longest names first; a name inside a longer one is not met again."""
        met: list[str] = []
        free = [True] * len(words)
        for files in (True, False):  # a file's name before one that shares a word with it
            for size in range(min(_LONGEST, len(words)), 0, -1):
                for at in range(len(words) - size + 1):
                    if not all(free[at : at + size]):
                        continue
                    form = " ".join(words[at : at + size])
                    near = self._form(form, of_part=of_part, files=files)
                    if near:
                        met.append(near)
                        free[at : at + size] = [False] * size
        joined = "".join(words)
        met += [form for form in self._japanese if form.replace(" ", "") in joined]
        return list(dict.fromkeys(met))

    def _form(self, form: str, *, of_part: bool, files: bool) -> str:
        """The name that some words of a question are, or are a misspelling of; else nothing."""
        if files:
            kinds = {name.kind for name in self._by_form.get(form, ())}
            return form if " " in form and "file" in kinds else ""
        if not self._tells(form, of_part=of_part):
            return ""
        return form if form in self._by_form else self._near(form)

    @cached_property
    def _japanese(self) -> list[str]:
        """Names in Japanese, which no blank sets apart in a question."""
        return [
            form
            for form, names in self._by_form.items()
            if not form.isascii() and len(form) >= 4 and any(n.kind != "heading" for n in names)
        ]

    def _tells(self, form: str, *, of_part: bool) -> bool:
        """Whether a form met in a question names something, rather than being a common word."""
        kinds = {name.kind for name in self._by_form.get(form, ())}
        if " " in form:
            common = all(word in _generic() for word in form.split())
            return not common or bool(kinds - {"folder", "stem"})
        if any(letter.isdigit() for letter in form) and any(map(str.isalpha, form)):
            return bool(kinds)
        return "file" in kinds or form == "readme" or bool(of_part and kinds & set(PARTS))

    def _near(self, form: str) -> str:
        """The name that `form` is a misspelling of, or nothing; only for what looks like a name."""
        if len(form) < _LEAST_FUZZY or " " not in form or not form.isascii():
            return ""
        longer = [name for name in self._fuzzy if name.startswith(f"{form} ")]
        if longer:  # the beginning of a long name is enough
            return min(longer, key=len)
        best = process.extractOne(form, self._fuzzy, scorer=fuzz.ratio, score_cutoff=_FUZZY)
        if best is None or sorted(re.findall(r"\d+", best[0])) != sorted(re.findall(r"\d+", form)):
            return ""
        return str(best[0]) if abs(len(best[0].split()) - len(form.split())) <= 1 else ""

    def _title_shares(self, question: str) -> dict[str, float]:
        asked = _telling(question)
        near = {doc for word in asked for doc in self._titled.get(word, ())}
        shares: dict[str, float] = {}
        for document in near:
            for words in self._titles[document]:
                total = sum(map(self.rarity, words))
                share = sum(map(self.rarity, words & asked)) / total if total else 0.0
                if len(words) > 1 and share >= _TITLE:
                    shares[document] = max(share, shares.get(document, 0.0))
        return shares

    @cached_property
    def _titled(self) -> Mapping[str, set[str]]:
        documents: dict[str, set[str]] = defaultdict(set)
        for document, titles in self._titles.items():
            for words in titles:
                for word in words:
                    documents[word].add(document)
        return documents

    def _unknown(self, question: str) -> tuple[str, ...]:
        unknown = []
        for found in _IDENTIFIER.findall(question):
            form = fold_name(found)
            if form and form not in self._by_form and not self._near(form):
                unknown.append(found)
        return tuple(unknown)


def save(names: Iterable[Name], folder: Path) -> None:
    """The counterpart of `NameIndex.load`."""
    with (folder / FILE).open("w", encoding="utf-8") as out:
        for name in dict.fromkeys(names):
            out.write(json.dumps(astuple(name), ensure_ascii=False) + "\n")


def fold_name(text: str) -> str:
    """Words of a name or a question in lower case, separators and Japanese spellings folded."""
    folded = normalize(_SEPARATED.sub(" ", text))
    for japanese, english in _spellings().items():
        folded = folded.replace(japanese, f" {english} ")
    return " ".join(_WORD.findall(folded))


def names_part(question: str) -> bool:
    """The question says that it names a part of a file."""
    return mentions(question, "part")


def _head(title: str) -> str:
    """A title without what it says in brackets and behind a colon or a dash."""
    short = re.split(r"[（(：:—–]|\s-\s", title, maxsplit=1)[0].strip()
    return short if len(_telling(short)) > 1 else title


@cache
def _telling(text: str) -> frozenset[str]:
    """Search tokens of a name, without pieces of Japanese grammar and words for kinds."""
    tokens = search_tokens(fold_name(text))
    return frozenset(
        token
        for token in tokens
        if not (len(token) == 2 and _KANA_END.search(token)) and token not in _STOP
    )


_STOP = frozenset({"amazon", "aws", "md", "py", "sh", "ipynb", "html", "pdf", "yaml", "doc"})


@cache
def _read() -> tuple[dict[str, str], frozenset[str], frozenset[str]]:
    content = read_yaml(Path(__file__).with_name("names.yaml"))
    return content["words"], frozenset(content["generic"]), frozenset(content["sources"])


def _spellings() -> dict[str, str]:
    return _read()[0]


def _generic() -> frozenset[str]:
    return _read()[1]


def _source_kinds() -> frozenset[str]:
    return _read()[2]
