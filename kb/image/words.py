"""What people call a framework, a Region, an instance or a purpose, to the name in AWS's tables.

Takes one word or a few for one of these, gives the name; an unknown one raises ImageError with the
nearest there is. Words live in images.yaml. Knows nothing about which image exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from rapidfuzz import fuzz, process

from kb.errors import ImageError
from kb.image import data as image_data
from kb.messages import message
from kb.records import LANGUAGES, SIDES, Language, Side
from kb.text.normal import normalize
from kb.yaml_file import read_yaml

Scope = Side
"""What the official tables call a side."""
SCOPES = SIDES
_NEAREST = 3
_LEAST_ALIKE = 55
"""Of 100: below it a name is no guess at another one."""
_FAMILY = r"(?:inf|trn|gr|im|is|hpc|[tmcrxzgpid])\d[a-z0-9-]*"
_INSTANCE = re.compile(
    rf"(?:ml[._])?(?P<family>{_FAMILY})(?:\.(?P<size>(?:\d+x|x)?large|medium|small|metal))?"
)
_GRAVITON = re.compile(r"(?![gp])[a-z]+\d+g[a-z]*")


@dataclass(frozen=True, slots=True)
class Machine:
    """An instance type, and what kind of image runs on it."""

    instance: str
    kind: Literal["cpu", "gpu", "graviton", "inf", "trn"]

    @property
    def family(self) -> str:
        return self.instance.split(".")[1]


# --- words to names -------------------------------------------------------------------------------


def framework_id(text: str) -> str:
    """`torch`, `PyTorch`, `sk-learn` … to the table's name."""
    if not key(text):
        raise image_error("framework", "framework_missing", _usual_frameworks(), missing=True)
    known = framework_words()
    found = known.get(key(text))
    if found:
        return found
    near = _nearest(text, known) or _usual_frameworks()
    shown = tuple(framework_name(name) for name in near)
    raise image_error("framework", "framework_unknown", shown, given=text, near=shown)


def region_code(text: str) -> str:
    """`東京`, `Tokyo`, `ap-northeast-1` to the Region's code."""
    known = region_words()
    if not key(text):
        usual = tuple(table("usual_regions")["en"])
        raise image_error("region", "region_missing", usual, missing=True)
    found = known.get(key(text))
    if found:
        return found
    beginning = table("region_groups").get(normalize(text).strip(), normalize(text).strip())
    several = tuple(code for code in region_codes() if code.startswith(f"{beginning}-"))
    if len(several) > 1:
        raise image_error("region", "region_several", several, given=text, near=several)
    near = several or _nearest(text, known) or tuple(table("usual_regions")["en"])
    raise image_error("region", "region_unknown", near, given=text, near=near)


def scope_id(text: str) -> Scope:
    """`学習`, `train`, `inference`, `endpoint` … to training or inference."""
    if not key(text):
        raise image_error("scope", "scope_missing", SCOPES, missing=True)
    for scope in SCOPES:
        if key(text) in {key(word) for word in words_of_scope(scope)}:
            return scope
    raise image_error("scope", "scope_unknown", SCOPES, given=text)


def machine(text: str) -> Machine:
    """`g5`, `ml.g5.xlarge`, `gpu`, `graviton` … to an instance type."""
    folded = normalize(text).strip()
    for kind, words in table("instance_words").items():
        if key(text) in {key(word) for word in words}:
            return machine(table("instances")[kind])
    found = _INSTANCE.fullmatch(folded)
    if not found:
        families = {key(family): family for family in table("families")}
        family = re.sub(r"^ml[._]?", "", folded).split(".")[0]
        near = tuple(machine(f).instance for f in _nearest(family, families))
        near = near or (table("instances")["cpu"], table("instances")["gpu"])
        raise image_error("instance", "instance_unknown", near, given=text, near=near)
    family, size = found["family"], found["size"]
    size = size or table("smallest").get(family, "xlarge")
    return Machine(f"ml.{family}.{size}", _kind(family))


def _kind(family: str) -> Literal["cpu", "gpu", "graviton", "inf", "trn"]:
    if family.startswith("inf"):
        return "inf"
    if family.startswith("trn"):
        return "trn"
    if _GRAVITON.fullmatch(family):
        return "graviton"
    return "gpu" if family[0] in "gp" else "cpu"


