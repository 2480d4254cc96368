"""Follow-ups: the last turns turn a question that leans on them into one that stands alone.

Takes a question and the history, gives the query. A question that names its own subject is left
alone. Knows nothing about the index: what counts is grammar (pointing words, questions without a
verb) and whether any word is left that could be a subject. Words live in followup.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kb.records import Turn
from kb.text.normal import nfkc, normalize
from kb.text.sentences import sentences
from kb.text.words import mentions
from kb.yaml_file import read_yaml

_TURNS = 4
"""Earlier questions that are looked at, the last ones."""
_LONGEST = 400
"""Characters of the earlier questions that go into a query, the last ones."""
_LONG = 8
"""Subject words from which a question is taken to stand alone, whatever it points to."""
_FEW = 5
"""Subject words from which a question is not tried with the one before it."""
_NAMED = 2
"""Subject words that a sentence needs to be searched for without the one before it."""
_JAPANESE = re.compile(r"[ぁ-んァ-ヺ一-龥]")
_HIRAGANA = re.compile(r"[ぁ-ん]")
_DOING = re.compile(
    r"(?:[ァ-ヺー]{2,}|[一-龥々]{2,})(?=する|され|させ|した|して|しな|しま|すれ|せず|でき)"
)
"""Nouns that are a verb in this place: 展開される, デプロイする."""
_WORD = re.compile(r"[a-z0-9](?:[a-z0-9_./+'’-]*[a-z0-9_])?|[ァ-ヺー]{2,}|[一-龥々]{2,}")


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a contrast: what it looks like, and its names."""

    pattern: re.Pattern[str]
    ja: str
    en: str

    def named(self, text: str) -> bool:
        return bool(self.pattern.search(text))

    def instead_of(self, found: re.Match[str]) -> str:
        """Its name in the language of what was found."""
        return self.en if found[0].isascii() else self.ja


def is_small_talk(question: str) -> bool:
    """A greeting or a word of thanks, and nothing asked with it."""
    text = normalize(question)
    if "?" in text or mentions(text, "symptom") or not _holds("greeting", text):
        return False
    for pattern in _patterns("greeting"):
        text = re.sub(f"{pattern.pattern}[a-z]*", " ", text)
    return set(_words(text)) <= _listed("thanks") | _listed("no_subject")


def standalone(question: str, history: Sequence[Turn]) -> tuple[str, bool]:
    """The query for `question`, and whether earlier turns went into it."""
    asked = [turn.content[-_LONGEST:] for turn in history if turn.role == "user"]
    return _standalone(question, asked[-_TURNS:])


def leans_within(text: str) -> bool:
    """The text needs the sentence before it in the same message: hardly anything in it is named."""
    return len(_subjects(normalize(text))) < _NAMED or _leans(text)


def leans(question: str) -> bool:
    """Whether a reader would have to know the turn before."""
    return _leans(question)


def without_opening(text: str) -> str:
    """The text without the word that goes on from the turn before: じゃあ, and, so."""
    for pattern in _patterns("opening"):
        text = pattern.sub("", text, count=1).strip()
    return text


def names_subject(text: str) -> bool:
    """A word stands in it that could be what it is about."""
    return bool(_subjects(normalize(text)))


def without_talk(text: str) -> str:
    """The text without its sentences of thanks, and without the word that goes on from before."""
    pieces = (text[start:end] for start, end in sentences(text))
    kept = [piece for piece in pieces if not is_small_talk(piece)]
    return without_opening(" ".join(kept)) or text


def only_courtesy(text: str) -> bool:
    """Nothing but words of thanks and politeness, in Latin letters."""
    return text.isascii() and set(_words(text)) <= _listed("thanks") | {"please"}


def corrects(question: str) -> bool:
    """The person says what was meant, or asked: “I meant the …”, 「…の話です」."""
    return _holds("correcting", normalize(question))


def meant(question: str) -> str:
    """What a correction says is meant, without what it says is not: “the label, not the port”."""
    text = nfkc(question)
    for pattern in _patterns("not_this"):
        text = pattern.sub(" ", text)
    for pattern in _patterns("correcting"):
        text = pattern.sub(" ", text)
    return text.strip(" 、,。.-—") if _WORD.search(normalize(text)) else ""


