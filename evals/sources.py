"""Sources: how well documents of others are answered: `python -m evals.sources`.

Builds a small world of documents (data/world: a wiki, a sample repository, a blog page, a guide as
PDF), alone and beside our notes, asks the questions that were written from it, and prints by split,
kind and language: the right document cited, cited first, the needed facts, the thing itself shown,
and how well what no document holds is declined; with n and Wilson's interval. `--git` asks instead
the questions on the four repositories of ingest/sources.yaml, in the index in use. Questions of the
split `test` are for figures as a whole; `--each` prints the others one by one.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from evals.intervals import wilson
from evals.metrics import fact_share, folded
from ingest.collect import collect
from ingest.publish import publish
from ingest.sources import Source, read_sources
from kb.assistant import Assistant
from kb.errors import IndexDamaged, IndexMissing
from kb.records import LANGUAGES, Answer, Turn
from kb.search.embedding import Embedder, load_embedder
from kb.search.index import Index, IndexStore
from kb.settings import Settings, read_settings

DATA = Path(__file__).parent / "data"
WORLD = DATA / "world-questions.jsonl"
MORE = DATA / "world-more.jsonl"
"""More on the world, for fitting: the other language's pages, and near misses."""
GIT = DATA / "git-questions.jsonl"
_SOURCES = DATA / "world-sources.yaml"
_NOTES = DATA / "sources.yaml"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and what a right answer has."""

    id: str
    language: str
    kind: str
    question: str
    split: str
    documents: tuple[str, ...] = ()
    """Ends of the ids of documents that answer it; none: no document does."""
    facts: tuple[tuple[str, ...], ...] = ()
    shows: str = ""
    history: tuple[Turn, ...] = ()

    def names(self, document: str) -> bool:
        """Whether the document is one of those that answer; a bare name is a part of the id."""
        return any(
            document.endswith(end) if "." in end or "/" in end else end in document
            for end in self.documents
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an answer was worth."""

    question: Question
    cited: bool
    first: bool
    facts: float
    shown: bool
    declined: bool
    seconds: float
    answer: str


def read_questions(file: Path) -> list[Question]:
    """The questions of a file, one JSON object a line."""
    rows = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return [
        Question(
            row["id"],
            row["language"],
            row["kind"],
            row["question"],
            row["split"],
            tuple(row["document"]),
            tuple(map(tuple, row["facts"])),
            row.get("shows", ""),
            tuple(Turn(turn["role"], turn["content"]) for turn in row.get("history", ())),
        )
        for row in rows
    ]


def judge(question: Question, answer: Answer) -> Outcome:
    """What `answer` is worth."""
    documents = [citation.document for citation in answer.citations]
    right = [question.names(document) for document in documents]
    quoted = folded("\n".join(citation.quote for citation in answer.citations))
    return Outcome(
        question,
        cited=any(right),
        first=bool(right[:1] and right[0]),
        facts=fact_share(answer.answer, question.facts),
        shown=bool(question.shows) and folded(question.shows) in quoted and any(right),
        declined=answer.declined,
        seconds=answer.seconds,
        answer=answer.answer,
    )


def ask_all(questions: Iterable[Question], assistant: Assistant) -> list[Outcome]:
    """Every question asked for real."""
    return [judge(q, assistant.ask(q.question, q.history)) for q in questions]


def build_world(folder: Path, embedder: Embedder, *, with_notes: bool) -> IndexStore:
    """The index of the small world in `folder`, built or brought up to date."""
    sources: list[Source] = read_sources(_SOURCES)
    if with_notes:
        sources += read_sources(_NOTES)
    store = IndexStore(folder)
    previous: Index | None = None
    with suppress(IndexMissing, IndexDamaged):  # none yet, or one of another format
        previous = store.current()
    collection = collect(sources, embedder.count, previous, model=embedder.name)
    publish(collection, embedder, folder, previous=previous)
    return IndexStore(folder)


