"""What other programs read, as JSON objects: an `Answer` (`kb ask --json`), a `Gap` (`kb gaps`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kb.records import Answer, Citation, Decision, Sentence

if TYPE_CHECKING:  # the groups of gaps bring the database along, which an answer does not need
    from kb.gaps.gaps import Gap


def to_json(answer: Answer) -> dict[str, Any]:
    """The contract's fields in the contract's order."""
    return {
        "id": answer.id,
        "question": answer.question,
        "language": answer.language,
        "declined": answer.declined,
        "reason": answer.reason,
        "act": answer.act,
        "understood": [
            {"signal": one.signal, "words": one.words, "state": one.state, "side": one.side}
            for one in answer.understood
        ],
        "pattern": answer.pattern,
        "patterns": list(answer.patterns),
        "clarify": answer.clarify,
        "choices": list(answer.choices),
        "answer": answer.answer,
        "sentences": [sentence_to_json(sentence) for sentence in answer.sentences],
        "citations": [citation_to_json(citation) for citation in answer.citations],
        "model": answer.model,
        "index_version": answer.index_version,
        "seconds": answer.seconds,
        "suggestions": list(answer.suggestions),
        "decision": _decision(answer.decision),
        "notice": answer.notice,
    }


def gap_to_json(gap: Gap) -> dict[str, Any]:
    """The questions of a gap, how often each was asked and why, and what lies near."""
    return {
        "id": gap.id,
        "state": gap.state,
        "title": gap.title,
        "times": gap.times,
        "troubles": dict(gap.troubles),
        "questions": [
            {
                "question": asked.question,
                "text": asked.text,
                "language": asked.language,
                "trouble": asked.trouble,
                "times": asked.times,
                "comments": list(asked.comments),
                "answer": asked.newest.id,
                "index_version": asked.newest.index_version,
            }
            for asked in gap.questions
        ],
        "nearest": [
            {"document": section.document, "heading": section.heading} for section in gap.nearest
        ],
    }


def sentence_to_json(sentence: Sentence) -> dict[str, Any]:
    return {
        "text": sentence.text,
        "citations": list(sentence.citations),
        "supported": sentence.supported,
    }


def citation_to_json(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "document": citation.document,
        "source": citation.source,
        "title": citation.title,
        "heading": citation.heading,
        "url": citation.url,
        "quote": citation.quote,
        "start": citation.start,
        "end": citation.end,
        "based_on": list(citation.based_on),
    }


def _decision(decision: Decision | None) -> dict[str, Any] | None:
    """How the pattern was decided: the rule, and the words that raised each signal."""
    if decision is None:
        return None
    raised = [{"signal": one.signal, "words": one.words} for one in decision.raised]
    return {"rule": decision.rule, "raised": raised}