def python_id(text: str) -> str:
    """`3.12`, `Python 3.12`, `py312` to py312."""
    return "py" + "".join(re.findall(r"\d", text))


# --- names to words -------------------------------------------------------------------------------


def framework_name(name: str) -> str:
    """As people write it."""
    return str(table("frameworks").get(name, {}).get("name", name))


def region_name(code: str, language: Language) -> str:
    """Such as `東京 (ap-northeast-1)`, or the code alone."""
    place = table("regions").get(code)
    return f"{place[language]} ({code})" if place else code


def scope_name(scope: str, language: Language) -> str:
    return str(table("scopes")[scope][language])


def python_name(python: str) -> str:
    """py312 to Python 3.12."""
    digits = python.removeprefix("py")
    return f"Python {digits[0]}.{digits[1:]}" if digits[1:] else f"Python {digits}"


# --- tables ---------------------------------------------------------------------------------------


@cache
def framework_names() -> tuple[str, ...]:
    """Every framework that can be asked for."""
    return tuple(name for name in image_data.names() if name not in table("hidden"))


@cache
def framework_words() -> Mapping[str, str]:
    """Keys of all names and words, to the framework."""
    return {key(word): name for name in framework_names() for word in words_of_framework(name)}


@cache
def region_words() -> Mapping[str, str]:
    """Keys of all codes, names and words, to the Region."""
    return {key(word): code for code in region_codes() for word in words_of_region(code)}


@cache
def region_codes() -> tuple[str, ...]:
    """Every Region that some image exists in."""
    builds = (build for name in framework_names() for build in image_data.builds(name))
    return tuple(sorted({code for build in builds for code in build.registries}))


@cache
def table(name: str) -> Any:
    """One part of images.yaml."""
    return _read()[name]


@cache
def _read() -> Mapping[str, Any]:
    file = Path(__file__).with_name("images.yaml")
    loaded: dict[str, Any] = read_yaml(file)
    return loaded


def words_of_framework(name: str) -> tuple[str, ...]:
    return (name, framework_name(name), *table("frameworks").get(name, {}).get("words", ()))


def words_of_region(code: str) -> tuple[str, ...]:
    return (code, *_words_of(table("regions").get(code, {})))


def words_of_scope(scope: Scope) -> tuple[str, ...]:
    return (scope, *_words_of(table("scopes")[scope]))


def _words_of(entry: Mapping[str, Any]) -> tuple[str, ...]:
    names = (entry[language] for language in LANGUAGES if language in entry)
    return (*names, *entry.get("words", ()))


def _usual_frameworks() -> tuple[str, ...]:
    return tuple(table("usual_frameworks"))


def key(text: str) -> str:
    """What words are compared by: only letters and digits count."""
    return "".join(sign for sign in normalize(text) if sign.isalnum())


def _nearest(text: str, known: Mapping[str, str]) -> tuple[str, ...]:
    """Up to three names whose words are most like `text`, the nearest first."""
    found = process.extract(
        key(text), known.keys(), scorer=fuzz.ratio, limit=9, score_cutoff=_LEAST_ALIKE
    )
    return tuple(dict.fromkeys(known[word] for word, _, _ in found))[:_NEAREST]


def image_error(
    part: str,
    name: str,
    options: Iterable[str] = (),
    *,
    missing: bool = False,
    near: Iterable[str] = (),
    scope: str = "",
    other: str = "",
    given: str = "",
    **values: object,
) -> ImageError:
    """The sentence `image_{name}` in both languages, its lists and purposes in each one's words."""
    says = {}
    for lang in LANGUAGES:
        words = {k: scope_name(s, lang) for k, s in (("scope", scope), ("other", other)) if s}
        listed = ("、" if lang == "ja" else ", ").join(near)
        says[lang] = message(
            f"image_{name}",
            lang,
            given=" ".join(given.split())[:60],
            near=listed,
            source=image_data.source(),
            **words,
            **values,
        )
    return ImageError(part, says, tuple(options), missing=missing)
