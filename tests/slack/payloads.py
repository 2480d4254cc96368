"""Five kinds of answers as the bot posts them, for the tests and for a look.

python -m tests.slack.payloads INDEX_DIR > payloads.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kb.assistant import Assistant
from kb.records import Answer, Decision, Document, Raised
from kb.search.embedding import BundledEmbedder
from kb.search.index import IndexStore
from slackbot.blocks import answer_messages


def decided(answer: Answer) -> Answer:
    """As the decision model makes it."""
    raised = (Raised("os-packages", "apt で MeCab を入れたい"), Raised("training"))
    return replace(answer, pattern="training-1", decision=Decision("training-1", raised, "extend"))


def asking_back(answer: Answer) -> Answer:
    """As the decision model makes it when one fact is missing."""
    return replace(
        answer,
        answer="どちらの処理かによって、合うパターンが変わります。",
        sentences=(),
        citations=(),
        clarify="独自のコンテナで動かしたいのは、学習ですか、推論ですか？",
        choices=("学習です", "推論です", "学習と推論の両方です"),
    )


def long(answer: Answer) -> Answer:
    """Thirteen sources, a table, a program of more than one section."""
    (first, *_) = answer.citations
    program = "\n".join(f'print("step {number} < 100 && ok")' for number in range(300))
    rows = ("| 環境変数 | 意味 |", "|---|---|", "| `SM_MODEL_DIR` | モデルの置き場所 |")
    table = "\n".join([*rows, "| `SM_NUM_GPUS` | GPU の数 |"])
    text = f"{answer.answer}\n\n{table}\n\n```python\n{program}\n```"
    cited = tuple(replace(first, number=number + 1) for number in range(13))
    return replace(answer, answer=text, sentences=(), citations=cited)


def kinds(
    assistant: Assistant, documents: Mapping[str, Document]
) -> dict[str, list[dict[str, Any]]]:
    """The payloads by kind, as chat.update and chat.postMessage get them."""
    plain = assistant.ask("学習したモデルはどこに保存する？")
    answers = {
        "answer": assistant.ask("Where do I save the trained model?"),
        "declined": assistant.ask("明日の天気は？"),
        "question back": asking_back(plain),
        "decision": decided(assistant.ask("OS のパッケージも要るときは？")),
        "long answer": long(plain),
    }
    return {
        kind: [
            {"text": message.text, "blocks": list(message.blocks)}
            for message in answer_messages(answer, documents, help_button=True)
        ]
        for kind, answer in answers.items()
    }


def main() -> None:
    store = IndexStore(Path(sys.argv[1]))
    shown = kinds(Assistant(store, BundledEmbedder()), store.current().documents)
    print(json.dumps(shown, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
