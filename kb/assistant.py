"""The assistant: a message (and the turns before it) to an `Answer`.

Takes a message, gives the answer, whole (`ask`) or as it comes (`stream`). Every surface calls this
and only renders what it gets. The story: a message is read, what it asks is found, an answer is put
together from that and held against its quotes. A message that acts on the last answer (shorter,
why, thanks …) searches nothing. It holds what is costly to open: the index, the models.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import partial

from kb.acting import acted, complained, in_wish, language_of_form, small_talk
from kb.answer.again import in_language
from kb.answer.content import Content, fixed, joined, said, without
from kb.answer.covers import covers
from kb.answer.markdown import to_markdown
from kb.answer.quotes import Citations
from kb.answer.show import asks_to_see, show
from kb.answer.standing import standing_on
from kb.composing import (
    below_decision,
    composed,
    named_first,
    proven,
    quoted_last,
    suggestions,
    with_more,
)
from kb.image.listed import listed_version
from kb.image.question import Reply, image_reply
from kb.messages import message
from kb.pattern.advise import advise
from kb.pattern.changes import changed
from kb.pattern.knowing import KnowingReader
from kb.pattern.own_reader import own_reader
from kb.pattern.patterns import deciding_sections
from kb.reading.followup import changes_subject
from kb.reading.kept import kept
from kb.reading.reading import CaseReading, Form, Reader, Reading
from kb.reading.wish import find_wish, names_length
from kb.records import SIDES, Answer, Language, Reason, Sentence, Trace, Turn
from kb.request import SETTLING, Found, Request, Reviewed
from kb.returning import corrected_question, corrects_question, objection, with_paste
from kb.review import review, wants_whole
from kb.search.embedding import Embedder
from kb.search.index import IndexStore
from kb.search.rank import is_choice, is_symptom, numbers
from kb.search.remembering import Recent, Remembering
from kb.search.rerank import Reranker
from kb.search.retrieve import Retrieval
from kb.search.scope import is_hopeless, missing_names, names_own
from kb.search.several import Search, Searcher, corrected
from kb.text.language import language as language_of
from kb.text.normal import respell
from kb.text.words import mentions
from kb.writer.generate import Asked, Writer, WriterGaveUp

_SURELY = 0.8
"""Likelihood of a decision being wanted from which it is given whatever the search says."""
_AS_GOOD = 0.7
"""Share of the best section's score from which the next one may answer in its place."""
_REMEMBERED = 256
"""Readings and answers that are kept: some twenty conversations of a dozen turns."""
_ANSWERED = 0.75
"""Likeness to a question of the notes from which that question is answered before a decision."""
_NAMED = 80
"""Characters of a complaint's own words that are named in a sentence."""
_LONGEST = 1_200
"""Characters of a message that are looked through for an image."""


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
        reranker: Reranker | None = None,
    ) -> None:
        """`read_by`: a chat model's reading around ours."""
        self._store = store
        self._embedder = Remembering(embedder)
        own = (
            KnowingReader(reader, listed_version)
            if reader
            else own_reader(self._embedder, listed_version)
        )
        self._own_reader: Reader = own
        self._reader: Reader = read_by(own) if read_by else own
        self._writer = writer
        self._rerank = None if reranker is None else reranker.rerank
        self._readings = Recent[Reading](_REMEMBERED)
        self._answers = Recent[Answer](_REMEMBERED)

    @property
    def embedder(self) -> Embedder:
        """The model behind this assistant's dense search."""
        return self._embedder

    def without_writer(self) -> Assistant:
        """The same assistant, but no chat model is asked for anything."""
        other = copy(self)
        other._writer, other._reader = None, self._own_reader
        other._answers, other._readings = Recent(_REMEMBERED), Recent(_REMEMBERED)
        return other

    def query(self, question: str, history: Sequence[Turn] = ()) -> str:
        """What is searched for `question` first: it stands alone, its typos mended."""
        request = self._read(question, tuple(history))
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
        request = self._read(question, tuple(history), language)
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

    # --- read, find -------------------------------------------------------------------------------

    def _read(
        self, question: str, history: tuple[Turn, ...], wanted: Language | None = None
    ) -> Request:
        """What the message says, together with the conversation; each message is read once."""
        index, reading = self._store.current(), self._read_text(question, history)
        if not any(map(str.isalnum, question)) and (not history or reading.act in SETTLING):
            reading = Reading(question, reading.language, "question")  # nothing is asked or told
        elif reading.danger is not None and reading.act not in SETTLING:
            reading = replace(reading, act="question")  # whatever it resembles, it is refused
        spoken = wanted or _language(reading, history)
        request = Request(question, history, reading, spoken, index, wanted)
        if history and reading.case is not None and not changes_subject(question):
            before = next((one.reading.case for one in self._earlier(request) if one.settles), None)
            reading = replace(reading, case=kept(reading.case, before))
            request = replace(request, reading=reading)
        if history and (pasted := with_paste(question, history, reading)):
            again = replace(self._read_text(pasted, history), act="paste", queries=(question,))
            return replace(request, reading=again, returns=True)
        wished = self._wishing(request)
        if wished is not None:
            return wished
        if history:
            own = objection(question, reading, lambda text: self._read_text(text, history))
            redone = None if own else self._redone(request)
            if redone is not None:
                return redone
            if own is not None:
                return replace(request, reading=replace(reading, act="complaint"), own=own)
        return _or_look_up(request)

    def _wishing(self, request: Request) -> Request | None:
        """What the message asks or tells beside the form that it wishes for, or that form alone."""
        history = request.history or (Turn("user", request.question), Turn("assistant", ""))
        if not request.history and not names_length(request.question):
            return None
        wish = find_wish(
            request.question, request.reading, lambda text: self._read_text(text, history)
        )
        if wish is None:
            return None
        if wish.rest:
            rest = self._read(wish.rest, request.history, wish.language or request.wanted)
            if rest.reading.act == request.reading.act and rest.reading.case is not None:
                # Of a case the whole message says more than a piece of it.
                told = request.reading.case or rest.reading.case
                rest = replace(rest, reading=replace(rest.reading, case=told))
            return replace(rest, wish=wish, whole=request.question)
        if not request.history:
            return None
        form: Form = wish.form or ("english" if wish.language == "en" else "japanese")
        case = request.reading.case
        reading = replace(
            request.reading,
            act="form",
            form=form,
            lines=wish.lines,
            case=replace(case, wanted=0.0) if case else None,
        )
        return _or_look_up(replace(request, reading=reading, wish=wish))

    def _redone(self, request: Request) -> Request | None:
        """The last question again, with what the message says was meant."""
        if not corrects_question(request.question, request.reading):
            return None
        last = next((one for one in self._earlier(request) if one.settles), None)
        if last is None or last.case is not None:
            return None  # a case is put right as a case
        redo = corrected_question(request.question, last.redo or last.own or last.question)
        reading = replace(request.reading, act="complaint", case=last.reading.case)
        return replace(request, reading=reading, redo=redo)

    def _read_text(self, text: str, history: tuple[Turn, ...]) -> Reading:
        """A text as if it were the message; each is read, and paid for, once."""
        new = list[Reading]()

        def read() -> Reading:
            new.append(self._reader.read(text, history))
            return new[0]

        reading = self._readings.get(_key(text, history), read)
        return reading if new or reading.usage is None else replace(reading, usage=None)

    def _find(self, request: Request) -> Found:
        """The hits for each part of the question."""
        searcher = Searcher(request.index, self._embedder, self._rerank)
        if request.redo:
            again = searcher.search([request.redo], request.language, about=request.about)
            last = self._standing(request) if request.about is None else None
            return Found((quoted_last(again, last[1]) if last else again,), follows=True)
        standing = self._standing(request) if request.own else None
        if standing is not None:
            _, answer = standing
            queries = [request.own, f"{answer.trace.query if answer.trace else ''} {request.own}"]
            search = searcher.search(queries, request.language)
            return Found((quoted_last(search, answer),), follows=True)
        reviewed = _reviewed(request)
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
        since = [one for one in self._earlier(request) if not one.settles]
        return replace(acted(request, since, asked, answer), language=answer.language)

    def _standing(self, request: Request) -> tuple[Request, Answer] | None:
        """The last message that asked or told something, and its answer, in the language due.

        That is the one which this message or a form after that message asks for; else a form keeps
        the answer's language, and whatever else is said keeps its own.
        """
        earlier = self._earlier(request)
        settling = next((place for place, one in enumerate(earlier) if one.settles), None)
        if settling is None:
            return None
        asked = earlier[settling]
        own = asked.language if request.reading.act == "form" else request.language
        spoken = [request.wanted, *map(language_of_form, (request, *earlier[:settling])), own]
        due = next(language for language in spoken if language is not None)
        return asked, self._settled_in(asked, due)

    def _earlier(self, request: Request) -> list[Request]:
        """The person's earlier messages, the newest first, back to one that asked or told."""
        earlier: list[Request] = []
        for place in reversed(range(len(request.history))):
            if request.history[place].role == "user":
                text = request.history[place].content
                earlier.append(self._read(text, request.history[:place]))
                if earlier[-1].settles:
                    break
        return earlier

    def _settled_in(self, request: Request, language: Language) -> Answer:
        """The answer in a language: decisions and look-ups anew, quotes by their counterparts."""
        answer = self._settled(request)
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
        form: Form = wish.form or ("english" if wish.language == "en" else "japanese")
        reading = replace(request.reading, act="form", form=form, lines=wish.lines)
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
        # What words of harm stand in and nothing answers gets no neighbour as a hint.
        if content.reason == "not_in_sources" and mentions(request.question, "unsafe"):
            return _declined(request, "unsafe")
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
            content = _not_held(request, found) or composed(request, found)
            trace = replace(content.trace or found.trace, usage=failure.usage)
            yield from _whole(_finished(request, replace(content, notice=notice, trace=trace)))
            return
        content = Content(tuple(written.sentences), tuple(written.citations.all))
        if written.declined:
            content = _declined(request, "not_in_sources", found.first)
        notice = written.notice(request.language)
        trace = replace(found.trace, usage=written.usage, prompts=writer.prompts)
        content = replace(content, model=writer.name, trace=trace, notice=notice)
        content = named_first(request, found, content)
        answer = _finished(request, content)
        self._answers.put(_place(request), answer)  # what “shorter” and “why” act on
        yield answer

    def _find_more(self, request: Request, query: str) -> Retrieval:
        """The hits for what the chat model says is missing."""
        searcher = Searcher(request.index, self._embedder, self._rerank)
        return searcher.search([query], request.language).retrieval

    def _certain(self, request: Request, found: Found) -> Content | None:
        """What is never left to a chat model: a review, a decision, that the sources say nothing.

        A log of which only the telling line is named goes to the chat model, where there is one.
        """
        asked_for = _shown(request, found)
        if asked_for is not None:
            return asked_for
        reviewed = found.reviewed
        if reviewed is not None and reviewed.says_all:
            return reviewed.content
        decided = self._advised(request, found)
        if reviewed is None or (self._writer is not None and not reviewed.is_settled):
            return decided or self._stopped(request, found)
        if decided is not None:
            return joined(reviewed.content, decided)
        if reviewed.is_settled and request.returns and wants_whole(request.question):
            return _file_first(reviewed.content, request.language)
        if reviewed.is_settled:
            more = request.has_words
            return with_more(request, found, reviewed.content) if more else reviewed.content
        return replace(joined(reviewed.content, composed(request, found)), reason=None)

    def _stopped(self, request: Request, found: Found) -> Content | None:
        """What is not answered: by our measure, or, where a chat model judges, the hopeless."""
        judges = self._writer is not None
        if judges and not all(is_hopeless(part.scope) for part in found.parts):
            return None
        return _not_held(request, found)

    def _advised(self, request: Request, found: Found) -> Content | None:
        """The decision, opened by what has changed, then what else was asked."""
        case = request.case
        if case is None or not _is_ours(request):
            return None
        if found.first.scope.reason is not None and case.wanted < _SURELY:
            return None
        if _asks_its_own(request, found, case):
            return None
        if case.wanted < _SURELY and names_own(
            found.first.query, found.first.retrieval, request.index
        ):
            return None  # a thing of another source, which that source tells or nobody
        advice = advise(
            case,
            request.index,
            request.language,
            brief=len(found.parts) > 1,
        )
        if advice is None:
            return None
        citations = advice.opening.citations
        pattern = advice.decisions[0].pattern if len(advice.decisions) == 1 else None
        more = below_decision(request, found, citations, pattern)
        sentences = [
            *self._changed(request, leads=bool(advice.decisions)),
            *proven(advice.opening.sentences, citations),
            *more,
        ]
        return Content(
            tuple(sentences),
            tuple(citations.all),
            decisions=advice.decisions,
            clarify=advice.clarify,
            choices=advice.choices,
            understood=case.conditions,
            trace=found.trace,
        )

    def _changed(self, request: Request, *, leads: bool) -> list[Sentence]:
        """One sentence on what the message changed of the case before it."""
        case = request.case
        if case is None or not (case.changed or request.reading.act == "revision"):
            return []
        before = next((one for one in self._earlier(request) if one.settles), None)
        sentence = changed(
            before.reading.case if before else None,
            case,
            request.language,
            misread=request.is_misread,
            leads=leads,
        )
        return [sentence] if sentence else []


