"""Settings: read once from the environment and .env, then passed as a value.

Takes environment variables that begin with KB_. Gives a frozen `Settings`. Knows nothing about
what the values are used for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from kb.errors import SettingsError


class Settings(BaseSettings):
    """Every setting is optional. Empty values count as not set."""

    model_config = SettingsConfigDict(
        env_prefix="KB_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    index_dir: Path = Path("data/index")
    chroma_url: str = ""
    """Empty: Chroma embedded in the index version's folder; else http(s)://host:port."""
    embedding_model: str = "bundled"
    """`bundled`, or a model id or folder for sentence-transformers."""
    reranker: str = ""
    """Empty, or a cross-encoder id for sentence-transformers."""
    chat_model: str = ""
    """Empty: extractive answers; else `provider:model` as init_chat_model takes it."""
    chat_base_url: str = ""
    check_model: str = ""
    """The model that checks what was written; empty: the chat model. Served from the same place."""
    chat_timeout: float = Field(default=30.0, gt=0, le=600)
    """Seconds without a new token before the chat model counts as stalled."""
    read_timeout: float = Field(default=8.0, gt=0, le=120)
    """Seconds in which the chat model reads a message; after them the embedded models read it."""
    chat_concurrency: int = Field(default=4, ge=1)
    """Calls of chat models at a time, in one process; waiting counts to the time-outs."""
    chat_budget: int = Field(default=0, ge=0)
    """Tokens of chat models a day (UTC), in and out; 0: no limit."""
    sources: Path = Path("ingest/sources.yaml")
    onboarding: Path = Path("notes/onboarding.yaml")
    """The order file of the onboarding path; the questions lie beside it."""
    keep_days: int = Field(default=0, ge=0)
    """Days after which answers and votes are deleted; 0 keeps them."""
    database_url: str = "sqlite:///data/feedback.db"
    """Feedback, progress, conversations: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."""
    keep_conversations: bool = True
    """Whether the browser's conversations are stored; else they last as long as their tab."""
    manage: Literal["local", "true", "false"] = "local"
    """Who may see Gaps and switch the index version in the browser: who has the page open on this
    machine, everybody, nobody.
    """


def read_settings() -> Settings:
    """The settings of this process; raises SettingsError with one sentence."""
    try:
        return Settings()
    except ValidationError as error:
        raise wrong_setting(error, "KB_") from error


def wrong_setting(error: ValidationError, prefix: str) -> SettingsError:
    """The first value that does not fit, by its variable, whose name begins with `prefix`."""
    first = error.errors()[0]
    name = prefix + "_".join(str(part) for part in first["loc"]).upper()
    return SettingsError(
        f"{name} is {first['input']!r}, which does not fit: {first['msg']}. "
        "Correct it in the environment or in .env."
    )
