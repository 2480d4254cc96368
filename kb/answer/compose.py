"""Compose: hits to the sentences of an answer, word for word (the extractive composer).

Takes hits, gives `Draft` values in reading order, each an exact slice of a document. Knows nothing
about models, conversations or refusals. Statements of our notes are whole sentences already; of
other documents the sentences that fit the question best are cut out.

Every sentence of the best hits is a candidate with a closeness to the question: 10 × (its cosine
similarity − the best of all) + 3 × its share of the question's words + 0.7 × ln(score of its hit).
The direct statement comes first, then what is close enough and says something new.

A section about an error speaks of that error alone. Where the message shows another one it is left
out; where it shows none, its sentences stand below “If the log says …” (kb.search.wordings).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kb.answer.candidates import WORDS, Candidate, Weigh, candidates_in, share, telling
from kb.answer.order import in_order, is_opposite, shares_side
from kb.answer.quotes import Draft
from kb.answer.verdict import verdict_on
from kb.answer.wanted import asks_number, has_number, other_framework
from kb.messages import message
from kb.records import Hit, Language
from kb.search.wordings import Shown
from kb.text.tokens import search_tokens

MOST = 8
"""Sentences an answer has at most; code and tables that belong to one come on top."""
LEAST = 2
"""Sentences an answer has at least, where the hits hold so many."""
LEAD = 4
"""Statements of the section that answers, where it holds so many."""
MOST_FOREIGN = 3
"""Sentences in another language than the question's: its reader has to translate them."""
DRAWN_ON = 4
"""Hits that an answer draws on at most."""
BEHIND = 1.0
"""By so much a sentence may be behind the closest one. With 8 sentences at most, all needed facts
of 0.91 instead of 0.88 of the tuning questions that are answered, for 90 characters more."""
NEAR = 0.1
"""Share of the best hit's score that another needs to be drawn on: where the first fits well,
nothing is lost without the rest. From 0.3 on needed facts are."""
AHEAD = 0.6
"""By so much a later statement must fit better than the first of its section to go before it: our
notes open with the answer. Of 30 statements that this moved, 9 held evidence that the first one
did not, and 2 the other way round (tuning slice of the golden set)."""
_NEW_WORDS = 2.0
"""Weight of the question's words that no chosen sentence holds yet."""
_CARRIED = 0.1
"""What a word counts that a question takes from the turns before."""


def compose(
    query: str,
    hits: tuple[Hit, ...],
    weigh: Weigh,
    language: Language | None = None,
    *,
    shown: Shown | None = None,
    most: int = MOST,
    focus: str = "",
    own: str = "",
) -> list[Draft]:
    """Two to `most` sentences for `query`, a direct statement first. `weigh`: weight of a token.

    `language`: the reader's; of sentences in another one only a few are taken. `shown`: which
    errors the person's message shows; without it no section is taken for one about an error.
    `focus`: what of the query is asked now, where it holds more. `own`: the person's last words,
    where the rest of the query comes from the turns before: it says where to look, not what for.
    """
    shown = shown or Shown()
    asked = telling(query, weigh)
    if own:
        told = set(search_tokens(own))
        asked = {token: w if token in told else w * _CARRIED for token, w in asked.items()}
    now = focus or query
    drawn = drawn_on(in_order(fitting(hits, shown), now, shown))
    candidates = candidates_in(drawn, asked, shown)
    candidates = [c for c in candidates if not other_framework(query, c.draft.text)] or candidates
    if not candidates:
        return []
    opening = candidates[0]
    verdict = verdict_on(now, drawn[0].chunks, weigh) if drawn else None
    if verdict is not None or shown.fit(opening.draft.chunk.group) == "same":
        direct = opening  # an error that is shown: its cause, which opens its section
    else:
        direct = _direct(_on_side(candidates, now), asked, number=asks_number(now))
    chosen = _choose(candidates, direct, asked, weigh, language, most)
    drafts: list[Draft] = []
    condition = ""
    order = sorted(
        chosen,
        key=lambda c: (c.hit != direct.hit, bool(c.condition), c.hit, c is not direct, c.place),
    )
    for candidate in order:
        marked = _marked(candidate, chosen, candidates)
        if candidate.condition and candidate.condition != condition:
            reader = language or marked.chunk.language
            lead = message("if_log", reader, wording=candidate.condition)
            marked = replace(marked, lead=f"{lead}\n")
        condition = candidate.condition
        if verdict is not None and not drafts:
            reader = language or marked.chunk.language
            marked = replace(marked, lead=message(f"verdict_{verdict}", reader))
        drafts += [marked, *candidate.blocks]
    return drafts


def fitting(hits: Sequence[Hit], shown: Shown) -> list[Hit]:
    """The hits without sections about an error that the message rules out.

    One that has the form of an error shown, with other names in it, is about another case; so is
    any that is not shown where the message brings an error along. When nothing else comes near, the
    latter stay, as what to look for.
    """

    def ruled_out(hit: Hit) -> bool:
        fit = shown.fit(hit.group)
        return fit == "other" or (fit == "absent" and shown.has_error)

    kept = [hit for hit in hits if not ruled_out(hit)]
    possible = [hit for hit in hits if shown.fit(hit.group) != "other"]
    best = max((hit.score for hit in possible), default=0.0)
    return kept if any(hit.score >= NEAR * best for hit in kept) else possible


