"""A question for the URI of an AWS image, answered from the official tables.

Takes the question and the turns before, gives a `Reply`: the URI with its commands, or one question
back with choices; None for every other question. What a turn says is kept for the next ones, so
that “東京で” or “GPU” is enough. The sentences that carry the URI name the package that they come
from; what they cite are the statements of our notes on the form of a URI and how it is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache

from kb.errors import ImageDataMissing, ImageError
from kb.image.answer import can_cite, image_sentences
from kb.image.choice import builds_on, is_latest, named, scope_for, versions_of
from kb.image.lookup import resolve
from kb.image.parts import Parts, read_parts
from kb.image.words import (
    framework_id,
    framework_name,
    image_error,
    machine,
    python_name,
    region_code,
    region_name,
    scope_name,
    table,
)
from kb.messages import message
from kb.records import Citation, Language, Sentence, Turn
from kb.search.index import Index
from kb.text.language import language
from kb.text.normal import normalize

_TURNS = 8
"""Earlier messages of the person that are looked at."""
_LONGEST = 1_200
"""Characters of an earlier message that are read, the last ones."""
_CHOICES = 4
_WORDS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: sentences with their citations, or a question back."""

    language: Language
    parts: Parts
    sentences: tuple[Sentence, ...] = ()
    citations: tuple[Citation, ...] = ()
    clarify: str = ""
    choices: tuple[str, ...] = ()
    notice: str = ""


def image_reply(
    question: str, history: Sequence[Turn], index: Index, wanted: Language | None = None
) -> Reply | None:
    """The reply, where `question` asks for the URI of an AWS image."""
    said = [turn.content[-_LONGEST:] for turn in history if turn.role == "user"][-_TURNS:]
    if not any(_may_ask(text) for text in (*said, question)):
        return None
    if not can_cite(index):
        return None
    try:
        asked = _asked([*said, question])
        return _reply(asked[0], wanted or asked[1], index) if asked else None
    except ImageDataMissing:
        return None  # the notes say where URIs are found


# --- what is asked --------------------------------------------------------------------------------


def _asked(texts: Sequence[str]) -> tuple[Parts, Language] | None:
    """The parts that the last text asks for, with those of the turns that lead to it."""
    asked: tuple[Parts, Language] | None = None
    for text in texts:
        parts, rest = read_parts(text, mend=_holds("asks", text))
        earlier, spoken = asked or (Parts(), language(text))
        # Names of frameworks and Regions are in no language; what stands around them tells it.
        spoken = language(rest) if _WORDS.search(rest) else spoken
        if _asks(text, parts) or (asked and parts.named and not _without_words_around(rest)):
            asked = parts.over(earlier), spoken
        else:
            asked = None
    return asked


def _may_ask(text: str) -> bool:
    return _holds("asks", text) or _holds("may_ask", text)


def _asks(text: str, parts: Parts) -> bool:
    """A URI is wanted, of an image that is named; nothing in general, and no code."""
    if not _may_ask(text) or _holds("never", text):
        return False
    named = {*parts.named}
    if {"framework", "region"} <= named and named & {"version", "scope", "instance"}:
        return True
    if _holds("general", text) or not _holds("asks", text):
        return False
    return "framework" in named or len(named & {"region", "scope", "instance"}) > 1


def _without_words_around(rest: str) -> str:
    for pattern in _patterns("around"):
        rest = pattern.sub("", rest)
    return rest


def _holds(name: str, text: str) -> bool:
    folded = normalize(text)
    return any(pattern.search(folded) for pattern in _patterns(name))


@cache
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in table(name))


# --- what is answered -----------------------------------------------------------------------------


def _reply(parts: Parts, lang: Language, index: Index) -> Reply:
    try:
        _check_complete(parts, lang)
        image = resolve(**asdict(parts))
    except ImageError as error:
        said = [error.says[lang]] + ([] if error.missing else [message("image_which", lang)])
        question = ("" if lang == "ja" else " ").join(said)
        return Reply(lang, parts, clarify=question, choices=_choices(error, parts, lang))
    sentences, citations = image_sentences(image, lang, index)
    notice = message("image_notice", lang, source=image.source)
    return Reply(lang, parts, tuple(sentences), tuple(citations), notice=notice)


def _check_complete(parts: Parts, lang: Language) -> None:
    """Raises ImageError for the first part that is missing and makes a difference."""
    name = framework_id(parts.framework)
    scope = scope_for(name, parts.scope)
    host = machine(parts.instance) if parts.instance else None
    region = region_code(parts.region) if parts.region else ""
    builds = builds_on(name, scope, host)
    there = [b for b in builds if region in ("", *b.registries)] or builds
    versions = versions_of(there)
    shown = framework_name(name)
    if not parts.version and len(versions) > 1:
        raise image_error("version", "version_missing", versions, missing=True, framework=shown)
    found = there if is_latest(parts.version) else named(there, parts.version) or there
    if not region:
        usual = [r for r in table("usual_regions")[lang] if any(r in b.registries for b in found)]
        raise image_error("region", "region_missing", usual, missing=True)
    if host is None and {"cpu", "gpu"} <= {p for build in found for p in build.processors}:
        kinds = [table("instances")[kind] for kind in ("cpu", "gpu")]
        raise image_error("instance", "instance_missing", kinds, missing=True)


def _choices(error: ImageError, parts: Parts, lang: Language) -> tuple[str, ...]:
    """Two to four answers, each of which names its part in full."""
    shown = [_shown(error.part, option, parts, lang) for option in error.options[:_CHOICES]]
    if len(shown) == 1:
        others = [name for name in table("usual_frameworks") if name != parts.framework]
        shown += [framework_name(name) for name in others[:2]]
    return tuple(shown)


def _shown(part: str, option: str, parts: Parts, lang: Language) -> str:
    if part == "framework":
        return framework_name(option)
    if part == "version":
        return f"{framework_name(parts.framework)} {option}"
    if part == "region":
        return region_name(option, lang)
    if part == "scope":
        return scope_name(option, lang)
    if part == "instance":
        kind = machine(option).kind
        return f"{kind.upper()} ({option})" if kind in ("cpu", "gpu") else option
    return python_name(option) if part == "python" else option
