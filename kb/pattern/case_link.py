"""A case as one word of an address, so that a link opens it again.

Takes ids of signals, gives `training,os_packages`; takes such a word, gives the signals that a form
can hold and the rest. Knows nothing about pages.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kb.pattern.patterns import load_model

_SHOWN = 3
"""Of what was left out, so many are named."""
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link brings along."""

    signals: frozenset[str]
    ignored: tuple[str, ...]
    """Words that are no signal, or another one of a group that holds only one."""


def case_word(signals: Collection[str]) -> str:
    """The signals in the order of the model, so that one case has one address."""
    return ",".join(signal.id for signal in load_model().signals if signal.id in signals)


def open_case(word: str) -> Opened:
    """The case behind a word, as it may have been cut or mistyped on its way."""
    model = load_model()
    single = {group.id for group in model.groups if group.one}
    signals: dict[str, str] = {}
    ignored = []
    for name in dict.fromkeys(filter(None, (part.strip() for part in word.split(",")))):
        signal = model.signal.get(name)
        if signal is None or (signal.group in single and signal.group in signals.values()):
            ignored.append(name)
        else:
            signals[name] = signal.group
    return Opened(frozenset(signals), tuple(ignored))


def shown(ignored: Collection[str]) -> str:
    """The words that were left out, short enough for a sentence."""
    named = ", ".join(name[:_LONGEST] for name in list(ignored)[:_SHOWN])
    return f"{named} …" if len(ignored) > _SHOWN else named