def _or_look_up(request: Request) -> Request:
    """A Region or an instance alone, in answer to a question back, is no form of the answer."""
    if request.settles or _image_reply(request) is None:
        return request
    reading = replace(request.reading, act="question", form=None, queries=(request.question,))
    return replace(request, reading=reading, wish=None)


def _before_search(request: Request) -> Content | None:
    """What needs no search: nothing asked, harm, the URI of an image."""
    return _refused(request) or _looked_up(request)


def _reviewed(request: Request) -> Reviewed | None:
    """What the pasted files and logs of the message say."""
    reading = request.reading
    if all(part.kind in ("question", "prose") for part in reading.parts):
        return None
    sides = reading.case.sides if reading.case else ()
    found = review(reading.parts, reading.message, request.language, request.index, sides)
    if found is None:
        return None
    content = Content(found.sentences, found.citations)
    return Reviewed(content, not found.query, found.query, found.asks, found.says_all)


def _file_first(content: Content, language: Language) -> Content:
    """A review with the mended file, which was asked for, above its findings."""
    opening = message("review_mended", language)
    texts = [sentence.text for sentence in content.sentences]
    if opening not in texts:
        return content
    place = texts.index(opening)
    return replace(content, sentences=(*content.sentences[place:], *content.sentences[:place]))


