"""Signals: what the conditions of a case are to each other, from the data of kb/pattern.

Takes nothing, gives `Signals`. What a signal is stands in kb/pattern/patterns.yaml alone, and
kb.pattern.patterns checks the file; of that file only what reading needs is read here, because a
reader stands below the rules. Knows nothing about rules, outcomes or words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kb.errors import PatternsError
from kb.yaml_file import read_yaml

FILE = Path(__file__).parents[1] / "pattern" / "patterns.yaml"


@dataclass(frozen=True, slots=True)
class Signals:
    """Ids of signals by what they are to each other."""

    instead: tuple[frozenset[str], ...]
    """Of these the one told last counts. Told in one message they stand beside each other: then
    they contradict, and the rules say so."""
    needs: frozenset[str]
    """What an AWS image as it is does not meet."""
    enough: str
    """What holds once the last need is taken back: the AWS image as it is."""
    lasting: frozenset[str]
    """What stays where a new need takes the place of the one before."""
    closer: Mapping[str, tuple[str, ...]]
    """A signal of a kind not told, and those that tell it."""


@cache
def load_signals() -> Signals:
    """What patterns.yaml says."""
    content = read_yaml(FILE, PatternsError)
    signals = content["signals"]
    return Signals(
        tuple(map(frozenset, content["instead"])),
        frozenset(signal["id"] for signal in signals if signal.get("need")),
        content["enough"],
        frozenset(signal["id"] for signal in signals if signal.get("lasting")),
        {signal["id"]: tuple(signal["closer"]) for signal in signals if "closer" in signal},
    )
