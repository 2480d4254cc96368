"""The assistant: a message (and the turns before it) to an `Answer`.

Takes a message, gives the answer, whole (`ask`) or as it comes (`stream`). Every surface calls this
and only renders what it gets. The story: a message is read, what it asks is found, an answer is put
together from that and held against its quotes. A message that acts on the last answer (shorter,
why, thanks …) searches nothing. It holds what is costly to open: the index, the models.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import partial

from kb.acting import acted, complained, in_wish, language_of_form, small_talk
from kb.answer.again import in_language
from kb.answer.content import Content, fixed, joined, said, without
from kb.answer.markdown import to_markdown
from kb.answer.standing import standing_on
from kb.composing import (
    composed,
    named_first,
    quoted_last,
    with_more,
)
from kb.deciding import advised, file_first, review_of, shown
from kb.image.listed import listed_version
from kb.looking_up import looked_up
from kb.messages import message
from kb.pattern.knowing import KnowingReader
from kb.pattern.own_reader import own_reader
from kb.reading.reading import Reader
from kb.reading.wish import one_form
from kb.records import Answer, Language, Turn
from kb.refusing import declined, not_held, refused
from kb.request import Found, Request
from kb.review import wants_whole
from kb.search.embedding import Embedder
from kb.search.index import IndexStore
from kb.search.remembering import Recent, Remembering
from kb.search.retrieve import Retrieval
from kb.search.scope import is_hopeless
from kb.search.several import Rerank, Searcher, corrected
from kb.text.words import mentions
from kb.understanding import Understanding, conversation_key
from kb.writer.generate import Asked, Writer, WriterGaveUp

_AS_GOOD = 0.7
"""Share of the best section's score from which the next one may answer in its place."""
_REMEMBERED = 256
"""Answers that are kept: some twenty conversations of a dozen turns."""
_NAMED = 80
"""Characters of a complaint's own words that are named in a sentence."""


