"""Model: one chat model that many ask at once, within a number of calls and a budget of tokens.

Takes messages, gives text; every call is counted. Knows nothing about what is asked.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

from dotenv import load_dotenv

from kb.records import Usage
from kb.settings import Settings
from kb.writer.chat import ChatFailed, Message, Spend, open_chat_model, stream_text

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_LOG = logging.getLogger("kb")
_FRESH = 60.0
"""Seconds for which it counts what all processes had stored together."""


class BudgetSpent(ChatFailed):
    """The tokens of the day are used up; nothing is asked any more."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the {limit} tokens of KB_CHAT_BUDGET are spent for today", retry=False)


class Budget:
    """Tokens of a day (UTC). `stored`: the tokens since a time that all processes have stored.

    What this process used counts at once, what others stored within a minute. Asked before a call,
    so that calls that run at the same time may go beyond it.
    """

    def __init__(self, limit: int = 0, stored: Callable[[datetime], int] | None = None) -> None:
        self.limit = limit
        self._stored = stored
        self._lock = threading.Lock()
        self._day = _today()
        self._own = self._others = 0
        self._looked = -math.inf

    def require(self) -> None:
        """Raises BudgetSpent when nothing is left."""
        if self.limit and self.spent >= self.limit:
            raise BudgetSpent(self.limit)

    def add(self, usage: Usage) -> None:
        """Count a call of this process."""
        with self._lock:
            self._turn()
            self._own += usage.tokens_in + usage.tokens_out

    @property
    def spent(self) -> int:
        """Tokens of today; what is stored holds what this process used, or will soon."""
        with self._lock:
            self._turn()
            if self._stored is not None and monotonic() - self._looked > _FRESH:
                self._looked = monotonic()
                self._others = self._stored(self._day)
            return max(self._own, self._others)

    def _turn(self) -> None:
        if self._day != _today():
            self._day, self._own, self._others, self._looked = _today(), 0, 0, -math.inf


def _today() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the models of one process share."""

    slots: threading.Semaphore = field(default_factory=lambda: threading.BoundedSemaphore(4))
    budget: Budget = field(default_factory=Budget)


class Model:
    """A chat model of LangChain. Safe to share between threads."""

    def __init__(
        self,
        name: str,
        open_model: Callable[[float | None], BaseChatModel],
        patience: float,
        limits: Limits,
    ) -> None:
        """`open_model` takes a temperature; None leaves it to the model. `patience`: seconds
        without a new token after which it counts as stalled.
        """
        self.name = name
        self._open = open_model
        self._model = open_model(0.0)
        self._patience = patience
        self._limits = limits

    def stream(
        self, asked: Sequence[Message], spend: Spend, *, within: float = math.inf
    ) -> Iterator[str]:
        """Pieces of the reply, all of them `within` seconds. Raises ChatFailed."""
        self._limits.budget.require()
        try:
            yield from self._pieces(asked, spend, within)
        except ChatFailed as failure:
            if failure.status != 400 or "temperature" not in str(failure):
                raise
            _LOG.info("%s refuses the temperature; it is left to the model from now on", self.name)
            self._model = self._open(None)
            yield from self._pieces(asked, spend, within)

    def ask(self, asked: Sequence[Message], spend: Spend, *, within: float = math.inf) -> str:
        """The whole reply. Raises ChatFailed."""
        return "".join(self.stream(asked, spend, within=within))

    def _pieces(self, asked: Sequence[Message], spend: Spend, within: float) -> Iterator[str]:
        def count(usage: Usage) -> None:
            self._limits.budget.add(usage)
            spend(usage)

        return stream_text(
            self._model,
            asked,
            self._patience,
            within=within,
            slots=self._limits.slots,
            spend=count,
        )


def load_limits(settings: Settings, stored: Callable[[datetime], int] | None = None) -> Limits:
    """The limits that the settings describe."""
    slots = threading.BoundedSemaphore(settings.chat_concurrency)
    return Limits(slots, Budget(settings.chat_budget, stored))


def load_model(settings: Settings, limits: Limits | None = None, *, name: str = "") -> Model:
    """The chat model of the settings, or another one (`name`) at the same place.

    Raises SettingsError when it cannot be set up.
    """
    load_dotenv(".env")  # providers look for their keys in the environment only
    named = settings.model_copy(update={"chat_model": name or settings.chat_model})
    return Model(
        named.chat_model,
        lambda temperature: open_chat_model(named, temperature=temperature),
        settings.chat_timeout,
        limits or load_limits(settings),
    )
