"""Scope: answer, or decline and why.

Takes the question and what retrieval found, gives a `Scope` with every signal it used. Similarity
alone does not tell (a question on the weather is as near to a note as many a good one), so several
signals are weighed: closeness measured against what strangers reach in this very index
(kb.search.calibration), the share of the question's rare words that the hits hold, agreement of the
lists, what is named, and words for what documents seldom hold. So what is in scope is what the
sources of this index hold. Words live in words.yaml, weights in scope_weights.json and
scope_topic.json: fitted by evals/fit/scope.py on questions that an index answers, on questions that
it does not, and on those of another index.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from kb.records import Reason
from kb.search import rank
from kb.search.embedding import Vectors
from kb.search.index import Index, is_written
from kb.search.names import Naming
from kb.search.retrieve import WEIGHTS, Retrieval
from kb.search.typed import FEATURES as TYPED
from kb.search.typed import typed
from kb.text.language import language
from kb.text.normal import normalize
from kb.text.tokens import search_tokens
from kb.text.words import count, mentions

_TOP = 3
_HERE = ("sagemaker", "training", "inference")
"""Lists of words without which a question that names another product is about that product."""
_FLEETING = ("price", "now", "private")
"""Signals of facts about our field that documents seldom hold."""
_DENSE = ("question", "statement", "passage")
_HOPELESS = 0.2
"""Likelihood of our subject below which not even a chat model is asked. Of 184 questions drawn from
evals/data/scope and middle that the notes answer none is below (the lowest that is declined has
0.44), of 86 on other subjects half are; 34 of 35 near ones are left to the chat model."""
_FOLDER = Path(__file__).parent
FEATURES = (
    "question", "statement", "passage", "lexical", "coverage", "unknown", "agreement",
    "price", "now", "private", "neighbours", "anchors", "long", "english", "choice", "symptom",
    "elsewhere", "outside", "outsiders",
)  # fmt: skip
_SCALE = 8.0
"""Coordinates of a unit vector of 384 are about 1/20; scaled, one penalty fits all weights."""
_FILE = re.compile(
    r"\.(?:py|ipynb|jl|r|rs|go|cpp|cc|c|h|java|js|ts|sh|so|whl|txt|ya?ml|json|toml|cfg|ini|env"
    r"|tar|gz|tgz|zip|pth?|onnx|pkl|h5|bin|csv|parquet)$",
    re.IGNORECASE,
)
"""Endings of files that people write, build and train."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Why a question is answered or declined."""

    reason: Reason | None
    signals: Mapping[str, float | str]


@cache
def _weights() -> dict[str, dict[str, float]]:
    return _read("scope_weights.json")


@cache
def _topics() -> dict[str, Any]:
    return _read("scope_topic.json")


