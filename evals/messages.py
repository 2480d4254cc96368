"""Evaluate reading: `python -m evals.messages FILE…` over labelled messages, turns, conversations.

Takes JSON lines (evals/data/messages; labels in the README there), prints by language: the act,
whether a decision was wanted, the pattern, the question back, each with its n and a 95 % Wilson
interval; and, unless --held, each item that was read otherwise than labelled. Conversations are
asked turn by turn with the turns before them as they were written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.intervals import Share
from kb.image.listed import listed_version
from kb.pattern.decide import Verdict, decide_signals
from kb.pattern.knowing import KnowingReader
from kb.pattern.settle import settle
from kb.reading.encoded import WANTED, EncodedReader
from kb.reading.reading import CaseReading, Reader, Reading
from kb.records import LANGUAGES, SIDES, Turn
from kb.search.embedding import load_embedder

_FLOOR = 0.5
"""Likelihood of the deciding condition below which nothing is decided."""
_BEFORE = {
    "ja": (
        "学習コンテナについて教えて",
        "学習コンテナは /opt/ml からデータを読みます。",
    ),
    "en": ("Tell me about the training container", "A training container reads from /opt/ml."),
}
"""Stands before a message that was written as a second one, to an answer that is not known."""


@dataclass(frozen=True, slots=True)
class Item:
    """A message in its conversation with its labels."""

    language: str
    message: str
    history: tuple[Turn, ...]
    labels: Any
    group: str = ""
    """A persona, a thread or a brief: what is left out together."""


@dataclass
class Slice:
    """Counts of one figure."""

    right: int = 0
    of: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, right: bool, item: str) -> None:
        self.of += 1
        self.right += right
        if not right:
            self.wrong.append(item)

    def __str__(self) -> str:
        if not self.of:
            return "none"
        share = Share("", self.right, self.of)
        low, high = share.interval
        return f"{share.value:.3f} of {share.n} ({low:.3f} to {high:.3f})"


def read_items(file: Path) -> Iterator[Item]:
    """Each labelled message of a file, whichever of the three kinds it is."""
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "turns" in row:
            history: tuple[Turn, ...] = ()
            for turn in row["turns"]:
                group = row.get("group", row["brief"])
                yield Item(row["language"], turn["text"], history, turn, group)
                said = (Turn("user", turn["text"]), Turn("assistant", turn["assistant"]))
                history = (*history, *said)
        else:
            before: tuple[Turn, ...] = ()
            if row.get("before"):
                asked, answer = row["before"]["user"], row["before"]["assistant"]
                before = (Turn("user", asked), Turn("assistant", answer))
            elif "persona" in row and "before" not in row and not row.get("first"):
                asked, answer = _BEFORE[row["language"]]
                before = (Turn("user", asked), Turn("assistant", answer))
            group = row.get("persona") or row["thread"]
            yield Item(row["language"], row["message"], before, row, group)


def verdicts(case: CaseReading) -> list[Verdict]:
    """One verdict a side where both are asked for, else one."""
    sides = [side for side in SIDES if side in case.sides]
    holding = [c for c in case.conditions if c.state == "holds"]
    if case.sure < _FLOOR:
        holding = [c for c in holding if c.signal in SIDES]
    if len(sides) < 2:
        return [decide_signals({c.signal for c in holding})]
    others = [c for c in holding if c.signal not in SIDES]
    return [decide_signals({s, *(c.signal for c in others if c.side in (None, s))}) for s in sides]


def outcome(reading: Reading) -> tuple[tuple[str, ...], bool]:
    """The patterns decided for, and whether something is asked back."""
    if reading.case is None or reading.case.wanted < WANTED:
        return (), False
    found = verdicts(reading.case)
    if any(verdict.question for verdict in found):
        return (), True
    return tuple(dict.fromkeys(v.outcome.id for v in found if v.outcome)), False


def measure(items: Sequence[Item], reader: Reader) -> dict[str, Slice]:
    """Every figure over these messages."""
    names = ("act", "form", "wanted", "not wanted", "pattern", "asked where open", "not asked back",
             "dropped")  # fmt: skip
    found = {name: Slice() for name in names}
    for item in items:
        labels, reading = item.labels, reader.read(item.message, item.history)
        patterns, asked = outcome(reading)
        decides = bool(patterns) or asked
        signals = [
            f"{c.signal}={c.words!r}{'' if c.state == 'holds' else '-'}"
            for c in (reading.case.conditions if reading.case else ())
        ]
        case = reading.case
        shown = (
            f"{item.message[-160:]!r}: {reading.act} {patterns or asked} "
            f"w={case.wanted if case else 0:.2f} s={case.sure if case else 0:.2f} {signals} "
            f"| {labels['act']} {labels.get('patterns')} {labels.get('ask_back')}"
        )
        found["act"].add(reading.act == labels["act"], shown)
        if labels["act"] == "form":
            found["form"].add(reading.form == labels["form"], f"{reading.form} {shown}")
        wants = labels["wants_decision"]
        found["wanted" if wants else "not wanted"].add(decides == wants, shown)
        if wants and labels.get("patterns"):
            found["pattern"].add(set(patterns) == set(labels["patterns"]), shown)
            found["not asked back"].add(not asked, shown)
        elif wants and labels.get("ask_back"):
            found["asked where open"].add(asked, shown)
        gone = {c["signal"] for c in labels["conditions"] if c["state"] == "dropped"}
        if gone and item.history and "standing" in labels:
            read = {c.signal for c in (case.conditions if case else ()) if c.state == "dropped"}
            found["dropped"].add(gone <= read, shown)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--held", action="store_true", help="set aside: print no items")
    options = parser.parse_args()
    reader = KnowingReader(EncodedReader(load_embedder(""), settle), listed_version)
    items = [item for file in options.files for item in read_items(file)]
    for language in LANGUAGES:
        found = measure([item for item in items if item.language == language], reader)
        for name, figure in found.items():
            print(f"{language} {name}: {figure}")
            if not options.held:
                print(*(f"    {wrong}" for wrong in figure.wrong), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