class Assistant:
    """Answers messages from the index version in use. Safe to share between threads."""

    def __init__(
        self,
        store: IndexStore,
        embedder: Embedder,
        *,
        reader: Reader | None = None,
        read_by: Callable[[Reader], Reader] | None = None,
        writer: Writer | None = None,
        rerank: Rerank | None = None,
    ) -> None:
        """`read_by`: a chat model's reading around ours. `rerank`: hits in a better order."""
        self._store = store
        self._embedder = Remembering(embedder)
        own = (
            KnowingReader(reader, listed_version)
            if reader
            else own_reader(self._embedder, listed_version)
        )
        self._own_reader: Reader = own
        self._understanding = Understanding(read_by(own) if read_by else own)
        self._writer = writer
        self._rerank = rerank
        self._answers = Recent[Answer](_REMEMBERED)

    @property
    def embedder(self) -> Embedder:
        """The model behind this assistant's dense search."""
        return self._embedder

    def without_writer(self) -> Assistant:
        """The same assistant, but no chat model is asked for anything."""
        other = copy(self)
        other._writer, other._understanding = None, Understanding(self._own_reader)
        other._answers = Recent(_REMEMBERED)
        return other

    def query(self, question: str, history: Sequence[Turn] = ()) -> str:
        """What is searched for `question` first: it stands alone, its typos mended."""
        request = self._understanding.request(question, history, self._store.current())
        return corrected(next(iter(request.reading.queries), question), request.index)

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
        request = self._understanding.request(question, history, self._store.current(), language)
        for part in self._answer(request):
            if isinstance(part, Answer):
                notice = part.notice or self._store.notice(part.language)
                seconds = round(time.perf_counter() - started, 4)
                trace = request.traced(part.trace)
                yield replace(part, id=identity, notice=notice, seconds=seconds, trace=trace)
            else:
                yield part

    def _answer(self, request: Request) -> Iterator[str | Answer]:
        """On the standing answer, from the sources, or by the chat model where one is set up."""
        if not request.settles:
            yield from _whole(self._acted(request))
        elif self._writer is None or request.reading.danger is not None:
            yield from _whole(self._settled(request))
        else:
            yield from self._written(request, self._writer)

    # --- find -------------------------------------------------------------------------------------

    def _find(self, request: Request) -> Found:
        """The hits for each part of the question."""
        searcher = Searcher(request.index, self._embedder, self._rerank)
        if request.redo:
            if request.redo_own:
                alone = searcher.search([request.redo_own], request.language)
                if alone.scope.reason is None:
                    return Found((alone,), follows=True)
            again = searcher.search([request.redo], request.language, about=request.about)
            last = self._standing(request) if request.about is None else None
            return Found((quoted_last(again, last[1]) if last else again,), follows=True)
        standing = self._standing(request) if request.own else None
        if standing is not None:
            _, answer = standing
            queries = [request.own, f"{answer.trace.query if answer.trace else ''} {request.own}"]
            search = searcher.search(queries, request.language)
            return Found((quoted_last(search, answer),), follows=True)
        reviewed = review_of(request)
        asked = request.asked_about(reviewed.query if reviewed else "")
        stood, about = request.stood_before, request.about
        parts = [searcher.search(asked[0], request.language, stood, about)]
        beside = request.about_beside(asked[0][0])
        parts += [searcher.search(one, request.language, stood, beside) for one in asked[1:]]
        follows = request.reading.follows or parts[0].follows
        return Found(tuple(parts), follows, reviewed)

    # --- on the standing answer -------------------------------------------------------------------

    def _acted(self, request: Request) -> Answer:
        """What thanks, forms, why, alternatives and complaints get; nothing is searched."""
        content = small_talk(request)
        if content is not None:
            return _finished(request, content)
        content = self._on_standing(request)
        return _finished(request, content or said(fixed("no_standing", request.language)))

    def _on_standing(self, request: Request) -> Content | None:
        """What the message makes of the answer that stands; None where none does."""
        standing = self._standing(request)
        if standing is None:
            return None
        asked, answer = standing
        request = replace(request, language=answer.language)
        since = [one for one in self._understanding.earlier(request) if not one.settles]
        return replace(acted(request, since, asked, answer), language=answer.language)

    def _standing(self, request: Request) -> tuple[Request, Answer] | None:
        """The last message that asked or told something, and its answer, in the language due.

        That is the one which this message or a form after that message asks for; else a form keeps
        the answer's language, and whatever else is said keeps its own.
        """
        earlier = self._understanding.earlier(request)
        settling = next((place for place, one in enumerate(earlier) if one.settles), None)
        if settling is None:
            return None
        asked = earlier[settling]
        own = asked.language if request.reading.act == "form" else request.language
        spoken = [request.wanted, *map(language_of_form, (request, *earlier[:settling])), own]
        due = next(language for language in spoken if language is not None)
        after = request.history[len(asked.history) + 1 :]
        return asked, self._settled_in(asked, due, after[0].content if after else "")

    def _settled_in(self, request: Request, language: Language, given: str) -> Answer:
        """The answer in a language: decisions and look-ups anew, quotes by their counterparts.

        `given`: its text. What a chat model wrote for one person is not what another one saw.
        """
        key = (*_place(request), conversation_key(given, ()))
        answer = self._answers.get(key, lambda: self._settled(request))
        if answer.language == language:
            return answer
        only_quotes = all(s.citations and not s.looked_up for s in answer.sentences)
        if answer.declined or answer.decision or answer.clarify or not only_quotes:
            return self._settled(replace(request, language=language, wanted=language))
        content = in_language(standing_on(answer, request.index), language)
        return _finished(replace(request, language=language), content)

    # --- from the sources -------------------------------------------------------------------------

    def _settled(self, request: Request) -> Answer:
        """The answer word for word from the sources: the same for the same conversation."""
        return self._remembered(request, lambda: self._wished(request))

    def _wished(self, request: Request) -> Content:
        """The answer in the form wished for; where nothing else was said that has an answer, the
        standing answer in that form.
        """
        content = self._from_sources(request)
        wish = request.wish
        if wish is None or content.reason is None:
            return in_wish(request, content, _finished(request, content)) if wish else content
        reading = replace(request.reading, act="form", form=one_form(wish), lines=wish.lines)
        only = replace(request, reading=reading, wish=replace(wish, rest=""))
        return self._on_standing(only) or content

    def _remembered(self, request: Request, make: Callable[[], Content]) -> Answer:
        """The answer to a conversation in one index version and language, made once."""
        return self._answers.get(_place(request), lambda: _finished(request, make()))

    def _from_sources(self, request: Request) -> Content:
        content = _before_search(request)
        if content is not None:
            return content
        found = self._find(request)
        if request.redo:
            return self._corrected(request, composed(request, found))
        if request.own:
            return self._on_own_words(request, composed(request, found))
        content = self._certain(request, found) or composed(request, found)
        # What words of harm stand in and nothing answers gets no neighbour as a hint; nobody is
        # accused for a word.
        if content.reason == "not_in_sources" and mentions(request.question, "unsafe"):
            return declined(request, "not_in_sources")
        if not found.follows or content.decisions or not self._repeats(request, content):
            return content
        return self._otherwise(request, found) or replace(
            content, sentences=(fixed("same_again", request.language), *content.sentences)
        )

    def _otherwise(self, request: Request, found: Found) -> Content | None:
        """An answer from the next sections, where these reach; not those that just answered."""
        standing = self._standing(request)
        if standing is None or len(found.parts) > 1:
            return None
        next_best = quoted_last(found.first, standing[1])
        scores = {hit.group: hit.score for hit in found.first.hits}
        if scores[next_best.hits[0].group] < _AS_GOOD * max(scores.values()):
            return None  # the next ones are about something else
        content = composed(request, replace(found, parts=(next_best,)))
        new = {(c.document, c.start) for c in content.citations}
        old = {(c.document, c.start) for c in standing[1].citations}
        return content if content.reason is None and not new <= old else None

    def _corrected(self, request: Request, content: Content) -> Content:
        """The answer to the question that was meant, behind one apology."""
        standing = self._standing(request)
        if content.reason is not None and standing is not None:
            return replace(complained(request, *standing), trace=content.trace)
        above = fixed("complaint_redo", request.language)
        return replace(content, sentences=(above, *content.sentences))

    def _repeats(self, request: Request, content: Content) -> bool:
        """The very sentences of the answer before, which this message goes on from."""
        standing = self._standing(request)
        if standing is None or not content.citations:
            return False
        return [s.text for s in content.sentences] == [s.text for s in standing[1].sentences]

    def _on_own_words(self, request: Request, content: Content) -> Content:
        """What a complaint asks for, without what it is about; else what was understood."""
        standing = self._standing(request)
        if standing is None:
            return content
        asked, answer = standing
        new = without(content, answer.citations)
        if not new.citations:
            return replace(complained(request, asked, answer), trace=content.trace)
        own = request.own if len(request.own) <= _NAMED else request.own[: _NAMED - 1] + "…"
        above = fixed("complaint_own", request.language, own=own)
        return replace(new, sentences=(above, *new.sentences), text="")

    def _written(self, request: Request, writer: Writer) -> Iterator[str | Answer]:
        """The chat model's answer, unless something is refused, looked up or decided."""
        certain = _before_search(request)
        found = self._find(request) if certain is None else None
        if found is not None:
            certain = self._certain(request, found)
        if certain is not None or found is None:
            known = certain or Content()
            settled = in_wish(request, known, _finished(request, known))
            yield from _whole(self._remembered(request, lambda: settled))
            return
        try:
            asked = Asked(
                request.whole or request.question,
                request.history,
                request.index,
                request.language,
                self._embedder,
                request.reading,
            )
            find = partial(self._find_more, request)
            written = yield from writer.write(asked, found.together, find)
        except WriterGaveUp as failure:
            notice = message(failure.notice, request.language)
            content = not_held(request, found) or composed(request, found)
            trace = replace(content.trace or found.trace, usage=failure.usage)
            yield from _whole(_finished(request, replace(content, notice=notice, trace=trace)))
            return
        content = Content(tuple(written.sentences), tuple(written.citations.all))
        if written.declined:
            content = declined(request, "not_in_sources", found.first)
        notice = written.notice(request.language)
        trace = replace(found.trace, usage=written.usage, prompts=writer.prompts)
        content = replace(content, model=writer.name, trace=trace, notice=notice)
        content = named_first(request, found, content)
        answer = _finished(request, content)
        for key in (_place(request), (*_place(request), conversation_key(answer.answer, ()))):
            self._answers.put(key, answer)  # what “shorter” and “why” act on
        yield answer

    def _find_more(self, request: Request, query: str) -> Retrieval:
        """The hits for what the chat model says is missing."""
        searcher = Searcher(request.index, self._embedder, self._rerank)
        return searcher.search([query], request.language).retrieval

    def _certain(self, request: Request, found: Found) -> Content | None:
        """What is never left to a chat model: a review, a decision, that the sources say nothing.

        A log of which only the telling line is named goes to the chat model, where there is one.
        """
        asked_for = shown(request, found)
        if asked_for is not None:
            return asked_for
        reviewed = found.reviewed
        if reviewed is not None and reviewed.says_all:
            return reviewed.content
        decided = advised(request, found, self._understanding.before)
        if reviewed is None or (self._writer is not None and not reviewed.is_settled):
            return decided or self._stopped(request, found)
        if decided is not None:
            return joined(reviewed.content, decided)
        if reviewed.is_settled and request.returns and wants_whole(request.question):
            return file_first(reviewed.content, request.language)
        if reviewed.is_settled:
            asks = request.has_words
            return with_more(request, found, reviewed.content) if asks else reviewed.content
        more = composed(request, found)
        reason = None if reviewed.content.citations else more.reason
        return replace(joined(reviewed.content, more), reason=reason)

    def _stopped(self, request: Request, found: Found) -> Content | None:
        """What is not answered: by our measure, or, where a chat model judges, the hopeless."""
        judges = self._writer is not None
        if judges and not all(is_hopeless(part.scope) for part in found.parts):
            return None
        return not_held(request, found)


