"""Explain: a verdict in sentences, each proven by a statement of our notes.

Takes a verdict (and the person's words), an index and a language; gives `Explained`: sentences with
citations, fit to open an answer or to stand on a page. None where the index lacks a statement that
the model rests on: a decision without its proof is not shown. Knows nothing about questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kb.answer.markdown import to_markdown
from kb.answer.quotes import Citations
from kb.answer.statements import Reference, find_statement
from kb.messages import message
from kb.pattern.decide import Verdict, decide_signals
from kb.pattern.patterns import Outcome, load_model, on_sides
from kb.proof.verify import is_supported
from kb.records import SIDES, Citation, Language, ListedVersion, PatternId, Raised, Sentence, Side
from kb.search.index import Index

_LONGEST = 48
"""Characters of the person's words that are shown."""
_WORDS = 3
"""Conditions that one line names at most."""
_MARKED = re.compile(r"[!-~]*[\[\]*_|<>#\\][!-~]*")
"""A run of Latin signs with one that means something in Markdown."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Sentences in reading order, and what their numbers stand for."""

    sentences: tuple[Sentence, ...]
    citations: Citations

    @property
    def markdown(self) -> str:
        return to_markdown(self.sentences)


@dataclass(frozen=True, slots=True)
class Row:
    """One outcome in the comparison of all seven; each text is a statement with its number."""

    pattern: PatternId
    title: str
    what: Sentence
    costs: Sentence
    changes: Sentence
    sample: Sentence


class StatementMissing(Exception):
    """The index lacks a statement, or a statement proves its sentence no more."""


def explain(
    verdict: Verdict, raised: Iterable[Raised], index: Index, language: Language
) -> Explained | None:
    """The verdict, why, what it costs, what would change it, what to do next, and a sample."""
    words = list(raised) or [
        Raised(signal.id) for signal in load_model().signals if signal.id in verdict.signals
    ]
    return explain_each([(verdict, words)], index, language)


def explain_each(
    verdicts: Sequence[tuple[Verdict, Sequence[Raised]]],
    index: Index,
    language: Language,
    *,
    brief: bool = False,
    listed: ListedVersion | None = None,
) -> Explained | None:
    """One verdict after the other. `brief`: without steps and sample, to leave room for more.

    `listed`: what the official tables list of the version that the case turns on.
    """
    writer = Writer(index, language)
    try:
        for place, (verdict, words) in enumerate(verdicts):
            if verdict.outcome is None:
                writer.asked(verdict, words)
            else:
                side = verdict.side if len(verdicts) > 1 else None
                writer.decided(verdict, verdict.outcome, words, side=side)
            if listed is not None and place == 0:
                writer.looked_up(listed)
            if verdict.outcome is not None:
                writer.consequences(verdict, verdict.outcome)
            if verdict.outcome is not None and not brief:
                writer.next_steps(verdict, verdict.outcome)
    except StatementMissing:
        return None
    return Explained(tuple(writer.sentences), writer.citations)