def corrected(last: str, history: Sequence[Turn], question: str) -> str:
    """The last question with what a correction says is meant, in place of what it says is not.

    `history`: the turns before that question. One that only leaned on them, and named what was not
    meant, gives way to what it leaned on.
    """
    asked = [turn.content[-_LONGEST:] for turn in history if turn.role == "user"]
    said = [turn for turn in asked[-_TURNS:] if set(_words(turn)) - _listed("thanks")]
    words = meant(question)
    base = _standalone(last, said)[0]
    if said and _leans(last) and names_subject(last) and names_subject(words):
        base = _ground(last, said)
    base = _contrasted(base, question)
    for denied in _denied(question):
        whole = rf"(?<![A-Za-z0-9]){re.escape(denied)}(?:s(?![A-Za-z0-9])|(?![A-Za-z0-9]))"
        found = re.search(whole, base, re.IGNORECASE) if words else None
        if found is not None:
            return f"{base[: found.start()]}{_bare(words)}{base[found.end() :]}"
    only_side = words and not names_subject(words) and base != last
    return base if only_side or not words else f"{base} {words}"


def _denied(question: str) -> list[str]:
    """What a correction says is not meant, the words alone."""
    text = nfkc(question)
    found = (m[0] for pattern in _patterns("not_this") for m in pattern.finditer(text))
    texts = [_bare(_patterns("denies")[0].sub(" ", piece)) for piece in found]
    return [one for one in texts if names_subject(one)]


def _bare(text: str) -> str:
    """Without an article or a particle at its ends."""
    (ends,) = _patterns("bare_ends")
    return ends.sub("", text.strip(" 、,。.-—?!？！"))


def changes_subject(question: str) -> bool:
    """The question says itself that it is about something else."""
    return _holds("new_subject", normalize(question))


def before(question: str, history: Sequence[Turn]) -> str:
    """The question that stood before one that names something of its own, to be tried with it.

    Empty where nothing stood, or where the question is long or says itself that it is another.
    Whether it goes on from there, what is found with it and without it has to tell.
    """
    text = normalize(question)
    if len(_subjects(text)) >= _FEW or changes_subject(question) or is_small_talk(question):
        return ""
    asked = [turn.content[-_LONGEST:] for turn in history if turn.role == "user"]
    kept = [turn for turn in asked[-_TURNS:] if set(_words(turn)) - _listed("thanks")]
    return _standalone(kept[-1], kept[:-1])[0] if kept else ""


def with_subject(question: str, history: Sequence[Turn]) -> str:
    """The question behind the words that the last one was about; empty where there are none.

    Beside the whole of the last question a short one that leans on it hardly counts.
    """
    asked = [turn.content[-_LONGEST:] for turn in history if turn.role == "user"]
    said = [turn for turn in asked[-_TURNS:] if set(_words(turn)) - _listed("thanks")]
    ground = _ground(question, said) if said and names_subject(question) else "".join(asked[-1:])
    named = list(dict.fromkeys(_subjects(ground)))
    return " ".join((*named[:_LONG], question)) if named else ""


def by_itself(question: str, side: str) -> str:
    """A question that leans but names a subject, as one on that alone: 「推論の ENTRYPOINT は？」.

    Empty where it names none. `side`: training or inference, as the conversation has it, or empty.
    """
    text = without_opening(nfkc(question))
    for pattern in (*_patterns("in_case"), *_patterns("pointing")):
        text = pattern.sub(" ", text)
    text = text.strip(" 、,")
    if not names_subject(text):
        return ""
    names = {one.en: one for one in _contrasts()[0]}
    if side not in names or names_side(text):
        return text
    japanese = _JAPANESE.search(text)
    return f"{names[side].ja}の{text}" if japanese else f"{names[side].en} {text}"


def names_side(text: str) -> bool:
    """Training or inference stands in it."""
    return any(side.named(normalize(text)) for side in _contrasts()[0])


def subject_of(history: Sequence[Turn]) -> str:
    """The words that the person's last message was about."""
    asked = [turn.content[-_LONGEST:] for turn in history if turn.role == "user"]
    return " ".join(list(dict.fromkeys(_subjects(asked[-1])))[:_LONG]) if asked else ""


def _standalone(question: str, earlier: Sequence[str]) -> tuple[str, bool]:
    said = [turn for turn in earlier if set(_words(turn)) - _listed("thanks")]
    if not said or not _leans(question):
        return question, False
    if own := _for_other_side(question, said):
        return own, True
    base = _contrasted(_ground(question, said), question)[-_LONGEST:]
    return f"{base} {question}", True


def _for_other_side(question: str, said: Sequence[str]) -> str:
    """The subject that a question brought to the conversation, for the side that is named now.

    After “and ENTRYPOINT?” 「学習側でも同じ？」 asks for the ENTRYPOINT in training, no more.
    """
    if len(said) < 2 or not names_side(question) or names_subject(question) or not _leans(said[-1]):
        return ""
    other = next((s.en for s in _contrasts()[0] if not s.named(normalize(question))), "")
    return _contrasted(by_itself(said[-1], other), question)


