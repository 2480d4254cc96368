"""Respond: what was found to an answer, or to an honest middle between an answer and a refusal.

Takes a message, what retrieval found for it and the signals of the decision to answer; gives a
`Response`. The middle says what the sources hold nothing about, by the person's own words, and at
most two statements nearest to it: for other programs it is a refusal (`declined`, with the reason
`not_in_sources`) that carries the citations of these statements. The weaker the match, the shorter
the answer. Knows nothing about conversations, decisions on patterns or chat models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kb.answer.compose import LEAST, MOST, compose, fitting
from kb.answer.content import fixed
from kb.answer.differing import differing, set_against
from kb.answer.quotes import Citations, Draft, to_sentences
from kb.messages import message as text_of
from kb.records import Language, Sentence
from kb.search import rank
from kb.search.coverage import Coverage, Name, cover
from kb.search.index import Index
from kb.search.named import with_named
from kb.search.retrieve import Retrieval
from kb.search.wordings import Fit, Shown, errors_in
from kb.text.words import mentions

_NEAREST = 2
"""Statements that the middle quotes at most."""
_NAMES = 2
"""Names that the middle says its sources lack, at most."""
_TELLING = 3.0
"""Rarity, in nats, of a name from which on it is worth naming: in one message of 20 or fewer."""
_LETTERS = 3
"""Letters of a Latin name at least; of a Japanese one two."""
_CALL = re.compile(r"[._(]|^[a-z]+:")
_BETWEEN_JAPANESE = re.compile(r"(?<=[ぁ-ヿ一-鿿々]) と (?=[ぁ-ヿ一-鿿々])")
"""Japanese words are joined without blanks; Latin ones keep theirs."""
_MARKS = re.compile(r"[`*_\[\]<>|.:]")
_RELATED = 0.75
"""Share of the limit below which nothing found is near enough to be quoted beside what lacks. Of
the tuning slice's questions on other things none reaches it, of those near to ours a third."""
_FLEETING = ("price", "now", "private")
"""Signals of facts that documents do not hold: beside them whatever is nearest is noise."""
_OF_A_PART = 4
"""Sentences on each question of a message that asks several."""
_SHORT = 4
"""Sentences of an answer whose hits only just reach; up to `MOST` where they surely do."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer or a middle, ready to be set."""

    sentences: tuple[Sentence, ...]
    citations: Citations
    retrieval: Retrieval
    """As found, the section about the very error that the message shows in front."""
    coverage: Coverage
    missing: tuple[str, ...]
    """What the sources hold nothing about, in the person's words; empty where they answer."""
    is_middle: bool
    """The sources do not answer: `declined` with the reason `not_in_sources`."""

    @property
    def signals(self) -> dict[str, float]:
        """What the choice between answer and middle was based on, for the trace."""
        values = {f"covers {name}": value for name, value in self.coverage.signals.items()}
        return {**values, "covered": self.coverage.answered}


def respond(
    message: str,
    query: str,
    retrieval: Retrieval,
    index: Index,
    language: Language,
    signals: Mapping[str, float | str],
    *,
    declined: bool = False,
    rewritten: bool = False,
    now: str = "",
    focus: str = "",
    own: str = "",
    beside: Citations | None = None,
) -> Response:
    """The answer to `message`, searched for as `query`.

    `signals`: those of `kb.search.scope.decide_scope`. `declined`: it found that our sources hold
    no answer, so that only the middle is left. `rewritten`: the message alone does not say what it
    is about, `query` does. `now`: what of it is reported now, whose error is the one to look at.
    `focus`: what of the query is asked, where it holds more. `own`: the person's last words, where
    the query takes others from the turns before. `beside`: what the answer to another question of
    the message quotes already; this one is then short and repeats nothing of it.
    """
    shown = shown_now(message, now, index)
    retrieval = with_named(retrieval, shown, index, language)
    coverage = cover(query if rewritten else message, retrieval, index, signals, shown)
    citations = Citations(index) if beside is None else beside
    most = _most(coverage) if beside is None else min(_OF_A_PART, _most(coverage))
    others = other_products(coverage, now or message, shown)
    if coverage.reaches and not declined and not others:
        drafts = compose(
            query,
            retrieval.hits,
            index.lexical.weight,
            language,
            shown=shown,
            most=most,
            focus=focus,
            own=own,
        )
        new = drafts if beside is None else _not_yet(drafts, beside)
        other = differing(query, new, retrieval, index) if new else None
        if other is not None:
            new = set_against(new, other, index, language)
        sentences = to_sentences(new, citations, language)
        if other is not None:
            sentences.insert(0, fixed("sources_differ", language))
        if drafts:
            return Response(tuple(sentences), citations, retrieval, coverage, (), False)
    is_report = shown.has_error or rank.is_symptom(now or message)
    names = others or worth_naming(coverage, language, is_report=is_report)
    text = query if rewritten else message
    sentences = [_opening(names, text, language)]
    is_bare = bool(others) or any(float(signals.get(name, 0.0)) for name in _FLEETING)
    if beside is None and coverage.answered >= _RELATED * coverage.limit and not is_bare:
        sentences += _nearest(query, retrieval, index, language, shown, citations)
    words = tuple(_joined(names, text))
    return Response(tuple(sentences), citations, retrieval, coverage, words, True)


