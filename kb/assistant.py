"""The assistant: a question (and the turns before it) to an `Answer`.

Takes the question, gives the answer, whole (`ask`) or as it comes (`stream`). Every surface calls
this and only renders what it gets. It holds what is costly to open: the index, the model.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import partial

from kb.answer.compose import compose
from kb.answer.markdown import to_markdown
from kb.answer.quotes import Citations, to_sentences
from kb.image.question import Reply, image_reply
from kb.messages import message
from kb.pattern.advise import Advice, advise, further
from kb.proof.verify import is_supported
from kb.reading.followup import is_small_talk, standalone
from kb.records import Answer, Citation, Language, Reason, Sentence, Trace, Turn
from kb.search.embedding import Embedder
from kb.search.index import Index, IndexStore
from kb.search.rerank import Reranker
from kb.search.retrieve import Retrieval, retrieve
from kb.search.scope import decide_scope, is_unsafe, without_attack
from kb.text.language import language
from kb.text.normal import normalize, respell
from kb.text.words import mentions
from kb.writer.generate import Writer, WriterGaveUp
from kb.writer.propose import propose

LONGEST = 1_200
"""Characters of a question that are searched; of a longer one its two ends."""
_WORD = re.compile(r"[A-Za-z]{5,}")


class Assistant:
    """Answers questions from the index version in use. Safe to share between threads."""

    def __init__(
        self,
        store: IndexStore,
        embedder: Embedder,
        *,
        writer: Writer | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._writer = writer
        self._reranker = reranker
        self._propose = None if writer is None else partial(propose, say=writer.say)

    @property
    def embedder(self) -> Embedder:
        """The model behind this assistant's dense search."""
        return self._embedder

    def without_writer(self) -> Assistant:
        """The same assistant, but every answer is put together word for word."""
        other = copy(self)
        other._writer = None
        return other

    def query(self, question: str, history: Sequence[Turn] = ()) -> str:
        """What is searched for `question`: attacks cut out, follow-ups rewritten, typos mended."""
        asked, _ = without_attack(_shortened(question))
        return self._query(asked, tuple(history), self._store.current())[0]

    def _query(self, asked: str, history: tuple[Turn, ...], index: Index) -> tuple[str, bool]:
        query, rewritten = standalone(asked, history)
        return _corrected(query, index), rewritten

    def ask(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        id: str = "",
        language: Language | None = None,
    ) -> Answer:
        """The answer, whole. Raises KbError when there is no index to answer from."""
        for part in self.stream(question, history, id=id, language=language):
            if isinstance(part, Answer):
                return part
        raise AssertionError("a stream ends with its answer")

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        *,
        id: str = "",
        language: Language | None = None,
    ) -> Iterator[str | Answer]:
        """Pieces of Markdown as they come, then the `Answer`, whose text is the one that counts."""
        started = time.perf_counter()
        identity = id or uuid.uuid4().hex
        for part in self._answer(question, tuple(history), language):
            if isinstance(part, Answer):
                yield replace(part, id=identity, seconds=round(time.perf_counter() - started, 4))
            else:
                yield part

    def _answer(
        self, question: str, history: tuple[Turn, ...], wanted: Language | None
    ) -> Iterator[str | Answer]:
        index = self._store.current()
        lang = wanted or _language(question, history)
        asked, attacked = without_attack(_shortened(question))
        if not normalize(asked).strip("?？!！.。…、 "):
            text = "covers" if attacked else "empty_question"
            yield self._declined(question, lang, "out_of_scope", index, message(text, lang))
            return
        if is_small_talk(asked):
            yield self._declined(question, lang, "out_of_scope", index, message("small_talk", lang))
            return
        if is_unsafe(question):
            yield self._declined(question, lang, "unsafe", index)
            return
        reply = image_reply(asked, history, index, wanted)
        if reply is not None:
            yield from self._replied(question, reply, index)
            return
        query, rewritten = self._query(asked, history, index)
        retrieval = retrieve(index, self._embedder, query, lang)
        if self._reranker is not None:
            retrieval = replace(retrieval, hits=self._reranker.rerank(query, retrieval.hits))
        scope = decide_scope(query, retrieval, index)
        trace = Trace(query, rewritten, retrieval.hits, scope.signals)
        advice = None
        if _is_ours(query):
            known = {query: retrieval.vector}
            advice = advise(asked, history, index, lang, self._embedder, known, self._propose)
        if advice is not None and (scope.reason is None or advice.asked):
            yield from self._advised(question, query, lang, index, retrieval, trace, advice)
            return
        if scope.reason is not None:
            answer = self._declined(question, lang, scope.reason, index)
            yield replace(answer, suggestions=_suggestions(retrieval, lang), trace=trace)
            return
        yield from self._composed(question, query, lang, index, retrieval, trace, history)

    def _advised(
        self,
        question: str,
        query: str,
        lang: Language,
        index: Index,
        retrieval: Retrieval,
        trace: Trace,
        advice: Advice,
    ) -> Iterator[str | Answer]:
        """The decision, then the statements found that say something besides.

        Put together from the sources with a chat model, too: a decision is never reworded.
        """
        citations = advice.opening.citations
        drafts = compose(query, retrieval.hits, index.lexical.weight, lang)
        pattern = advice.decision.pattern if advice.decision else None
        more = to_sentences(further(drafts, citations, query, pattern), citations, lang)
        rest = [
            replace(s, marker=s.marker if s.text.startswith(("```", "|")) else "- ") for s in more
        ]
        if rest:
            rest[0] = replace(rest[0], lead=message("decide_rest", lang) + "\n")
        answer = replace(
            self._finished(
                question,
                lang,
                index,
                self._proven([*advice.opening.sentences, *rest], citations),
                citations.all,
                "extractive",
                trace,
            ),
            pattern=pattern,
            decision=advice.decision,
            clarify=advice.clarify,
            choices=advice.choices,
        )
        yield from _pieces(answer.sentences)
        yield answer

    def _composed(
        self,
        question: str,
        query: str,
        lang: Language,
        index: Index,
        retrieval: Retrieval,
        trace: Trace,
        history: tuple[Turn, ...],
    ) -> Iterator[str | Answer]:
        notice = ""
        if self._writer is not None:
            try:
                written = yield from self._writer.write(
                    question, history, retrieval, index, lang, self._embedder
                )
                if written.declined:
                    declined = self._declined(question, lang, "not_in_sources", index)
                    yield replace(
                        declined,
                        suggestions=_suggestions(retrieval, lang),
                        model=self._writer.name,
                        trace=trace,
                    )
                    return
                finished = self._finished(
                    question,
                    lang,
                    index,
                    written.sentences,
                    written.citations.all,
                    self._writer.name,
                    trace,
                )
                yield replace(finished, notice=written.notice(lang))
                return
            except WriterGaveUp:
                notice = message("fell_back", lang)
        citations = Citations(index)
        drafts = compose(query, retrieval.hits, index.lexical.weight, lang)
        sentences = self._proven(to_sentences(drafts, citations, lang), citations)
        answer = self._finished(
            question, lang, index, sentences, citations.all, "extractive", trace
        )
        yield from _pieces(sentences)
        yield replace(answer, notice=notice)

    def _proven(self, sentences: Sequence[Sentence], citations: Citations) -> list[Sentence]:
        """Each sentence with whether its quotes prove it."""
        return [
            replace(
                s,
                supported=is_supported(_bare(s), [citations.all[n - 1].quote for n in s.citations]),
            )
            for s in sentences
        ]

    def _replied(self, question: str, reply: Reply, index: Index) -> Iterator[str | Answer]:
        """A URI looked up in the official data, or the question back that it needs."""
        trace = Trace(
            question, False, (), {f"image {k}": v for k, v in reply.parts.signals.items()}
        )
        answer = self._finished(
            question, reply.language, index, reply.sentences, reply.citations, "extractive", trace
        )
        if reply.clarify:
            yield replace(
                answer, answer=reply.clarify, clarify=reply.clarify, choices=reply.choices
            )
            return
        yield from _pieces(reply.sentences)
        yield replace(answer, notice=reply.notice)

    def _finished(
        self,
        question: str,
        lang: Language,
        index: Index,
        sentences: Sequence[Sentence],
        citations: Sequence[Citation],
        model: str,
        trace: Trace,
    ) -> Answer:
        return Answer(
            id="",
            question=question,
            language=lang,
            declined=False,
            reason=None,
            pattern=None,
            clarify=None,
            answer=to_markdown(sentences),
            sentences=tuple(sentences),
            citations=tuple(citations),
            model=model,
            index_version=index.version,
            seconds=0.0,
            trace=trace,
        )

    def _declined(
        self, question: str, lang: Language, reason: Reason, index: Index, text: str = ""
    ) -> Answer:
        said = text or message(f"declined_{reason}", lang) + "\n\n" + message("covers", lang)
        return Answer(
            id="",
            question=question,
            language=lang,
            declined=True,
            reason=reason,
            pattern=None,
            clarify=None,
            answer=said,
            sentences=(),
            citations=(),
            model="extractive",
            index_version=index.version,
            seconds=0.0,
        )