def _refused(request: Request) -> Content | None:
    """Nothing asked, nothing but an attack, or help with harm."""
    reading = request.reading
    if reading.danger == "unsafe":
        return _declined(request, "unsafe")
    # An attack of which nothing is left asks nothing, whatever its words resemble.
    whole = reading.danger == "attack" and reading.queries == (reading.message.strip(),)
    if whole or (not reading.queries and reading.act != "paste"):
        text = message("empty_question", request.language)
        if reading.danger == "attack":
            text = covers(request.index, request.language)
        return Content(text=text, reason="out_of_scope")
    return None


def _looked_up(request: Request) -> Content | None:
    """A URI looked up in the official data, or the question back that it needs."""
    reply = _image_reply(request)
    if reply is None:
        return None
    signals = {f"image {name}": value for name, value in reply.parts.signals.items()}
    return Content(
        reply.sentences,
        reply.citations,
        text=reply.clarify,
        clarify=reply.clarify or None,
        choices=reply.choices,
        notice=reply.notice,
        trace=Trace(request.question, False, (), signals),
        language=reply.language,
    )


def _image_reply(request: Request) -> Reply | None:
    """What the official tables of images hold on the message; of a long one on its two ends."""
    text = request.question
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}\n{text[-_LONGEST // 2 :]}"
    return image_reply(text, request.history, request.index, request.wanted)


def _shown(request: Request, found: Found) -> Content | None:
    """The file, function, stage or table that is asked to be seen, or that nothing is called so."""
    query, retrieval, index = found.first.query, found.first.retrieval, request.index
    if found.reviewed is not None or not asks_to_see(query):
        return None
    own = asks_to_see(request.question)
    named = [name for name in missing_names(retrieval.naming, index) if name in request.question]
    if not own and (named or not index.names.naming(request.question).named):
        return None  # what was asked to be seen stands in the turn before
    if missing := named:
        text = message("not_indexed", request.language, thing=missing[0])
        near = suggestions(found.first, request.language)
        return Content(text=text, reason="not_in_sources", suggestions=near, trace=found.trace)
    citations = Citations(index)
    sentences = show(query, retrieval.hits, retrieval.naming, index, request.language, citations)
    if not sentences:
        return None
    return Content(tuple(proven(sentences, citations)), tuple(citations.all), trace=found.trace)


def _not_held(request: Request, found: Found) -> Content | None:
    """The sources say nothing on any part of the question."""
    reasons = {part.scope.reason for part in found.parts}
    reason = found.first.scope.reason
    if reason is None or None in reasons or (reason == "not_in_sources" and len(found.parts) == 1):
        return None  # what is near to our subject may be named, and told from what is not held
    if request.reading.danger == "attack":
        text = covers(request.index, request.language)
        return Content(text=text, reason=reason, trace=found.trace)
    return replace(_declined(request, reason, found.first), trace=found.trace)


def _declined(request: Request, reason: Reason, search: Search | None = None) -> Content:
    """A polite refusal, with the nearest questions that our notes answer."""
    name = f"declined_{reason}"
    text = message(name, request.language) + "\n\n" + covers(request.index, request.language)
    near = suggestions(search, request.language) if search else ()
    return Content(text=text, reason=reason, suggestions=near)


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


def _asks_its_own(request: Request, found: Found, case: CaseReading) -> bool:
    """The message asks for something else than the way to take, and the sources answer it.

    It does where what comes nearest is no section that decisions rest on, and nothing is told that
    a decision could rest on, something goes wrong, or it goes on from a case and adds nothing.
    """
    first = found.first
    needs = [c for c in case.conditions if c.state == "holds" and c.signal not in SIDES]
    if first.scope.reason is not None:
        return False
    if not needs and len(numbers(request.question)) > 1:
        return True  # patterns that it names are compared
    if float(first.scope.signals["question"]) < _ANSWERED:
        return False
    if is_choice(request.question) and not is_symptom(request.question):
        return False
    if not first.hits or first.hits[0].group.rpartition(":")[2] in deciding_sections():
        return False
    goes_on = bool(request.history) and request.reading.act == "question"
    return not needs or (not case.changed and (goes_on or is_symptom(request.question)))


def _is_ours(request: Request) -> bool:
    """The case is not one on another cloud alone."""
    query = request.asked[0][0]
    return not mentions(query, "elsewhere") or "sagemaker" in respell(query)


def _language(reading: Reading, history: tuple[Turn, ...]) -> Language:
    """The language of the message; of the one before where it has no words."""
    if any(map(str.isalpha, reading.message)):
        return reading.language
    earlier = [turn.content for turn in history if turn.role == "user"]
    return language_of(earlier[-1]) if earlier else "ja"


def _place(request: Request) -> tuple[str, ...]:
    """Index version, language and conversation: where an answer is kept."""
    conversation = _key(request.whole or request.question, request.history)
    return request.index.version, request.language, conversation


def _key(question: str, history: tuple[Turn, ...]) -> str:
    """A conversation up to a message, as a short word."""
    digest = hashlib.blake2b(digest_size=16)
    for turn in (*history, Turn("user", question)):
        digest.update(f"{turn.role}\0{turn.content}\0".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