_MEASURES: dict[str, tuple[Callable[[Question], bool], Callable[[Outcome], float]]] = {
    "cited": (lambda q: bool(q.documents), lambda o: float(o.cited)),
    "first": (lambda q: bool(q.documents), lambda o: float(o.first)),
    "facts": (lambda q: bool(q.documents), lambda o: float(o.facts == 1.0)),
    "shown": (lambda q: bool(q.shows), lambda o: float(o.shown)),
    "declined": (lambda q: not q.documents, lambda o: float(o.declined)),
    "answered": (lambda q: bool(q.documents), lambda o: float(not o.declined)),
}


def figures(outcomes: Sequence[Outcome]) -> dict[str, tuple[float, int]]:
    """By measure: how many are right, of how many."""
    return {
        name: (sum(value(o) for o in part), len(part))
        for name, (counts, value) in _MEASURES.items()
        if (part := [o for o in outcomes if counts(o.question)])
    }


def precision(outcomes: Sequence[Outcome]) -> tuple[float, int]:
    """Of what was declined, how much no document answers."""
    declined = [o for o in outcomes if o.declined]
    return float(sum(not o.question.documents for o in declined)), len(declined)


def lines(outcomes: Sequence[Outcome]) -> list[str]:
    """The table: a line a slice."""
    result = []
    for split in ("tune", "test", "more"):
        part = [o for o in outcomes if o.question.split == split]
        kinds = sorted({o.question.kind for o in part})
        slices = {split: part}
        slices |= {
            f"{split} {code}": [o for o in part if o.question.language == code]
            for code in LANGUAGES
        }
        slices |= {
            f"{split} {kind}": [o for o in part if o.question.kind == kind] for kind in kinds
        }
        for name, some in slices.items():
            shown = {**figures(some), "precision": precision(some)}
            texts = []
            for measure, (right, n) in shown.items():
                if n:
                    low, high = wilson(right, n)
                    texts.append(f"{measure} {right / n:.2f} [{low:.2f}–{high:.2f}] n={n}")
            result.append(f"{name:<14} " + "  ".join(texts))
    return result


def _each(outcomes: Sequence[Outcome]) -> list[str]:
    result = []
    for o in outcomes:
        q = o.question
        right = o.declined if not q.documents else o.cited and o.facts == 1.0
        if right and (not q.shows or o.shown) and (o.first or not q.documents):
            continue
        marks = f"cited={o.cited:d} first={o.first:d} facts={o.facts:.2f} shown={o.shown:d}"
        result.append(f"--- {q.id} {q.kind} {q.question}\n    {marks} declined={o.declined:d}")
        result.append("    " + o.answer[:600].replace("\n", "\n    "))
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--git", action="store_true", help="the repositories, in the index in use")
    parser.add_argument("--alone", action="store_true", help="the world without our notes only")
    parser.add_argument("--each", action="store_true", help="what is wrong, of the split `tune`")
    parser.add_argument("--more", action="store_true", help="the questions for fitting, too")
    options = parser.parse_args(arguments)
    settings = read_settings()
    embedder = load_embedder(settings.embedding_model)
    for name, questions, store in _runs(options, settings, embedder):
        outcomes = ask_all(questions, Assistant(store, embedder))
        if options.each:
            tune = [o for o in outcomes if o.question.split != "test"]
            sys.stdout.write("\n".join(_each(tune)) + "\n")
        slow = sorted(o.seconds for o in outcomes)[int(0.95 * len(outcomes))]
        head = f"{name}: {len(outcomes)} questions, p95 {slow:.2f} s"
        sys.stdout.write("\n".join([head, *lines(outcomes), ""]) + "\n")
    return 0


def _runs(
    options: argparse.Namespace, settings: Settings, embedder: Embedder
) -> Iterable[tuple[str, list[Question], IndexStore]]:
    if options.git:
        yield "repositories", read_questions(GIT), IndexStore(settings.index_dir)
        return
    for name, with_notes in (("world", False), ("world and notes", True)):
        if with_notes and options.alone:
            return
        folder = Path("data/eval") / name.replace(" ", "-")
        asked = read_questions(WORLD)
        if options.more:
            asked += [replace(q, split="more") for q in read_questions(MORE)]
        yield name, asked, build_world(folder, embedder, with_notes=with_notes)


if __name__ == "__main__":
    sys.exit(main())
