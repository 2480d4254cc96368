"""An `Image` in words, for a terminal, a page or an answer.

Takes an image and a language, gives sentences. Knows nothing about how it was found.
"""

from __future__ import annotations

from kb.image.lookup import Image
from kb.image.words import python_name, region_name, scope_name
from kb.messages import message
from kb.records import Language


def title(image: Image, language: Language, *, name: str = "image_title") -> str:
    """What the image is for, in one line; `name`: the sentence that says so."""
    return message(
        name,
        language,
        framework=f"{image.name} {image.version}",
        scope=scope_name(image.scope, language),
        place=("、" if language == "ja" else ", ").join(details(image, language)),
    )


def details(image: Image, language: Language) -> list[str]:
    """Base, Python, instance and Region, as far as there are any."""
    named = (image.base, image.python and python_name(image.python), image.instance)
    return [*filter(None, named), region_name(image.region, language)]


def patches(image: Image, language: Language) -> str:
    """Whether the version still gets patches, as far as it is known."""
    known = image.patches
    name = f"image_patches_{known.state}"
    if known.state == "partly" and known.until:
        name += "_until"
    return message(name, language, until=known.until)


def assumed(image: Image, language: Language) -> list[str]:
    """One sentence for each part that was chosen, because it was not given."""
    return [
        message(
            f"image_assumed_{part}",
            language,
            version=image.version,
            instance=image.instance,
            base=image.base,
            python=python_name(image.python),
        )
        for part in image.assumed
    ]


def as_text(image: Image, language: Language) -> str:
    """All of it for a terminal; the commands stand on lines of their own, ready to be copied."""
    account = message("image_account", language, account=image.account)
    rows = {
        "URI": image.uri,
        message("image_label_registry", language): f"{image.registry} ({account})",
        message("image_label_patches", language): patches(image, language),
        message("image_label_source", language): image.source,
    }
    return "\n".join(
        [
            title(image, language),
            *(f"  {label}: {value}" for label, value in rows.items()),
            *(f"  * {sentence}" for sentence in assumed(image, language)),
            "",
            image.login,
            "",
            image.from_line,
        ]
    )