class Writer:
    """Collects sentences; every one is held against its quotes. Raises StatementMissing."""

    def __init__(self, index: Index, language: Language) -> None:
        self._index = index
        self._language = language
        self.citations = Citations(index)
        self.sentences: list[Sentence] = []

    def decided(
        self,
        verdict: Verdict,
        outcome: Outcome,
        words: Sequence[Raised],
        *,
        side: Side | None = None,
    ) -> None:
        """The decision and why; `side`: names it, where another decision stands beside."""
        rule, reason = verdict.rule, verdict.rule.reason_on(verdict.side)
        title = outcome.title.of(self._language)
        claim = rule.says.of(self._language) if rule.says else self._said("fits", title=title)
        label = load_model().signal[side].label.of(self._language) if side else ""
        lead = self._said("side", side=label) if label else ""
        self._claim(claim, (reason, *outcome.named), lead=lead)
        deciding = [r for r in words if r.signal in rule.named]
        if not deciding:
            deciding = [Raised(signal) for signal in rule.named if signal in verdict.signals]
        because = self._because(deciding)
        self._quote(reason, lead=self._said("why", because=because), again=side is not None)
        self._weighed(verdict, outcome, words)

    def looked_up(self, listed: ListedVersion) -> None:
        """What the official tables list; the statement cited tells what they are."""
        sides = "_".join(side for side in SIDES if getattr(listed, side))
        name = sides or ("between" if listed.below and listed.above else "")
        text = self._said(
            f"listed_{name or ('newer' if listed.below else 'older')}",
            framework=listed.framework,
            number=listed.number,
            training=_joined(listed.training),
            inference=_joined(listed.inference),
            below=listed.below,
            above=listed.above,
            source=listed.source,
        )
        citation = self.cite(load_model().tables)
        lead = self._said("listed")
        self.sentences.append(
            Sentence(
                text,
                (citation.number,),
                "- ",
                supported=None,  # the tables say it, no quote does
                lead=lead,
                looked_up=listed.source,
            )
        )

    def consequences(self, verdict: Verdict, outcome: Outcome) -> None:
        """What it costs, and what would change it."""
        rule = verdict.rule
        for number, reference in enumerate(rule.costs or outcome.costs):
            self._quote(reference, lead=self._said("mind" if number else "costs"))
        self.changes(verdict, outcome)

    def changes(self, verdict: Verdict, outcome: Outcome) -> None:
        for reference in verdict.rule.changes or outcome.changes:
            self._quote(reference, lead=self._said("changes"))

    def proofs(self, words: Sequence[Raised]) -> None:
        """What further conditions mean for the choice, each with its statement."""
        for one in words[:_WORDS]:
            proof = load_model().signal[one.signal].proof
            self._quote(proof, lead=self._said("means", because=self._because([one])))

    def way(self, outcome: Outcome, lead: str) -> None:
        """What an outcome is."""
        self._quote(outcome.what, lead=lead)

    def next_steps(self, verdict: Verdict, outcome: Outcome) -> None:
        """What to do, and a sample."""
        rule = verdict.rule
        above = self._said("steps") + "\n"
        sides = [side for side in SIDES if side in verdict.signals] or SIDES
        for step in rule.steps or outcome.steps:
            for reference in on_sides(step, sides):
                above = "" if self._quote(reference, lead=above, marker="1. ") else above
        for reference in on_sides(rule.sample or outcome.sample, sides)[:1]:
            self._quote(reference, lead=self._said("sample"), marker="")

    def _weighed(self, verdict: Verdict, outcome: Outcome, words: Sequence[Raised]) -> None:
        """Conditions that alone would lead elsewhere, and what else a condition means."""
        side = {verdict.side} if outcome.id != "none" else verdict.signals & set(SIDES)
        weaker = []
        for raised in words:
            if raised.signal in (*verdict.rule.named, *SIDES):
                continue
            alone = decide_signals({raised.signal, *side})
            if alone.outcome is not None and alone.outcome.id != outcome.id:
                weaker.append(raised)
        if weaker and outcome.id != "none":
            lead = self._said("first", because=self._because(weaker))
            self._quote(PRECEDENCE, lead=lead)
        also = {signal.id: signal.proof for signal in load_model().signals if signal.mention}
        for raised in [r for r in words if r.signal in also][:1]:
            lead = self._said("also", because=self._because([raised]))
            self._quote(also[raised.signal], lead=lead)

    def asked(self, verdict: Verdict, words: Sequence[Raised]) -> None:
        """The question back, then what can be said before its answer."""
        question = verdict.question
        assert question is not None
        above = self._said("ask", question=question.asks.of(self._language))
        above += "\n\n" + self._said("known") + "\n"
        deciding = [r for r in words if r.signal in verdict.rule.named]
        for side, pattern in verdict.open:
            outcome = load_model().outcome[pattern]
            rule = decide_signals({*verdict.signals - set(SIDES), side}).rule
            if not self.sentences:
                lead = self._said("why", because=self._because(deciding))
                self._quote(rule.reason_on(side), lead=above + lead)
            title = outcome.title.of(self._language)
            self._quote(outcome.what, lead=self._said("option", title=title))
        for reference in question.known:
            self._quote(reference, lead=above if not self.sentences else "")

    def _because(self, raised: Sequence[Raised]) -> str:
        """The person's words, and the condition that they stand for."""
        model, said = load_model(), []
        for one in raised[:_WORDS]:
            label = model.signal[one.signal].label.of(self._language)
            words = shown(one.words)
            said.append(self._said("word", words=words, label=label) if words else label)
        return self._said("and").join(said)

    def _claim(self, text: str, references: Iterable[Reference], *, lead: str) -> None:
        """A sentence of our own, proven by the statements."""
        numbers, quotes = [], []
        for reference in dict.fromkeys(references):
            citation = self.cite(reference)
            numbers.append(citation.number)
            quotes.append(citation.quote)
        supported = is_supported(text, quotes)
        self.sentences.append(Sentence(text, tuple(numbers), lead=lead, supported=supported))

    def _quote(
        self, reference: Reference, *, lead: str, marker: str = "- ", again: bool = False
    ) -> bool:
        """A statement word for word; one that stands here already only where `again`."""
        citation = self.cite(reference)
        text = " ".join(citation.quote.split())
        if not again and any(sentence.text == text for sentence in self.sentences):
            return False
        self.sentences.append(Sentence(text, (citation.number,), marker, lead=lead))
        return True

    def cite(self, reference: Reference) -> Citation:
        chunk = find_statement(self._index, reference, self._language)
        if chunk is None:
            raise StatementMissing
        return self.citations.cite(chunk, chunk.start, chunk.end)

    def _said(self, name: str, **values: object) -> str:
        return message(f"decide_{name}", self._language, **values)