def _not_yet(drafts: Sequence[Draft], citations: Citations) -> list[Draft]:
    """What the answering section adds; nothing, where its first sentence is quoted already."""
    if not drafts or citations.holds(drafts[0].chunk):
        return []
    own = [draft for draft in drafts if draft.chunk.group == drafts[0].chunk.group]
    return [draft for draft in own if not citations.holds(draft.chunk)]


def shown_now(message: str, now: str, index: Index) -> Shown:
    """The errors of what is reported `now`, where it brings one; else those of the message.

    An error that the message names before that is over: its section is about another case.
    """
    whole = errors_in(message, index)
    latest = errors_in(now, index) if now else Shown()
    if not latest.has_error:
        return whole
    over: dict[str, Fit] = {g: "other" for g in whole.named if latest.fit(g) != "same"}
    return replace(latest, fits={**latest.fits, **over})


def other_products(coverage: Coverage, question: str, shown: Shown) -> list[Name]:
    """Names of other products that no source holds, where the question is about them.

    In the report of an error such a name tells only where it happened.
    """
    if shown.has_error or rank.is_symptom(question):
        return []
    named = [name for name in coverage.missing if mentions(name.words, "neighbours")]
    return [name for name in named if not name.is_known and name.words in question][:_NAMES]


def worth_naming(coverage: Coverage, language: Language, *, is_report: bool = False) -> list[Name]:
    """Which missing names tell what the sources lack, in the order of the message.

    Names of products before calls and variables; a plain Latin word in Japanese is a name,
    in an English one seldom. Paths differ from case to case. `is_report`: of an error, in which
    plain words tell what somebody was at when it happened, not what is asked. What stands in the
    sources elsewhere is worth naming as a Latin name alone: “memory” is no matter of theirs.
    """

    def rank(name: Name) -> int:
        if "/" in name.words or len(name.words) < (_LETTERS if name.words.isascii() else 2):
            return 3
        plain = name.words.islower() or (name.is_opening and name.words.istitle())
        if is_report and not name.is_identifier and (plain or not name.words.isascii()):
            return 3
        if plain and not name.is_identifier:
            return 2 if language == "ja" else 3
        return int(bool(_CALL.search(name.words)))

    telling = [name for name in coverage.missing if name.weight >= _TELLING and rank(name) < 3]
    strangers = [name for name in telling if not name.is_known]
    if not strangers and not is_report:
        strangers = [name for name in telling if name.words.isascii()]
    best = sorted(strangers, key=lambda name: (rank(name), -name.weight, name.start))
    return sorted(best[:_NAMES], key=lambda name: name.start)


def _opening(names: list[Name], message: str, language: Language) -> Sentence:
    """The sentence that names what the sources lack."""
    if not names:
        return Sentence(text_of("middle_unnamed", language), (), supported=None)
    kind = "middle_apart" if any(name.is_known for name in names) else "middle_missing"
    listed = text_of("middle_and", language).join(map(_set, _joined(names, message)))
    listed = _BETWEEN_JAPANESE.sub("と", listed)
    return Sentence(text_of(kind, language, names=listed), (), supported=None)


def _joined(names: list[Name], message: str) -> list[str]:
    """The names as the person wrote them; what stands side by side is one name."""
    joined: list[tuple[str, int]] = []
    for name in names:
        if joined and message[joined[-1][1] : name.start].strip(" ") == "":
            start = joined[-1][1] - len(joined[-1][0])
            joined[-1] = (message[start : name.end], name.end)
        else:
            joined.append((name.words, name.end))
    return [words for words, _ in joined]


def _set(words: str) -> str:
    """A name as Markdown shows it unchanged: what holds marks or is an identifier, as code."""
    return f"`{words.replace('`', '')}`" if _MARKS.search(words) else words


def _nearest(
    query: str,
    retrieval: Retrieval,
    index: Index,
    language: Language,
    shown: Shown,
    citations: Citations,
) -> list[Sentence]:
    """The two statements nearest to what was asked; none about an error that was not shown."""
    hits = tuple(h for h in fitting(retrieval.hits, shown) if shown.fit(h.group) in (None, "same"))
    drafts = compose(query, hits[:1], index.lexical.weight, language, most=_NEAREST)
    plain = [draft for draft in drafts if not draft.is_block][:_NEAREST]
    sentences = [replace(s, marker="- ") for s in to_sentences(plain, citations, language)]
    if sentences:
        lead = text_of("middle_nearest", language)
        sentences[0] = replace(sentences[0], lead=f"{lead}\n{sentences[0].lead}")
    return sentences


def _most(coverage: Coverage) -> int:
    """Sentences that a match deserves: from `_SHORT` where it just reaches to `MOST`.

    `MOST` from half way to certainty on: of the tuning questions as many are answered in full as
    without a bound (0.89 and 0.90), messages from threads in 635 instead of 699 characters.
    """
    room = max(coverage.answered - coverage.limit, 0.0) / max(1 - coverage.limit, 1e-9)
    return max(LEAST, _SHORT + round((MOST - _SHORT) * min(1.0, 2 * room)))
