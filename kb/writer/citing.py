"""Citing: the text of a chat model, as it streams, to clean text and the sources that it cites.

Takes pieces of text in any cut, gives text and `Cited` parts in order. A marker, link or address
that is only half there is held back until the rest has come. Markers of unknown sources, addresses
and what a model thinks aloud are dropped; code fences are left as they are. Knows nothing about
what the sources say.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass

from kb.text.normal import normalize

_LETTERS, _DIGITS = "abcdefghjkmnpqrstuvwxyz", "23456789"
_ID = re.compile(rf"(?=.*[{_DIGITS}])(?=.*[{_LETTERS}])[{_LETTERS}{_DIGITS}]{{4}}")
_OPEN, _CLOSE = "[［【", "]］】"
_LONGEST_MARKER = 200
_LONGEST_TARGET = 2_000

_SPACE = re.compile(r"\s+")
_RUN = re.compile(r"[!-')-;=?-Z\\\]^_a-~]+")  # printable ASCII but ` [ < (; ! may come first
_WIDE = re.compile(r"[^\x00-\x7f［【（]+")
_ROUND = re.compile(rf"[(（]([{_LETTERS}{_DIGITS}\s,、;]{{4,60}})[)）]")
_ROUND_MAYBE = re.compile(rf"[(（][{_LETTERS}{_DIGITS}\s,、;]{{0,60}}")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[^\n]*")
_FENCE_MAYBE = re.compile(r"[ \t]*(?:`{0,2}|~{0,2})")
_DEFINITION = re.compile(r"[ \t]*\[\^?([^\]\n]{1,60})\]:[ \t]*([^\n]*)")
_DEFINITION_MAYBE = re.compile(r"[ \t]*\[\^?[^\]\n]{0,60}(?:\](?::[^\n]*)?)?")
_IN_ADDRESS = r"[^\s<>\"'`|)\]}\u0080-\U0010ffff]"
_ADDRESS = re.compile(
    rf"(?:\b(?:https?|ftp)://|\bwww\.)(?:{_IN_ADDRESS}*(?![.,;:!?]){_IN_ADDRESS})?",
    re.IGNORECASE | re.ASCII,
)
_AUTOLINK = re.compile(r"<\s*/?[a-z][a-z0-9+.-]*:[^\s>]*>?", re.IGNORECASE)
_LOCAL = re.compile(
    r"https?://(?:localhost|127\.[\d.]+|0\.0\.0\.0|169\.254\.[\d.]+)(?=[:/]|$)", re.IGNORECASE
)
_THINKING = re.compile(r"<(think(?:ing)?)>")


@dataclass(frozen=True, slots=True)
class Cited:
    """Known sources that the model cites at this place."""

    ids: tuple[str, ...]


Part = str | Cited


def fresh_ids(count: int, besides: Collection[str] = ()) -> list[str]:
    """`count` different ids of four characters that cannot be guessed or taken for a word."""
    ids: dict[str, None] = {}
    while len(ids) < count:
        candidate = "".join(secrets.choice(_LETTERS + _DIGITS) for _ in range(4))
        if _ID.fullmatch(candidate) and candidate not in besides:
            ids[candidate] = None
    return list(ids)


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id, known or not."""
    return _ID.fullmatch(text) is not None


def without_addresses(text: str) -> str:
    """`text` without URLs; those of the machine itself stay, as they lead nowhere else."""
    return _ADDRESS.sub(lambda found: found[0] if _LOCAL.match(found[0]) else "", text)


