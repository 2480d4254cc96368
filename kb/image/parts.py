"""The parts of a base image that a text names: framework, version, Region, instance, purpose.

Takes a text in Japanese or English, gives `Parts` and what the text says besides. A part that is
written like one but does not exist (`ml.g5.xlrge`, `ap-north-9`) is taken as written, so that the
person hears about it. Knows nothing about conversations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cache

from rapidfuzz import fuzz, process

from kb.image.words import (
    SCOPES,
    Scope,
    framework_names,
    framework_words,
    key,
    python_id,
    region_codes,
    region_words,
    table,
    words_of_framework,
    words_of_region,
    words_of_scope,
)
from kb.text.normal import normalize

_INSTANCE = re.compile(
    r"(?<![\w.-])(?:ml[._][a-z0-9][a-z0-9._-]*|(?:inf|trn|[a-z])\d[a-z0-9]*\.\d*x?large)(?![\w-])"
)
_REGION = re.compile(
    r"(?<![\w-])(?:af|ap|ca|cn|eu|eusc|il|me|mx|sa|us)(?:-[a-z]+)+-?\d+(?![\w-])"
    r"|(?<![\w-])us-(?:east|west|gov)(?![\w-])"
)
_PYTHON = re.compile(r"(?<![a-z-])(?:python|py) ?\d(?:\.?\d{1,2})?(?![\d.])")
_BASE = re.compile(r"(?<![a-z])(?:pytorch|torch|tensorflow|tf) ?v?\d+(?:\.\d+)+")
_FRAMEWORK_IS = "\ue000"
"""Stands where the framework stood: a bare number behind it is a version."""
_NUMBER = r"\d+(?:[.-]\d+)*(?:-py\d+)?"
_VERSIONS = (
    re.compile(rf"{_FRAMEWORK_IS}[\s:=-]*(?:v|ver\.?|version)?\s*(b?{_NUMBER})(?![\w])"),
    re.compile(
        r"(?<![\w.-])(?:v|ver\.? ?|version ?)?(\d+(?:[.-]\d+)+(?:-py\d+)?|b\d{3,})(?![\w-])"
    ),
    re.compile(r"(?:^|version |バージョン ?)v?(\d+)(?=$| ?で| ?の)"),
    re.compile(r"(latest|newest|最新)(?:の?版|のバージョン)?(?:の(?!イメージ))?"),
)
_ALIKE = 84
"""Of 100: from here on a word is taken for a mistyped framework."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a text names; empty where it names nothing."""

    framework: str = ""
    """The table's name."""
    version: str = ""
    region: str = ""
    instance: str = ""
    scope: str = ""
    python: str = ""
    base: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        return tuple(field.name for field in fields(self) if getattr(self, field.name))

    @property
    def signals(self) -> dict[str, str]:
        """The parts that are named, by name."""
        return {name: getattr(self, name) for name in self.named}

    def over(self, earlier: Parts) -> Parts:
        """These parts, and of the earlier ones those that they leave open.

        Another framework leaves version, base and Python behind, another version base and Python.
        """
        if self.framework and self.framework != earlier.framework:
            earlier = replace(earlier, version="", base="", python="")
        if self.version and self.version != earlier.version:
            earlier = replace(earlier, base="", python="")
        return replace(earlier, **self.signals)