def drawn_on(hits: Sequence[Hit]) -> list[Hit]:
    """The hits that an answer draws on: those that are not far behind the best one."""
    best = max((hit.score for hit in hits), default=0.0)
    return [hit for hit in hits[:DRAWN_ON] if hit.score >= NEAR * best]


def _direct(
    candidates: Sequence[Candidate], asked: Mapping[str, float], *, number: bool = False
) -> Candidate:
    """The sentence that answers: the best hit's first statement, unless another fits much better.

    Where a `number` is asked for, it is the first place of one that fits about as well.

    Steps keep their order, and a first statement its table; any other statement that leads in code
    or a table is no answer by itself.
    Words of the heading count for no statement: it says them for all of its section.
    """
    lead = [candidate for candidate in candidates if candidate.hit == candidates[0].hit]
    first = lead[0]
    heading = frozenset(search_tokens(" ".join(first.draft.chunk.heading[-1:])))

    def fit(candidate: Candidate) -> float:
        return candidate.nearness + WORDS * share(candidate.words - heading, asked)

    best = max([c for c in lead if not c.blocks and not c.draft.is_block] or lead, key=fit)
    if number and first.is_noted and not has_number(first.draft.text):
        counted = [c for c in lead if has_number(c.draft.text) and not c.blocks]
        if counted and fit(best) - fit(max(counted, key=fit)) < AHEAD:
            return max(counted, key=fit)
    if not first.is_noted:
        return best
    if first.blocks or any(candidate.draft.is_step for candidate in lead):
        return first
    return best if fit(best) - fit(first) > AHEAD else first


def _on_side(candidates: Sequence[Candidate], question: str) -> Sequence[Candidate]:
    """The candidates of the first hit that the question's side and direction leave to open with.

    None on the other side; in a section that is about the opposite, those that speak of what was
    asked in passing.
    """
    lead = [c for c in candidates if c.hit == candidates[0].hit]
    kept = [c for c in lead if not is_opposite(c.draft.text, question)] or lead
    if not is_opposite(" ".join(lead[0].draft.chunk.heading), question):
        return kept
    return [c for c in kept if shares_side(c.draft.text, question)] or kept


def _choose(
    candidates: Sequence[Candidate],
    direct: Candidate,
    asked: Mapping[str, float],
    weigh: Weigh,
    language: Language | None,
    most: int,
) -> list[Candidate]:
    """The direct sentence, what its section opens with, its steps, and what is close and new."""
    lead = [c for c in candidates if c.hit == direct.hit and c is not direct]
    chosen = [direct]
    chosen += [c for c in lead if c.draft.is_step or (c.is_noted and c.place == 0)][: most - 1]
    limit = max(c.closeness for c in candidates) - BEHIND
    left = [c for c in candidates if c not in chosen]
    while left and len(chosen) < most:
        said = frozenset[str]().union(*(c.words for c in chosen))
        gains = [c.closeness + _NEW_WORDS * share(c.words - said, asked) for c in left]
        gain = max(gains)
        if gain < limit and len(chosen) >= LEAST:
            break
        best = left.pop(gains.index(gain))
        if not _repeats(best, chosen, asked, weigh) and _readable(best, chosen, language):
            chosen.append(best)
    # The section of the direct sentence belongs together, more than single words tell: its plain
    # sentences, then those that lead in a table.
    for candidate in sorted(lead, key=lambda c: bool(c.blocks)):
        told = sum(c.hit == direct.hit for c in chosen)
        only_tables = all(block.chunk.kind == "table" for block in candidate.blocks)
        fits = candidate.is_noted and only_tables and candidate not in chosen
        if fits and told < LEAD and len(chosen) < most:
            if not _repeats(candidate, chosen, asked, weigh):
                chosen.append(candidate)
    return chosen


def _repeats(
    candidate: Candidate, chosen: Iterable[Candidate], asked: Mapping[str, float], weigh: Weigh
) -> bool:
    """One sentence said most of its words already; with the same evidence half are enough.

    With another number, or a word of the question that was missing, it says something else.
    """
    own = _weight(candidate.words, weigh) or 1.0
    for other in chosen:
        new = candidate.words - other.words
        if candidate.blocks or new & asked.keys() or any(word[0].isdigit() for word in new):
            continue
        same = set(candidate.draft.chunk.based_on) & set(other.draft.chunk.based_on)
        if 1 - _weight(new, weigh) / own > (0.5 if same else 0.65):
            return True
    return False


def _weight(words: Iterable[str], weigh: Weigh) -> float:
    return sum(map(weigh, words))


def _readable(candidate: Candidate, chosen: Sequence[Candidate], language: Language | None) -> bool:
    """The reader's own language, or one of the few sentences in another one."""
    foreign = [c for c in (*chosen, candidate) if language and c.draft.chunk.language != language]
    return candidate not in foreign or len(foreign) <= MOST_FOREIGN


def _marked(
    candidate: Candidate, chosen: Iterable[Candidate], candidates: Iterable[Candidate]
) -> Draft:
    """A step out of a list that is not shown whole becomes a bullet: its number would mislead."""
    draft = candidate.draft

    def steps(some: Iterable[Candidate]) -> int:
        return sum(c.hit == candidate.hit and c.draft.is_step for c in some)

    if draft.is_step and steps(chosen) < steps(candidates):
        return Draft(draft.chunk, draft.start, draft.end)
    return draft
