"""A review in sentences: each finding with its line, the statement that proves it, and the fix.

Takes pastes, findings and error lines, an index and a language; gives sentences and citations. What
no source says, because it is about the paste itself, carries no citation. Knows nothing about what
is looked for in a paste, or how a message is answered as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from kb.answer.quotes import Citations, Draft, to_sentences
from kb.answer.statements import Reference, find_statement
from kb.messages import message as words
from kb.reading.reading import Part
from kb.reading.shapes import FRAME
from kb.records import Chunk, Language, Sentence
from kb.review.checks import Finding, checks_for, find, most_relevant
from kb.review.mend import mend, mended_lines
from kb.review.paste import Paste
from kb.review.status import Status
from kb.search.index import Index

_SHOWN = 6
"""Findings that are told in full; the others are named with their lines."""
_PROBLEMS = 3
"""Lines that could not be read, told one by one."""
_LONGEST_QUOTE = 160
"""Characters of a line that are quoted."""
_NAMED = 4
"""Checks that an all-clear names."""


class Writer:
    """Collects sentences and their citations; each method tells of one thing that was pasted."""

    def __init__(self, index: Index, language: Language) -> None:
        self._index = index
        self._language = language
        self.citations = Citations(index)
        self.sentences: list[Sentence] = []

    def file(self, paste: Paste, findings: Sequence[Finding]) -> None:
        """What is wrong with one file, or what was looked at."""
        proven = self._provable(findings)
        checks = checks_for(paste)
        facts = {
            "file": self._name(paste.kind),
            "lines": self._lines(paste.text.rstrip().count("\n") + 1),
            "checks": len(checks),
        }
        if proven:
            name = "found_app" if paste.kind == "prose" else "found"
            name += "" if len(proven) > 1 else "_one"
            self._tell(self._words(name, **facts, count=len(proven)))
        else:
            chosen = most_relevant(paste, checks)[:_NAMED]
            labels = self._words("joiner").join(one.label[self._language] for one in chosen)
            name = "none" if len(checks) > len(chosen) else "none_few"
            self._tell(self._words(name, **facts, labels=labels))
        before: Finding | None = None
        for finding in proven[:_SHOWN]:
            if before is None or not _is_on_same(before, finding):
                self._claim(finding)
            self._fix(paste, finding)
            before = finding
        if proven[_SHOWN:]:
            self._tell(
                self._words(
                    "more", count=len(proven) - _SHOWN, places=self._places(proven[_SHOWN:])
                )
            )
        self._problems(paste)

    def unchecked(self, paste: Paste, form: str) -> None:
        """A file of a kind that no check looks into."""
        lines = paste.text.rstrip().count("\n") + 1
        facts = {"file": self._name(paste.kind), "lines": self._lines(lines)}
        self._tell(self._words(f"unchecked_{form}", **facts))

    def status(self, status: Status) -> None:
        """What a description of a job or an endpoint says."""
        if status.reason:
            facts = {"file": self._name("description"), "lines": self._lines(status.lines)}
            self._tell(self._words("error", **facts, line=status.line, quote=code(status.quote)))
        else:
            name = "status_good" if status.is_good else "status_other"
            self._tell(self._words(name, value=status.value))

    def _claim(self, finding: Finding) -> None:
        """The line, and what SageMaker does with it."""
        spot, check = finding.spot, finding.check
        name = "line" if spot.line else "quoted"
        lead = self._words(name, line=spot.line, quote=code(spot.quote))
        if finding.if_side:
            lead += self._words(f"if_{finding.if_side}")
        for number, reference in enumerate(check.references):
            chunk = self._statement(reference)
            if chunk is None:
                continue
            draft = Draft(chunk, chunk.start, chunk.end)
            (quoted,) = to_sentences([draft], self.citations, self._language)
            marker, before = ("- ", "") if number else ("1. ", lead)
            if number == 0 or all(quoted.text != sentence.text for sentence in self.sentences):
                self.sentences.append(replace(quoted, marker=marker, lead=before))

    def _fix(self, paste: Paste, finding: Finding) -> None:
        """What to write instead."""
        chunks = filter(None, map(self._statement, finding.check.references))
        drafts = [Draft(chunk, chunk.start, chunk.end) for chunk in chunks]
        (quoted,) = to_sentences(drafts[:1], self.citations, self._language)
        fix = Sentence(finding.fix(self._language), quoted.citations[:1], "", None)
        self.sentences.append(replace(fix, lead=self._words("fix")))
        blocks = {sentence.text for sentence in self.sentences}
        write = "\n".join(mended_lines(paste, finding, self._proven)) or finding.write
        if write:
            block = fenced(write, "dockerfile" if paste.kind == "dockerfile" else "")
            if block not in blocks:  # of a line with several faults, mended in all of them
                self.sentences.append(Sentence(block, (), "", None))

    def _problems(self, paste: Paste) -> None:
        problems = paste.dockerfile.problems
        for problem in problems[:_PROBLEMS]:
            text = self._words(problem.kind, line=problem.line, quote=code(problem.text))
            self._tell(text)
        if problems[_PROBLEMS:]:
            self._tell(self._words("problems_more", count=len(problems) - _PROBLEMS))

    def _provable(self, findings: Sequence[Finding]) -> list[Finding]:
        return [finding for finding in findings if self._statement(finding.check.proof)]

    def _proven(self, paste: Paste) -> list[Finding]:
        return self._provable(find(paste))

    def mended(self, paste: Paste) -> None:
        """The whole file with the findings mended."""
        text, left = mend(paste, self._proven)
        self._tell(self._words("mended"))
        self._tell(fenced(text, "dockerfile" if paste.kind == "dockerfile" else ""))
        if left:
            self._tell(self._words("not_mended", places=self._places(left)))

    def output(
        self,
        message: str,
        outputs: Sequence[Part],
        errors: Sequence[Part],
        causes: Sequence[Part],
    ) -> None:
        """The line of a traceback or log that names the error, and the frame in the own file."""
        lines = sum(part.text.count("\n") + 1 for part in outputs)
        kind = "traceback" if all(part.kind == "traceback" for part in outputs) else "log"
        if not causes:
            name = "no_error" if lines > 1 else "no_error_line"
            self._tell(self._words(name, file=self._name(kind), lines=lines))
            return
        place = _Places(message, outputs)
        first, *others = causes
        facts = {"quote": code(first.text), "file": self._name(kind), "lines": lines}
        if first.kind in ("question", "prose"):
            self._tell(self._words("error_own", **facts))
        elif lines == 1:
            self._tell(self._words("error_only", **facts))
        else:
            self._tell(self._words("error", **facts, line=place(first)))
        frame = _frame_of(first, errors)
        if frame is not None:
            below = place.line_below(frame)
            name = "frame_code" if below else "frame"
            self._tell(self._words(name, quote=code(frame.text), code=code(below)))
        rest = [one for one in others if not FRAME.match(one.text) and one.text not in first.text]
        if rest:
            name = "also" if lines > 1 else "also_only"
            self._tell(self._words(name, line=place(rest[0]), quote=code(rest[0].text)))

    def _places(self, findings: Sequence[Finding]) -> str:
        return self._words("joiner").join(
            self._words("place", line=one.spot.line, label=one.check.label[self._language])
            for one in findings
        )

    def _statement(self, reference: Reference) -> Chunk | None:
        return find_statement(self._index, reference, self._language)

    def _lines(self, count: int) -> str:
        return self._words("line_one" if count == 1 else "lines", count=count)

    def _name(self, kind: str) -> str:
        return self._words(f"name_{kind}")

    def _words(self, name: str, **values: object) -> str:
        return words(f"review_{name}", self._language, **values)

    def _tell(self, text: str) -> None:
        """A sentence about the paste itself, which no source says."""
        self.sentences.append(Sentence(text, (), "", None))


def _is_on_same(before: Finding, finding: Finding) -> bool:
    """Two findings on one line that one statement proves: it is told once."""
    return (
        before.spot.line == finding.spot.line
        and before.spot.quote == finding.spot.quote
        and before.check.references == finding.check.references
        and before.if_side == finding.if_side
    )


def _frame_of(error: Part, errors: Sequence[Part]) -> Part | None:
    """The frame in the person's own file, which stands behind its exception."""
    behind = errors[errors.index(error) + 1 :][:1] if error in errors else ()
    return next((one for one in behind if FRAME.match(one.text)), None)


