"""Lesson: a step of the onboarding path as a reader sees it, drawn from the notes in use.

Takes a `Step` and an `Index`, gives a `Lesson`: the sections' statements word for word, each with
its citation, and the check questions with the statement that explains the answer. `step_as_text`
gives the same as text and choices, for a bot. Knows nothing about persons or pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb.answer.markdown import to_markdown
from kb.answer.quotes import Citations, Draft, to_sentences
from kb.errors import OnboardingError
from kb.messages import message
from kb.path.onboarding import Check, Step, is_stale, taught
from kb.records import Chunk, Citation, Language, Sentence
from kb.search.index import Index


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a lesson."""

    heading: str
    """The question that the section answers."""
    opening: tuple[Sentence, ...]
    """Its first statement, with the code or table that belongs to it."""
    more: tuple[Sentence, ...]
    """The rest of the section."""


@dataclass(frozen=True, slots=True)
class Question:
    """A check question in one language."""

    id: str
    text: str
    choices: tuple[str, ...]
    right: int
    """Place of the right choice, from 1."""
    explanation: Sentence
    """The statement of the notes that tells why."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A step in one language."""

    step: str
    title: str
    parts: tuple[Part, ...]
    questions: tuple[Question, ...]
    citations: tuple[Citation, ...]
    """The places of all sentences, those of the openings first."""
    stale: bool
    """The notes changed since the questions were last reviewed."""


@dataclass(frozen=True, slots=True)
class StepText:
    """A message of a walk along the path: Markdown, and the answers to choose from."""

    text: str
    choices: tuple[str, ...]
    """Empty when every question of the step is answered."""
    citations: tuple[Citation, ...]
    """The places that the [1] markers of `text` stand for."""


def read_lesson(step: Step, index: Index, language: Language) -> Lesson:
    """The step from the index in use. A section or a statement that it does not hold is left out,
    and with it the questions that it explains.
    """
    citations = Citations(index)
    sections = {name: _section(index, name, language) for name in step.sections}
    held = {name: chunks for name, chunks in sections.items() if chunks}
    openings = [
        _sentences([c for c in chunks if c.order == chunks[0].order], citations, language)
        for chunks in held.values()
    ]
    parts = tuple(
        Part(
            chunks[0].heading[-1],
            opening,
            _sentences(chunks, citations, language)[len(opening) :],
        )
        for chunks, opening in zip(held.values(), openings, strict=True)
    )
    questions = (
        _question(check, sections[check.section], citations, language) for check in step.checks
    )
    return Lesson(
        step=step.id,
        title=step.title.of(language),
        parts=parts,
        questions=tuple(question for question in questions if question),
        citations=tuple(citations.all),
        stale=is_stale(step, index.groups),
    )


def _section(index: Index, name: str, language: Language) -> list[Chunk]:
    """What a section teaches in the language asked for, or else in the one that there is."""
    chunks = taught(index.groups.get(f"note:{name}", ()))
    return [chunk for chunk in chunks if chunk.language == language] or chunks


def _sentences(
    chunks: Sequence[Chunk], citations: Citations, language: Language
) -> tuple[Sentence, ...]:
    drafts = [Draft(chunk, chunk.start, chunk.end, chunk.marker) for chunk in chunks]
    return tuple(to_sentences(drafts, citations, language))


def _question(
    check: Check, chunks: Sequence[Chunk], citations: Citations, language: Language
) -> Question | None:
    explaining = [c for c in chunks if c.kind == "statement" and c.order == check.statement]
    if not explaining:
        return None
    return Question(
        id=check.id,
        text=check.question.of(language),
        choices=tuple(choice.of(language) for choice in check.choices),
        right=check.right,
        explanation=_sentences(explaining[:1], citations, language)[0],
    )


def step_as_text(
    steps: Sequence[Step],
    index: Index,
    number: int,
    language: Language,
    answers: Sequence[int] = (),
) -> StepText:
    """Step `number` (from 1) as one message of a walk, after `answers` to its first questions.

    With no answers: the lesson and its first question. After an answer (the place of a choice, from
    1): whether it was right, the statement that explains it, and the next question. Raises
    OnboardingError when there is no such step or choice.
    """
    if not 1 <= number <= len(steps):
        raise OnboardingError(f"There is no step {number}; the path has steps 1 to {len(steps)}.")
    lesson = read_lesson(steps[number - 1], index, language)
    asked = len(lesson.questions)
    if len(answers) > asked:
        raise OnboardingError(f"Step {number} has {asked} questions, {len(answers)} answers came.")
    blocks: list[str] = []
    citations: tuple[Citation, ...] = ()
    if answers:
        said, citation = _verdict(lesson, answers, number, language)
        blocks, citations = [said], (citation,)
    else:
        shown = {n for part in lesson.parts for s in part.opening for n in s.citations}
        citations = tuple(c for c in lesson.citations if c.number in shown)
        title = message("onboarding_step", language, number=number, steps=len(steps))
        blocks.append(f"**{title} · {lesson.title}**")
        blocks += [f"**{part.heading}**\n\n{to_markdown(part.opening)}" for part in lesson.parts]
        if not lesson.parts:
            blocks.append(message("onboarding_missing", language))
        if lesson.stale:
            blocks.append(message("onboarding_stale", language))
    choices: tuple[str, ...] = ()
    if len(answers) < asked:
        question, choices = lesson.questions[len(answers)], lesson.questions[len(answers)].choices
        place = message("onboarding_check", language, number=len(answers) + 1, checks=asked)
        blocks.append(f"**{place}** {question.text}")
    else:
        last = "onboarding_finished" if number == len(steps) else "onboarding_next"
        blocks.append(message(last, language, number=number))
    return StepText("\n\n".join(blocks), choices, citations)


def _verdict(
    lesson: Lesson, answers: Sequence[int], number: int, language: Language
) -> tuple[str, Citation]:
    """What came of the newest answer, and the place that proves it, as number 1."""
    question, answer = lesson.questions[len(answers) - 1], answers[-1]
    if not 1 <= answer <= len(question.choices):
        raise OnboardingError(
            f"Question {len(answers)} of step {number} has choices 1 to {len(question.choices)}, "
            f"and {answer} came."
        )
    said = "onboarding_right" if answer == question.right else "onboarding_wrong"
    said = message(said, language, choice=question.choices[question.right - 1])
    explanation = replace(question.explanation, citations=(1,))
    citation = lesson.citations[question.explanation.citations[0] - 1]
    return f"{said}\n\n{to_markdown([explanation])}", replace(citation, number=1)