def _is_ours(query: str) -> bool:
    """The case is not one on another cloud alone."""
    return not mentions(query, "elsewhere") or "sagemaker" in respell(query)


def _pieces(sentences: Sequence[Sentence]) -> Iterator[str]:
    """The Markdown of an answer, sentence by sentence."""
    for position in range(len(sentences)):
        shown = to_markdown(sentences[: position + 1])
        yield shown[len(to_markdown(sentences[:position])) :]


def _bare(sentence: Sentence) -> str:
    """A sentence without the lead-in for a quote in the other language."""
    for name in ("english_source", "japanese_source"):
        for lang in ("ja", "en"):
            lead = message(name, lang)
            if lead and sentence.text.startswith(lead):
                return sentence.text.removeprefix(lead)
    return sentence.text


def _language(question: str, history: tuple[Turn, ...]) -> Language:
    """The language of the question; of the turn before when the question has no words."""
    if re.search(r"[^\W\d_]", question):
        return language(question)
    earlier = [turn.content for turn in history if turn.role == "user"]
    return language(earlier[-1]) if earlier else "ja"


def _shortened(question: str) -> str:
    if len(question) <= LONGEST:
        return question
    half = LONGEST // 2
    return f"{question[:half]}\n{question[-half:]}"


def _corrected(query: str, index: Index) -> str:
    """Usual spellings and single typos of words that the index knows."""

    def mended(found: re.Match[str]) -> str:
        word = found[0].lower()
        near = index.lexical.correct(word)
        return found[0] if near == word else near

    # Case carries meaning in identifiers, so the text is respelled only where that changes words.
    respelled = respell(query)
    return _WORD.sub(mended, query if respelled == normalize(query) else respelled)


def _suggestions(retrieval: Retrieval, lang: Language) -> tuple[str, ...]:
    """The three nearest questions that our notes answer."""
    found = [
        hit.chunks[0].heading[-1]
        for hit in retrieval.hits
        if hit.group.startswith("note:") and hit.chunks[0].language == lang
    ]
    return tuple(dict.fromkeys(found))[:3]