class _Places:
    """Line numbers within the pasted output, counted over all of its parts."""

    def __init__(self, message: str, outputs: Sequence[Part]) -> None:
        self._message = message
        self._outputs = outputs

    def __call__(self, line: Part) -> int:
        number = 1
        for part in self._outputs:
            if part.start <= line.start < part.end:
                return number + self._message.count("\n", part.start, line.start)
            number += part.text.count("\n") + 1
        return self._message.count("\n", 0, line.start) + 1

    def line_below(self, frame: Part) -> str:
        """The line of code that a frame shows."""
        rest = self._message[frame.end : frame.end + 400].split("\n")
        below = rest[1].strip() if len(rest) > 1 else ""
        return (
            ""
            if FRAME.match(rest[1] if len(rest) > 1 else "") or set(below) <= set("^~ ")
            else below
        )


def code(line: str) -> str:
    """A line as a code span, whatever it holds."""
    text = " ".join(line.strip().split("\n"))
    text = text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE].rstrip() + "…"
    if "`" not in text:
        return f"`{text}`"
    longest = max(map(len, re.findall("`+", text)))
    marks = "`" * (longest + 1)
    return f"{marks} {text} {marks}"


def fenced(text: str, label: str) -> str:
    """Text as a code block, whatever it holds."""
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{label}\n{text}\n{fence}"