def read_parts(text: str, *, mend: bool = False) -> tuple[Parts, str]:
    """The parts, and the rest of the text in lower case. `mend`: take pytroch for PyTorch.

    A part that is named twice with different values is none: nobody knows which one is meant.
    """
    rest = _Rest(normalize(text))
    instances = rest.take_each(_INSTANCE)
    regions = rest.take_each(_REGION) + rest.take_each(_regions())
    pythons = rest.take_each(_PYTHON)
    bases = rest.take_each(_BASE) if rest.holds(_hugging_face()) else []
    framework = framework_words().get(key(rest.take(_frameworks(), leave=_FRAMEWORK_IS)), "")
    if mend and not framework:
        framework = rest.take_mistyped()
    if framework == "huggingface":
        rest.take_each(_hugging_face())  # “Hugging Face transformers” names it twice
    instances = instances or rest.take_each(_families())
    kinds = rest.take_each(_kinds())
    version = rest.take(*_VERSIONS)
    scopes = [scope for scope in SCOPES if rest.take_each(_scope(scope))]
    parts = Parts(
        framework=framework,
        version=version,
        region=_only(region_words().get(key(region), region) for region in regions),
        instance=_only(instances or kinds),
        scope=_only(scopes),
        python=_only(map(python_id, pythons)),
        base=_only(map(_base_id, bases)),
    )
    return parts, rest.text.replace(_FRAMEWORK_IS, " ").strip()


class _Rest:
    """What is left of a text; each part is taken out once it is read."""

    def __init__(self, text: str) -> None:
        self.text = text

    def holds(self, pattern: re.Pattern[str]) -> bool:
        return bool(pattern.search(self.text))

    def take(self, *patterns: re.Pattern[str], leave: str = " ") -> str:
        """What the first pattern that fits finds (its group, where it has one), or nothing."""
        for pattern in patterns:
            found = pattern.search(self.text)
            if found:
                self.text = f"{self.text[: found.start()]}{leave}{self.text[found.end() :]}"
                return found[found.lastindex or 0]
        return ""

    def take_each(self, pattern: re.Pattern[str]) -> list[str]:
        found = [match[0] for match in pattern.finditer(self.text)]
        self.text = pattern.sub(" ", self.text)
        return found

    def take_mistyped(self) -> str:
        """A framework that some word is nearly."""
        known = {word: name for word, name in framework_words().items() if len(word) > 4}
        for word in re.findall(r"[a-z][a-z-]{4,}", self.text):
            near = process.extractOne(
                key(word), known.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE
            )
            if near:
                self.text = self.text.replace(word, _FRAMEWORK_IS, 1)
                return known[near[0]]
        return ""


def _only(values: Iterable[str]) -> str:
    different = set(values)
    return different.pop() if len(different) == 1 else ""


def _base_id(text: str) -> str:
    """`torch 2.6` to pytorch2.6."""
    name = "pytorch" if "torch" in text else "tensorflow"
    return name + "".join(re.findall(r"[\d.]", text))


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Any of the words, the longest first; letters of the same kind do not go on around it."""
    return re.compile(
        "|".join(_whole(word) for word in sorted(set(words), key=lambda w: (-len(w), w)))
    )


def _whole(word: str) -> str:
    folded = normalize(word)
    signs = r"[\s_.()-]{0,2}".join(map(re.escape, re.findall(r"[^\W_]+", folded)))
    if folded.endswith(")"):
        return rf"(?<![a-z0-9]){signs}\)?(?![a-z])"
    if folded.isascii():
        return rf"(?<![a-z0-9]){signs}(?![a-z])"
    if re.fullmatch(r"[ァ-ヺー]+", folded):
        return rf"(?<![ァ-ヺー]){signs}(?![ァ-ヺー])"
    return signs


@cache
def _frameworks() -> re.Pattern[str]:
    return _any_of(word for name in framework_names() for word in words_of_framework(name))


@cache
def _hugging_face() -> re.Pattern[str]:
    return _any_of(words_of_framework("huggingface"))


@cache
def _regions() -> re.Pattern[str]:
    words = [word for code in region_codes() for word in words_of_region(code)]
    return _any_of([*words, *table("region_groups")])


@cache
def _families() -> re.Pattern[str]:
    return _any_of(table("families"))


@cache
def _kinds() -> re.Pattern[str]:
    return _any_of(word for words in table("instance_words").values() for word in words)


@cache
def _scope(scope: Scope) -> re.Pattern[str]:
    return _any_of(words_of_scope(scope))