def _read(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return loaded


def is_unsafe(question: str) -> bool:
    """The question names help with harm; told by words alone, before anything is searched."""
    return mentions(question, "unsafe")


_CLAUSE = re.compile(
    r"(?<=[。！？!?\n;；])|(?<=\.)\s+|、(?=(?:あと|それと|ついでに|そして))"
    r"|\s+(?:and|then)\s+(?=ignore|print|reveal|show|forget)"
)


def without_attack(question: str) -> tuple[str, bool]:
    """The question without the clauses that try to take the assistant off its task."""
    if not mentions(question, "attack"):
        return question, False
    kept = [part for part in _CLAUSE.split(question) if part and not mentions(part, "attack")]
    return " ".join(part.strip() for part in kept).strip(), True


COVERED = (
    "question z", "statement z", "passage z", "lexical", "coverage", "best", "unknown", "cross",
    "cross z", "cross coverage", "cross unknown", "agreement", "price", "now", "private",
    "neighbours", "elsewhere", "long", "english", "choice", "symptom", "named", "title", "topic",
    "gap", "outsiders", "nouns", "rarest", "cross nouns", *TYPED,
)  # fmt: skip
"""Signals of the model that tells whether this index answers; see `covered`."""


def covered(
    question: str, retrieval: Retrieval, index: Index, values: Mapping[str, float]
) -> dict[str, float]:
    """The signals by this index's own measure. `values`: what `features` gives.

    Similarities stand against what strangers reach in this version; of a hit in the other language
    no words can be covered, so that case has weights of its own.
    """
    hits = retrieval.hits
    tokens = [token for token in dict.fromkeys(retrieval.tokens) if not _is_filler(token)]
    total = sum(map(index.lexical.weight, tokens)) or 1.0
    first = index.lexical.tokens(hits[0].group) if hits else frozenset()
    near = {
        name: index.calibration.standing(f"{name}s", retrieval.best.get(f"{name}s", 0.0))
        for name in _DENSE
    }
    document = hits[0].chunks[0].document if hits else ""
    cross = float(bool(hits) and retrieval.spoken not in index.languages[hits[0].group])
    nouns, rarest = _nouns_met(question, retrieval, index)
    similar = max(retrieval.best.get(f"{name}s", 0.0) for name in _DENSE)
    return {
        **values,
        **{f"{name} z": value / 3 for name, value in near.items()},
        "best": sum(index.lexical.weight(t) for t in tokens if t in first) / total,
        "cross": cross,
        "cross z": cross * max(near.values()) / 3,
        "cross coverage": cross * values["coverage"],
        "cross unknown": cross * values["unknown"],
        "named": retrieval.naming.share(document) if document else 0.0,
        "title": retrieval.naming.titles.get(document, 0.0),
        "topic": index.calibration.topic(retrieval.vector),
        "gap": _stretch(similar) - values["outside"],
        "nouns": nouns * (1 - cross),
        "rarest": rarest * (1 - cross),
        "cross nouns": nouns * cross,
        **typed(question, retrieval, index),
    }


_NOUN = re.compile(r"[\u3400-\u9fff々]{2,}|[ァ-ヺー]{3,}|[a-z][a-z0-9_-]{2,}")


def _nouns_met(question: str, retrieval: Retrieval, index: Index) -> tuple[float, float]:
    """Share of the question's content words that the best hits hold, and whether the rarest is one.

    A run of kanji or katakana is one word: its bigrams are met in a text about something else.
    """
    words = [w for w in dict.fromkeys(_NOUN.findall(normalize(question))) if search_tokens(w)]
    if not words or not retrieval.hits:
        return 0.5, 0.5
    hits = retrieval.hits[:_TOP]
    texts = [
        " ".join(
            (index.documents[hit.chunks[0].document].title, *(c.search_text for c in hit.chunks))
        )
        for hit in hits
    ]
    text = normalize(" ".join(texts))
    held = frozenset[str]().union(*(index.lexical.tokens(hit.group) for hit in hits))
    weights, met = {}, {}
    for word in words:
        tokens = search_tokens(word)
        weights[word] = max(map(index.lexical.weight, tokens))
        others = [retrieval.counterparts.get(token, frozenset()) for token in tokens]
        met[word] = word in text or (word.isascii() and held.issuperset(tokens))
        met[word] = met[word] or any(held & other for other in others)
    rarest = max(words, key=weights.__getitem__)
    total = sum(weights.values()) or 1.0
    return sum(weights[w] for w in words if met[w]) / total, float(met[rarest])


def missing_names(naming: Naming, index: Index) -> tuple[str, ...]:
    """Names of files or samples that the question holds and no document carries or mentions."""
    return tuple(name for name in naming.unknown if not index.lexical.knows(normalize(name)))


def names_own(question: str, retrieval: Retrieval, index: Index) -> bool:
    """The best hit is another document than our notes, and tells of a thing that is named.

    None of the notes found may speak of that thing.
    """
    if not retrieval.hits or is_written(retrieval.hits[0].chunks):
        return False
    held = index.lexical.tokens(retrieval.hits[0].group)
    noted = [index.lexical.tokens(hit.group) for hit in retrieval.hits if is_written(hit.chunks)]
    for name in index.across.names_in(question):
        tokens = search_tokens(name)
        if held.issuperset(tokens) and not any(some.issuperset(tokens) for some in noted):
            return True
    return False


def own_files(naming: Naming, index: Index) -> tuple[str, ...]:
    """Those of them that are files by their ending: of the person, not of ours."""
    return tuple(name for name in missing_names(naming, index) if _FILE.search(name))


def features(question: str, retrieval: Retrieval, index: Index) -> dict[str, float]:
    """The signals as numbers, mostly between 0 and 1."""
    tokens = [token for token in dict.fromkeys(retrieval.tokens) if not _is_filler(token)]
    weights = {token: index.lexical.weight(token) for token in tokens}
    total = sum(weights.values()) or 1.0
    held: set[str] = set()
    for hit in retrieval.hits[:_TOP]:
        held |= index.lexical.tokens(hit.group)
    top = retrieval.hits[0].ranks if retrieval.hits else {}
    found = {
        name: float(mentions(question, name)) for name in ("price", "now", "private", "neighbours")
    }
    own = (
        {**retrieval.best, **retrieval.written} if _is_first_written(retrieval) else retrieval.best
    )
    near = {name: _stretch(own.get(f"{name}s", 0.0)) for name in ("question", "statement")}
    near["passage"] = _stretch(retrieval.best.get("passages", 0.0))
    return {
        **near,
        "lexical": min(1.5, retrieval.best.get("lexical", 0.0) / (3.0 * total)),
        "coverage": sum(weights[token] for token in tokens if token in held) / total,
        "unknown": sum(weights[token] for token in tokens if not index.lexical.knows(token))
        / total,
        "agreement": sum(rank <= _TOP for rank in top.values()) / len(WEIGHTS),
        "anchors": min(1.0, count(question, "anchors") / 4),
        "long": min(1.0, len(tokens) / 40),
        "choice": float(rank.is_choice(question)),
        "symptom": float(rank.is_symptom(question)),
        "english": float(language(question) == "en"),
        "elsewhere": found["neighbours"] * (not any(mentions(question, w) for w in _HERE)),
        **_outside(retrieval, index),
        **found,
    }


def _stretch(similarity: float) -> float:
    """Cosines of e5 lie between 0.78 and 0.96; spread over 0 to 1."""
    return (similarity - 0.78) / 0.18


def _is_filler(token: str) -> bool:
    """Pieces of Japanese grammar: bigrams of hiragana only, single characters."""
    return len(token) < 2 or bool(re.fullmatch(r"[\u3041-\u309fー]+", token))


def decide_scope(question: str, retrieval: Retrieval, index: Index) -> Scope:
    """Whether the hits can answer the question."""
    values = features(question, retrieval, index)
    # Sections written as answers have been asked for in many ways, which a model has learned; what
    # any other document holds is told by this index's own measure.
    learned = _is_first_written(retrieval) and _has_topic(retrieval, index)
    model = "answerable" if learned else "supported"
    values = covered(question, retrieval, index, values)
    share = {
        name: probability(values, _weights()[name], _topic(name, retrieval, index))
        for name in ("harmless", "answerable", "supported", "inside")
    }
    limits = dict(_weights()["limits"])
    if values.get("cross"):
        limits["supported"] = limits["supported across"]
    low = {model for model, value in share.items() if value < limits[model]}
    needed = {model}
    if any(values[name] for name in _FLEETING) and mentions(question, "sagemaker"):
        needed.add("answerable")  # the price of ours is no matter of any document beside it
    reason: Reason | None = None
    if "harmless" in low:
        reason = "unsafe"
    elif needed & low:
        # Our field is known by heart; that of other documents by what strangers are like.
        strange = "inside" in low and (learned or values["topic"] < 0)
        reason = "out_of_scope" if strange else "not_in_sources"
    own = {"learned": float(learned), "limit": limits[model]}
    return Scope(reason, {**values, **share, **own, "answerable": share[model]})


def is_hopeless(scope: Scope) -> bool:
    """Harm, or so far from our subject that no chat model need be asked."""
    inside = float(scope.signals.get("inside", 1.0))
    return scope.reason == "unsafe" or (scope.reason is not None and inside < _HOPELESS)


def _is_first_written(retrieval: Retrieval) -> bool:
    """The best hit is a section written as an answer, or there is none."""
    return all(is_written(hit.chunks) for hit in retrieval.hits[:1])


def probability(
    values: Mapping[str, float], weights: Mapping[str, float], topic: float = 0.0
) -> float:
    """Logistic model: 1 / (1 + exp(-(bias + Σ weight × value + topic)))."""
    named = (weight * values[name] for name, weight in weights.items() if name != "bias")
    score = weights["bias"] + sum(named) + topic
    return 1 / (1 + math.exp(-score))


def centred(vector: Vectors, centre: Sequence[float]) -> Vectors:
    """A question's vector as its weights were fitted on: about 0 on average."""
    return np.asarray(_SCALE * (vector - np.asarray(centre, np.float32)), np.float32)


def outside(vector: Vectors, declined: Vectors) -> dict[str, float]:
    """How near the nearest question to decline is, and the three nearest on average."""
    nearest = np.sort(declined @ vector)[-3:]
    return {"outside": _stretch(float(nearest[-1])), "outsiders": _stretch(float(nearest.mean()))}


def _outside(retrieval: Retrieval, index: Index) -> dict[str, float]:
    """As on average where the question's vector is not of our model."""
    if not _has_topic(retrieval, index):
        return {name: float(_topics()[name]) for name in ("outside", "outsiders")}
    return outside(retrieval.vector, _declined())


@cache
def _declined() -> Vectors:
    with np.load(_FOLDER / "outside.npz", allow_pickle=False) as held:
        return np.asarray(held["vectors"] / held["scale"], np.float32)


def _topic(model: str, retrieval: Retrieval, index: Index) -> float:
    """What the question's own vector speaks for; 0, as on average, by a model that is not ours."""
    fitted = _topics()
    if model not in fitted or not _has_topic(retrieval, index):
        return 0.0
    return float(centred(retrieval.vector, fitted["centre"]) @ np.array(fitted[model], np.float32))


def _has_topic(retrieval: Retrieval, index: Index) -> bool:
    """The question's vector is of the model that the weights were fitted for."""
    return bool(retrieval.vector.size and index.manifest["embedding"] == _topics()["embedding"])