class CitationFilter:
    """One answer's text, piece by piece: `feed` until it ends, then `close`."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = frozenset(known)
        self._buffer = ""
        self._fence = ""
        self._line_start = True
        self._space = ""  # white space that a marker may yet swallow
        self._begun = False
        self._out: list[Part] = []

    def feed(self, piece: str) -> list[Part]:
        """What can be shown after `piece` has come."""
        self._buffer += piece
        return self._drain(final=False)

    def close(self) -> list[Part]:
        """What was held back."""
        return self._drain(final=True)

    def _drain(self, *, final: bool) -> list[Part]:
        while self._buffer and self._take(final):
            pass
        done, self._out = self._out, []
        return done

    # Each `_take…` moves one token from the buffer to the output; False: the rest has yet to come.

    def _take(self, final: bool) -> bool:
        if self._fence:
            return self._take_code_line(final)
        if not self._begun and not self._take_thinking(final):
            return False
        if self._line_start:
            taken = self._take_line_start(final)
            if taken is not None:
                return taken
        first = self._buffer[:1]
        if first.isspace():
            return self._take_space(final)
        if first == "`":
            return self._take_inline_code(final)
        if first in _OPEN or self._buffer.startswith("!["):
            return self._take_brackets(final)
        if first == "<":
            return self._take_angle(final)
        if first in "(（":
            return self._take_round(final)
        return self._take_run(final)

    def _take_thinking(self, final: bool) -> bool:
        """`<think>…</think>` at the beginning, as reasoning models behind plain servers do."""
        self._buffer = text = self._buffer.lstrip()
        opening = _THINKING.match(self._buffer)
        if opening is None:
            self._begun = bool(text) and (final or not "<thinking>".startswith(text[:10]))
            return self._begun
        end = self._buffer.find(f"</{opening[1]}>")
        if end < 0 and not final:
            return False
        self._buffer = self._buffer[end + len(opening[1]) + 3 :].lstrip() if end >= 0 else ""
        return False if not self._buffer else self._take_thinking(final)

    def _take_line_start(self, final: bool) -> bool | None:
        """A fence opens, or a list of links is dropped; None when the line is an ordinary one."""
        fence, definition = _FENCE.match(self._buffer), _DEFINITION.match(self._buffer)
        complete = final or "\n" in self._buffer
        if fence is not None:
            if not complete:
                return False
            self._fence = fence[1]
            self._emit(self._cut(self._line_end()))
            return True
        if definition is not None and not complete:
            return False
        if definition is not None and (
            self._ids(definition[1]) is not None or re.match(r"<|/|\w+:|www\.", definition[2])
        ):
            self._cut(self._line_end())
            return True
        if not complete and _FENCE_MAYBE.fullmatch(self._buffer):
            return False
        if not complete and len(self._buffer) <= 70 and _DEFINITION_MAYBE.fullmatch(self._buffer):
            # Hold no more than a marker needs: behind “]” only a colon makes it a definition.
            return None if re.search(r"\][^:]", self._buffer) else False
        return None

    def _take_code_line(self, final: bool) -> bool:
        if "\n" not in self._buffer and not final:
            return False
        line = self._cut(self._line_end())
        closing = re.match(rf"[ \t]*{self._fence[0]}{{{len(self._fence)},}}[ \t]*", line)
        behind = line[closing.end() :] if closing else ""
        if closing and (not behind.strip() or behind[0] in _OPEN):
            self._fence = ""
            self._emit(line[: closing.end()].rstrip())
            self._buffer = behind + self._buffer
            self._line_start = False
        else:
            self._emit(line)
        return True

    def _take_space(self, final: bool) -> bool:
        found = _SPACE.match(self._buffer)
        assert found is not None
        if found.end() == len(self._buffer) and not final:
            return False
        space = self._cut(found.end())
        if "\n" in space:
            self._emit(space)
        else:
            self._space += space
        return True

    def _take_inline_code(self, final: bool) -> bool:
        run = len(self._buffer) - len(self._buffer.lstrip("`"))
        closing = re.search(rf"(?<!`)`{{{run}}}(?!`)", self._buffer[run:])
        line = self._buffer.find("\n")
        if closing is None or 0 <= line < run + closing.start():
            if not final and line < 0 and len(self._buffer) < 400:
                return False
            self._emit(self._cut(run))
            return True
        end = run + closing.end()
        if end == len(self._buffer) and not final:
            return False
        code = self._cut(end)
        inner = code[run:-run].strip()
        if (
            inner[:1] in _OPEN
            and inner[-1:] in _CLOSE
            and any(i in self._known for i in self._ids(inner) or ())
        ):
            self._cite(self._ids(inner) or ())
            return True
        kept = without_addresses(inner)
        self._emit(code if kept == inner else f"`{kept}`" if kept.strip() else "")
        return True

    def _take_brackets(self, final: bool) -> bool:
        """A marker, a link, an image, or just a bracket."""
        image = self._buffer.startswith("!")
        end = _closing(self._buffer, int(image), _OPEN, _CLOSE, _LONGEST_MARKER)
        if end is None:
            return self._take_plain(
                1 + image, wait=not final and _open_ended(self._buffer, _LONGEST_MARKER)
            )
        if end == len(self._buffer) and not final:
            return False
        label = self._buffer[image + 1 : end - 1]
        stop: int | None = end
        if self._buffer[end : end + 1] == "(" and self._buffer[image] == "[":
            stop = _closing(self._buffer, end, "(", ")", _LONGEST_TARGET)
            if stop is None and not final and _open_ended(self._buffer[end:], _LONGEST_TARGET):
                return False
        ids = self._ids(label)
        if ids is not None:
            self._cut(stop or end)
            self._cite(ids)
        elif stop not in (None, end):
            self._cut(stop or end)
            self._emit("" if image else without_addresses(label))
        else:
            self._emit(self._cut(1 + image))
        return True

    def _take_round(self, final: bool) -> bool:
        """Round brackets, which hold ids where a model writes them so."""
        found = _ROUND.match(self._buffer)
        if found is not None:
            ids = [word for word in re.split(r"[\s,、;]+", found[1]) if word]
            if all(word in self._known for word in ids):
                self._cut(found.end())
                self._cite(tuple(dict.fromkeys(ids)))
                return True
        elif not final and _ROUND_MAYBE.fullmatch(self._buffer):
            return False
        self._emit(self._cut(1))
        return True

    def _take_angle(self, final: bool) -> bool:
        if not final and re.fullmatch(r"<[^\s>]{0,2000}", self._buffer):
            return False
        found = _AUTOLINK.match(self._buffer)
        if found is None:
            self._emit(self._cut(1))
        else:
            link = self._cut(found.end())
            self._emit(link.strip("<>") if _LOCAL.match(link.strip("<>")) else "")
        return True

    def _take_run(self, final: bool) -> bool:
        wide = _WIDE.match(self._buffer)
        if wide is not None:
            self._emit(self._cut(wide.end()))
            return True
        found = _RUN.match(self._buffer)
        end = found.end() if found else 1
        if self._buffer[end - 1] == "!" and self._buffer[end : end + 1] == "[":
            end = max(1, end - 1)
        if end == len(self._buffer) and not final:
            return False
        self._emit(without_addresses(self._cut(end)))
        return True

    def _take_plain(self, count: int, *, wait: bool) -> bool:
        if not wait:
            self._emit(self._cut(count))
        return not wait

    def _ids(self, label: str) -> tuple[str, ...] | None:
        """The known ids of a marker, empty when it has unknown ones only; None: it is no marker."""
        inner = normalize(label).strip("[]【】 ")
        words = [
            word.strip("#^:.=()'\"`")
            for word in re.split(r"[\s,、;|/]+|†.*|\b(?:id|source)[:=]", inner)
        ]
        words = [
            word
            for word in words
            if word and word not in ("id", "ids", "source", "sources", "出典", "and")
        ]
        meant = (word if word in self._known else self._nearest(word) for word in words)
        known = tuple(dict.fromkeys(word for word in meant if word))
        if known:
            return known
        strange = all(_ID.fullmatch(word) or re.fullmatch(r"\d{1,3}", word) for word in words)
        return () if words and strange else None

    def _nearest(self, word: str) -> str:
        """The one known id that differs from `word` in one letter; empty where there is none."""
        if not _ID.fullmatch(word):
            return ""
        near = [i for i in self._known if sum(a != b for a, b in zip(i, word, strict=True)) == 1]
        return near[0] if len(near) == 1 else ""

    def _cite(self, ids: tuple[str, ...]) -> None:
        known = tuple(identity for identity in ids if identity in self._known)
        self._space = ""
        if known:
            self._out.append(Cited(known))
            self._line_start = False

    def _emit(self, text: str) -> None:
        if not text:
            return
        self._out.append(self._space + text)
        self._space = ""
        self._line_start = text.endswith("\n") or (self._line_start and not text.strip())

    def _cut(self, count: int) -> str:
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _line_end(self) -> int:
        return self._buffer.find("\n") + 1 or len(self._buffer)


def _closing(text: str, start: int, opening: str, closing: str, longest: int) -> int | None:
    """Offset behind the bracket that closes the one at `start`, on the same line."""
    depth = 0
    for at in range(start, min(len(text), start + longest)):
        if text[at] == "\n":
            return None
        depth += (text[at] in opening) - (text[at] in closing)
        if depth == 0:
            return at + 1
    return None


def _open_ended(text: str, longest: int) -> bool:
    """The bracket may yet be closed."""
    return "\n" not in text and len(text) < longest