def _joined(versions: Sequence[str]) -> str:
    return ", ".join(versions)


PRECEDENCE = Reference(section="decide-precedence", place=1, evidence=("T139", "D7", "D5", "D3"))
"""Says which condition counts where several meet."""


def shown(words: str) -> str:
    """The person's words, short; as code where a sign would mean something in Markdown."""
    line = " ".join(words.replace("`", "").split())
    short = line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…"
    return _MARKED.sub(lambda run: f"`{run[0]}`", short)


def comparison(index: Index, language: Language) -> tuple[list[Row], Citations] | None:
    """The seven outcomes side by side; None where the index lacks a statement."""
    writer = Writer(index, language)

    def cell(reference: Reference) -> Sentence:
        citation = writer.cite(reference)
        return Sentence(" ".join(citation.quote.split()), (citation.number,))

    try:
        rows = [
            Row(
                outcome.id,
                outcome.title.of(language),
                cell(outcome.what),
                cell(outcome.costs[0]),
                cell(outcome.changes[0]),
                cell(on_sides(outcome.sample, SIDES)[0]),
            )
            for outcome in load_model().outcomes
        ]
    except StatementMissing:
        return None
    return rows, writer.citations


def design_note(
    verdict: Verdict, index: Index, language: Language, raised: Iterable[Raised] = ()
) -> str:
    """A case as Markdown for a design document: conditions, decision, evidence with its links."""
    explained = explain(verdict, raised, index, language)
    if explained is None:
        return ""
    conditions = [
        f"- {signal.label.of(language)}"
        for signal in load_model().signals
        if signal.id in verdict.signals
    ]
    evidence = [
        f"{citation.number}. {citation.title} – {citation.heading}: <{citation.based_on[0]}>"
        if citation.based_on
        else f"{citation.number}. {citation.title} – {citation.heading}"
        for citation in explained.citations.all
    ]
    parts = {"conditions": conditions, "verdict": [explained.markdown], "evidence": evidence}
    body = (
        f"## {message(f'decide_{name}', language)}\n\n" + "\n".join(lines)
        for name, lines in parts.items()
    )
    return f"# {message('decide_note', language)}\n\n" + "\n\n".join(body) + "\n"
