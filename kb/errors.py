"""The errors that a person may meet. Each message says what came, what was expected, what to do.

KbError                 anything this product raises on purpose
├── SettingsError       a value in the environment or in .env cannot be used
├── SourcesError        sources.yaml cannot be used (names line and field)
├── FetchError          a source could not be reached or was refused
├── ParseError          one document could not be read
├── IndexMissing        nothing has been ingested yet
├── IndexDamaged        an index version cannot be opened, or fits another embedding model
│   └── ChromaSilent    the Chroma server does not answer
├── DocumentUnknown     no such document in the index version in use
├── PatternsError       the decision model in patterns.yaml is not valid (names the entry)
├── ChecksError         the checks of pasted files in checks.yaml are not valid (names the entry)
├── EmbeddingError      the embedding model cannot be loaded
├── OnboardingError     onboarding.yaml or checks.yaml cannot be used, or has no such step
├── DatabaseError       the database of feedback and progress cannot be reached or written
├── ImageError          no AWS image fits what was asked (in both languages, with what there is)
├── ImageDataMissing    the tables of AWS images are not installed
└── ChatModelError      the chat model failed; the caller falls back to the extractive answer
"""

from __future__ import annotations

from collections.abc import Mapping

from kb.records import Language


class KbError(Exception):
    """Base of all errors above; `str(error)` is one sentence fit for a person."""


class SettingsError(KbError):
    """A setting has a value that cannot be used."""


class SourcesError(KbError):
    """The list of sources is not valid."""


class FetchError(KbError):
    """A source could not be fetched."""


class ParseError(KbError):
    """A document could not be read."""


class IndexMissing(KbError):
    """There is no published index version."""


class IndexDamaged(KbError):
    """An index version is incomplete or does not fit the settings."""


class ChromaSilent(IndexDamaged):
    """The Chroma server that holds the vectors does not answer."""


class DocumentUnknown(KbError):
    """The named document is not in the index version in use."""


class ChecksError(KbError):
    """The checks of pasted files are not valid."""


class PatternsError(KbError):
    """The decision model is not valid."""


class EmbeddingError(KbError):
    """The embedding model is missing or failed to load."""


class OnboardingError(KbError):
    """The onboarding path is not valid, or was asked for what it does not hold."""


class DatabaseError(KbError):
    """The database cannot be reached or written."""


class ImageError(KbError):
    """No AWS image fits: one part of what was asked is missing, unknown, or not to be had."""

    def __init__(
        self,
        part: str,
        says: Mapping[Language, str],
        options: tuple[str, ...] = (),
        *,
        missing: bool = False,
    ) -> None:
        super().__init__(says["en"])
        self.part = part
        """framework, version, region, instance, scope, python or base."""
        self.says = says
        """The sentence by language."""
        self.options = options
        """What there is instead, the nearest first."""
        self.missing = missing
        """Nothing was given for this part."""


class ImageDataMissing(KbError):
    """The package that holds the tables of AWS images is not installed."""


class ChatModelError(KbError):
    """The chat model did not give a usable answer."""
