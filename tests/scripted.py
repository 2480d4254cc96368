"""A reader that takes some messages for what the test says, and reads the others for real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kb.pattern.plain_reader import PlainReader
from kb.reading.reading import Reader, Reading
from kb.records import Turn
from kb.search.embedding import Embedder
from kb.text.language import language

FORMS: Mapping[str, Mapping[str, Any]] = {
    "短く": {"form": "shorter"},
    "3行で": {"form": "lines", "lines": 3},
    "英語で": {"form": "english"},
    "表にして": {"form": "table"},
    "コード例ある？": {"form": "code"},
    "なんで？": {"act": "why"},
    "他の方法は？": {"act": "alternatives"},
    "手順だけ": {"form": "steps"},
    "それ違くない？": {"act": "complaint"},
    "もうちょい詳しく": {"form": "detail"},
    "Slackに貼れるように": {"form": "slack"},
    "誰に聞けばいい？": {"act": "help"},
    "あざす": {"act": "thanks"},
    "おけ": {"act": "thanks"},
    "ありがとう": {"act": "thanks"},
    "なるほど": {"act": "thanks"},
    "こんにちは": {"act": "greeting"},
    "何ができる？": {"act": "capabilities"},
    "shorter pls, just the command": {"form": "shorter"},
    "in 3 lines": {"form": "lines", "lines": 3},
    "日本語で": {"form": "japanese"},
    "as a table": {"form": "table"},
    "any code?": {"form": "code"},
    "why?": {"act": "why"},
    "other ways?": {"act": "alternatives"},
    "steps only": {"form": "steps"},
    "that's wrong": {"act": "complaint"},
    "more detail please": {"form": "detail"},
    "for Slack": {"form": "slack"},
    "who can I ask?": {"act": "help"},
    "thx": {"act": "thanks"},
    "ok": {"act": "thanks"},
    "hi": {"act": "greeting"},
    "what can you do?": {"act": "capabilities"},
}
"""Messages that act on the last answer, or ask nothing."""


class ScriptedReader:
    """`script`: for a message, the fields of its `Reading` that it sets; counts what it reads."""

    def __init__(self, embedder: Embedder, script: Mapping[str, Mapping[str, Any]] = FORMS) -> None:
        self._within: Reader = PlainReader(embedder)
        self._script = script
        self.read_messages: list[str] = []

    def read(self, message: str, history: Sequence[Turn]) -> Reading:
        self.read_messages.append(message)
        fields = self._script.get(message)
        if fields is None:
            typed = [turn for turn in history if turn.content not in self._script]
            return self._within.read(message, typed)
        plain = Reading(message, language(message), "form")
        return replace(plain, **fields)
