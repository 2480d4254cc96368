"""`python -m kb image`: the AWS image for a framework, on the command line.

Takes the words of the command line, prints the image, or what there is instead.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, replace
from typing import TextIO

from kb.errors import ImageError
from kb.image.lookup import options, resolve
from kb.image.parts import Parts, read_parts
from kb.image.wording import as_text
from kb.image.words import framework_id
from kb.messages import message
from kb.records import Language
from kb.settings import Settings
from kb.text.language import language

_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def run(given: argparse.Namespace, settings: Settings, out: TextIO) -> int:
    """Print the image; 1 when there is none, 2 when a part that is needed was left out."""
    lang = _language(given)
    try:
        if given.list:
            print(_listed(given.framework), file=out)
            return 0
        parts, variable = _asked(given)
        image = resolve(**asdict(parts))
    except ImageError as error:
        sentence = ("" if lang == "ja" else " ").join(
            [error.says[lang], *_hint(error, given, lang)]
        )
        if error.missing:
            given.usage.error(sentence)
        print(sentence, file=sys.stderr)  # noqa: T201 the command line's voice
        return 1
    if given.json:
        print(json.dumps(asdict(image), ensure_ascii=False), file=out)
        return 0
    print(as_text(image, lang), file=out)
    if variable:
        said = message("image_assumed_region", lang, region=image.region, variable=variable)
        print(f"\n{said}", file=out)
    return 0


def _hint(error: ImageError, given: argparse.Namespace, lang: Language) -> list[str]:
    """What to type instead."""
    if error.part == "framework":
        return [message("image_list_hint", lang, arguments="--list")]
    if error.part == "version":
        return [message("image_list_hint", lang, arguments=f"{given.framework} --list")]
    return [message(f"image_{error.part}_hint", lang)] if error.missing else []


def _asked(given: argparse.Namespace) -> tuple[Parts, str]:
    """The options, over what stands in the framework's argument (`PyTorch 2.6.0 GPU`)."""
    parts, rest = read_parts(given.framework)
    if not parts.framework or any(sign.isalnum() for sign in rest):
        parts = Parts(framework=framework_id(given.framework))
    said = Parts(
        version=given.version,
        region=given.region,
        instance=given.instance,
        scope=given.scope,
        python=given.python,
        base=given.base,
    )
    parts = said.over(parts)
    variable = next((name for name in _REGION_VARIABLES if os.environ.get(name)), "")
    if parts.region or not variable:
        return parts, ""
    return replace(parts, region=os.environ[variable]), variable


def _listed(framework: str) -> str:
    """Every framework, or the versions of one, the newest first."""
    known = options()
    if not framework:
        return "\n".join(f"{name}\t{shown}" for name, shown in known.frameworks.items())
    purposes = known.versions[framework_id(framework)]
    return "\n".join(f"{scope}\t{' '.join(versions)}" for scope, versions in purposes.items())


def _language(given: argparse.Namespace) -> Language:
    """Japanese for words in Japanese, or where the terminal's locale is Japanese."""
    words = " ".join((given.framework, given.version, given.region, given.scope, given.instance))
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    if any(sign.isalpha() and not sign.isascii() for sign in words):
        return language(words)
    return "ja" if locale.startswith("ja") else "en"