def _before_search(request: Request) -> Content | None:
    """What needs no search: nothing asked, harm, the URI of an image."""
    return refused(request) or looked_up(request)


def _finished(request: Request, content: Content) -> Answer:
    """The one place where an answer is made."""
    language = content.language or request.language
    decision = next(iter(content.decisions), None)
    doubt = message("unproven", language)
    return Answer(
        id="",
        question=request.whole or request.question,
        language=language,
        declined=content.reason is not None,
        reason=content.reason,
        pattern=decision.pattern if decision else None,
        clarify=content.clarify,
        answer=content.text or to_markdown(content.sentences, doubt=doubt),
        sentences=content.sentences,
        citations=content.citations,
        model=content.model,
        index_version=request.index.version,
        seconds=0.0,
        suggestions=content.suggestions,
        notice=content.notice,
        choices=content.choices,
        decision=decision,
        act=request.reading.act,
        understood=content.understood,
        patterns=tuple(one.pattern for one in content.decisions),
        trace=content.trace,
    )


def _whole(answer: Answer) -> Iterator[str | Answer]:
    """The Markdown of an answer sentence by sentence, then the answer."""
    if not answer.clarify and not answer.declined:
        doubt = message("unproven", answer.language)
        before = ""
        for position in range(len(answer.sentences)):
            text = to_markdown(answer.sentences[: position + 1], doubt=doubt)
            yield text[len(before) :]
            before = text
    yield answer


def _place(request: Request) -> tuple[str, ...]:
    """Index version, language and conversation: where an answer is kept."""
    conversation = conversation_key(request.whole or request.question, request.history)
    return request.index.version, request.language, conversation
