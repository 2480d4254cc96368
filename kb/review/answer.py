"""The review of a message's pastes, in sentences that name the person's own lines.

Takes the parts of a message, an index and a language; gives a `Review`: what is wrong in each
pasted file, the worst first, with the statement of our notes that says what SageMaker does with it
and what to write instead; and of tracebacks and logs the line that names the error, as a query for
the search. None where nothing was pasted that can be judged. Knows nothing about how a message is
read and answered as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from kb.answer.markdown import to_markdown
from kb.reading.parts import find_error_lines, telling
from kb.reading.reading import Part
from kb.reading.shapes import without_prefix
from kb.records import Citation, Language, Sentence, Side
from kb.review.asking import asked_beside
from kb.review.cause import by_cause, is_wrapper, own_causes
from kb.review.checks import Finding, find
from kb.review.forms import CHECKED, asks_for_more, form_of
from kb.review.paste import Paste, sides_of
from kb.review.status import status_of
from kb.review.told import told_app
from kb.review.wording import Writer
from kb.review.written import is_server
from kb.search.index import Index

_FILES = ("dockerfile", "code", "shell", "data")
_OUTPUT = ("traceback", "log")
_LONGEST_QUERY = 300
_LOOKED_AT = 40
"""Error lines among which the cause is looked for."""
_WHOLE = re.compile(
    r"全部|全体|丸ごと|まるごと|ぜんぶ|修正版|修正後|書き直し|直したファイル"
    r"|(?:whole|full) (?:file|thing|dockerfile)|entire|corrected|rewrite"
    r"|fixed (?:file|version|dockerfile)|fix (?:it )?all|fix everything|all of it",
    re.IGNORECASE,
)
"""That the person wants the file itself."""
_ONLY_NAME = re.compile(r"[\w.]+:?", re.ASCII)
"""An exception that is printed above what it says."""
_INFERENCE: frozenset[Side] = frozenset({"inference"})
_TRAINING: frozenset[Side] = frozenset({"training"})


@dataclass(frozen=True, slots=True)
class Review:
    """What the pastes of a message say."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    findings: tuple[Finding, ...] = ()
    """The worst first, over all files."""
    query: str = ""
    """The line that names the error, without time and level: to be searched for in the sources.
    Empty where the findings say it all."""
    asks: Mapping[str, float] = field(default_factory=dict)
    """The person's questions, each with how near it has to come to one that the notes answer before
    it is answered beside the review."""
    says_all: bool = False
    """Nothing is wrong, and nothing else is asked: no more is to be told."""

    @property
    def markdown(self) -> str:
        return to_markdown(self.sentences)


def review(
    parts: Sequence[Part],
    message: str,
    language: Language,
    index: Index,
    sides: Collection[Side] = (),
) -> Review | None:
    """`parts`: of `message`, as `kb.reading.parts.find_parts` gives them; `sides`: of the case."""
    prose = " ".join(part.text for part in parts if part.kind in ("question", "prose"))
    files = _pastes(parts, prose, sides)
    outputs = [part for part in parts if part.kind in _OUTPUT]
    statuses = [one for part in parts if part.kind == "data" and (one := status_of(part.text))]
    more = asks_for_more(prose)
    found = [(paste, find(paste), form_of(paste)) for paste in files]
    judged = [(paste, findings) for paste, findings, form in found if findings or form in CHECKED]
    others = [(paste, form) for paste, found, form in found if form and form not in CHECKED]
    unchecked = [] if more or judged or outputs or statuses else others
    if not judged and not outputs and not statuses and not unchecked:
        return None
    writer = Writer(index, language)
    for paste, form in unchecked:
        writer.unchecked(paste, form)
    for status in statuses:
        writer.status(status)
    for paste, findings in judged:
        writer.file(paste, findings)
        if findings and _WHOLE.search(prose):
            writer.mended(paste)
    errors = find_error_lines(message, parts, most=_LOOKED_AT) if outputs else ()
    causes = _causes(errors, parts, index)
    if outputs:
        writer.output(message, outputs, errors, causes)
    findings = [finding for _, findings in judged for finding in findings]
    query = ""
    if errors or not findings:
        reason = next((status.reason for status in statuses if status.reason), "")
        lines = causes or find_error_lines(message, parts)
        line = next(iter(causes), None) or telling([one for one in lines if one.kind != "data"])
        text = reason or (_with_its_message(line, message) if line else "")
        query = text.strip()[:_LONGEST_QUERY]
    return Review(
        tuple(writer.sentences),
        tuple(writer.citations.all),
        tuple(sorted(findings, key=lambda finding: -finding.check.severity)),
        query,
        asked_beside(parts),
        says_all=not (findings or query or more),
    )


def _causes(errors: Sequence[Part], parts: Sequence[Part], index: Index) -> tuple[Part, ...]:
    """The error lines, the one that names the cause first: what the person quotes of another log,
    where the pasted lines only say that something failed.
    """
    causes = by_cause(errors, index)
    if causes and is_wrapper(causes[0], index):
        own = own_causes(parts, index)
        return (*own, *(line for line in causes if line not in own))
    return causes


def _with_its_message(line: Part, message: str) -> str:
    """The line without time and level; the name of an exception alone with the line below it."""
    text = without_prefix(line.text)
    if not _ONLY_NAME.fullmatch(text.strip()):
        return text
    below = message[line.end :].split("\n")[1:2]
    return " ".join((text.strip(), *below))


def wants_whole(message: str) -> bool:
    """The person wants the file itself, mended."""
    return bool(_WHOLE.search(message))


def _pastes(parts: Sequence[Part], prose: str, sides: Collection[Side]) -> list[Paste]:
    """The files; one that does not show what it is for takes it from the others."""
    files = [part for part in parts if part.kind in _FILES]
    together = "\n".join(part.text for part in files)
    has_server = any(part.kind == "code" and is_server(part.text) for part in files)
    app = told_app(prose)
    pastes = []
    for part in files:
        own = sides_of(part.text, prose, sides) or sides_of(together, prose, sides)
        if part.kind == "code" and is_server(part.text):
            own = _INFERENCE  # whatever is said of how the model was trained
        elif part.kind == "dockerfile" and (has_server or app.routes) and "inference" not in own:
            own = own if sides_of(part.text, "", ()) == _TRAINING else _INFERENCE
        pastes.append(Paste(part.kind, part.text, prose, own))
    if any(part.kind == "dockerfile" for part in files) and app.quote and not has_server:
        asked = _INFERENCE if app.routes else sides_of(together, prose, sides)
        if "inference" in asked:
            pastes.append(Paste("prose", prose, prose, _INFERENCE))
    return pastes
