"""Judging: what a checking model says of a written answer, to the answer as it is shown.

Takes a question, a `Written` and a way to ask the model; gives the answer without what its quotes
contradict, and with marks on what they do not state. Knows nothing about how it was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb.answer.quotes import Citations
from kb.messages import message
from kb.records import Language, Sentence, Usage
from kb.writer.chat import ChatFailed
from kb.writer.check import Ask, Claim, Verdict, check


@dataclass(frozen=True, slots=True)
class Written:
    """A checked answer of the chat model."""

    sentences: Sequence[Sentence]
    citations: Citations
    declined: bool = False
    """The model found no answer in the sources; there are no sentences then."""
    missing: str = ""
    """What to search for besides, where there is no answer."""
    removed: int = 0
    """Sentences that the checking model found contradicted by their quotes; they are left out."""
    checked_short: bool = False
    """The checking model gave no verdicts: the words alone decided what is supported."""
    usage: Usage = Usage()

    def notice(self, language: Language) -> str:
        """One sentence on how the answer was checked, where there is something to say."""
        if self.checked_short:
            return message("check_short", language)
        return message("check_removed", language, count=str(self.removed)) if self.removed else ""


class Unusable(ChatFailed):
    """The model answered, but not from the sources."""


def judged(question: str, written: Written, language: Language, ask: Ask) -> Written:
    """The answer as the checking model sees it; raises Unusable when few sentences are left.

    One that answers nothing, and of which nothing is supported, is no answer.
    """
    cited = [s for s in written.sentences if s.citations and not s.text.startswith("```")]
    quotes = {citation.number: citation.quote for citation in written.citations.all}
    claims = [Claim(s.text, tuple(quotes[number] for number in s.citations)) for s in cited]
    result = check(question, claims, ask)
    if result is None:
        return replace(written, checked_short=True)
    verdicts = {id(s): verdict for s, verdict in zip(cited, result.verdicts, strict=True)}
    supported = sum(verdict.standing == "supported" for verdict in result.verdicts)
    if claims and not supported and not result.answered:
        return Written((), written.citations, declined=True, missing=result.missing or question)
    if 2 * supported < len(claims):
        raise Unusable(f"{supported} of {len(claims)} sentences are supported")
    kept = tuple(
        _marked(sentence, verdicts.get(id(sentence)), language)
        for sentence in written.sentences
        if id(sentence) not in verdicts or verdicts[id(sentence)].standing != "contradicted"
    )
    return replace(written, sentences=kept, removed=len(written.sentences) - len(kept))


def _marked(sentence: Sentence, verdict: Verdict | None, language: Language) -> Sentence:
    """A sentence with its verdict, and the words that differ; whoever shows it sets the mark."""
    if verdict is None:
        return sentence
    if verdict.standing == "supported":
        return replace(sentence, supported=True)
    if not verdict.words or verdict.words.strip() == sentence.text.strip():
        return replace(sentence, supported=False)
    space = " " if language == "en" else ""
    words = message("unproven_words", language, words=verdict.words)
    return replace(sentence, text=f"{sentence.text}{space}{words}", supported=False)