def _ground(question: str, said: Sequence[str]) -> str:
    """What a question that leans stands on: the last one, or what that leaned on itself.

    A question that brings a subject of its own takes the place of one that only went on from there:
    after “health check fails” and “how many seconds?”, “and ENTRYPOINT?” asks on from the first.
    """
    last, earlier = said[-1], said[:-1]
    if earlier and names_subject(question) and _leans(last):
        return _contrasted(_ground(last, earlier), last)
    return _standalone(last, earlier)[0]


def _leans(question: str) -> bool:
    """Whether a reader would have to know the turn before."""
    text = normalize(question)
    subjects = len(_subjects(text))
    if subjects < 2 and _holds("greeting", text):
        return False
    if _compares(text) or (subjects and (_holds("new_subject", text) or subjects >= _LONG)):
        return False
    if _points_back(text) or _holds("asking_on", text):
        return True
    if subjects < 4 and _holds("what_to_do", text) and not mentions(text, "symptom"):
        return True
    if _holds("defining", text):
        return all(_is_empty(word) for word in _words(text))
    if _JAPANESE.search(text):
        return _leans_in_japanese(text, subjects)
    if not subjects:
        return True
    if _holds("verb", text):
        return subjects < 2 and _holds("opening", text)
    return subjects <= 2 or (
        subjects <= 4 and (_holds("opening", text) or _holds("preposition", text))
    )


def _leans_in_japanese(text: str, subjects: int) -> bool:
    """No subject; a topic and nothing said of it (`GPUは？`); a connective before little else."""
    if not subjects:
        named = bool(_words(text)) or any(side.named(text) for s in _contrasts() for side in s)
        return named or _holds("asks", text) or _holds("opening", text)
    (end,) = _patterns("bare_end")
    topic = end.sub("", text)
    bare = not _HIRAGANA.search(topic) and subjects <= (1 if topic == text else 2)
    return bare or (subjects <= 2 and _holds("opening", text))


def _points_back(text: str) -> bool:
    """A pointing word with nothing before it, in the same question, that it could stand for."""
    found = sorted(
        match.span() for pattern in _patterns("pointing") for match in pattern.finditer(text)
    )
    for start, end in found:
        before = text[:start]
        # “when it …” stands for a subject of the clause before; “edit it” never for “edit”.
        (clause_ends,) = _patterns("new_clause")
        clauses = [clause for clause in clause_ends.split(before)[:-1] if _subjects(clause)]
        if not clauses and len(_subjects(before)) < 2:
            return not (_holds("pasted", text[start:]) and len(_subjects(text[end:])) >= 3)
    return False


def _compares(text: str) -> bool:
    """Both sides of a contrast are named, so nothing is left to lean on."""
    return _holds("both_sides", text) or any(
        sum(side.named(text) for side in sides) > 1 for sides in _contrasts()
    )


def _contrasted(base: str, question: str) -> str:
    """The old question, with the side of a contrast that the new one names for the other."""
    kept, asked = nfkc(base), normalize(question)
    for sides in _contrasts():
        named = [side for side in sides if side.named(asked)]
        if len(named) == 1:
            for side in sides:
                if side is not named[0]:
                    kept = side.pattern.sub(named[0].instead_of, kept)
    return kept


def _subjects(text: str) -> list[str]:
    """Words that could be what a question is about; the side of a contrast alone is not."""
    for sides in _contrasts():
        for side in sides:
            text = side.pattern.sub(" ", text)
    text = _DOING.sub(" ", text)
    return [word for word in _words(text) if not _is_empty(word)]


def _words(text: str) -> list[str]:
    return _WORD.findall(normalize(text))


def _is_empty(word: str) -> bool:
    empty = _listed("no_subject") | _listed("thanks")
    return word in empty or word.removesuffix("s") in empty or word.isdigit()


def _holds(name: str, text: str) -> bool:
    return any(pattern.search(text) for pattern in _patterns(name))


@cache
def _patterns(name: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in _read()[name])


@cache
def _listed(name: str) -> frozenset[str]:
    return frozenset(_read()[name].split())


@cache
def _contrasts() -> tuple[tuple[Side, ...], ...]:
    return tuple(
        tuple(Side(re.compile(pattern, re.IGNORECASE), ja, en) for pattern, ja, en in sides)
        for sides in _read()["contrasts"]
    )


@cache
def _read() -> dict[str, Any]:
    file = Path(__file__).with_name("followup.yaml")
    words: dict[str, Any] = read_yaml(file)
    return words
